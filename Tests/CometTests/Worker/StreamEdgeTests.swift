import Base
import Testing
import Wire

@testable import Comet

/// Receivers that stay, where two things happen to them at once.
@Suite struct StreamEdgeTests {
    // MARK: what ends another receiver

    @Test(arguments: ["ws", "events"]) func requestThatIsDeclined_endsNoOther(_ form: String) {
        let (harness, old) = StreamTests.begun()
        if form == "ws" {
            #expect(harness.status(harness.poll("/c1.ws")) == "HTTP/1.1 426 Upgrade Required")
        }
        harness.startDrain(seconds: 1)
        let late = harness.poll("/c1.\(form)", WebSocketTests.handshake)
        #expect(harness.sent[late]?.contains("\"retry\":") == true)
        #expect(!StreamTests.events(harness, old).contains("replaced") && harness.worker.streams == 1)
    }
    @Test func fullWorker_declinesAndKeepsWhatItHolds() {
        let harness = WorkerHarness { $0.maxConnections = 1 }
        harness.link()
        let old = harness.poll("/c1.events?cursor=5")
        _ = harness.frames()
        harness.manager(.message, [], 5, "c1")
        let new = harness.poll("/c1.events?cursor=5")
        #expect(StreamTests.events(harness, new).contains("event:retry"))
        #expect(!StreamTests.events(harness, old).contains("replaced") && harness.worker.streams == 1)
    }
    @Test func requestBehindAPollThatEndsAStream_isAnswered() {
        let (harness, old) = StreamTests.begun()
        let slot = harness.open()
        harness.receive(
            slot, "GET /c1.json?cursor=5 HTTP/1.1\r\nHost: x\r\n\r\nGET /_/health HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(StreamTests.events(harness, old).contains("event:replaced"))
        _ = harness.frames()
        harness.manager(.message, [], 6, "c1", "6")
        harness.resume()
        #expect(harness.body(slot) == "ok\n" || harness.body(slot) == "ok")
    }
    @Test func streamBehindAnEndedSide_isNotHeld() {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.open()
        harness.receive(
            slot, "GET /c1.json?cursor=5 HTTP/1.1\r\nHost: x\r\n\r\nGET /c1.events HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = harness.frames()
        harness.inputEnded(slot)
        _ = harness.frames()
        harness.manager(.message, [], 6, "c1", "6")
        harness.resume()
        #expect(harness.closed == [slot] && harness.worker.state == .init())
    }

    // MARK: opening

    @Test func socketThatTheManagerDoesNotAnswer_beginsWithItsHeartbeatTime() {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.poll("/c1.ws?cursor=5&hello=1", WebSocketTests.handshake)
        WebSocketTests.send(harness, slot, 9, [104])
        harness.pass(999)
        #expect(WebSocketTests.frames(harness, slot) == ["pong h"])
        harness.pass(1)
        #expect(
            WebSocketTests.frames(harness, slot) == ["pong h", #"{"messages":[],"cursor":5,"heartbeat":25000}"#])
        harness.pass(50)
        #expect(WebSocketTests.frames(harness, slot).last == #"{"messages":[],"cursor":5}"#)
    }
    @Test func socketThatIsBlockedWhileItOpens_beginsWhenItTakesBytesAgain() {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.open()
        harness.room[slot] = 7
        harness.get(slot, "/c1.ws?cursor=5", WebSocketTests.handshake)
        harness.pass(2000)
        harness.room[slot] = nil
        harness.writable(slot)
        harness.pass(1000)
        #expect(WebSocketTests.frames(harness, slot) == [#"{"messages":[],"cursor":5,"heartbeat":25000}"#])
        #expect(harness.worker.pending.isEmpty)
    }
    @Test func messagesForManyThatCameFirst_sayWhereAStreamBegins() {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.poll("/c1.events")
        _ = harness.frames()
        harness.shared(6, ["c1"], "6")
        harness.shared(8, ["c1"], "8")
        harness.room[slot] = 0
        harness.manager(.message, [], 9, "c1", "9")
        harness.broke(slot)
        #expect(harness.frames() == ["gone 5 c1 0"])
        harness.room[slot] = nil
        let again = harness.poll("/c1.events")
        _ = harness.frames()
        harness.shared(6, ["c1"], "6")
        harness.shared(8, ["c1"], "8")
        harness.manager(.message, [], 9, "c1", "9")
        #expect(StreamTests.events(harness, again).contains("id:5\nevent:hello"))
        #expect(StreamTests.events(harness, again).hasSuffix("id:6\ndata:6\n\nid:8\ndata:8\n\nid:9\ndata:9\n\n"))
    }
    @Test func cursorOfTheFuture_isSetRightByTheManager() {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.poll("/c1.ws?cursor=9000", WebSocketTests.handshake)
        _ = harness.frames()
        harness.manager(.message, [], 41, "c1")
        harness.manager(.message, [], 42, "c1", "1")
        #expect(
            WebSocketTests.frames(harness, slot) == [
                #"{"messages":[],"cursor":41,"heartbeat":25000}"#, #"{"messages":[{"id":42,"data":1}],"cursor":42}"#,
            ])
        WebSocketTests.send(harness, slot, 1, Array(#"{"cursor":42}"#.utf8))
        #expect(harness.frames() == ["acknowledged 42 c1 0"])
    }
    @Test func pageThatHoldsBack_acknowledgesNoMoreThanItSays() {
        let harness = WorkerHarness()
        harness.link()
        _ = harness.poll("/c1.events?cursor=9&ack=5")
        #expect(harness.frames() == ["connected 9 c1 13"] && harness.announcements["c1"]?.acknowledged == 5)
        _ = harness.poll("/c2.events?lastEventId=9&ack=3")
        #expect(harness.frames() == ["connected 9 c2 13"] && harness.announcements["c2"]?.acknowledged == 3)
        _ = harness.poll("/c3.events?ack=3&lastEventId=9")
        #expect(harness.frames() == ["connected 9 c3 13"] && harness.announcements["c3"]?.acknowledged == 3)
        _ = harness.poll("/c4.events?cursor=9&ack=x")
        #expect(harness.frames() == ["connected 9 c4 13"] && harness.announcements["c4"]?.acknowledged == 0)
    }

    // MARK: silence, and bounds

    @Test func clientThatPings_isSentHeartbeatsAllTheSame() {
        let (harness, slot) = WebSocketTests.begun()
        for _ in 0..<6 {
            harness.pass(10_000)
            WebSocketTests.send(harness, slot, 9, [104])
        }
        #expect(harness.worker.counters.heartbeats == 2)
        #expect(WebSocketTests.frames(harness, slot).filter { $0 == #"{"messages":[],"cursor":5}"# }.count == 2)
    }
    @Test func streamThatIsBehind_isAnnouncedWithoutTheCreditThatItHasNotTaken() {
        let (harness, slot) = StreamTests.begun()
        harness.room[slot] = 0
        harness.manager(.message, [], 6, "c1", "\"" + String(repeating: "a", count: 20_000) + "\"")
        harness.manager(.message, [], 7, "c1", "7")
        harness.linkClosed()
        harness.linkOpened()
        _ = harness.frames()
        harness.manager(.welcome)
        #expect(harness.frames() == ["connected 7 c1 9"])
        let owed = 20_002 + 1 + 2 * 32
        #expect(harness.announcements["c1"]?.credit == UInt32(65_536 - owed))
        harness.room[slot] = nil
        harness.writable(slot)
        #expect(harness.frames() == ["credit \(owed) c1 0"])
    }
    @Test func streamsThatFallBehindWithOneWriteEach_areBoundedTogether() {
        let harness = WorkerHarness()
        harness.link()
        let body = "\"" + String(repeating: "a", count: 16_000_000) + "\""
        for number in 0..<18 {
            let slot = harness.poll("/c\(number).events?cursor=5")
            _ = harness.frames()
            harness.room[slot] = 0
            harness.manager(.message, [], 6, "c\(number)", body)
        }
        #expect(harness.worker.counters.closesSlow == 2 && harness.worker.streamsBehind == 16)
        #expect(harness.worker.behindBytes <= Limits.behindBytes)
    }
}
