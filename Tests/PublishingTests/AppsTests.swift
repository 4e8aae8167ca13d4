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
        let rest =
            #""stalled_seconds":null,"events":0,"rights":["publish","subscribe","events","disconnect","read"],"refusal":"#
        let refusal = #"{"code":"bad_json","message":"no value","seconds_ago":0.000}"#
        let first =
            #"{"number":4,"name":null,"peer":"10.0.1.5:51022","form":"lines","key":null,"connected_seconds":12.345,"#
            + #""publishes":3,"bytes":6,"errors":1,"idle_seconds":0.005,"backlog_bytes":0,\#(rest)\#(refusal)}"#
        let second =
            #"{"number":3,"name":null,"peer":"10.0.1.6:4","form":"http","key":null,"connected_seconds":0.040,"#
            + #""publishes":2,"bytes":5,"errors":0,"idle_seconds":0.000,"backlog_bytes":0,\#(rest)null}"#
        let third =
            #"{"number":2,"name":null,"peer":"10.0.1.7:5","form":null,"key":null,"connected_seconds":9000.000,"#
            + #""publishes":0,"bytes":0,"errors":0,"idle_seconds":1.100,"backlog_bytes":0,\#(rest)null}"#
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
        app.session.lastProgress = app.now
        app.now += 2500
        #expect(apps(app).body.contains("\"backlog_bytes\":\(backlog),\"stalled_seconds\":2.500,"))
    }

    // MARK: names

    /// The name of the only other connection, as JSON. `nil` if it has none.
    private func name(_ app: App) -> String? {
        let body = apps(app).body
        guard let start = body.firstRange(of: "\"name\":\""), let end = body.firstRange(of: "\",\"peer\"") else {
            return nil
        }
        return String(body[start.upperBound..<end.lowerBound])
    }
    @Test(arguments: [
        ("curl/7.88.1", "curl/7.88.1"), ("python-requests/2.31.0 (Linux; x)", "python-requests/2.31.0"),
        ("a\tb", "a"), ("caf\u{E9}/1", "caf??/1"), ("\"quoted\"", "\\\"quoted\\\""),
        (String(repeating: "x", count: 65), String(repeating: "x", count: 64)),
    ])
    func overHTTP_theFirstWordOfUserAgent_isTheName(_ agent: String, _ wanted: String) {
        let app = App()
        app.connect("10.0.0.1:1")
        #expect(answer(app.send(App.get("/stats", "User-Agent: \(agent)\r\n"))).status == 200)
        #expect(name(app) == wanted)
    }
    @Test func theFirstRequest_givesTheName_andThoseWithoutHaveNone() {
        let app = App()
        app.connect("10.0.0.1:1")
        _ = app.send(App.get("/stats", "User-Agent: first/1\r\n") + App.get("/stats", "User-Agent: second/1\r\n"))
        #expect(name(app) == "first/1")
        for head in ["", "User-Agent:\r\n", "User-Agent: \t \r\n"] {
            let app = App()
            app.connect("10.0.0.1:1")
            #expect(answer(app.send(App.get("/stats", head))).status == 200)
            #expect(name(app) == nil)
        }
    }
    @Test func onALine_theAppSaysItsName_withoutAnAnswer() {
        let app = App()
        app.connect("10.0.0.1:1")
        #expect(app.send("{\"app\":\"jobs\"}\n") == "")
        #expect(name(app) == "jobs" && app.port.counters.lines == 1)
        app.session = app.port.accepted(peer: nil, now: now)
        let body = String(repeating: "n", count: 64)
        #expect(app.send("{\"app\":\"\(body)\"}\n") == "" && app.isTrusted)
    }
    @Test func onALine_theNameStandsBesideTheKey_andNeedsIt() {
        let app = App(key: "k")
        app.connect("10.0.0.1:1")
        #expect(app.send("{\"key\":\"k\",\"app\":\"a \\u00e9\\n\"}\n") == "" && app.session.name == "a \u{E9}\n")
        #expect(app.send("{\"app\":\"again\"}\n") == "" && app.session.name == "again")
        app.connect("10.0.0.2:1")
        #expect(app.send("{\"app\":\"stranger\"}\n").contains("unauthorized"))
        #expect(app.session.name == nil && app.isClosing)
    }
    @Test func wrongNames_areRefused_andOneInAPublishIsIgnored() {
        let app = App()
        app.connect("10.0.0.1:1")
        for wrong in ["7", "\"\"", "[]", "\"\(String(repeating: "n", count: 65))\""] {
            #expect(app.send("{\"app\":\(wrong)}\n").contains("bad_app"), "\(wrong)")
        }
        #expect(app.send("{\"app\":\"x\",\"client\":\"c1\",\"message\":1}\n").contains("queued"))
        #expect(app.session.name == nil && !app.isClosing)
    }

    // MARK: refusals and events

    @Test(arguments: [
        (App.post(#"{"client":"c1","message":1,"ttl":0}"#), "bad_ttl", "ttl is a number of seconds, over 0"),
        (App.post(#"{"clients":["c1","a/b"],"message":1}"#), "bad_client", "clients[1] has a / in it"),
        (App.get("/nothing"), "not_found", "there is no such path"),
        (App.get("/publish"), "method_not_allowed", "this path has other methods"),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "http_501", ""),
    ])
    func theLastRefusal_isTold_withItsAge(_ request: String, _ code: String, _ message: String) {
        let app = App()
        app.connect("10.0.0.1:1")
        _ = app.send(request)
        app.now += 1500
        let body = apps(app).body
        #expect(body.contains(#""refusal":{"code":"\#(code)","message":"\#(message)"#), "\(body)")
        #expect(body.contains(#""seconds_ago":1.500}"#) && JSONScanner.isValid(body))
    }
    @Test func whatAnAppIsTold_areItsEvents() {
        let app = App { $0.events = .all }
        app.connect("10.0.0.1:1")
        _ = app.send("{\"op\":\"follow\",\"client\":\"c1\"}\n")
        let follower = app.session
        app.connect()
        app.poll("c1")
        _ = app.send(App.post(#"{"client":"c1","message":1}"#))
        app.session = follower
        let told = app.turn()
        let lines = told.split(separator: "\n").count
        #expect(lines > 2 && follower.tally.events == UInt64(lines))
        #expect(apps(app).body.contains("\"events\":\(lines),"))
    }
    /// The line is about the message that was just published, so it says who did it.
    @Test func whoFollowsAClient_isToldWhichAppPublished() {
        let app = App()
        _ = app.send("{\"op\":\"follow\",\"client\":\"c1\"}\n")
        let follower = app.session
        app.connect()
        let publisher = app.session.number
        _ = app.send(App.post(#"{"client":"c1","message":1}"#))
        app.connect()
        _ = app.send(App.post(#"{"client":"other","message":1}"#))
        // The message goes out when its client comes. Nothing was kept of who published it.
        app.poll("c1")
        app.session = follower
        let lines = app.turn().split(separator: "\n").filter { $0.contains("\"message\"") }
        #expect(lines.count == 2 && lines[0].contains("published") && lines[1].contains("sent"), "\(lines)")
        #expect(lines[0].contains(",\"app\":\(publisher),") && !lines[1].contains("\"app\""), "\(lines)")
    }
}
