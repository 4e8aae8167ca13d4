import FreePorts
import Glibc
import TestSupport
import Testing

/// A new release comes to one machine after the other, by the steps of the package, while both serve.
@Suite(.serialized) struct ClusterUpgradeTests {
    private static let repository = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    /// The commands of debian/megacomet.postinst when there was an older release, for this appliance.
    private static func renewal(_ appliance: Appliance) throws -> String {
        let lines = contents(ofFile: "\(repository)/debian/megacomet.postinst").split(separator: "\n")
        let start = try #require(lines.firstIndex { $0 == "renew() {" })
        let end = try #require(lines[start...].firstIndex { $0 == "}" })
        let command = "megacomet() { '\(appliance.supervisorProgram)' \"$@\" -c '\(appliance.configuration)'; }"
        return ([command] + lines[start...end].map(String.init) + ["renew"]).joined(separator: "\n") + "\n"
    }
    /// The file of each process that runs, by the process' name.
    private static func files(_ appliance: Appliance) throws -> [String: UInt64] {
        var files: [String: UInt64] = [:]
        let supervisor = [("supervisor", appliance.supervisor?.pid ?? 0)]
        for (name, pid) in supervisor + (try appliance.status().processes.map { ($0.name, $0.pid) }) {
            var status = stat()
            guard stat("/proc/\(pid)/exe", &status) == 0 else { throw Failure("\(name) does not run") }
            files[name] = UInt64(status.st_ino)
        }
        return files
    }

    /// A manager that ends waits for the answer of Redis, and then closes the connection. So the app comes to the next.
    @Test func publishUnderWay_isAnsweredByAManagerThatEnds() throws {
        let redis = try RedisServer()
        let relay = try RedisRelay(to: redis)
        let cluster = try ClusterFixture(redis, machines: 1, clients: [], address: { _ in relay.address })
        try cluster.waitUntilJoined()
        let appliance = cluster.appliances[0]
        let (idle, app) = (try Socket(port: appliance.appPort), try Socket(port: appliance.appPort))
        try idle.send(HTTP.text("GET", "/clients/c1"))
        #expect(try idle.readResponse().status == 200)

        relay.stop()
        try app.send(HTTP.text("POST", "/publish", body: Array(Publisher.body("c1", json: "1").utf8)))
        // Whoever is asked afterwards has read what was sent before.
        _ = try appliance.app.presence("c1")
        kill(try appliance.pid("manager"), SIGTERM)
        relay.goOn()
        let response = try app.readResponse()
        #expect(response.status == 202 && response["connection"] == "close", "\(response)")
        #expect(try app.readToEnd().isEmpty && idle.readToEnd().isEmpty)
        try cluster.waitUntilReady(appliance)
        let poller = appliance.poller("c1", cursor: 0)
        try poller.start()
        #expect(try poller.finish().messages.map(\.data.int) == [1])
    }

    @Test func newRelease_onOneMachineAfterTheOther_cutsNoClient() throws {
        // The webhook's app is away. Its process is renewed, too.
        let cluster = try ClusterFixture(
            RedisServer(), ["app": "webhook = \"http://127.0.0.1:1/\"\nwebhook_key = \"MARKhookkey\""],
            prepare: { try $0.installPrograms() })
        let traffic = cluster.traffic
        try traffic.begin()
        try traffic.run(answers: 50)
        for appliance in cluster.appliances {
            let (before, supervisor) = (try Self.files(appliance), appliance.supervisor?.pid)
            #expect(before.keys.sorted() == ["manager", "supervisor", "webhook", "worker-0"])
            try appliance.installPrograms()
            let renewal = try Program("/bin/sh", ["-c", Self.renewal(appliance)], in: appliance.folder)
            try traffic.run(until: "the package's steps are done", seconds: 90) { !renewal.isRunning }
            #expect(try renewal.waitForExit() == .exited(0), "\(renewal.output)")
            let after = try Self.files(appliance)
            #expect(after.keys.sorted() == before.keys.sorted() && appliance.supervisor?.pid == supervisor)
            for (name, file) in after { #expect(file != before[name], "\(name) has the old program") }
            try traffic.run(answers: 50)
        }
        // A stream ends with its worker, and goes on at another. No other client notices anything.
        #expect(traffic.clientCuts(.poll) + traffic.clientCuts(.hopping) == 0, "\(traffic)")
        #expect(traffic.refusals == [[:], [:]], "\(traffic)")
        try cluster.expectNothingLost()
    }
}
