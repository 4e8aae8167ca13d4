import Base
import Comet
import Testing
import Wire

/// Messages with one body for many receivers.
@Suite struct FanOutTests {
    let h = WorkerHarness()

    /// Clients `c0`, `c1`, ... that wait, each with cursor 5.
    private func poll(_ count: Int, _ query: String = "?cursor=5") -> [ConnectionSlot] {
        h.link()
        let slots = (0..<count).map { h.poll("/c\($0).json\(query)") }
        _ = h.frames()
        return slots
    }
    private func names(_ count: Int) -> [String] { (0..<count).map { "c\($0)" } }

    @Test func eachReceiver_getsTheMessage_inSteps() {
        let slots = poll(5)
        h.manager(.turn, [], h.now * 1_000_000 - 3_000_000)
        h.shared(7, names(5), "1")
        h.manager(.turn, [], h.now * 1_000_000)
        #expect(h.worker.hasFanOut && slots.allSatisfy { h.sent[$0] == "" })
        #expect(h.fanOut(most: 2))
        #expect(slots.map { h.sent[$0] != "" } == [true, true, false, false, false])
        #expect(!h.fanOut())
        for slot in slots { #expect(h.body(slot) == #"{"messages":[{"id":7,"data":1}],"cursor":7}"#) }
        let counters = h.worker.counters
        #expect(counters.delivered == 5 && counters.pollsAnswered == 5 && counters.managerFramesIn == 4)
        #expect(counters.latencyUnder5 == 5 && counters.latencySum == 15_000, "from its own turn of the manager")
        #expect(h.frames() == [] && h.worker.waiting == 0 && h.worker.fromManager.isEmpty)
    }

    @Test func otherMessagesAndPolls_goOnMeanwhile() {
        let slots = poll(3)
        h.shared(7, ["c0", "c1"], "1")
        h.fanOut(most: 1)
        h.answer("c2", [(8, "2")])
        #expect(h.body(slots[2]).contains(#"{"id":8,"data":2}"#) && h.sent[slots[1]] == "")
        h.get(slots[0], "/c0.json?cursor=7")
        #expect(h.frames() == ["connected 7 c0 1"])
        h.shared(9, ["c2", "c0"], "3")  // c2 has ended
        h.fanOut()
        #expect(h.body(slots[1]).contains(#"{"id":7,"data":1}"#) && h.body(slots[0]).contains(#"{"id":9,"data":3}"#))
        #expect(!h.body(slots[2]).contains("9"))
    }

    @Test func aReceiverThatHasEnded_getsNothing_andItsNextPollIsAnother() {
        let slots = poll(6)
        h.shared(7, names(6), "1")
        h.broke(slots[0])  // its slot is free
        h.pass(40_000)  // all the others are over
        h.get(slots[1], "/c1.json?cursor=5")  // the same connection, another poll
        let copy = h.poll("/c2.json?cursor=5")  // the slot that was free
        #expect(copy == slots[0])
        let before = h.sent
        h.fanOut()
        #expect(h.sent == before && h.worker.counters.delivered == 0 && h.worker.waiting == 2)
        #expect(!h.frames().contains { $0.hasPrefix("undelivered") })
    }

    @Test func aPollThatIsReplaced_getsNothingOfIt() {
        let slots = poll(2)
        h.shared(7, names(2), "1")
        h.manager(.replaced, [], 5, "c0")
        let second = h.poll("/c1.json?cursor=6")
        h.fanOut()
        #expect(h.status(slots[0]).contains("409") && h.status(slots[1]).contains("409") && h.sent[second] == "")
        #expect(h.worker.counters.delivered == 0)
    }

    @Test func aClientThatTheAppDisconnects_isTold_andIsNobodyThen() {
        let slots = poll(1) + [h.poll("/c1.js?callback=f&cursor=5")]
        _ = h.frames()
        h.shared(7, ["c0"], "1")
        h.manager(.disconnect, [], 0, "c0")
        h.manager(.disconnect, [], 0, "c1")
        h.manager(.disconnect, [], tag: 99, 0, "c1")
        h.fanOut()
        #expect(h.status(slots[0]) == "HTTP/1.1 403 Forbidden" && h.body(slots[0]).contains(#""code":"disconnected""#))
        #expect(h.status(slots[1]) == "HTTP/1.1 200 OK" && h.body(slots[1]).contains(#""code":"disconnected""#))
        #expect(h.frames() == [] && h.worker.waiting == 0 && h.closed.isEmpty)
    }

    @Test func slotsThatNeverWere_orWhosePageIsGone_areNobody() {
        let slots = poll(2000)
        h.shared(7, names(2000), "1")
        h.slots["x"] = 1 << 30
        h.slots["y"] = .max
        h.shared(8, ["x", "y"], "2")
        for slot in slots { h.broke(slot) }
        #expect(!h.fanOut() && h.worker.connections == 0 && h.worker.counters.delivered == 0)
    }

    @Test func aPartialWrite_goesOn_andADeadConnectionIsTold() {
        let slots = poll(3)
        for slot in slots[..<2] { h.room[slot] = 10 }
        h.room[slots[2]] = -1
        h.shared(7, names(3), "1")
        h.fanOut()
        #expect(h.frames() == ["gone 0 c2 0"] && h.worker.counters.partialWrites == 2)
        h.room[slots[0]] = nil
        h.writable(slots[0])
        #expect(h.body(slots[0]) == #"{"messages":[{"id":7,"data":1}],"cursor":7}"#)
        #expect(h.worker.counters.delivered == 1)
        h.broke(slots[1])
        #expect(h.frames() == ["gone 0 c1 0"], "the manager has the message still")
        #expect(h.worker.counters.delivered == 1 && h.worker.counters.deliverErrors == 2)
        #expect(h.worker.counters.undelivered == 0 && h.worker.counters.undeliveredLost == 0)
    }

    @Test func aClientThatEndedItsSide_isAsked() {
        let slots = poll(1)
        h.inputEnded(slots[0])
        _ = h.frames()
        h.shared(7, names(1), "1")
        h.fanOut()
        #expect(h.body(slots[0]).contains(#"{"id":7,"data":1}"#) && h.closed == [slots[0]])
        #expect(h.frames() == ["gone 5 c0 0"] && h.worker.counters.delivered == 1)
    }

    @Test func whatWaits_holdsTheLinkBack_untilItIsWritten_orTheLinkBreaks() {
        let slots = poll(2)
        let large = String(repeating: "x", count: Limits.fanOutBytes / 2)
        h.shared(7, ["c0"], large)
        #expect(h.worker.isBehind == false)
        h.shared(8, ["c1"], large)
        #expect(h.worker.isBehind == true)
        h.fanOut(most: 2)
        #expect(!h.worker.isBehind && h.body(slots[1]).hasSuffix(#""cursor":8}"#))
        for number in 9...12 { h.shared(UInt64(number), ["c0"], large) }
        h.linkClosed()
        #expect(!h.worker.isBehind && !h.worker.hasFanOut && !h.fanOut())
    }
}

/// The cursor that an empty answer has.
@Suite struct SettledTests {
    let h = WorkerHarness()

    private func expectCursor(_ slot: ConnectionSlot, _ cursor: UInt64, at place: SourceLocation = #_sourceLocation) {
        h.pass(40_000)
        #expect(h.body(slot) == #"{"messages":[],"cursor":\#(cursor)}"#, sourceLocation: place)
    }

    @Test func theManagerIsAsked_onceASecond_whilePollsAreHeld() {
        h.askSettled()
        h.link()
        h.askSettled()
        #expect(h.frames() == [], "nobody waits")
        _ = h.poll("/c1.json?cursor=5")
        h.now += 1
        for _ in 0..<3 { h.askSettled() }
        #expect(h.frames() == ["connected 5 c1 1", "settled 1001  0"])
        h.now += 999
        h.askSettled()
        #expect(h.frames() == [])
        h.now += 1
        h.askSettled()
        #expect(h.frames() == ["settled 2001  0"])
    }

    @Test func aPollThatWasAnnouncedBefore_hasTheIdUpToWhichNothingWaits() {
        h.link()
        let (slot, plain, ahead) = (
            h.poll("/c1.json?cursor=5"), h.poll("/c2.json"), h.poll("/c3.json?cursor=100")
        )
        h.now += 1
        h.settled(90, stamp: h.now)
        expectCursor(slot, 90)
        #expect(h.body(plain).hasSuffix(#""cursor":0}"#), "it has none")
        #expect(h.body(ahead).hasSuffix(#""cursor":100}"#))
    }

    @Test func aPollOfTheStampsMillisecond_orALaterOne_keepsItsOwn() {
        h.link()
        let same = h.poll("/c1.json?cursor=5")
        let stamp = h.now
        h.now += 1
        let later = h.poll("/c2.json?cursor=6")
        h.settled(90, stamp: stamp)
        expectCursor(same, 5)
        #expect(h.body(later).hasSuffix(#""cursor":6}"#))
    }

    @Test func aCursorThatTellsOfAGap_stays_andOneOfNoMessageIsNotTold() {
        h.link()
        let slots = ["0", "49", "50"].map { h.poll("/c\($0).json?cursor=\($0)") }
        h.now += 1
        h.settled(90, stamp: h.now, since: 50)
        h.pass(40_000)
        #expect(slots.map { h.body($0).hasSuffix(#""cursor":90}"#) } == [true, false, true])
        let first = h.poll("/c1.json?cursor=0")
        h.now += 1
        h.settled(99, stamp: h.now, since: 100)  // the manager has given out no id yet
        expectCursor(first, 0)
    }

    @Test func whileAFanOutIsUnderWay_andAfterTheLinkBroke_pollsKeepTheirOwn() {
        h.link()
        let slots = (0..<3).map { h.poll("/c\($0).json?cursor=5") }
        _ = h.frames()
        h.now += 1
        h.shared(80, ["c0", "c1"], "1")
        h.settled(90, stamp: h.now)
        h.fanOut(most: 1)
        expectCursor(slots[1], 5)
        h.fanOut()
        let late = h.poll("/c4.json?cursor=5")
        h.now += 1
        h.settled(91, stamp: h.now)
        h.linkClosed()
        h.link()
        expectCursor(late, 5)
    }

    @Test func aPollThatIsAnnouncedAgain_countsFromThen() {
        h.link()
        let slot = h.poll("/c1.json?cursor=5")
        h.now += 1
        h.settled(90, stamp: h.now)
        h.now += 1
        h.inputEnded(slot)
        h.pass(1000)
        #expect(h.body(slot) == #"{"messages":[],"cursor":5}"#)
    }
}
