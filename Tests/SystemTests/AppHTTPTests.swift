// One file: the HTTP form over real sockets, request by request.
import FreePorts
import Glibc
import TestSupport
import Testing

/// Publishing and asking over HTTP on the manager's app port.
struct AppHTTPTests {
    /// A form or a fetch without CORS sends its page's origin. A request with the key does not come from a page.
    @Test func aWebPage_mayNotPublish() throws {
        let body = Publisher.body("c1", json: "1")
        for origin in ["http://evil.example", "null"] {
            let pair = try Pair()
            let response = try HTTP.request("POST", "/publish", port: pair.appPort, ["Origin: \(origin)"], body: body)
            #expect(response.status == 403 && response.errorCode == "origin", "\(response.body)")
            #expect(try pair.app.presence("c1").queued == 0)
        }
    }
    /// A page whose own name leads to this machine (DNS rebinding) asks for that name.
    @Test func anotherHost_is403_unlessTheSettingNamesIt() throws {
        let pair = try Pair(manager: ["app-hosts": "push.internal,megacomet"])
        func status(_ host: String) throws -> Int {
            let socket = try Socket(port: pair.appPort)
            try socket.send("GET /stats HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            let response = try socket.readResponse()
            if response.status == 403 { #expect(response.errorCode == "origin" && response.body.contains("app.hosts")) }
            return response.status
        }
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        let own = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for host in ["127.0.0.1:\(pair.appPort)", "localhost", "[::1]", "megacomet:9001", "Push.Internal", own] {
            #expect(try status(host) == 200, "\(host)")
        }
        for host in ["evil.example", "megacomet.evil.example"] { #expect(try status(host) == 403, "\(host)") }
    }

    /// Programs that stream send bodies of any length in chunks: Python's client does it for an iterator, and curl for
    /// a pipe.
    @Test func streamedBodies_arePublished() throws {
        let pair = try Pair()
        let script = """
            import http.client
            def lines():
                for number in range(2000):
                    yield b'{"client":"c%d","message":"' % (number % 7) + b'x' * (number % 300) + b'"}\\n'
            connection = http.client.HTTPConnection("127.0.0.1", \(pair.appPort), timeout=60)
            for _ in range(3):
                headers = {"Content-Type": "application/x-ndjson"}
                connection.request("POST", "/publish", lines(), headers, encode_chunked=True)
                answer = connection.getresponse()
                text = answer.read()
                assert answer.status == 200 and text.count(b"id") == 2000 and b"error" not in text, text[:300]
            """
        func run(_ words: String...) throws -> String {
            try TestSupport.run(tool: ["/usr/bin/timeout", "180"] + words, in: pair.folder, seconds: 200)
        }
        #expect(try run("/usr/bin/python3", "-c", script) == "")
        #expect(try pair.app.stats()["publishes"]?.int == 6000)
        guard access("/usr/bin/curl", X_OK) == 0 else { return }
        let file = try pair.folder.write("publish.json", Publisher.body("c9", json: "1"))
        let command = "cat \(file) | curl -sS -X POST -T - http://127.0.0.1:\(pair.appPort)/publish"
        #expect(try run("/bin/sh", "-c", command).hasSuffix("\"status\":\"queued\"}"))
    }

    @Test func anAnswerBeforeItsInput_isRead() throws {
        let pair = try Pair(manager: ["max-message": "1000"])
        var answered = 0
        for _ in 0..<50 where answered < 10 {
            let start = monotonicNanoseconds()
            do {
                let socket = try Socket(port: pair.appPort)
                let body = [UInt8](repeating: 32, count: 5_000_000)
                try socket.send(HTTP.text("POST", "/publish", body: body))
                let response = try socket.readResponse()
                #expect(response.status == 413)
                try socket.waitForClose()
                answered += 1
            } catch {
                // The manager throws the input away for two seconds. If this machine was too busy to send it all in
                // that time, it is sent again.
                guard monotonicNanoseconds() - start > 1_500_000_000 else { throw error }
            }
        }
        #expect(answered == 10)
    }
    @Test func aCompressedBody_isRefusedByName() throws {
        let pair = try Pair()
        let socket = try Socket(port: pair.appPort)
        try socket.send(HTTP.text("POST", "/publish", ["Content-Encoding: gzip"], body: Array("{}".utf8)))
        let response = try socket.readResponse()
        #expect(response.status == 415 && response.errorCode == "content_encoding")
    }
    @Test func publish_is200WhenSent_and202WhenQueued() throws {
        let pair = try Pair()
        let queued = try pair.app.post("{\"client\":\"c1\",\"message\":\"a\"}")
        #expect(queued.status == 202)
        let first = try #require(try queued.json()["id"]?.int)
        #expect(queued.body == "{\"id\":\(first),\"status\":\"queued\"}")
        #expect(queued["content-type"]?.hasPrefix("application/json") == true)
        let poller = try pair.held("c2")
        let sent = try pair.app.post("{\"client\":\"c2\",\"message\":\"b\"}")
        #expect(sent.status == 200)
        let second = try #require(try sent.json()["id"]?.int)
        #expect(sent.body == "{\"id\":\(second),\"status\":\"sent\"}")
        #expect(second > first)
        #expect(second < 1 << 53)
        #expect(try poller.finish().ids == [second])
    }

    @Test func anyJSON_arrivesAsItWasWritten() throws {
        let pair = try Pair()
        let messages = [
            "null", "true", "0", "-0.0", "1.50e+3", "12345678901234567890", "\"\"",
            "\"\\u0000\\ud83d\\ude00\\/\"", "[]", "{}", "[[],{\"\":[]}]", "{\"a\" :\t1 , \"a\": 2}",
            "\"\u{1F600}\u{FEFF}\u{7F}\"",
            "\"" + String(repeating: "x", count: 60_000) + "\"", "5e-324", "1e308", "0.1",
        ]
        for (number, message) in messages.enumerated() {
            let receipt = try pair.app.publish("c\(number)", json: message)
            #expect(receipt.errorCode == nil, "\(message.prefix(80))")
            guard receipt.errorCode == nil else { continue }
            let response = try HTTP.request("GET", "/c\(number).json", port: pair.client)
            let data = response.body.dropFirst("{\"messages\":[{\"id\":\(receipt.id!),\"data\":".count).dropLast(
                "}],\"cursor\":\(receipt.id!)}".count)
            #expect(data == message, "\(message.prefix(80))")
        }
    }

    /// JSON has no bound for numbers, so they pass through as they are.
    @Test(arguments: [
        "123456789012345678901234567890", "-9223372036854775809", "1e999", "[1,{\"a\\\"1\":12345678901234567890123}]",
    ])
    func numberOfAnyLength_passesThrough(_ message: String) throws {
        let pair = try Pair()
        let poller = try pair.held("c1")
        let response = try pair.app.post("{\"client\":\"c1\",\"message\":\(message),\"ttl\":3e1}")
        #expect(response.status == 200)
        #expect(try poller.finish().response.body.contains("\"data\":\(message)}"))
    }
    @Test func textThatNoTwoReadersAgreeOn_isRefusedWithTheReason() throws {
        let pair = try Pair()
        let response = try pair.app.post(Publisher.body("c1", json: "\"\\ud800\""))
        #expect(response.status == 400 && response.body.contains("surrogate"))
    }

    @Test func batch_isAnsweredPerMessage_inOrder() throws {
        let pair = try Pair()
        let poller = try pair.held("here")
        let response = try pair.app.post(
            "[{\"client\":\"here\",\"message\":1},{\"client\":\"away\",\"message\":2},{\"client\":\"\",\"message\":3},"
                + "{\"client\":\"x\"},{\"client\":\"away\",\"message\":4,\"ttl\":50}]"
        )
        #expect(response.status == 200)
        let answers = try #require(try response.json().array)
        #expect(answers.count == 5)
        #expect(answers.map { $0["status"]?.string } == ["sent", "queued", nil, nil, "queued"])
        #expect(answers[2]["error"]?["code"]?.string != nil)
        #expect(answers[3]["error"]?["code"]?.string != nil)
        #expect(try poller.finish().texts.count == 1)
        #expect(try pair.poller("away").poll().ids == [answers[1]["id"]?.int, answers[4]["id"]?.int])
    }

    @Test func emptyBatch_isAnEmptyAnswer() throws {
        let pair = try Pair()
        let response = try pair.app.post("[]")
        #expect(response.status == 200)
        #expect(response.body == "[]")
    }

    @Test func ndjson_isABatchToo() throws {
        let pair = try Pair()
        let body = (0..<100).map { Publisher.body("c1", json: "\($0)") + "\n" }.joined()
        let response = try pair.app.post(body, type: "application/x-ndjson")
        #expect(response.status == 200)
        let ids: [Int]
        if let array = try? response.json().array {
            ids = array.compactMap { $0["id"]?.int }
        } else {
            ids = try response.body.split(separator: "\n").compactMap { try JSON.parse(String($0))["id"]?.int }
        }
        #expect(ids.count == 100)
        #expect(ids == ids.sorted())
        #expect(try pair.poller("c1").poll().ids == ids)
        // A bad line is answered in its place. The others go on.
        let mixed = try pair.app.post(
            "{\"client\":\"c2\",\"message\":1}\nnonsense\n{\"client\":\"c2\",\"message\":2}",
            type: "application/x-ndjson")
        #expect(mixed.status == 200)
        #expect(try pair.app.presence("c2").queued == 2)
        #expect(mixed.body.contains("\"error\""))
    }

    @Test func clientInJSONEscapes_isTheSameClient() throws {
        let pair = try Pair()
        #expect(try pair.app.post("{\"message\":1,\"client\":\"\\u0063\\u0031\"}").status == 202)
        #expect(try pair.app.presence("c1").queued == 1)
        #expect(try pair.app.post("{\"client\":\"\\ud83d\\ude00\",\"message\":1}").status == 202)
        #expect(try pair.app.presence("😀").queued == 1)
    }

    @Test func presence_saysWhoIsWhere() throws {
        let pair = try Pair(workers: 2)
        #expect(try pair.app.presence("c1") == .init(connected: false, worker: nil, queued: 0))
        try pair.app.publish("c1", "x")
        #expect(try pair.app.presence("c1") == .init(connected: false, worker: nil, queued: 1))
        let poller = try pair.held("c2", worker: 1)
        #expect(try pair.app.presence("c2") == .init(connected: true, worker: 1, queued: 0))
        poller.socket?.close()
        try pair.app.waitUntilGone("c2")
        let utf8 = try pair.held("é& ")
        #expect(try pair.app.presence("é& ").connected)
        _ = utf8
    }

    @Test func stats_areCountersAsJSON() throws {
        let pair = try Pair()
        try pair.app.publish("c1", "x")
        guard case .object(let members) = try pair.app.stats() else { throw Failure("stats are no object") }
        #expect(!members.isEmpty)
    }

    // MARK: refusals

    @Test(arguments: [
        ("{\"client\":\"c1\",\"message\":}", 26), ("{\"client\":\"c1\" \"message\":1}", 15), ("nonsense", 0),
        ("{\"client\":\"c1\",\"message\":01}", 26),
        ("{\"client\":\"c1\",\"message\":tru}", 25), ("{\"client\":\"c1\",\"message\":\"\\x\"}", 26), ("", 0),
        ("{\"client\":\"c1\",\"message\":1}}", 27),
        ("{\"client\":\"c1\",\"message\":[1,]}", 28), ("{\"client\":\"c1\",\"message\":1", 27),
    ])
    func badJSON_is400WithItsPlace(_ body: String, _ near: Int) throws {
        let pair = try Pair()
        let response = try pair.app.post(body)
        #expect(response.status == 400)
        let error = try #require(try response.json()["error"])
        #expect(error["code"]?.string != nil)
        // The place of the mistake is a number: a member of its own, or the last number of the sentence.
        let offset = error["offset"]?.int ?? Int((error["message"]?.string ?? "").split { !$0.isNumber }.last ?? "")
        #expect(offset.map { abs($0 - near) <= 30 } == true, "\(error)")
        #expect(try pair.app.presence("c1").queued == 0)
    }

    @Test(arguments: [
        "{}", "{\"message\":1}", "{\"client\":1,\"message\":1}", "{\"client\":\"\",\"message\":1}",
        "{\"client\":\"a/b\",\"message\":1}",
        "{\"client\":\"a/b\",\"message\":1}", "{\"client\":\"a\\u0000\",\"message\":1}",
        "{\"client\":\"a\\n\",\"message\":1}", "{\"client\":\"c\"}", "17", "null", "\"x\"",
        "{\"client\":\"c\",\"message\":1,\"ttl\":\"x\"}", "{\"client\":\"c\",\"message\":1,\"ttl\":-1}",
        "{\"client\":null,\"message\":1}",
    ])
    func wrongPublish_is400(_ body: String) throws {
        let pair = try Pair()
        let response = try pair.app.post(body)
        #expect(response.status == 400)
        #expect(response.errorCode != nil)
        #expect(try pair.app.publish("c", "after").errorCode == nil)
    }

    @Test func clientIdOver128Bytes_isRefused_notCut() throws {
        let pair = try Pair()
        #expect(try pair.app.post(Publisher.body(String(repeating: "x", count: 129), json: "1")).status == 400)
        #expect(try pair.app.presence(String(repeating: "x", count: 128)).queued == 0)
        #expect(try pair.app.post(Publisher.body(String(repeating: "x", count: 128), json: "1")).status == 202)
    }

    @Test func messageOf64KiB_isTaken_andOneByteMoreIs413() throws {
        let pair = try Pair()
        let most = "\"" + String(repeating: "x", count: 65_534) + "\""
        #expect(try pair.app.publish("c1", json: most).status == "queued")
        #expect(try pair.poller("c1").poll().texts.first?.count == 65_534)
        let over = try pair.app.post(Publisher.body("c1", json: "\"" + String(repeating: "x", count: 65_535) + "\""))
        #expect(over.status == 413)
        #expect(over.errorCode != nil)
        #expect(try pair.app.presence("c1").queued == 0)
        // In a batch only that element is refused.
        let batch = try pair.app.post(
            "[" + Publisher.body("c1", json: "\"" + String(repeating: "x", count: 65_535) + "\"") + ","
                + Publisher.body("c1", json: "2") + "]")
        #expect(batch.status == 200)
        #expect(try pair.app.presence("c1").queued == 1)
    }

    @Test func brokenUTF8_andDepth_are400() throws {
        let pair = try Pair()
        for bad in [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]] {
            let socket = try Socket(port: pair.appPort)
            try socket.send(
                HTTP.text(
                    "POST", "/publish", body: Array("{\"client\":\"c1\",\"message\":\"".utf8) + bad + Array("\"}".utf8))
            )
            #expect(try socket.readResponse().status == 400, "\(bad)")
        }
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        #expect(try pair.app.post(Publisher.body("c1", json: deep)).status == 400)
        #expect(try pair.app.post(String(repeating: "[", count: 50_000)).status == 400)
        #expect(try pair.app.presence("c1").queued == 0)
    }

    @Test func wrongRequests_getTheirErrors() throws {
        let pair = try Pair()
        #expect(try HTTP.request("GET", "/publish", port: pair.appPort).status == 405)
        #expect(try HTTP.request("POST", "/clients/c1", port: pair.appPort).status == 405)
        #expect(try HTTP.request("POST", "/stats", port: pair.appPort).status == 405)
        #expect(try HTTP.request("GET", "/", port: pair.appPort).status == 404)
        #expect(try HTTP.request("GET", "/clients/", port: pair.appPort).status >= 400)
        #expect(try HTTP.request("GET", "/clients/%FF", port: pair.appPort).status == 400)
        #expect(try HTTP.request("GET", "/nothing", port: pair.appPort).errorCode != nil)
        let coded = try Socket(port: pair.appPort)
        try coded.send("POST /publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
        #expect(try coded.readResponse().status == 501)
        let endless = try Socket(port: pair.appPort)
        try endless.send("POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")
        #expect(try endless.readResponse().status == 413)
        try endless.waitForClose()
    }

    @Test func expectContinue_isAnswered() throws {
        let pair = try Pair()
        let body = Publisher.body("c1", json: "1")
        let socket = try Socket(port: pair.appPort)
        let head = "POST /publish HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        try socket.send(head + "Content-Length: \(body.utf8.count)\r\n\r\n")
        #expect(try socket.readResponse().status == 100)
        try socket.send(body)
        #expect(try socket.readResponse().status == 202)
    }

    @Test func pipelinedPublishes_areAnsweredInOrder_onOneConnection() throws {
        let pair = try Pair()
        let socket = try Socket(port: pair.appPort)
        var bytes: [UInt8] = []
        for number in 0..<50 {
            bytes += HTTP.text(
                "POST", "/publish", body: Array(Publisher.body("c\(number % 3)", json: "\(number)").utf8))
            if number % 10 == 0 { bytes += HTTP.text("GET", "/clients/c0") }
        }
        for start in stride(from: 0, to: bytes.count, by: 777) {
            try socket.send(Array(bytes[start..<min(bytes.count, start + 777)]))
        }
        var last = 0
        for number in 0..<50 {
            let id = try #require(try socket.readResponse().json()["id"]?.int)
            #expect(id > last)
            last = id
            if number % 10 == 0 { #expect(try socket.readResponse().json()["queued"]?.int == number / 3 + 1) }
        }
    }

    // MARK: the key

    @Test func withAKey_nothingIsDoneWithoutIt() throws {
        let folder = try Folder()
        let pair = try Pair(manager: ["app-key-file": try folder.write("key", "s3cret\n")])
        for headers in [
            [], ["Authorization: Bearer wrong"], ["Authorization: Bearer s3cret2"], ["Authorization: Bearer "],
            ["Authorization: Basic s3cret"],
        ] {
            let response = try HTTP.request(
                "POST", "/publish", port: pair.appPort, headers, body: Publisher.body("c1", json: "1"))
            #expect(response.status == 401, "\(headers)")
            #expect(response.errorCode != nil)
            #expect(try HTTP.request("GET", "/clients/c1", port: pair.appPort, headers).status == 401)
        }
        let app = Publisher(port: pair.appPort, key: "s3cret")
        #expect(try app.presence("c1").queued == 0)
        #expect(try app.publish("c1", "x").status == "queued")
    }

    @Test func openAppPortWithoutAKey_isRefusedAtStart() throws {
        let folder = try Folder()
        let (end, output) = try Program.run(
            "megamanager",
            [
                "--address", "127.0.0.1", "--port", "\(try Ports.free())", "--app-address", "0.0.0.0", "--app-port",
                "\(try Ports.free())", "--run-directory", folder.path,
            ],
            in: folder)
        #expect(end != .exited(0))
        #expect(output.contains("key"))
    }
}
