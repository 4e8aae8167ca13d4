import Glibc
import TestSupport
import Testing

/// The port of a process that is down still takes connections, since the supervisor holds it. They are told at once
/// that nobody is there.
@Suite(.serialized) struct SupervisionUnservedTests {
    /// The answer on that port. The connection ends after it.
    private func refusal(_ appliance: Appliance, _ port: Int, _ request: [UInt8]) throws -> Response {
        let socket = try Socket(port: port)
        try socket.send(request)
        let response = try socket.readResponse(toHead: request.starts(with: Array("HEAD".utf8)))
        #expect(try socket.readToEnd().isEmpty)
        return response
    }
    private func expectRefusal(
        _ appliance: Appliance, _ port: Int, _ request: [UInt8] = HTTP.text("GET", "/c1.json?cursor=0")
    ) throws {
        let response = try refusal(appliance, port, request)
        #expect(
            response.status == 503 && response["retry-after"] == "3" && response["connection"] == "close", "\(response)"
        )
        #expect(response["access-control-allow-origin"] == "*", "a page can see what it is")
        #expect(response["content-length"] == "0")
    }

    @Test func stoppedWorker_isAnswered503AtOnce_andPollsAreHeldWhenItIsStarted() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        #expect(try appliance.command("stop", "worker-1").end == .exited(0))
        let port = appliance.clientPort(1)
        try expectRefusal(appliance, port)
        try expectRefusal(appliance, port, HTTP.text("HEAD", "/c1.json"))
        try expectRefusal(appliance, port, HTTP.text("POST", "/c1.json", body: [UInt8](repeating: 120, count: 50_000)))
        let silent = try Socket(port: port)
        try silent.waitForClose()
        try eventually("they are counted") {
            try HTTP.request("GET", "/metrics", port: appliance.operatorPort).body.contains(
                "megacomet_child_turned_away_total{process=\"worker-1\",worker=\"1\"} 4\n")
        }

        // The next supervisor knows it, too, and so does one that was upgraded.
        #expect(try appliance.command("upgrade").end == .exited(0))
        try expectRefusal(appliance, port)
        appliance.killSupervisor()
        _ = try appliance.launch()
        try eventually("worker-0 is adopted") {
            try appliance.status().processes.first { $0.name == "worker-0" }?.state == "ready"
        }
        try expectRefusal(appliance, port)

        #expect(try appliance.command("start", "worker-1").end == .exited(0))
        let poller = appliance.poller("c1", worker: 1)
        try poller.start()
        try eventually("it is held") { try appliance.app.presence("c1").connected }
        try appliance.app.publish("c1", "again")
        #expect(try poller.finish().texts == ["again"])
    }

    /// An EventSource that is refused by status stops for good. A proxy is to try another worker, and other pages may
    /// not know.
    @Test func stoppedWorker_tellsEventStreamsToComeBack() throws {
        var settings = SupervisionDeathTests.quick
        settings["workers"] = "origins = [\"https://www.example.com\"]"
        let appliance = try Appliance(workers: 1, settings)
        #expect(try appliance.command("stop", "worker-0").end == .exited(0))
        let port = appliance.clientPort(0)
        func stream(_ requestParts: [[UInt8]]) throws -> Response {
            let socket = try Socket(port: port)
            for part in requestParts { try socket.send(part) }
            return try socket.readResponse()
        }
        let origin = "Origin: https://www.example.com"
        let request = HTTP.text("GET", "/c1.events?cursor=7", [origin, "Cookie: x=y"])
        for parts in [[request], [Array(request[..<3]), Array(request[3..<30]), Array(request[30...])]] {
            let answer = try stream(parts)
            #expect(answer.status == 200 && answer["content-type"] == "text/event-stream", "\(answer)")
            #expect(answer["access-control-allow-origin"] == "https://www.example.com")
            #expect(answer["access-control-allow-credentials"] == "true" && answer["connection"] == "close")
            #expect(answer.body.contains("retry:2") || answer.body.contains("retry:3"), "\(answer)")
            #expect(
                answer.body.contains("\nid:7\nevent:retry\ndata:{\"retry\":") && answer.body.hasSuffix("\r\n0\r\n\r\n"))
        }
        #expect(try !stream([HTTP.text("GET", "/c1.events")]).body.contains("id:"), "it goes on where it was")
        for (target, headers) in [
            ("/c1.events", [origin, "X-Forwarded-For: 203.0.113.7"]), ("/c1.events", ["Origin: https://other.example"]),
            ("/c1.json?x=.events", []), ("/.events", []), ("/c1.events", ["no colon"]),
        ] { try expectRefusal(appliance, port, HTTP.text("GET", target, headers)) }
        try expectRefusal(appliance, port, HTTP.text("HEAD", "/c1.events"))
        // No request is waited for that can't be one.
        try expectRefusal(appliance, port, Array("GET /c1.json".utf8) + [32])
        #expect(try appliance.command("stop", "manager").end == .exited(0))
        try expectRefusal(appliance, appliance.appPort, HTTP.text("GET", "/c1.events"))
    }

    @Test func crashLoop_isAnswered503BetweenItsTries_andServesWhenItIsRepaired() throws {
        let settings = [
            "supervisor": "restart_delay = 0.02\nrestart_delay_max = 0.1\ncrashloop_window = 30.0\ndrain = 0.5"
        ]
        let appliance = try Appliance(workers: 1, settings, starts: false)
        let worker = try appliance.replaceWorker(byScript: "#!/bin/sh\nexit 3\n")
        _ = try appliance.launch()
        try eventually("the crash loop") {
            try appliance.status().processes.first { $0.name == "worker-0" }?.state == "crashloop"
        }
        try expectRefusal(appliance, appliance.clientPort(0))
        unlink(worker)
        symlink("\(Program.folder)/megaworker", worker)
        #expect(try appliance.command("start", "worker-0").end == .exited(0))
        let poller = appliance.poller("c1")
        try poller.start()
        try eventually("it is held") { try appliance.app.presence("c1").connected }
    }

    @Test func stoppedManager_isAnswered503_andLinesEnd() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        #expect(try appliance.command("stop", "manager").end == .exited(0))
        try expectRefusal(
            appliance, appliance.appPort,
            HTTP.text("POST", "/publish", body: Array(Publisher.body("c1", json: "1").utf8)))
        let lines = try Socket(port: appliance.appPort)
        try lines.send("{\"client\":\"c1\",\"message\":1}\n")
        #expect(try lines.readToEnd().isEmpty)
        #expect(try appliance.command("start", "manager").end == .exited(0))
        try eventually("it is linked") {
            try HTTP.request("GET", "/_/health", port: appliance.clientPort(0)).status == 200
        }
        try appliance.app.publish("c1", "again")
        #expect(try appliance.poller("c1").poll().texts == ["again"])
    }

    /// The silent connections fill the places that it has, and cost the supervisor nothing else.
    @Test func floodOfSilentConnections_keepsNothingFromTheSupervisor() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        #expect(try appliance.command("stop", "worker-0").end == .exited(0))
        let flood = try (0..<1500).map { _ in try Socket(port: appliance.clientPort(0)) }
        try eventually("it is as the operator wants it") { try appliance.command("status").end == .exited(0) }
        try expectRefusal(appliance, appliance.clientPort(0))
        for socket in flood { try socket.waitForClose() }
        let pid = try #require(appliance.supervisor).pid
        try eventually("its descriptors are free again") { Processes.openDescriptors(pid) < 100 }
    }
}
