import Glibc
import TestSupport
import Testing

/// The operator's HTTP answers, whoever else is connected.
struct OperatorPortTests {
    @Test func operatorsPort_answersWhatIsThere_andRefusesTheRest() throws {
        let appliance = try Appliance(workers: 1)
        let port = appliance.operatorPort
        try eventually("it is healthy") { try HTTP.request("GET", "/health", port: port).status == 200 }
        #expect(try HTTP.request("GET", "/nothing", port: port).status == 404)
        #expect(try HTTP.request("DELETE", "/status", port: port).status == 405)
        // Lines before its input can be read, too.
        #expect(
            try HTTP.request("POST", "/status", port: port, body: String(repeating: "x", count: 1_000_000)).status
                == 405)
        #expect(try HTTP.request("GET", "/status", port: port).json()["processes"]?.array?.count == 2)
        let socket = try Socket(port: port)
        try socket.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        let all = try socket.readToEnd()
        #expect(all.hasPrefix("HTTP/1.1 200 OK\r\n") && all.contains("HTTP/1.1 400 "))
    }

    /// Silent connections make room, the most silent first, so everyone who asks gets in.
    @Test func idleConnections_shutNobodyOut() throws {
        let appliance = try Appliance(workers: 1)
        let port = appliance.operatorPort
        let silent = try (0..<63).map { _ in try Socket(port: port) }
        let used = try Socket(port: port)
        func ask() throws -> Int {
            try used.send(HTTP.text("GET", "/"))
            return try used.readResponse().status
        }
        // It is answered, so the connections before it have been accepted.
        #expect(try ask() == 200)
        for number in 0..<10 {
            #expect(try HTTP.request("GET", "/", port: port, ["Connection: close"]).status == 200)
            if number == 0 { try silent[0].waitForClose() }
        }
        // It is answered, so the ends of these connections have been seen.
        #expect(try ask() == 200)
        let more = try (0..<63).map { _ in try Socket(port: port) }
        for socket in silent[1...] { try socket.waitForClose() }
        // It came before them, but was used after them.
        #expect(try ask() == 200)
        #expect(try HTTP.request("GET", "/metrics", port: port).status == 200)
        try more[0].waitForClose()
        #expect(try ask() == 200)
    }

    /// The number of requests that had been answered by this answer to /metrics, including it.
    private func answered(_ response: Response) throws -> Int {
        let name = "megacomet_supervisor_http_requests_total "
        let line = try #require(response.body.split(separator: "\n").first { $0.hasPrefix(name) })
        return try #require(line.split(separator: " ").last.flatMap { Double(String($0)) }.map { Int($0) })
    }
    /// So many accepted connections, and the number of requests that had been answered by then.
    private func connected(_ count: Int, _ port: Int) throws -> (sockets: [Socket], before: Int) {
        let sockets = try (0..<count).map { _ in try Socket(port: port) }
        for socket in sockets {
            try socket.send(HTTP.text("GET", "/"))
            #expect(try socket.readResponse().status == 200)
        }
        return (sockets, try answered(HTTP.request("GET", "/metrics", port: port, ["Connection: close"])))
    }

    /// A connection may send many requests at once. Another connection is answered after one of them.
    @Test func pipelinedRequests_areAnsweredOneATurn() throws {
        let appliance = try Appliance(workers: 1)
        let (sockets, before) = try connected(3, appliance.operatorPort)
        let supervisor = try #require(appliance.supervisor)
        supervisor.signal(SIGSTOP)
        defer { supervisor.signal(SIGCONT) }
        // All requests are there when the loop looks again, whichever it looks at first.
        let many = Array(repeating: HTTP.text("GET", "/"), count: 200).flatMap { $0 }
        try sockets[0].send(many)
        try sockets[1].send(HTTP.text("GET", "/metrics"))
        try sockets[2].send(many)
        supervisor.signal(SIGCONT)
        let after = try answered(sockets[1].readResponse())
        #expect(after - before <= 5, "\(after - before) requests were answered before it")
        for socket in [sockets[0], sockets[2]] {
            for _ in 0..<200 { #expect(try socket.readResponse().status == 200) }
        }
    }

    /// A turn gives only one of the long answers, and a short answer does not wait for a second one.
    @Test func health_doesNotWaitForMetrics() throws {
        let appliance = try Appliance(workers: 1)
        let (sockets, before) = try connected(21, appliance.operatorPort)
        let supervisor = try #require(appliance.supervisor)
        supervisor.signal(SIGSTOP)
        defer { supervisor.signal(SIGCONT) }
        // It is in the middle, at whichever end the loop begins.
        let middle = sockets.count / 2
        let metrics = HTTP.text("GET", "/metrics")
        for (index, socket) in sockets.enumerated() {
            try socket.send(index == middle ? HTTP.text("GET", "/health") : metrics + metrics)
        }
        supervisor.signal(SIGCONT)
        #expect(try [200, 503].contains(sockets[middle].readResponse().status))
        var numbers: Set<Int> = []
        for (index, socket) in sockets.enumerated() where index != middle {
            for _ in 0..<2 { numbers.insert(try answered(socket.readResponse()) - before) }
        }
        // The answers to /metrics are numbered. The number that is missing is that of /health.
        let place = try #require((1...41).first { !numbers.contains($0) })
        #expect(numbers.count == 40 && place <= 5, "\(place - 1) requests were answered before it")
    }

    /// A page whose own name leads to this machine asks for that name. Requests of Prometheus and load balancers are
    /// answered for all.
    @Test func webPages_areKeptOff() throws {
        let appliance = try Appliance(workers: 1, ["operator": "hosts = [\"push1.internal\"]"])
        func ask(_ path: String, _ host: String, _ header: String = "") throws -> Response {
            let socket = try Socket(port: appliance.operatorPort)
            try socket.send("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\(header)\r\n")
            return try socket.readResponse()
        }
        for host in ["127.0.0.1:9003", "localhost", "push1.internal:9003"] {
            #expect(try ask("/status", host).status == 200, "\(host)")
        }
        let refused = try ask("/status", "evil.example")
        #expect(refused.status == 403 && refused.body.contains("operator.hosts"), "\(refused.body)")
        #expect(try ask("/status", "localhost", "Sec-Fetch-Site: cross-site\r\n").status == 403)
        #expect(try ask("/status", "localhost", "Origin: http://evil.example\r\n").status == 403)
        for path in ["/health", "/metrics"] {
            let status = try ask(path, "push2:9003", "Sec-Fetch-Site: cross-site\r\n").status
            #expect(status == 200 || path == "/health" && status == 503, "\(path)")
        }
    }
}
