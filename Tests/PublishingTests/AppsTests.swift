import Base
import Comet
import TestSupport
import Testing
import Wire

@testable import Publishing

@Suite struct AppsTests {
    private let now: UInt64 = 9_000_000

    /// Another connection, which came and had its last progress at these times.
    private func connect(
        _ app: App, _ peer: String, since: UInt64 = 8_987_655, lastProgress: UInt64 = 8_999_995, _ input: String = ""
    ) {
        app.now = since
        app.connect(peer)
        app.now = now
        if !input.isEmpty { _ = app.send(input) }
        app.session.lastProgress = lastProgress
    }
    /// The answer that a connection of its own gets.
    private func apps(_ app: App, _ query: String = "") -> (status: Int, body: String) {
        app.connect("10.9.9.9:9")
        defer { app.port.closed(app.session, &app.board) }
        return answer(app.send(App.get("/apps" + query)))
    }

    @Test func whoPublishedMost_comesFirst_withWhatItDid() {
        let app = App()
        connect(app, "10.0.1.7:5", since: 0, lastProgress: now - 1100)
        connect(
            app, "10.0.1.6:4", since: now - 40, lastProgress: now + 7,
            App.post(#"[{"client":"c1","message":1},{"client":"c2","message":[22]}]"#))
        connect(
            app, "10.0.1.5:51022",
            #"{"client":"c1","message":"hi"}"# + "\n" + #"{"client":"c1","message":2}"# + "\nnonsense\n"
                + #"{"client":"c3","message":3}"# + "\n")
        let first =
            #"{"peer":"10.0.1.5:51022","form":"lines","key":null,"connected_seconds":12.345,"publishes":3,"bytes":6,"errors":1,"idle_seconds":0.005,"backlog_bytes":0}"#
        let second =
            #"{"peer":"10.0.1.6:4","form":"http","key":null,"connected_seconds":0.040,"publishes":2,"bytes":5,"errors":0,"idle_seconds":0.000,"backlog_bytes":0}"#
        let third =
            #"{"peer":"10.0.1.7:5","form":null,"key":null,"connected_seconds":9000.000,"publishes":0,"bytes":0,"errors":0,"idle_seconds":1.100,"backlog_bytes":0}"#
        let all = apps(app)
        #expect(all.status == 200 && all.body == #"{"apps":[\#(first),\#(second),\#(third)],"more":0,"keys":[]}"#)
        #expect(JSONScanner.isValid(all.body))
        #expect(apps(app, "?c=1&most=1").body == #"{"apps":[\#(first)],"more":2,"keys":[]}"#)
        #expect(apps(App()).body == #"{"apps":[],"more":0,"keys":[]}"#)
        // The answer shows nothing of what was published.
        for word in ["c1", "hi", "nonsense"] { #expect(!all.body.contains(word)) }
    }

    @Test func mostIsInRange_andTheKeyIsAskedFor() {
        for wrong in ["0", "101", "-1", "x", "", "1000000000000000000000"] {
            let got = apps(App(), "?most=\(wrong)")
            #expect(got.status == 400 && got.body.contains("bad_most"), "\(wrong)")
        }
        let app = App()
        for number in 0..<30 { connect(app, "10.0.0.\(number):1") }
        #expect(apps(app).body.hasSuffix(#"],"more":20,"keys":[]}"#))
        #expect(answer(App(key: "k").send(App.get("/apps"))).status == 401)
        #expect(answer(App(key: "k").send(App.get("/apps", "Authorization: Bearer k\r\n"))).status == 200)
        #expect(answer(App().send("POST /apps HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")).status == 405)
        #expect(answer(App().send("HEAD /apps HTTP/1.1\r\nHost: a\r\n\r\n")).body == "")
    }

    /// The connection that asks is left out, and so are those that were gone before the kernel was asked for their
    /// address.
    @Test func whoAsks_isNotAmongThem() {
        let app = App()
        connect(app, "10.0.1.5:1")
        #expect(answer(app.send(App.get("/apps"))).body == #"{"apps":[],"more":0,"keys":[]}"#)
        let told = apps(app).body
        #expect(told.contains("10.0.1.5:1") && told.hasSuffix(#"],"more":0,"keys":[]}"#))
    }

    @Test(arguments: [
        // A publish for which there is no room counts as one all the same.
        (#"{"client":"c1","message":1}"# + "\n" + #"{"client":"c1","message":22}"# + "\n", 2, 3, 1),
        ("{}\n[]\n" + #"{"client":"a/b","message":1}"# + "\n\n", 0, 0, 3),
        (#"{"key":"any"}"# + "\n" + #"{"client":"c1","message":1}"# + "\n", 1, 1, 0),
        (App.get("/nothing") + App.post(#"[{"client":"c1","message":[0]},7]"#) + App.get("/clients"), 1, 3, 2),
        (App.post("{\"client\":\"c1\",\"message\":1}\n{}\n", "Content-Type: application/x-ndjson\r\n"), 1, 1, 1),
        ("\u{16}\u{3}\u{1}", 0, 0, 1),
    ])
    func whatIsRefused_isAnErrorOfItsConnection(_ input: String, _ publishes: UInt64, _ bytes: UInt64, _ errors: UInt64)
    {
        for whole in [true, false] {
            let app = App { $0.maxMessages = 1 }
            _ = whole ? app.send(input) : app.byteByByte(input)
            #expect(app.session.tally == AppTally(publishes: publishes, bytes: bytes, errors: errors))
            // Another connection to the same port begins at zero.
            app.connect()
            _ = app.send("nothing")
            #expect(app.session.tally.publishes == 0 && app.session.tally.errors == 0)
        }
    }

    @Test func answersThatAreNotRead_areItsBacklog() {
        let app = App()
        app.connect("10.0.0.1:1")
        app.receive(App.get("/stats"))
        let backlog = app.outputBytes
        #expect(backlog > 0)
        #expect(apps(app).body.contains("\"backlog_bytes\":\(backlog)}"))
    }
}
