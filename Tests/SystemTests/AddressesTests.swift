import FreePorts
import TestSupport
import Testing

/// The real programs over IPv6.
@Suite(.serialized) struct AddressesTests {
    private func ask(_ port: Int, _ target: String, isIPv6: Bool = true, host: String? = nil) throws -> Response {
        let socket = try Socket(port: port, isIPv6: isIPv6)
        let host = host ?? (isIPv6 ? "[::1]:\(port)" : "127.0.0.1:\(port)")
        try socket.send("GET \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        return try socket.readResponse()
    }

    @Test func theWholeAppliance_isOnIPv6() throws {
        let appliance = try Appliance(workers: 2, clients: "::1", inner: "::1")
        for port in [appliance.clientPort(0), appliance.linkPort, appliance.appPort, appliance.operatorPort] {
            #expect(throws: Failure.self) { try Socket(port: port) }
        }
        try eventually("the workers are linked") {
            try [0, 1].allSatisfy { try ask(appliance.clientPort($0), "/_/health").status == 200 }
        }
        // A poll on one worker gets what the command publishes over [::1].
        let poll = try Socket(port: appliance.clientPort(1), isIPv6: true)
        try poll.send("GET /c1.json HTTP/1.1\r\nHost: [::1]:\(appliance.clientPort(1))\r\n\r\n")
        let (end, output) = try appliance.command("publish", "c1", "\"hello\"")
        #expect(end == .exited(0), "\(output)")
        #expect(try poll.readResponse().body.contains("hello"))
        // A worker's numbers come in its reports.
        try eventually("reports have come") {
            try ask(appliance.operatorPort, "/metrics").body.contains("megacomet_worker_conns_open{worker=\"1\"}")
        }
        #expect(try ask(appliance.operatorPort, "/status").status == 200)
        #expect(try ask(appliance.operatorPort, "/status", host: "evil.example").status == 403)
        let apps = try ask(appliance.appPort, "/stats")
        #expect(apps.status == 200, "\(apps.body)")
        // A second one finds its ports taken, and by whom.
        let second = try Program.run(
            "megamanager", ["--address", "::1", "--port", "\(appliance.linkPort)"], in: appliance.folder)
        #expect(second.end == .exited(69) && second.output.contains("megacomet"), "\(second.output)")
    }

    @Test func workersOnBothFamilies_areOneListener() throws {
        let appliance = try Appliance(
            workers: 1, ["log": "level = \"debug\"", "workers": "trusted_proxies = [\"::1\"]"], clients: "::")
        let port = appliance.clientPort(0)
        for isIPv6 in [true, false] {
            try eventually("the worker is linked") { try ask(port, "/_/health", isIPv6: isIPv6).status == 200 }
        }
        // The log names clients by their own addresses: of IPv4 as IPv4, and behind a trusted proxy of IPv6.
        let four = try Socket(port: port)
        try four.send(HTTP.text("GET", "/four.json", ["X-Forwarded-For: 2001:db8::9"]))
        let six = try Socket(port: port, isIPv6: true)
        try six.send(HTTP.text("GET", "/six.json", ["X-Forwarded-For: 203.0.113.7, [2001:DB8:0::9]:4711"]))
        let program = try #require(appliance.supervisor)
        try eventually("both are logged") {
            program.output.contains("GET /*.json from 127.0.0.1\n")
                && program.output.contains("GET /*.json from 2001:db8::9 by ::1\n")
        }
    }

    @Test func aWorker_findsItsManagerByName() throws {
        let pair = try Pair()
        let port = try Ports.free()
        let worker = try Program(
            "megaworker",
            [
                "--number", "1", "--address", "127.0.0.1", "--port", "\(port)", "--manager",
                "localhost:\(pair.linkPort)", "--run-directory", pair.folder.path,
            ], in: pair.folder)
        try eventually("it is linked") { (try? HTTP.request("GET", "/_/health", port: port))?.status == 200 }
        worker.kill()
    }
}
