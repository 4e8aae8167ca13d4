import TestSupport
import Testing

/// HTTP as a worker speaks it: which connections stay open, and how requests are refused.
struct ClientRequestsTests {
    // MARK: connections

    @Test func nextPoll_comesOnTheSameConnection() throws {
        let pair = try Pair()
        let poller = pair.poller("c1")
        try poller.start()
        let first = try #require(poller.socket)
        for number in 0..<5 {
            try pair.app.waitUntilConnected("c1")
            try pair.app.publish("c1", "\(number)")
            #expect(try poller.finish().texts == ["\(number)"])
            try poller.start()
        }
        #expect(poller.socket === first)
    }

    @Test func pipelinedRequests_areAnsweredInOrder() throws {
        let pair = try Pair()
        let socket = try Socket(port: pair.client)
        for client in ["a", "b", "c"] { try pair.app.publish(client, "for \(client)") }
        var bytes: [UInt8] = []
        for target in ["/a.json", "/_/health", "/b.json", "/c.js?callback=f"] { bytes += HTTP.text("GET", target) }
        try socket.send(bytes)
        #expect(try socket.readResponse().body.contains("for a"))
        #expect(try socket.readResponse().body == "ok")
        #expect(try socket.readResponse().body.contains("for b"))
        #expect(try socket.readResponse().body.contains("for c"))
    }

    @Test func requestBehindAHeldPoll_waitsForIt() throws {
        let pair = try Pair()
        let socket = try Socket(port: pair.client)
        try socket.send(HTTP.text("GET", "/a.json") + HTTP.text("GET", "/_/health"))
        try pair.app.waitUntilConnected("a")
        #expect(socket.isQuiet)
        try pair.app.publish("a", "x")
        #expect(try socket.readResponse().body.contains("\"x\""))
        #expect(try socket.readResponse().body == "ok")
    }

    @Test func connectionClose_isObeyedAndSaid() throws {
        let pair = try Pair()
        try pair.app.publish("c1", "x")
        let socket = try Socket(port: pair.client)
        try socket.send(HTTP.text("GET", "/c1.json", ["Connection: close"]))
        let response = try socket.readResponse()
        #expect(response["connection"] == "close")
        #expect(response.body.contains("\"x\""))
        try socket.waitForClose()
    }

    @Test func http10_closes_unlessItAsksToStay() throws {
        let pair = try Pair()
        let socket = try Socket(port: pair.client)
        try socket.send("GET /_/health HTTP/1.0\r\n\r\n")
        #expect(try socket.readResponse().body == "ok")
        try socket.waitForClose()

        let staying = try Socket(port: pair.client)
        for _ in 0..<2 {
            try staying.send("GET /_/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let response = try staying.readResponse()
            #expect(response.body == "ok")
            #expect(response["connection"]?.lowercased() == "keep-alive")
        }
        try pair.app.publish("c1", "old")
        let poll = try Socket(port: pair.client)
        try poll.send("GET /c1.json HTTP/1.0\r\n\r\n")
        #expect(try poll.readResponse().body.contains("old"))
    }

    @Test func requestInPieces_isOneRequest() throws {
        let pair = try Pair()
        try pair.app.publish("c1", "x")
        let socket = try Socket(port: pair.client)
        for byte in HTTP.text("GET", "/c1.json", ["X-Some: thing"]) { try socket.send([byte]) }
        #expect(try socket.readResponse().body.contains("\"x\""))
    }

    @Test func clientThatEndsItsSide_getsWhatIsThere_orNothing_butAnAnswer() throws {
        let pair = try Pair()
        let health = try Socket(port: pair.client)
        try health.send(HTTP.text("GET", "/_/health"))
        health.endSending()
        #expect(try health.readResponse().body == "ok")
        // A browser that goes away looks just like this, so its poll is not held.
        let poller = try pair.held("c1")
        poller.socket?.endSending()
        #expect(try poller.finish().texts == [])
        try poller.socket?.waitForClose()
        try pair.app.waitUntilGone("c1")
        #expect(try pair.app.publish("c1", "kept").status == "queued")
        // `nc -N` sends the request and its end together. It is tried with a cursor and without.
        for cursor in [0, nil] {
            // A worker that waited for the manager for a second before it saw that end answers without a message.
            try eventually("what is there comes") {
                let breath = pair.poller("c1", cursor: cursor)
                try breath.start()
                breath.socket?.endSending()
                let texts = try breath.finish().texts
                #expect(texts.isEmpty || texts == ["kept"])
                return !texts.isEmpty
            }
        }
        try eventually("delivered") { try pair.app.presence("c1").queued == 0 }
    }

    // MARK: methods

    @Test func head_holdsNothing() throws {
        let pair = try Pair()
        try pair.app.publish("c1", "x")
        let socket = try Socket(port: pair.client)
        for target in ["/c1.json", "/c1.js?callback=f", "/c1.js", "/_/health"] {
            try socket.send(HTTP.text("HEAD", target))
            let response = try socket.readResponse(toHead: true)
            #expect(response.status == 200, "\(target)")
            #expect(socket.isQuiet)
        }
        #expect(try pair.app.presence("c1") == Publisher.Presence(connected: false, worker: nil, queued: 1))
        try socket.send(HTTP.text("GET", "/c1.json"))
        #expect(try socket.readResponse().body.contains("\"x\""))
    }

    @Test func options_saysWhatMayBeAsked() throws {
        let pair = try Pair()
        for target in ["*", "/c1.js", "/c1.json"] {
            let response = try HTTP.request("OPTIONS", target, port: pair.client)
            #expect(response.status == 204 || response.status == 200, "\(target)")
            #expect(response["allow"]?.contains("GET") == true, "\(target)")
        }
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
    func otherMethods_are405WithAllow(_ method: String) throws {
        let pair = try Pair()
        let response = try HTTP.request(method, "/c1.json", port: pair.client)
        #expect(response.status == 405)
        #expect(response["allow"]?.contains("GET") == true)
        #expect(response.errorCode != nil)
    }

    @Test func health_isOkWhileLinked_and503Without() throws {
        let pair = try Pair()
        let response = try HTTP.request("GET", "/_/health", port: pair.client)
        #expect(response.status == 200)
        #expect(response.body == "ok")
        pair.killManager()
        try eventually("503") { try HTTP.request("GET", "/_/health", port: pair.client).status == 503 }
        try pair.startManager()
        try pair.waitUntilLinked()
    }

    // MARK: refusals

    struct Refusal: Sendable, CustomTestStringConvertible {
        var statuses: [Int]
        var bytes: [UInt8]
        var testDescription: String
        init(_ statuses: Int..., text: String, _ name: String? = nil) {
            self.statuses = statuses
            bytes = Array(text.utf8)
            testDescription = name ?? String(text.prefix(60))
        }
    }
    static let long = String(repeating: "x", count: 9000)
    static let refusals: [Refusal] = [
        Refusal(400, text: "hello\r\n\r\n"),
        Refusal(400, text: "GET /c.json HTTP/1.1\r\n\r\n", "no Host"),
        Refusal(400, text: "GET /c.json HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "two Hosts"),
        Refusal(400, text: "GET /c.json HTTP/1.1\r\nHost: a b\r\n\r\n", "no host in Host"),
        Refusal(400, text: "GET /c.json HTTP/1.1\nHost: a\n\n", "bare LF"),
        Refusal(400, text: "GET /c.json HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "bare LF in a header"),
        Refusal(400, text: "GET /c.json HTTP/1.1\rHost: a\r\r", "bare CR"),
        Refusal(400, text: "GET  /c.json HTTP/1.1\r\nHost: a\r\n\r\n", "two spaces"),
        Refusal(400, text: "GET /c.json\r\nHost: a\r\n\r\n", "no version"),
        Refusal(400, 505, text: "GET /c.json HTTP/2.0\r\nHost: a\r\n\r\n", "another version"),
        Refusal(400, text: "GET /c.json HTTP/1.1\r\nHost : a\r\n\r\n", "space before the colon"),
        Refusal(400, text: "GET /c.json HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", "folded line"),
        Refusal(400, text: "GET /c.json HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", "no header name"),
        Refusal(400, text: "GET /c.json HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n", "NUL in a header"),
        Refusal(400, text: "GET /c\u{0}.json HTTP/1.1\r\nHost: a\r\n\r\n", "NUL in the target"),
        Refusal(400, text: "GET /é.json HTTP/1.1\r\nHost: a\r\n\r\n", "raw UTF-8 in the target"),
        Refusal(400, text: "GET c.json HTTP/1.1\r\nHost: a\r\n\r\n", "no leading slash"),
        Refusal(400, text: "GET /c.json HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", "signed length"),
        Refusal(400, text: "GET /c.json HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", "doubled length"),
        Refusal(
            400, text: "GET /c.json HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "two lengths"),
        Refusal(
            400, text: "GET /c.json HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "smuggling"),
        Refusal(400, text: "GET /c.json?cursor=x HTTP/1.1\r\nHost: a\r\n\r\n", "no cursor"),
        Refusal(400, text: "GET /c.json?cursor=99999999999999999999 HTTP/1.1\r\nHost: a\r\n\r\n", "cursor over 2^53"),
        Refusal(400, text: "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{FC}\u{3}\u{3}", "TLS hello"),
        Refusal(400, text: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2 preface"),
        Refusal(404, text: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "/"),
        Refusal(404, text: "GET /favicon.ico HTTP/1.1\r\nHost: a\r\n\r\n", "/favicon.ico"),
        Refusal(404, text: "GET /_/nothing HTTP/1.1\r\nHost: a\r\n\r\n", "/_/nothing"),
        Refusal(404, 400, text: "GET /a/b.json HTTP/1.1\r\nHost: a\r\n\r\n", "/a/b.json"),
        Refusal(405, text: "POST /c.json HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST"),
        Refusal(413, text: "GET /c.json HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", "a body"),
        Refusal(414, text: "GET /c.json?\(long) HTTP/1.1\r\nHost: a\r\n\r\n", "9 KB of target"),
        Refusal(431, text: "GET /c.json HTTP/1.1\r\nHost: a\r\nX: \(long)\r\n\r\n", "9 KB header line"),
        Refusal(
            431, text: "GET /c.json HTTP/1.1\r\nHost: a\r\n" + (0..<800).map { "X\($0): y\r\n" }.joined() + "\r\n",
            "9 KB of header lines"),
        Refusal(501, text: "GET /c.json HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "chunked"),
        Refusal(501, text: "BREW /c.json HTTP/1.1\r\nHost: a\r\n\r\n", "unknown method"),
    ]

    /// All bad requests go to one run of the programs. At the end of each test the worker still serves.
    @Test func badRequests_getTheirErrorInJSON_andAreClosed() throws {
        let pair = try Pair(worker: ["poll-timeout": "600"])
        let other = try pair.held("other")
        for refusal in ClientRequestsTests.refusals {
            let name = refusal.testDescription
            let socket = try Socket(port: pair.client)
            try socket.send(refusal.bytes)
            let response = try socket.readResponse()
            // PRI is an unknown method, too.
            #expect(
                refusal.statuses.contains(response.status)
                    || name.hasPrefix("HTTP/2") && [501, 505].contains(response.status), "\(name): \(response.status)")
            #expect(response["content-type"]?.hasPrefix("application/json") == true, "\(name)")
            #expect(response.errorCode != nil, "\(name)")
            #expect(response["connection"] == "close", "\(name)")
            #expect(try socket.readToEnd() == "", "\(name)")
        }
        try pair.app.publish("other", "still here")
        #expect(try other.finish().texts == ["still here"])
        #expect(pair.ended == "")
    }

    @Test func halfARequest_is408AfterTheHeaderTimeout() throws {
        let pair = try Pair(worker: ["header-timeout": "1"])
        let socket = try Socket(port: pair.client)
        try socket.send("GET /c1.json HTTP/1.1\r\nHost:")
        let response = try socket.readResponse()
        #expect(response.status == 408)
        #expect(response.errorCode != nil)
        try socket.waitForClose()
        // Bytes that trickle in do not buy time: if they did, it would stay open as long as they come.
        let slow = try Socket(port: pair.client)
        try slow.send("GET /c1.json HTTP/1.1\r\nX: ")
        try eventually("closed") {
            _ = slow.sendSome(Array("y".utf8))
            return !slow.isQuiet
        }
    }

    @Test func connectionThatAsksNothing_isClosed() throws {
        let pair = try Pair(worker: ["header-timeout": "1", "idle-timeout": "1"])
        let silent = try Socket(port: pair.client)
        let idle = try Socket(port: pair.client)
        try idle.send(HTTP.text("GET", "/_/health"))
        #expect(try idle.readResponse().status == 200)
        try silent.waitForClose()
        try idle.waitForClose()
    }

    @Test func pollThatNothingComesFor_isAnsweredEmpty_andTheConnectionGoesOn() throws {
        let pair = try Pair(worker: ["poll-timeout": "1"])
        for form in [Poller.Form.json, .jsonp] {
            let poller = pair.poller("\(form)", form: form, cursor: 0)
            let start = monotonicNanoseconds()
            let envelope = try poller.poll()
            #expect(envelope.response.status == 200)
            #expect(envelope.messages.isEmpty)
            #expect(envelope.errorCode == nil)
            #expect(monotonicNanoseconds() - start > 800_000_000)
            try pair.app.publish("\(form)", "later")
            #expect(try poller.pollUntilMessages().texts == ["later"])
            try pair.app.waitUntilGone("\(form)")
        }
    }

    @Test func fullWorker_answers503WithRetryAfter() throws {
        let pair = try Pair(worker: ["max-connections": "3"])
        var held = try (0..<3).map { try pair.held("c\($0)") }
        let refused = try HTTP.request("GET", "/c9.json", port: pair.client)
        #expect(refused.status == 503)
        #expect(Int(refused["retry-after"] ?? "") ?? 0 > 0)
        #expect(refused.errorCode != nil)
        let script = try pair.poller("c9", form: .jsonp).poll()
        #expect(script.response.status == 200)
        #expect(script.errorCode != nil)
        held.removeLast()
        try pair.app.waitUntilGone("c2")
        let next = try pair.held("c3")
        try pair.app.publish("c3", "room")
        #expect(try next.finish().texts == ["room"])
    }
}
