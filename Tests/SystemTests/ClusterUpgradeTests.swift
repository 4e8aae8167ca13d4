import FreePorts
import Glibc
import TestSupport
import Testing

/// A new release comes to one machine after the other, by the steps of the package, while both serve.
@Suite(.serialized) struct ClusterUpgradeTests {
    private static let repository = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    /// What debian/megacomet.postinst calls when there was an older release, for this appliance.
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
