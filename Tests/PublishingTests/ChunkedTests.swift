import Base
import Comet
import Testing
import Wire

@testable import Publishing

/// Bodies in chunks, as Node, Go and `curl -T -` stream them.
@Suite struct ChunkedTests {
    @Test func aBodyInChunks_isABody() {
        let app = App()
        app.poll("c1")
        let got = app.send(App.chunked([#"{"client":"c1","#, #""mess"#, #"age":{"a": [1, 2]}}"#]))
        #expect(answer(got).status == 200 && answer(got).body == #"{"id":1000000,"status":"sent"}"#)
        #expect(app.delivered() == [#"{"a": [1, 2]}"#])
        #expect(app.port.counters.requests == 1)
        let lines = ["{\"client\":\"c2\",\"mes", "sage\":1}\n{\"client\":\"c2\",\"message\":2}"]
        let outcomes = answer(app.send(App.chunked(lines, "Content-Type: application/x-ndjson\r\n")))
        #expect(outcomes.body.hasPrefix("[{\"id\":1000001,"))
        #expect(app.queued == 2)
        #expect(answer(app.send(App.chunked([]))).body.contains("bad_json"))
    }

    @Test func pipelinedWithOthers_theyAreAnsweredInOrder_howeverTheyArrive() {
        let publish = [#"{"client":"c1","#, #""message":1}"#]
        let requests =
            App.chunked(publish) + App.get("/clients/c1") + App.chunked(publish)
            + App.post(#"{"client":"c1","message":"#) + App.chunked(["nonsense"])
            + App.get("/nothing", "Connection: close\r\n")
        let whole = App().send(requests)
        #expect(whole.components(of: "HTTP/1.1 ").map { $0.prefix(3) } == ["202", "200", "202", "400", "400", "404"])
        let app = App()
        #expect(app.byteByByte(requests) == whole)
        #expect(app.isClosing && app.queued == 2 && app.inputBytes == 0 && app.claimedBytes == 0)
        for cut in stride(from: 1, to: requests.utf8.count, by: 7) {
            let app = App()
            #expect(app.send(Array(requests.utf8.prefix(cut))) + app.send(Array(requests.utf8.dropFirst(cut))) == whole)
        }
    }

    @Test func aBadChunk_isToldAndEndsTheConnection() {
        let head = "POST /publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let over = String(Limits.batchBytes + 1, radix: 16) + "\r\n"
        let long = "1;" + String(repeating: "e", count: 9000)
        for (body, status) in [("x\r\n", 400), ("1\n", 400), ("5\r\nhelloo", 400), (over, 413), (long, 431)] {
            let app = App()
            let got = answer(app.send(head + body))
            #expect(got.status == status && app.isClosing, "\(body.prefix(20)): \(got)")
            #expect(JSONScanner.isValid(got.body))
        }
    }

    @Test func expect100_isAnsweredBeforeTheBody() {
        let app = App()
        let request = App.chunked([#"{"client":"c1","message":1}"#], "Expect: 100-continue\r\n")
        let end = request.firstRange(of: "\r\n\r\n")!.upperBound
        #expect(app.send(String(request[..<end])) == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(answer(app.send(String(request[end...]))).status == 202)
    }

    @Test func withAKey_theHeadIsEnoughToRefuse() {
        let app = App(key: "sesame")
        let head = "POST /publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(answer(app.send(head)).status == 401)
        #expect(app.isClosing)
        app.connect()
        let publish = App.chunked([#"{"client":"c1","message":1}"#], "Authorization: Bearer sesame\r\n")
        #expect(answer(app.send(publish)).status == 202)
    }

    /// The chunks that have come count as half sent, and are bounded together with those of the others.
    @Test func tooMuchHalfSent_isRefused() {
        let app = App()
        let head = "POST /publish HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let half = head + "1000\r\n" + String(repeating: " ", count: 2000)
        app.port.inputBytes = Limits.appInputBytes - 3000 + app.session.counted
        app.receive(half)
        #expect(app.outputBytes == 0 && app.claimedBytes > 2000 && app.isHalf)
        app.port.inputBytes = Limits.appInputBytes - 3000 + app.session.counted
        app.receive(String(repeating: " ", count: 1500))
        let got = String(decoding: app.session.output.bytes, as: UTF8.self)
        #expect(answer(got).status == 503 && got.contains("busy") && got.contains("Retry-After: 1\r\n"))
        #expect(app.isClosing)
    }
}
