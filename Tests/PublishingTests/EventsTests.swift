import Base
import Comet
import Testing
import Wire

@testable import Publishing

/// Answers that are held, and streams of events.
@Suite struct EventsTests {
    private static let first = App.firstId
    private func number(_ at: UInt64) -> UInt64 { EventsTests.first + at }

    // MARK: the end of a message

    @Test func anAnswerIsHeld_untilTheEndIsKnown() {
        let app = App()
        app.receive(App.post(#"{"client":"c1","message":1,"ttl":2}"#, path: "/publish?wait=5") + App.get("/cursor"))
        #expect(app.turn() == "" && app.port.heldCount == 1, "and what comes behind it waits")
        let text = app.later(4000)
        #expect(text.contains(#"{"id":\#(number(0)),"status":"expired"}"#))
        #expect(text.contains(#"{"cursor":\#(number(0))}"#), "then it is answered, too")
        #expect(app.port.heldCount == 0)
    }
    @Test func itsTimeIsOver_thenItHasItsOutcome() {
        let app = App()
        app.receive(App.post(#"{"client":"c1","message":1}"#, path: "/publish?wait=1"))
        #expect(app.later(900) == "")
        let (status, body) = answer(app.later(200))
        #expect(status == 202 && body == #"{"id":\#(number(0)),"status":"queued"}"#)
        #expect(app.send(App.get("/events?cursor=0")).contains(#""events":[]"#))
    }
    @Test func aChannel_isDone_withItsCounts() {
        let app = App()
        _ = app.send(App.post(#"{"client":"a","channel":"x"}"#, path: "/subscribe"))
        app.receive(App.post(#"{"channel":"x","message":1}"#, path: "/publish?wait=60"))
        #expect(app.turn() == "")
        let other = app.session
        app.connect()
        _ = app.send(App.post(#"{"client":"a","channel":"x"}"#, path: "/unsubscribe"))
        app.session = other
        #expect(answer(app.turn()).body.hasPrefix(#"{"id":\#(number(0)),"status":"done","readers":1,"#))
    }
    @Test func whatHasNoEnd_isAnsweredAtOnce() {
        let app = App()
        #expect(app.send(App.post(#"{"channel":"x","message":1}"#, path: "/publish?wait=5")).contains("nobody"))
        #expect(app.send(App.post(#"{"client":1,"message":1}"#, path: "/publish?wait=5")).hasPrefix("HTTP/1.1 400"))
        #expect(app.port.heldCount == 0)
    }
    @Test func mistakes_areTold_andNothingIsPublished() {
        for (path, body) in [
            ("/publish?wait=61", #"{"client":"a","message":1}"#), ("/publish?wait=x", #"{"client":"a","message":1}"#),
            ("/publish?wait=", #"{"client":"a","message":1}"#), ("/publish?wait=5", #"[{"client":"a","message":1}]"#),
            ("/publish?wait=5", #"{"client":"a","message":1,"keep":false}"#),
        ] {
            let app = App()
            #expect(answer(app.send(App.post(body, path: path))).body.contains("bad_wait"), "\(path) \(body)")
            #expect(app.queued == 0)
        }
        let app = App()
        #expect(app.send(App.post(#"{"client":"a","message":1,"receipt":1}"#)).contains("bad_receipt"))
        let lines = App.post("{}", "Content-Type: application/x-ndjson\r\n", path: "/publish?wait=5")
        #expect(app.send(lines).contains("bad_wait"))
    }
    @Test func heldAnswersAreBounded() {
        let app = App(maxWaits: 2)
        for name in ["a", "b"] {
            app.connect()
            app.receive(App.post(#"{"client":"\#(name)","message":1}"#, path: "/publish?wait=5"))
        }
        app.connect()
        let (status, body) = answer(app.send(App.post(#"{"client":"c","message":1}"#, path: "/publish?wait=5")))
        #expect(status == 503 && body.contains("too_many_waits") && app.queued == 2)
        #expect(app.send(App.get("/events?wait=5")).contains("too_many_waits"))
        #expect(app.send(App.get("/events")).hasPrefix("HTTP/1.1 200"))
    }
    @Test func aHeldAnswer_endsWithItsApp() {
        let app = App()
        app.receive(App.post(#"{"client":"a","message":1}"#, path: "/publish?wait=5"))
        let first = app.session
        app.port.closed(first, &app.board)
        #expect(app.port.heldCount == 0 && app.board.awaited(number(0)) == nil)
        app.connect()
        app.receive(App.get("/events?wait=5"))
        app.session.ended()
        #expect(app.session.next == .close)
    }
    @Test func aSecondPublishOfTheSameName_waitsForTheSameEnd() {
        let app = App()
        let body = #"{"client":"a","message":1,"once":"o","ttl":2}"#
        app.receive(App.post(body, path: "/publish?wait=5"))
        let first = app.session
        app.connect()
        app.receive(App.post(body, path: "/publish?wait=5"))
        #expect(app.port.heldCount == 2 && app.queued == 1)
        let second = app.later(4000)
        app.session = first
        #expect(answer(app.take()).body == #"{"id":\#(number(0)),"status":"expired"}"#)
        #expect(answer(second).body == #"{"id":\#(number(0)),"status":"expired"}"#)
        #expect(answer(app.send(App.post(body, path: "/publish?wait=5"))).body.contains(#""queued","again":true"#))
    }

    // MARK: events over HTTP

    @Test func eventsAreAnswered_atOnce_orWhenTheyCome() {
        let app = App()
        #expect(app.send(App.get("/events")).contains(#"{"events":[],"cursor":\#(number(0))}"#))
        app.receive(App.get("/events?cursor=\(number(0))&wait=10"))
        #expect(app.turn() == "")
        let waiting = app.session
        app.connect()
        _ = app.send(App.post(#"{"channel":"x","message":1,"receipt":true}"#))
        app.session = waiting
        let body = answer(app.turn()).body
        #expect(
            body.hasPrefix(#"{"events":[{"id":\#(number(1)),"event":"done","message":\#(number(0)),"channel":"x","#))
        #expect(body.hasSuffix(#""cursor":\#(number(1))}"#))
        app.receive(App.get("/events?cursor=\(number(1))&wait=1"))
        #expect(app.turn() == "")
        #expect(answer(app.later(1100)).body == #"{"events":[],"cursor":\#(number(1))}"#)
    }
    @Test func kinds_andClients_areChosen() {
        let app = App { $0.events = .ofClients }
        for name in ["a", "b"] { _ = app.send(App.post(#"{"client":"\#(name)","message":1,"receipt":true,"ttl":1}"#)) }
        app.poll("a")
        _ = app.later(3000)
        func events(_ query: String) -> [String] {
            answer(app.send(App.get("/events?cursor=0\(query)"))).body.split(separator: "{").dropFirst(1).map {
                let words = $0.split(separator: "\"")
                return "\(words[4]) \(words[words.firstIndex(of: "client").map { $0 + 2 } ?? 0])"
            }
        }
        #expect(events("&kinds=expired") == ["expired b"])
        #expect(events("&kinds=connected,expired&client=a") == ["connected a"])
        #expect(events("&client=%62") == ["expired b"])
        #expect(events("").count == 2)
        for (query, code) in [
            ("kinds=subscribed", "kinds_off"), ("kinds=x", "bad_kinds"), ("kinds=", "bad_kinds"),
            ("cursor=-1", "bad_cursor"),
            ("cursor=1e3", "bad_cursor"), ("wait=61", "bad_wait"), ("client=a/b", "bad_client"),
        ] {
            #expect(app.send(App.get("/events?\(query)")).contains(code), "\(query)")
        }
    }
    @Test func aCursorOfAnotherLife_hasAGap() {
        let app = App()
        #expect(app.send(App.get("/events?cursor=5&wait=60")).contains(#""cursor":\#(number(0)),"gap":true}"#))
        #expect(app.send(App.get("/events?cursor=9007199254740000")).contains(#""gap":true"#))
    }

    // MARK: streams

    @Test func aLine_makesAStream_whichOtherOpsMayShare() {
        let app = App()
        #expect(app.send("{\"op\":\"events\"}\n") == "{\"status\":\"events\",\"cursor\":\(number(0))}\n")
        #expect(app.send("{\"op\":\"events\"}\n").contains("\"stream\""))
        let outcome = app.send("{\"channel\":\"x\",\"message\":1,\"receipt\":true}\n")
        #expect(outcome == "{\"status\":\"nobody\"}\n")
        let line = app.turn()
        #expect(line.hasPrefix("{\"id\":\(number(1)),\"event\":\"done\",") && line.hasSuffix("}\n"))
        #expect(app.later(9_000) == "")
        #expect(app.later(1_100) == "{\"cursor\":\(number(1))}\n")
        #expect(app.session.isTrusted)
    }
    @Test func aReader_goesOnWhereItSaidThatItIs() {
        let app = App()
        for _ in 0..<3 { _ = app.send(App.post(#"{"channel":"x","message":1,"receipt":true}"#)) }
        app.connect()
        #expect(app.send("{\"op\":\"events\",\"reader\":\"w\"}\n").contains("\"cursor\":0}"))
        #expect(app.turn().split(separator: "\n").count == 3)
        #expect(app.send("{\"op\":\"seen\",\"reader\":\"w\",\"cursor\":\(number(2))}\n").contains("\"seen\""))
        app.connect()
        #expect(app.send("{\"op\":\"events\",\"reader\":\"w\"}\n").contains("\"cursor\":\(number(2))}"))
        #expect(app.turn().hasPrefix("{\"id\":\(number(3)),"))
        #expect(app.send("{\"op\":\"seen\",\"cursor\":1}\n").contains("bad_reader"))
        for at in 0..<15 {
            #expect(app.send("{\"op\":\"seen\",\"reader\":\"r\(at)\",\"cursor\":1}\n").contains("seen"))
        }
        #expect(app.send("{\"op\":\"seen\",\"reader\":\"more\",\"cursor\":1}\n").contains("readers_full"))
    }
    @Test func aSlowReader_holdsNobodyUp_andHasAGapInTheEnd() {
        let app = App { $0.maxEvents = 5000 }
        app.receive("{\"op\":\"events\",\"cursor\":0}\n")
        let reader = app.session
        app.connect()
        let batch =
            "["
            + Array(repeating: #"{"channel":"x","message":1,"receipt":true,"ttl":1}"#, count: 1000)
            .joined(separator: ",") + "]"
        for _ in 0..<9 {
            _ = app.send(App.post(batch))
            _ = app.turn()
            #expect(reader.output.count < 2 * Limits.eventsAnswerBytes)
        }
        app.session = reader
        var text = ""
        while case let more = app.turn() + app.take(), !more.isEmpty {
            text += more
            app.port.written(reader, 0, &app.board, now: app.now)
        }
        let gaps = text.split(separator: "\n").filter { $0.hasPrefix("{\"gap\":true,\"cursor\":") }
        #expect(gaps.count == 1)
        #expect(text.split(separator: "\n").count > 5000)
    }
    @Test func eventsNeedTheirRight() {
        let keys = [AppKey(name: "p", rights: .publish, secret: Array("0123456789abcdef".utf8))]
        let app = App(keys: keys)
        #expect(app.send(App.get("/events", "X-API-Key: 0123456789abcdef\r\n")).contains("\"right\""))
        _ = app.send("{\"key\":\"0123456789abcdef\"}\n")
        app.connect()
        #expect(app.send("{\"key\":\"0123456789abcdef\"}\n{\"op\":\"events\"}\n").contains("\"right\""))
    }

    @Test func whoLosesTheRight_isToldNoMore() {
        let key = AppKey(name: "e", rights: .events, secret: Array("0123456789abcdef".utf8))
        let app = App(keys: [key])
        let shown = "X-API-Key: 0123456789abcdef\r\n"
        var sessions: [AppSession] = []
        for op in ["events", "follow\",\"client\":\"c1"] {
            app.connect()
            #expect(app.send("{\"key\":\"0123456789abcdef\"}\n{\"op\":\"\(op)\"}\n").contains("status"))
            sessions.append(app.session)
        }
        app.connect()
        #expect(app.send(App.get("/events?wait=60", shown)) == "")
        sessions.append(app.session)
        app.replace(keys: [AppKey(name: "e", rights: .publish, secret: key.secret)])
        for session in sessions {
            app.session = session
            #expect(app.turn().contains("\"right\""))
        }
        #expect(app.port.heldCount == 0 && app.port.streamCount == 0 && sessions[0].isClosing)
        app.connect()
        _ = app.send(App.post(#"{"client":"c1","message":1,"ttl":1,"receipt":true}"#, shown))
        app.session = sessions[0]
        #expect(app.later(2000) == "")
    }
    /// A reader that takes nothing for days is held with what it was sent at first.
    @Test func aReaderThatTakesNothing_isSentNoBeats() {
        let app = App()
        app.receive("{\"op\":\"events\"}\n")
        let held = app.outputBytes
        for _ in 0..<600 {
            app.now += 1000
            app.port.tick(&app.board, now: app.now)
        }
        #expect(held > 0 && app.outputBytes == held)
    }
}
