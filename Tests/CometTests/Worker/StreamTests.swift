import Base
import Testing
import Wire

@testable import Comet

/// Event streams: receivers that stay.
@Suite struct StreamTests {
    /// A linked worker, and a stream whose client has this cursor. It has begun.
    static func begun(_ target: String = "/c1.events?cursor=5") -> (WorkerHarness, ConnectionSlot) {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.poll(target)
        _ = harness.frames()
        harness.manager(.message, [], 5, "c1")
        return (harness, slot)
    }
    /// The events of a stream, without its chunks.
    static func events(_ harness: WorkerHarness, _ slot: ConnectionSlot) -> String {
        var rest = Substring((harness.sent[slot] ?? "").replacing("\r\n", with: "\n"))
        guard let head = rest.firstRange(of: "\n\n") else { return "" }
        rest = rest[head.upperBound...]
        var found = ""
        while let line = rest.firstIndex(of: "\n"), let length = Int(rest[..<line], radix: 16) {
            guard length > 0 else { return found + "END" }
            let start = rest.index(after: line)
            let end = rest.index(start, offsetBy: length)
            found += rest[start..<end]
            rest = rest[end...].dropFirst()
        }
        return found
    }
    static func without(_ hello: String) -> String {
        hello.replacing(#/retry:[123]\d\d\d\n/#, with: "retry:R\n")
    }

    @Test func stream_beginsWithOneWrite_whenTheManagerHasSaidWhere() {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.poll("/c1.events?cursor=5", "Origin: https://a\r\n")
        #expect(harness.sent[slot] == "" && harness.prepared == [slot])
        #expect(harness.frames() == ["connected 5 c1 13"])
        #expect(harness.announcements["c1"] == Announcement(credit: 65_536, print: 0, acknowledged: 5))
        harness.manager(.message, [], 6, "c1", "\"a\"")
        let sent = harness.sent[slot] ?? ""
        #expect(
            sent.hasPrefix(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Content-Type-Options: nosniff\r\n"
                    + "Cache-Control: no-store, no-transform\r\nX-Accel-Buffering: no\r\n"
                    + "Access-Control-Allow-Origin: *\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"))
        #expect(
            Self.without(Self.events(harness, slot))
                == "retry:R\nid:5\nevent:hello\ndata:{\"heartbeat\":25000}\n\nid:6\ndata:\"a\"\n\n")
        harness.manager(.message, [], 7, "c1", "{\r\n\"b\":\n1\r}")
        #expect(Self.events(harness, slot).hasSuffix("id:7\ndata:{\ndata:\"b\":\ndata:1\ndata:}\n\n"))
        #expect(harness.worker.streams == 1 && harness.worker.waiting == 1 && harness.worker.counters.delivered == 2)
        #expect(harness.closed.isEmpty && harness.frames().isEmpty)
    }
    @Test func streamWithoutACursor_isToldWhereItBegins_andSaysWhatItWasSent() {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.poll("/c1.events")
        #expect(harness.frames() == ["connected 0 c1 12"])
        harness.manager(.message, [], 41, "c1")
        #expect(Self.events(harness, slot).contains("\nid:41\nevent:hello\n"))
        harness.manager(.message, [], 42, "c1", "1")
        harness.linkClosed()
        harness.link()
        harness.linkClosed()
        harness.linkOpened()
        _ = harness.frames()
        harness.manager(.welcome)
        #expect(harness.frames() == ["connected 42 c1 9"])
        #expect(harness.announcements["c1"]?.acknowledged == 0)
    }
    @Test func withoutAManager_itBeginsAtOnce() {
        let harness = WorkerHarness()
        let slot = harness.poll("/c1.events", "Last-Event-ID: 9\r\n")
        #expect(Self.events(harness, slot).contains("\nid:9\nevent:hello\n"))
        harness.linkOpened()
        _ = harness.frames()
        harness.manager(.welcome)
        #expect(harness.frames() == ["connected 9 c1 9"])
    }
    @Test func managerThatSaysNothing_isNotWaitedFor() {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.poll("/c1.events")
        harness.pass(999)
        #expect(harness.sent[slot] == "")
        harness.pass(1)
        #expect(Self.without(Self.events(harness, slot)) == "retry:R\nevent:hello\ndata:{\"heartbeat\":25000}\n\n")
    }
    @Test func cursorThatCantBeRead_isAGap_andNotARefusal() {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.poll("/c1.events?cursor=x")
        #expect(Self.events(harness, slot).hasSuffix("event:gap\ndata:{}\n\n"))
        #expect(harness.frames() == ["connected 0 c1 8"])
    }

    @Test func elements_gaps_andPresence_haveTheirEvents() {
        let (harness, slot) = Self.begun()
        harness.manager(.message, [.members, .gap], 7, "c1", "\0\u{13},\"channel\":\"room:7\"{}")
        harness.manager(.message, [.members], 8, "c1", "\0\u{13},\"presence\":{\"a\":1}")
        harness.manager(.message, [.gap], 9, "c1")
        #expect(
            Self.events(harness, slot).hasSuffix(
                "event:gap\ndata:{}\n\nid:7\nevent:channel\ndata:{\"id\":7,\"channel\":\"room:7\",\"data\":{}}\n\n"
                    + "id:8\nevent:presence\ndata:{\"id\":8,\"presence\":{\"a\":1}}\n\nid:9\nevent:gap\ndata:{}\n\n"))
    }
    @Test func silence_isEndedByAHeartbeat_withTheIdUpToWhichNothingWaits() {
        let (harness, slot) = Self.begun()
        harness.pass(5000)
        harness.settled(90, stamp: harness.now)
        harness.pass(19_999)
        #expect(!Self.events(harness, slot).contains("heartbeat\ndata:{}"))
        harness.pass(1)
        #expect(Self.events(harness, slot).hasSuffix("id:90\nevent:heartbeat\ndata:{}\n\n"))
        harness.manager(.message, [], 91, "c1", "1")
        harness.pass(24_999)
        #expect(harness.worker.counters.heartbeats == 1)
        harness.pass(1)
        #expect(harness.worker.counters.heartbeats == 2 && harness.worker.waiting == 1)
    }
    @Test func pageThatWantsProof_hasItsFirstHeartbeatSoon() {
        let (harness, slot) = Self.begun("/c1.events?cursor=5&hello=1")
        harness.pass(50)
        #expect(Self.events(harness, slot).hasSuffix("id:5\nevent:heartbeat\ndata:{}\n\n"))
        harness.pass(24_999)
        #expect(harness.worker.counters.heartbeats == 1)
    }

    @Test func messagesForMany_andForOne_keepTheirOrder() {
        let (harness, slot) = Self.begun()
        harness.shared(6, ["c1"], "6")
        harness.shared(7, ["c1"], "7")
        #expect(harness.fanOut(most: 1))
        harness.manager(.message, [], 8, "c1", "8")
        #expect(Self.events(harness, slot).hasSuffix("id:6\ndata:6\n\nid:7\ndata:7\n\nid:8\ndata:8\n\n"))
        harness.shared(9, ["c1"], "9")
        while harness.fanOut(most: 1) {}
        #expect(Self.events(harness, slot).hasSuffix("id:8\ndata:8\n\nid:9\ndata:9\n\n"))
        #expect(harness.worker.counters.delivered == 4)
    }

    // MARK: slow streams

    @Test func socketThatTakesAPart_getsTheRestInOrder_andCreditComesBack() {
        let (harness, slot) = Self.begun()
        _ = harness.frames()
        let before = harness.sent[slot]?.utf8.count ?? 0
        harness.room[slot] = 10
        harness.manager(.message, [], 6, "c1", "\"" + String(repeating: "a", count: 20_000) + "\"")
        harness.manager(.message, [], 7, "c1", "7")
        #expect((harness.sent[slot]?.utf8.count ?? 0) - before == 10)
        #expect(harness.blocked == [slot] && harness.worker.streamsBehind == 1 && harness.frames().isEmpty)
        harness.room[slot] = nil
        harness.writable(slot)
        #expect(Self.events(harness, slot).hasSuffix("a\"\n\nid:7\ndata:7\n\n"))
        #expect(harness.blocked.isEmpty && harness.worker.streamsBehind == 0 && harness.worker.behindBytes == 0)
        #expect(harness.frames() == ["credit \(20_002 + 1 + 2 * 32) c1 0"])
        #expect(harness.worker.pending.isEmpty && harness.worker.counters.delivered == 2)
    }
    @Test func streamThatKeepsUp_owesItsCreditInLots() {
        let (harness, _) = Self.begun()
        var credit = 0
        for id in 6..<400 {
            harness.manager(.message, [], UInt64(id), "c1", "\"\(String(repeating: "b", count: 98))\"")
            for frame in harness.frames() { credit += Int(frame.split(separator: " ")[1]) ?? 0 }
        }
        #expect(credit >= 394 * 132 - 16_384)
    }
    @Test func streamThatTakesNothing_isCut_andTheManagerLearnsWhatItHas() {
        let (harness, slot) = Self.begun()
        harness.manager(.message, [], 6, "c1", "6")
        harness.room[slot] = 3
        harness.manager(.message, [], 7, "c1", "7")
        harness.manager(.message, [], 8, "c1", "8")
        _ = harness.frames()
        harness.pass(9_999)
        #expect(harness.closed.isEmpty)
        harness.pass(1)
        #expect(harness.closed == [slot] && harness.frames() == ["gone 6 c1 0"])
        #expect(harness.worker.counters.closesSlow == 1 && harness.worker.counters.deliverErrors == 1)
        #expect(harness.worker.streams == 0 && harness.worker.streamsBehind == 0 && harness.worker.behindBytes == 0)
    }
    @Test func streamThatTakesALittleForever_isCutAfterAMinute() {
        let (harness, slot) = Self.begun()
        harness.room[slot] = 0
        harness.manager(.message, [], 6, "c1", "\"\(String(repeating: "c", count: 5000))\"")
        for _ in 0..<12 where harness.closed.isEmpty {
            harness.pass(5_001)
            harness.room[slot] = 1
            harness.writable(slot)
        }
        #expect(harness.closed == [slot])
    }
    @Test func deadConnection_isGone_withWhatItHadBefore() {
        let (harness, slot) = Self.begun()
        harness.room[slot] = -1
        harness.manager(.message, [], 6, "c1", "6")
        #expect(harness.closed == [slot] && harness.frames() == ["gone 5 c1 0"])
    }

    // MARK: ends

    @Test func replaced_disconnected_andDrained_areToldWithTheTimeToComeBack() {
        for (op, name) in [(Frame.Op.replaced, "replaced"), (.disconnect, "disconnected")] {
            let (harness, slot) = Self.begun()
            harness.manager(op, [], 0, "c1")
            let events = Self.events(harness, slot)
            #expect(events.contains("retry:86400000\nevent:\(name)\ndata:{\"code\":\"\(name)\","))
            #expect(events.hasSuffix("END") && harness.ended == [slot] && harness.worker.streams == 0)
            harness.inputEnded(slot)
            #expect(harness.worker.counters.closesAnswered == 1)
        }
        let (harness, slot) = Self.begun()
        harness.startDrain(seconds: 1)
        while !harness.drainStep(), harness.now < 10_000 { harness.pass(100) }
        let events = Self.events(harness, slot)
        #expect(events.contains(#/retry:(\d+)\nid:5\nevent:retry\ndata:{"retry":\1}\n\nEND/#))
        #expect(harness.frames().last == "gone 5 c1 0")
    }
    @Test func newStreamOnTheSameWorker_endsTheOldOne_andBothAreTold() {
        let (harness, old) = Self.begun()
        let new = harness.poll("/c1.events?cursor=6")
        #expect(Self.events(harness, old).contains("event:replaced"))
        #expect(harness.frames() == ["connected 6 c1 13"])
        harness.manager(.message, [], 6, "c1")
        #expect(Self.events(harness, new).contains("\nid:6\nevent:hello"))
        #expect(harness.worker.streams == 1)
    }
    @Test func workerThatIsFullOrDrains_asksToComeBack() {
        let harness = WorkerHarness { $0.maxConnections = 0 }
        harness.link()
        let slot = harness.poll("/c1.events")
        #expect(harness.status(slot) == "HTTP/1.1 200 OK" && Self.events(harness, slot).hasSuffix("END"))
        #expect(Self.events(harness, slot).contains("event:retry\ndata:{\"retry\":"))
    }
    @Test func page_thatLeaves_endsItsOwnReceiver_andNoOther() {
        let (harness, slot) = Self.begun("/c1.events?cursor=5&page=0a1b2c3d")
        let beacon = harness.open()
        harness.receive(
            beacon, "POST /c1.leave?cursor=5&page=0a1b2c3d HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbye")
        #expect(harness.sent[beacon] == "")
        harness.receive(beacon, "!")
        #expect(harness.status(beacon) == "HTTP/1.1 204 No Content")
        var leave: [UInt8] = []
        if case .frame(let frame, _) = Frame.parse(harness.worker.toManager.bytes) { leave = Array(frame.body) }
        #expect(harness.frames() == ["leave 5 c1 0"] && leave.count == 4)
        func manager(_ page: [UInt8]) {
            var bytes = harness.encode(.leave, [], 5, "c1", "4444")
            bytes.replaceSubrange((bytes.count - 4)..., with: page)
            _ = harness.fromManager(bytes)
        }
        manager([1, 2, 3, 4])
        manager([0, 0, 0, 0])
        #expect(harness.closed.isEmpty)
        manager(leave)
        #expect(harness.closed == [slot] && harness.frames() == ["gone 5 c1 0"])
    }
    @Test func acknowledgement_goesToTheManager_orIsRefusedWithoutOne() {
        let harness = WorkerHarness()
        let slot = harness.open()
        let request = "POST /c1.ack?cursor=7 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        harness.receive(slot, request)
        #expect(harness.status(slot) == "HTTP/1.1 503 Service Unavailable")
        harness.link()
        let other = harness.open()
        harness.receive(other, request + request)
        #expect(harness.frames() == ["acknowledged 7 c1 0", "acknowledged 7 c1 0"])
        harness.receive(other, "POST /c1.ack?cursor=7 HTTP/1.1\r\nHost: x\r\nContent-Length: 1025\r\n\r\n")
        #expect(harness.sent[other]?.contains("413 Content Too Large") == true)
    }
    @Test func clientThatEndsItsSide_isGone() {
        let (harness, slot) = Self.begun()
        harness.inputEnded(slot)
        #expect(harness.closed == [slot] && harness.frames() == ["gone 5 c1 0"] && harness.worker.streams == 0)
    }
    @Test func headRequest_holdsNothing_andHTTP10HasNoChunks() {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.open()
        harness.receive(slot, "HEAD /c1.events HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(harness.sent[slot]?.contains("text/event-stream") == true && harness.frames().isEmpty)
        let old = harness.open()
        harness.receive(old, "GET /c1.events?cursor=1 HTTP/1.0\r\n\r\n")
        _ = harness.frames()
        harness.manager(.message, [], 2, "c1", "2")
        #expect(harness.sent[old]?.hasSuffix("{\"heartbeat\":25000}\n\nid:2\ndata:2\n\n") == true)
    }
}
