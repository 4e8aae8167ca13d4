import Base
import Comet
import Store
import TestSupport
import Testing
import Wire

@testable import Publishing

/// What apps may get wrong in a publish or another op, each mistake once: over HTTP, on a line, and in a batch.
@Suite struct OpErrorsTests {
    struct Mistake: Sendable {
        var op: String
        var object: String
        var status: Int
        var code: String
        var words: String

        init(_ op: String, _ object: String, _ status: Int, _ code: String, _ words: String = "") {
            self.op = op
            self.object = object
            self.status = status
            self.code = code
            self.words = words
        }
    }
    private static func names(_ count: Int) -> String {
        "[" + (0..<count).map { "\"n\($0)\"" }.joined(separator: ",") + "]"
    }
    private static let long = String(repeating: "x", count: 129)

    static let targets: [Mistake] = [
        Mistake("publish", #"{"message":1}"#, 400, "bad_client", "client is missing"),
        Mistake("publish", #"{"user":"u","channel":"r","message":1}"#, 400, "two_targets"),
        Mistake("publish", #"{"clients":["a"],"everyone":true,"message":1}"#, 400, "two_targets"),
        Mistake("publish", #"{"user":7,"message":1}"#, 400, "bad_user", "user is no string"),
        Mistake("publish", #"{"user":"a/b","message":1}"#, 400, "bad_user", "user has a / in it"),
        Mistake("publish", #"{"user":"42:tab1","message":1}"#, 400, "bad_user", "user has a colon"),
        Mistake("publish", #"{"channel":"","message":1}"#, 400, "bad_channel", "channel is empty"),
        Mistake("publish", #"{"channel":"\#(long)","message":1}"#, 400, "bad_channel", "channel is over 128 bytes"),
        Mistake("publish", #"{"channel":"a\u0001","message":1}"#, 400, "bad_channel", "has a control character"),
        Mistake("publish", #"{"channels":["a","b/"],"message":1}"#, 400, "bad_channel", "channels[1] has a / in it"),
        Mistake("publish", #"{"channels":[],"message":1}"#, 400, "bad_channel", "channels is empty"),
        Mistake("publish", #"{"channels":"a","message":1}"#, 400, "bad_channel", "channels is no list"),
        Mistake("publish", #"{"clients":["a",null],"message":1}"#, 400, "bad_client", "clients[1] is no string"),
        Mistake("publish", #"{"clients":["a","b",""],"message":1}"#, 400, "bad_client", "clients[2] is empty"),
        Mistake("publish", #"{"clients":\#(names(10_001)),"message":1}"#, 413, "too_many", "clients has over 10000"),
        Mistake("publish", #"{"channels":\#(names(101)),"message":1}"#, 413, "too_many", "channels has over 100"),
        Mistake("publish", #"{"everyone":false,"message":1}"#, 400, "bad_everyone"),
        Mistake("publish", #"{"everyone":"yes","message":1}"#, 400, "bad_everyone"),
        Mistake("publish", #"{"channel":"r"}"#, 400, "bad_publish", "message is missing"),
    ]
    static let options: [Mistake] = [
        Mistake("publish", #"{"channel":"r","message":1,"except":"a/b"}"#, 400, "bad_client", "except has a / in it"),
        Mistake("publish", #"{"client":"c","message":1,"latest":""}"#, 400, "bad_latest"),
        Mistake("publish", #"{"client":"c","message":1,"latest":["a"]}"#, 400, "bad_latest"),
        Mistake("publish", #"{"client":"c","message":1,"latest":"\#(long)"}"#, 400, "bad_latest"),
        Mistake("publish", #"{"client":"c","message":1,"once":""}"#, 400, "bad_once"),
        Mistake("publish", #"{"client":"c","message":1,"once":17}"#, 400, "bad_once"),
        Mistake("publish", #"{"client":"c","message":1,"once":"\#(long)"}"#, 400, "bad_once"),
        Mistake("publish", #"{"client":"c","message":1,"keep":"no"}"#, 400, "bad_keep"),
        Mistake("publish", #"{"client":"c","message":1,"keep":false,"ttl":5}"#, 400, "bad_keep"),
        Mistake("publish", #"{"channel":"c","message":1,"keep":false,"latest":"x"}"#, 400, "bad_keep"),
        Mistake("publish", #"{"everyone":true,"message":1,"keep":false,"receipt":true}"#, 400, "bad_keep"),
        Mistake("publish", #"{"channel":"c","message":1,"ttl":0}"#, 400, "bad_ttl"),
        Mistake("publish", #"{"channel":"c","channel":"d","message":1}"#, 400, "bad_publish", "twice, the second at"),
    ]
    static let others: [Mistake] = [
        Mistake("subscribe", #"{"client":"c"}"#, 400, "bad_channel", "channel is missing"),
        Mistake("subscribe", #"{"channel":"r"}"#, 400, "bad_client", "client is missing"),
        Mistake("subscribe", #"{"channel":"r","channels":["r"],"client":"c"}"#, 400, "two_targets", "channels"),
        Mistake("unsubscribe", #"{"channel":"r","clients":["c"],"client":"c"}"#, 400, "two_targets", "clients"),
        Mistake("subscribe", #"{"channel":"r","client":"c/"}"#, 400, "bad_client", "client has a / in it"),
        Mistake("unsubscribe", #"{"channel":"r/","client":"c"}"#, 400, "bad_channel", "channel has a / in it"),
        Mistake("subscribe", #"{"channel":"r","client":"c","history":1001}"#, 400, "bad_history"),
        Mistake("subscribe", #"{"channel":"r","client":"c","history":1.5}"#, 400, "bad_history"),
        Mistake("subscribe", #"{"channel":"r","client":"c","history":"5"}"#, 400, "bad_history"),
        Mistake("subscribe", #"{"channels":\#(names(101)),"client":"c"}"#, 413, "too_many"),
        Mistake("subscribe", #"{"channels":\#(names(11)),"clients":\#(names(9_999))}"#, 413, "too_many", "times"),
        Mistake("subscribe", #"{"channels":\#(names(65)),"client":"c"}"#, 409, "too_many_channels", "client would"),
        Mistake(
            "subscribe", #"{"channel":"r","clients":["c","full"]}"#, 409, "too_many_channels", "clients[1] would have"),
        Mistake("disconnect", #"{}"#, 400, "bad_client", "client or user is missing"),
        Mistake("disconnect", #"{"client":"c","user":"u"}"#, 400, "two_targets"),
        Mistake("disconnect", #"{"client":7}"#, 400, "bad_client"),
        Mistake("disconnect", #"{"user":""}"#, 400, "bad_user", "user is empty"),
        Mistake("disconnect", #"{"user":"42:tab1","revoke":true}"#, 400, "bad_user", "user has a colon"),
        Mistake("disconnect", #"{"user":"u","revoke":true}"#, 400, "bad_revoke"),
        Mistake("disconnect", #"{"user":"u","revoke":60}"#, 400, "bad_revoke"),
    ]

    @Test(arguments: targets + options + others)
    func eachMistake_isToldByItsCode_andChangesNothing(_ mistake: Mistake) {
        let app = App()
        let full = #"{"channels":\#(OpErrorsTests.names(64)),"client":"full"}"#
        #expect(answer(app.send(App.post(full, path: "/subscribe"))).status == 200)
        let begin = #"{"error":{"code":"\#(mistake.code)","message":""#
        func check(_ text: some StringProtocol) {
            #expect(text.hasPrefix(begin) && text.contains(mistake.words), "\(mistake): \(text)")
            #expect(JSONScanner.isValid(String(text)))
        }
        let http = answer(app.send(App.post(mistake.object, path: "/" + mistake.op)))
        check(http.body)
        #expect(http.status == mistake.status, "\(mistake.object.prefix(100))")
        // In a batch the others are done all the same.
        let batch = answer(app.send(App.post("[7,\(mistake.object)]", path: "/" + mistake.op)))
        #expect(batch.status == 200)
        #expect(
            batch.body.contains("\"index\":0}}," + begin) && batch.body.hasSuffix("\"index\":1}}]"), "\(batch.body)")
        app.connect()
        let rest = mistake.object.dropFirst()
        check(app.send(#"{"op":"\#(mistake.op)""# + (rest == "}" ? "" : ",") + rest + "\n"))
        #expect(app.queued == 0 && app.board.subscriptionCount == 64)
    }

    @Test func anUnknownOp_isToldWhichThereAre() {
        for line in [#"{"op":"publsh","client":"c","message":1}"#, #"{"op":7}"#, #"{"op":"event"}"#] {
            let got = App().send(line + "\n")
            #expect(got.contains("bad_op") && got.contains("publish, subscribe, unsubscribe, disconnect, events, seen or follow"), "\(got)")
        }
        // Over HTTP the path is the op. What an older app may have in a field of this name is ignored, but for an op.
        for (op, status) in [(#""subscribe""#, 400), (#""publish""#, 202), (#""x""#, 202), ("7", 202)] {
            let got = answer(App().send(App.post(#"{"op":\#(op),"client":"c","message":1}"#)))
            #expect(got.status == status && got.body.contains("bad_op") == (status == 400), "\(got)")
        }
    }
    @Test func anObjectIsAskedFor_ofEachOp() {
        for path in ["/subscribe", "/disconnect", "/clients"] {
            #expect(answer(App().send(App.post("7", path: path))).body.contains("bad_request"))
            #expect(answer(App().send(App.post("{", path: path))).body.contains("bad_json"))
        }
    }

    /// The header is of one publish. In quotes, as its draft wants it, it is the same name.
    @Test func theHeaderIdempotencyKey_isOnce() {
        let app = App()
        let publish = #"{"client":"c","message":1}"#
        let first = answer(app.send(App.post(publish, "Idempotency-Key: order-17\r\n")))
        #expect(first.body == #"{"id":1000000,"status":"queued"}"#)
        for body in [publish, #"{"client":"c","message":1,"once":"order-17"}"#] {
            for header in ["Idempotency-Key: \"order-17\"\r\n", "idempotency-key:order-17\r\n"] {
                let again = answer(app.send(App.post(body, header)))
                #expect(again.status == 202 && again.body == #"{"id":1000000,"status":"queued","again":true}"#)
                let chunked = answer(app.send(App.chunked([body], header)))
                #expect(chunked.body == again.body)
            }
        }
        #expect(app.queued == 1)
        for (body, header, status, code) in [
            (#"{"client":"c","message":2}"#, "order-17", 409, "once"),
            (#"{"client":"c","message":1,"once":"order-18"}"#, "order-17", 400, "bad_once"),
            ("[\(publish)]", "order-17", 400, "bad_once"), (publish, OpErrorsTests.long, 400, "bad_once"),
            (publish, "", 400, "bad_once"), (publish, "a\r\nIdempotency-Key: b", 400, "bad_request"),
        ] {
            let got = answer(app.send(App.post(body, "Idempotency-Key: \(header)\r\n")))
            #expect(got.status == status && got.body.contains("\"code\":\"\(code)\""), "\(header): \(got)")
        }
        #expect(app.queued == 1)
    }

    @Test func whatTheSwitchboardRefuses_hasItsCode() throws {
        let app = App()
        for number in 0..<Limits.latestNames {
            _ = app.send(App.post(#"{"channel":"r","message":1,"latest":"n\#(number)"}"#))
        }
        let latest = answer(app.send(App.post(#"{"channel":"r","message":1,"latest":"one more"}"#)))
        #expect(latest.status == 413 && latest.body.contains(#""code":"latest_full""#), "\(latest)")
        let queue = App { $0.maxMessages = 1 }
        let two = answer(queue.send(App.post(#"{"clients":["a","b"],"message":1}"#)))
        #expect(two.status == 503 && two.body.contains("queue_full") && queue.queued == 0)

        let small = App(arena: try Arena(HeapMemory(capacity: 256 << 10), segmentBytes: 64 << 10, salt: 1))
        let large = #"{"client":"c","message":"\#(String(repeating: "x", count: 30_000))"}"#
        var got = ""
        for _ in 0..<20 where !got.contains("503") { got = small.send(App.post(large)) }
        #expect(answer(got).status == 503 && got.contains("journal_full") && got.contains("Retry-After: 1\r\n"))
    }
}
