// One file: the HTTP form of the app port, request by request.
import Base
import Comet
import TestSupport
import Testing
import Wire

@testable import Publishing

@Suite struct HTTPTests {
    @Test func aWaitingClient_200sent_anAbsentOne_202queued() {
        let app = App()
        app.poll("c1")
        let sent = app.send(App.post(#"{"client":"c1","message":{"a": [1, 2]}}"#))
        #expect(
            sent
                == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{\"id\":1000000,"
                + "\"status\":\"sent\"}"
        )
        #expect(app.delivered() == [#"{"a": [1, 2]}"#])
        let queued = answer(app.send(App.post(#"{"client":"c1","message":null}"#)))
        #expect(queued.status == 202)
        #expect(queued.body == #"{"id":1000001,"status":"queued"}"#)
    }

    @Test(arguments: [
        (#"{"message":7,"client":"c\u0031","ttl":1.5,"other":{"client":["x"]}}"#, "7"),
        (#" { "client" : "c1" , "message" : [ {"client":"]}\"" } , "\\" ] } "#, #"[ {"client":"]}\"" } , "\\" ]"#),
        (#"{"client":"c1","mess\u0061ge":-1.5e3}"#, "-1.5e3"),
        (#"{"x":"\\\"","client":"c1","message":"\u2028<é"}"#, #""\u2028<é""#),
        (#"{"client":"c1","message":true,"ttl":null}"#, "true"),
    ])
    func theMessagesOwnBytes_goOut(_ publish: String, _ message: String) {
        let app = App()
        app.poll("c1")
        #expect(answer(app.send(App.post(publish))).status == 200)
        #expect(app.delivered() == [message])
    }

    @Test(arguments: [
        (#"{"client":"c1","message":}"#, 400, "bad_json"), ("", 400, "bad_json"), ("nonsense", 400, "bad_json"),
        (#"{"client":"c1","message":1}{"#, 400, "bad_json"),
        ("7", 400, "bad_publish"), (#"{"client":"c1"}"#, 400, "bad_publish"), (#"{"message":1}"#, 400, "bad_client"),
        (#"{"client":7,"message":1}"#, 400, "bad_client"),
        (#"{"client":"","message":1}"#, 400, "bad_client"), (#"{"client":"a/b","message":1}"#, 400, "bad_client"),
        (#"{"client":"a\u0000","message":1}"#, 400, "bad_client"),
        (#"{"client":"c1","message":1,"ttl":0}"#, 400, "bad_ttl"),
        (#"{"client":"c1","message":1,"ttl":"5"}"#, 400, "bad_ttl"),
        (#"{"client":"c1","message":1,"ttl":604801}"#, 400, "bad_ttl"),
        (#"{"client":"c1","message":1,"ttl":-5}"#, 400, "bad_ttl"),
        (#"{"client":"c1","client":"c2","message":1}"#, 400, "bad_publish"), (#"{"key":"x"}"#, 400, "bad_client"),
    ])
    func mistakes_haveTheirCode(_ body: String, _ status: Int, _ code: String) {
        let app = App()
        let got = answer(app.send(App.post(body)))
        #expect(got.status == status)
        #expect(got.body.hasPrefix(#"{"error":{"code":"\#(code)","#), "\(got.body)")
        #expect(JSONScanner.isValid(got.body))
        // The connection stays open.
        #expect(answer(app.send(App.post(#"{"client":"c1","message":1}"#))).status == 202)
    }

    @Test func badJSON_namesTheByte() {
        let app = App()
        #expect(
            answer(app.send(App.post(#"{"client":"c1","message":nope}"#))).body
                == #"{"error":{"code":"bad_json","message":"no value at byte 25","offset":25}}"#)
        #expect(
            answer(app.send(App.post(String(repeating: "[", count: 5000)))).body.contains("nested too deep at byte 256")
        )
        #expect(
            answer(app.send(App.post(#"{"client":"c1","message":[123456789012345678901234567890,01]}"#))).status == 400)
        #expect(answer(app.send(App.post(#"{"client":"c1","message":123456789012345678901234567890}"#))).status == 202)
        for wrong in ["1.5e3e4", "12345678901234567890e", "1e5x", "1-2.5e3", "[1e999 2]"] {
            #expect(answer(app.send(App.post(#"{"client":"c1","message":\#(wrong)}"#))).status == 400, "\(wrong)")
        }
        #expect(answer(app.send(App.post(#"{"client":"c1","message":1,"ttl":1e999}"#))).status == 400)
    }

    @Test func aMessageOverTheBound_413_oneOfTheBound_isTaken() {
        let app = App()
        let fits = "\"" + String(repeating: "x", count: 65_534) + "\""
        #expect(answer(app.send(App.post(#"{"client":"c1","message":\#(fits)}"#))).status == 202)
        let over = answer(app.send(App.post(#"{"client":"c1","message":\#(fits.dropLast())x"}"#)))
        #expect(over.status == 413)
        #expect(over.body.contains("too_large"))
    }

    @Test func aBodyOverTheBatchBound_413_beforeItIsSent() {
        let app = App()
        let got = answer(
            app.send("POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: \(Limits.batchBytes + 1)\r\n\r\n"))
        #expect(got.status == 413)
        #expect(app.isClosing)
    }

    @Test func aBatch_isAnsweredInOrder() {
        let app = App()
        app.poll("c2")
        let got = answer(
            app.send(
                App.post(
                    #"[{"client":"c1","message":[1]},{"client":"c2","message":{"b":2}}, 7 ,{"client":"c3","message":"x,]}"}]"#
                )))
        #expect(got.status == 200)
        let (first, second) = (#"{"id":1000000,"status":"queued"}"#, #"{"id":1000001,"status":"sent"}"#)
        let message = "a publish is an object with client and message"
        let bad = #"{"error":{"code":"bad_publish","message":"\#(message)","index":2}}"#
        #expect(got.body == #"[\#(first),\#(second),\#(bad),{"id":1000002,"status":"queued"}]"#)
        #expect(app.delivered() == [#"{"b":2}"#])
        #expect(answer(app.send(App.post("[]"))).body == "[]")
    }

    /// If a text is no array, it has no elements that could be answered.
    @Test(arguments: [
        #"[{"client":"c1","message":1},{"client":"c1","message":2]"#, #"[{"client":"c1","message":1}"#,
        #"[{"client":"c1","message":1},]"#, #"[{"client":"c1","message":1},,7]"#, #"[,{"client":"c1","message":1}]"#,
        #"[{"client":"c1","message":1} {"client":"c1","message":2}]"#, #"[{"client":"c1","message":1}]]"#,
        #"[{"client":"c1","message":1}] 7"#, #"[{"client":"c1","message":[1}],{"client":"c1","message":2}]"#,
        #"[{"client":"c1","message":1},{"client":"c1","message":"x}]"#, "[", "[7 7]", #"[7"x"]"#, #"["\"#,
    ])
    func aBrokenBatch_publishesNothing(_ batch: String) {
        let app = App()
        let got = answer(app.send(App.post(batch)))
        #expect(got.status == 400)
        #expect(got.body.hasPrefix(#"{"error":{"code":"bad_json","#) && got.body.contains("\"offset\":"), "\(got.body)")
        #expect(app.queued == 0)
    }
    @Test func aBrokenBatch_namesTheByte() {
        let batch = #"[{"client":"c1","message":1},{"client":"c1","message":2]"#
        #expect(answer(App().send(App.post(batch))).body.contains("\"offset\":55"))
    }

    /// An element that is no JSON has an outcome of its own. The others are published.
    @Test(arguments: [
        (#""x\ud83d""#, "half a surrogate pair at byte 33", 33),
        (#"{"client":"c1","message":"x\ud83d"}"#, "half a surrogate pair at byte 58", 58),
        ("nope", "no value at byte 31", 31),
        (#"{"client":"c1","message":01}"#, "number with a leading zero at byte 56", 56),
        (#"{"client":"c1","message":}"#, "no value at byte 56", 56), (#"{"client" 7}"#, "no colon at byte 41", 41),
        ("[7 7]", "no comma or closing bracket at byte 34", 34),
        (#"{"client":"c1","message":\#(nested(300))}"#, "nested too deep at byte 311", 311),
        ("{\"client\":\"c1\",\"message\":\"\u{1}\"}", "control character in a string at byte 57", 57),
    ])
    func aBadElement_isToldWithItsIndex_andTheOthersArePublished(_ element: String, _ message: String, _ offset: Int) {
        let app = App()
        let others = (#"{"client":"c1","message":1}"#, #"{"message":0},{"client":"c1","message":2}"#)
        let got = answer(app.send(App.post(" [ \(others.0),\(element) , \(others.1) ] ")))
        #expect(got.status == 200)
        let (first, second) = (#"{"id":1000000,"status":"queued"}"#, #"{"id":1000001,"status":"queued"}"#)
        let bad = #"{"error":{"code":"bad_json","message":"\#(message)","offset":\#(offset),"index":1}}"#
        let noClient = #"{"error":{"code":"bad_client","message":"client is missing","index":2}}"#
        #expect(got.body == "[\(first),\(bad),\(noClient),\(second)]")
        #expect(JSONScanner.isValid(got.body))
        #expect(app.queued == 2)
    }

    /// If a batch can be taken apart, its outcomes are those that its elements have alone. If it can't, it is no JSON.
    @Test func mutatedBatches_areSurvived_andTheirElementsAreWhatTheyAreAlone() {
        let seed = Array(#"[{"client":"a","message":[1,{"b":"]"}]},7,{"client":"b","message":"\\\"}"},[{}]]"#.utf8)
        var random = SeededRandom(12)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<1 + random.below(3) {
                let at = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[at] = Array("\"\\{}[],:0 ".utf8)[random.below(10)]
                case 1: bytes.remove(at: at)
                default: bytes.insert(Array("\"\\{}[],:0 ".utf8)[random.below(10)], at: at)
                }
            }
            bytes.withUnsafeBytes { text in
                let isJSON = JSONScanner.fault(in: text) == nil
                var elements = BatchElements(text)
                var bad = 0
                while let element = elements.next() {
                    if element.isEmpty || element.upperBound > text.count { Issue.record("\(element) in \(bytes)") }
                    if JSONScanner.fault(in: text.part(element.lowerBound, element.count)) != nil { bad += 1 }
                }
                // A whole array of good elements is JSON, and JSON that begins with a bracket is such an array.
                let isArray = isJSON && text.first { $0 > 32 } == UInt8(ascii: "[")
                if isArray != (elements.isWhole && bad == 0) { Issue.record("\(Array(text))") }
            }
        }
    }

    @Test func ndjson_isLineByLine() {
        let app = App()
        let lines = "{\"client\":\"c1\",\"message\":1}\n\n{\"client\":\r\n{\"client\":\"c1\",\"message\":2}"
        let got = answer(app.send(App.post(lines, "Content-Type: application/x-ndjson; charset=utf-8\r\n")))
        #expect(got.status == 200)
        let bad = #"{"error":{"code":"bad_json","message":"ends early at byte 40","offset":40,"index":1}}"#
        #expect(got.body == #"[{"id":1000000,"status":"queued"},\#(bad),{"id":1000001,"status":"queued"}]"#)
    }

    @Test func fullQueue_503_withRetryAfter() {
        let app = App { $0.maxMessages = 1 }
        _ = app.send(App.post(#"{"client":"c1","message":1}"#))
        let got = app.send(App.post(#"{"client":"c1","message":2}"#))
        #expect(answer(got).status == 503)
        #expect(got.contains("Retry-After: 1\r\n"))
        #expect(got.contains("queue_full"))
    }

    @Test func presence_isToldForAnyId() {
        let app = App()
        app.poll("c 1")
        #expect(
            answer(app.send(App.get("/clients/c%201"))).body
                == #"{"client":"c 1","connected":true,"worker":0,"queued":0,"channels":[],"known":true,"form":"poll","#
                + #""behind":false,"bytes":0,"oldest_seconds":null,"expires_seconds":null,"revoked_until":null}"#)
        _ = app.send(App.post(#"{"client":"\"q\"","message":1}"#))
        #expect(
            answer(app.send(App.get("/clients/%22q%22"))).body
                == #"{"client":"\"q\"","connected":false,"worker":null,"queued":1,"channels":[],"known":true,"#
                + #""form":null,"behind":true,"bytes":1,"oldest_seconds":0,"expires_seconds":60,"revoked_until":null}"#)
        #expect(
            answer(app.send(App.get("/clients/nobody"))).body
                == #"{"client":"nobody","connected":false,"worker":null,"queued":0,"channels":[],"known":false,"#
                + #""form":null,"behind":false,"bytes":0,"oldest_seconds":null,"expires_seconds":null,"#
                + #""revoked_until":null}"#)
        #expect(answer(app.send(App.get("/clients/a/b"))).status == 400)
        #expect(answer(app.send(App.get("/clients/%zz"))).status == 400)
        #expect(answer(app.send(App.get("/clients/" + String(repeating: "x", count: 129)))).status == 400)
    }

    @Test func theDeepestMailboxes_comeFirst() {
        let app = App()
        app.poll("waits")
        for (client, messages) in [("one", 1), ("three", 3), ("two", 2), ("more", 3)] {
            for number in 0..<messages { _ = app.send(App.post(#"{"client":"\#(client)","message":\#(number)}"#)) }
        }
        app.poll("two")  // takes its messages
        app.now += 5000
        _ = app.send(App.post(#"{"client":"waits","message":1}"#))
        _ = app.send(App.post(#"{"client":"waits","message":[22]}"#))
        let three = #"{"client":"three","connected":false,"worker":null,"queued":3,"bytes":3,"oldest_seconds":5}"#
        let more = #"{"client":"more","connected":false,"worker":null,"queued":3,"bytes":3,"oldest_seconds":5}"#
        let one = #"{"client":"one","connected":false,"worker":null,"queued":1,"bytes":1,"oldest_seconds":5}"#
        let waits = #"{"client":"waits","connected":true,"worker":0,"queued":1,"bytes":4,"oldest_seconds":0}"#
        #expect(answer(app.send(App.get("/clients"))).body == "{\"clients\":[\(three),\(more),\(one),\(waits)]}")
        #expect(answer(app.send(App.get("/clients?c=1&most=2"))).body == "{\"clients\":[\(three),\(more)]}")
        for wrong in ["0", "101", "-1", "x", "", "1000000000000000000000"] {
            #expect(answer(app.send(App.get("/clients?most=\(wrong)"))).status == 400, "\(wrong)")
        }
        #expect(answer(App(key: "k").send(App.get("/clients"))).status == 401)
        #expect(answer(App().send(App.get("/clients"))).body == #"{"clients":[]}"#)
    }

    @Test func stats_areJSON() {
        let app = App()
        _ = app.send(App.post(#"{"client":"c1","message":1}"#))
        let got = answer(app.send(App.get("/stats")))
        #expect(got.status == 200)
        #expect(JSONScanner.isValid(got.body))
        #expect(got.body.contains(#""queue":{"messages":1,"bytes":1,"enqueued":1"#))
    }

    @Test(arguments: [
        ("GET /publish HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("POST /stats HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405), (App.get("/"), 404),
        (App.get("/clients/"), 404),
        ("POST /publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST /publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        ("POST /publish HTTP/1.1\r\n\r\n", 400), ("\u{16}\u{3}\u{1}", 400),
        ("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", 501), ("GET /stats HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET /\(String(repeating: "x", count: 9000)) HTTP/1.1\r\n", 414),
    ])
    func otherRequests_haveTheirStatus(_ request: String, _ status: Int) {
        #expect(answer(App().send(request)).status == status)
    }

    @Test func expect100_isAnsweredBeforeTheBody() {
        let app = App()
        let body = #"{"client":"c1","message":1}"#
        #expect(
            app.send(
                "POST /publish HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: \(body.utf8.count)"
                    + "\r\n\r\n"
            ) == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(app.send(String(body.prefix(5))) == "")
        #expect(answer(app.send(String(body.dropFirst(5)))).status == 202)
    }

    @Test func aKey_isAskedFor() {
        let app = App(key: "sesame")
        let publish = #"{"client":"c1","message":1}"#
        for header in [
            "", "Authorization: Bearer sesamy\r\n", "Authorization: Basic sesame\r\n",
            "Authorization: Bearer sesame1\r\n", "Authorization: Bearer\r\n",
        ] {
            app.connect()
            let got = app.send(App.post(publish, header))
            #expect(answer(got).status == 401)
            #expect(got.contains("WWW-Authenticate: Bearer\r\n"))
            #expect(app.isClosing)
        }
        app.connect()
        #expect(answer(app.send(App.get("/stats"))).status == 401)
        app.connect()
        #expect(answer(app.send(App.post(publish, "authorization: bearer sesame\r\n"))).status == 202)
        #expect(app.port.counters.rejectedAuth == 6)
    }

    @Test func pipelinedRequests_areAnsweredInOrder_howeverTheyArrive() {
        let requests =
            App.post(#"{"client":"c1","message":1}"#) + App.get("/clients/c1") + App.post(#"{"client":"c1","message":"#)
            + App.get("/nothing", "Connection: close\r\n")
        let whole = App().send(requests)
        #expect(whole.components(of: "HTTP/1.1 ").map { $0.prefix(3) } == ["202", "200", "400", "404"])
        let app = App()
        #expect(app.byteByByte(requests) == whole)
        #expect(app.isClosing)
        for cut in stride(from: 1, to: requests.utf8.count, by: 7) {
            let app = App()
            #expect(app.send(Array(requests.utf8.prefix(cut))) + app.send(Array(requests.utf8.dropFirst(cut))) == whole)
        }
    }

    @Test func http10_isClosedUnlessItAsks() {
        let app = App()
        #expect(app.send("GET /stats HTTP/1.0\r\n\r\n").hasPrefix("HTTP/1.0 200 OK\r\n"))
        #expect(app.isClosing)
        let kept = App()
        #expect(
            kept.send("GET /stats HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").contains("Connection: keep-alive\r\n"))
        #expect(!kept.isClosing)
    }

    @Test func tooMuchHalfSent_isRefusedByTheHead() {
        let app = App()
        let head = "POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n"
        app.port.inputBytes = Limits.appInputBytes - 1000 + app.session.counted
        app.receive(head)
        let got = String(decoding: app.session.output.bytes, as: UTF8.self)
        #expect(answer(got).status == 503)
        #expect(got.contains("Retry-After: 1\r\n") && got.contains("busy"))
        #expect(app.isClosing)
    }

    @Test func mutatedRequests_areSurvived_andAnsweredAlikeInPieces() {
        let seeds = [
            App.post(#"{"client":"c1","message":[1,2]}"#), App.get("/stats"), App.get("/clients/c%31"),
            App.get("/x", "Connection: close\r\n"),
            App.post("{\"client\":\"c1\",\"message\":1}\n{}\n", "Content-Type: application/x-ndjson\r\n"),
            App.post(#"[{"client":"a","message":0},7]"#, "Expect: 100-continue\r\n"),
            App.chunked([#"{"client":"c1","#, #""message":[1,2]}"#]), App.chunked(["{}"], "Expect: 100-continue\r\n"),
            App.post(#"{"channels":["r","s"],"clients":["c1","c2"],"history":5}"#, path: "/subscribe"),
            App.post(#"{"channel":"r","message":1,"latest":"l"}"#, "Idempotency-Key: \"a\"\r\n"),
            App.get("/channels/r?most=5&history=9"), App.post(#"{"clients":["c1","c2"]}"#, path: "/clients"),
        ].map { Array($0.utf8) }
        var random = SeededRandom(4)
        for _ in 0..<5_000 {
            var bytes: [UInt8] = []
            for _ in 0..<1 + random.below(3) { bytes += seeds[random.below(seeds.count)] }
            for _ in 0..<random.below(4) {
                let at = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[at] = UInt8(random.below(256))
                case 1: bytes.remove(at: at)
                default: bytes.insert(UInt8(random.below(128)), at: at)
                }
            }
            let (whole, pieces) = (App(), App())
            let expected = whole.send(bytes)
            var got = ""
            var at = 0
            while at < bytes.count, !pieces.isClosing {
                let end = min(bytes.count, at + 1 + random.below(60))
                got += pieces.send(Array(bytes[at..<end]))
                at = end
            }
            // The body is asked for only if it comes late.
            if got.replacing("HTTP/1.1 100 Continue\r\n\r\n", with: "")
                != expected.replacing("HTTP/1.1 100 Continue\r\n\r\n", with: "")
            {
                Issue.record("\(String(decoding: bytes, as: UTF8.self)): \(expected) in one, \(got) in pieces")
                return
            }
        }
    }

    @Test func answersThatAreNotRead_stopTheReading() {
        let app = App()
        let requests = String(repeating: App.get("/nothing"), count: 20_000)
        app.receive(requests)
        #expect(app.outputBytes < Limits.appOutputBytes + 1000)
        #expect(!app.wantsInput)
        #expect(app.inputBytes > 0)
    }
}

private func nested(_ depth: Int) -> String {
    String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
}

extension String {
    func components(of separator: String) -> [Substring] { split(separator: separator) }
}
extension JSONScanner {
    static func isValid(_ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes { JSONScanner.fault(in: $0) } == nil
    }
}
