import Store
import Testing
import Wire

@testable import Comet

/// Events of messages with a receipt: each end once, and all that is known of it.
@Suite struct ReceiptTests {
    private static func text(_ event: KeptEvent) -> String {
        let counts = ReaderCounts.fields.filter { event.counts[keyPath: $0.field] > 0 }
        let words = counts.map { "\($0.name) \(event.counts[keyPath: $0.field])" }
        return ([event.kind.name.description, event.ownerText] + words).joined(separator: " ")
    }
    private func told(_ board: Board, _ cursor: inout UInt64) -> [String] {
        var told: [String] = []
        board.board.readEvents(after: &cursor, .all, client: nil) { event in
            told.append(ReceiptTests.text(event))
            return true
        }
        return told
    }
    private func all(_ board: Board) -> [String] {
        var cursor: UInt64 = 0
        return told(board, &cursor)
    }

    @Test func aClientWithACursor_isDelivered_andAcknowledges() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        #expect(board.publish(to: .client("a"), "1", receipt: true) == .sent(id(0)))
        #expect(board.frames(worker).map(\.body) == ["1"])
        #expect(all(board) == [], "it is on its way")
        board.delivered(worker, "a", id(0))
        #expect(all(board) == ["delivered a"])
        board.delivered(worker, "a", id(0))
        board.poll(worker, "a", cursor: id(0), tag: 2)
        #expect(all(board) == ["delivered a", "acknowledged a"])
        board.poll(worker, "a", cursor: id(0), tag: 3)
        #expect(all(board).count == 2)
    }
    /// Its page acknowledges at once then, and not only after some seconds.
    @Test func whereAnAppWaits_theMessageAsksForItsAcknowledgement() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.publish(to: .client("a"), "1", isAwaited: true)
        #expect(board.frames(worker).map { $0.members + " " + $0.body } == [#","ack":true 1"#])
        board.subscribe("a", to: "x")
        board.poll(worker, "a", cursor: id(0), tag: 2)
        board.publish(to: .channel("x"), "2", isAwaited: true)
        #expect(board.frames(worker).map(\.members) == [#","channel":"x","ack":true"#])
        board.poll(worker, "a", cursor: id(1), tag: 3)
        board.publish(to: .client("a"), "3", receipt: true)
        #expect(board.frames(worker).map(\.members) == [""], "a receipt alone is not in a hurry")
    }
    @Test func aClientThatAcknowledgesNothing_isNotAsked() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", tag: 1)
        board.publish(to: .client("a"), "1", isAwaited: true)
        #expect(board.frames(worker).map { $0.members + $0.body } == ["1"])
    }
    @Test func aPublishWithoutAReceipt_tellsNothing() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.publish(to: .client("a"), "1")
        board.publish("b", "2", ttl: 100)
        board.delivered(worker, "a", id(0))
        board.poll(worker, "a", cursor: id(0), tag: 2)
        board.wait(1000)
        #expect(all(board) == [])
    }
    @Test func anAcknowledgementFromAnotherWorker_saysThatItWasDelivered() {
        let board = Board()
        let (one, other) = (board.worker(0), board.worker(1))
        board.poll(one, "a", cursor: 0, tag: 1)
        board.publish(to: .client("a"), "1", receipt: true)
        _ = board.frames(one)
        board.poll(other, "a", cursor: id(0), tag: 1)
        board.delivered(one, "a", id(0))
        #expect(all(board) == ["delivered a", "acknowledged a"], "the worker's word came late")
    }
    @Test func expired_dropped_andReplaced() {
        let board = Board { $0.maxPerClient = 2 }
        board.publish(to: .client("a"), "1", ttl: 1000, receipt: true)
        board.wait(1100)
        for number in 2...4 { board.publish(to: .client("a"), "\(number)", ttl: 60_000, receipt: true) }
        board.publish(to: .client("b"), "5", ttl: 60_000, latest: "x", receipt: true)
        board.publish(to: .client("b"), "6", ttl: 60_000, latest: "x", receipt: true)
        #expect(all(board) == ["expired a", "dropped a", "replaced b"])
    }
    @Test func aClientWithoutACursor_isHandedIt_whenItIsWritten() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", tag: 1)
        board.publish(to: .client("a"), "1", receipt: true)
        #expect(board.frames(worker).map(\.body) == ["1"])
        #expect(all(board) == [] && board.board.receiptCount == 1)
        board.delivered(worker, "a", id(0))
        #expect(all(board) == ["delivered a", "handed a"] && board.board.receiptCount == 0)
    }
    @Test func whatComesBack_hasItsReceiptStill() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", tag: 1)
        board.publish(to: .client("a"), "1", receipt: true)
        for sent in board.frames(worker) { board.giveBack(worker, sent) }
        #expect(all(board) == [] && board.board.queue.depth == 1 && board.board.receiptCount == 0)
        board.poll(worker, "a", tag: 2)
        #expect(board.frames(worker).map(\.body) == ["1"])
        board.delivered(worker, "a", id(0))
        #expect(all(board) == ["delivered a", "handed a"])
    }
    @Test func whatComesBackTooLate_isExpired() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", tag: 1)
        board.publish(to: .client("a"), "1", ttl: 1000, receipt: true)
        let sent = board.frames(worker)
        board.wait(2000)
        for each in sent { board.giveBack(worker, each) }
        #expect(all(board) == ["expired a"])
    }
    @Test func withoutAWordOfItsWorker_itEndsAsHanded() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", tag: 1)
        board.publish(to: .client("a"), "1", receipt: true)
        _ = board.frames(worker)
        board.close(worker)
        board.wait(UInt64(Limits.handedMilliseconds) - 200)
        #expect(all(board) == [])
        board.wait(400)
        #expect(all(board) == ["handed a"])
    }

    @Test func aChannel_isDone_whenAllHaveIt() {
        let board = Board()
        let worker = board.worker(0)
        for (tag, name) in ["a", "b", "c"].enumerated() {
            board.poll(worker, name, cursor: name == "c" ? nil : 0, tag: UInt16(tag))
        }
        board.subscribe("a", "b", "c", "d", to: "x")
        board.publish(to: .channel("x"), "1", except: "d", receipt: true)
        let cursor = board.board.cursor
        _ = board.frames(worker)
        #expect(all(board) == [])
        board.poll(worker, "a", cursor: cursor, tag: 7)
        board.unsubscribe("b", from: "x")
        #expect(all(board) == ["done channel x readers 3 acknowledged 1 handed 1 left 1"])
        board.wait(100_000)
        #expect(all(board).filter { $0.hasPrefix("done") }.count == 1, "its end in the log is nobody's news")
    }
    @Test func aChannelWithoutSubscribers_isDoneAtOnce_andOneThatEndsSaysWhatWasLeft() {
        let board = Board()
        board.publish(to: .channel("x"), "1", receipt: true)
        board.subscribe("a", "b", to: "y")
        board.publish(to: .channel("y"), "2", ttl: 1000, receipt: true)
        board.wait(2000)
        board.publish(to: .channel("y"), "3", ttl: 50_000, latest: "l", receipt: true)
        board.publish(to: .channel("y"), "4", ttl: 50_000, latest: "l")
        #expect(
            all(board) == [
                "done channel x", "done channel y readers 2 expired 2", "done channel y readers 2 replaced 2",
            ])
    }
    @Test func aUser_isDone_whenItsNextClientHasIt() {
        let board = Board()
        let worker = board.worker(0)
        board.publish(to: .user("u"), "1", receipt: true)
        board.poll(worker, "u:1", cursor: 0, tag: 1)
        let cursor = board.board.cursor
        #expect(board.frames(worker).map(\.body) == ["1"])
        #expect(all(board) == [])
        board.poll(worker, "u:1", cursor: cursor, tag: 2)
        #expect(all(board) == ["done user u readers 1 acknowledged 1"])
    }
    @Test func everyone_isDone_whenAllWhoWereThereHaveIt() {
        let board = Board()
        let worker = board.worker(0)
        for (tag, name) in ["a", "b"].enumerated() { board.poll(worker, name, cursor: 0, tag: UInt16(tag)) }
        board.publish(to: .everyone, "1", except: "b", receipt: true)
        let cursor = board.board.cursor
        _ = board.frames(worker)
        board.poll(worker, "new", cursor: cursor, tag: 5)
        board.poll(worker, "a", cursor: cursor, tag: 6)
        #expect(all(board) == ["done everyone readers 1 acknowledged 1"])
    }
    @Test func severalClients_haveAnEndEach() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.publish(to: .clients(["a", "b", "a"]), "1", ttl: 1000, receipt: true)
        board.poll(worker, "a", cursor: board.board.cursor, tag: 2)
        board.wait(2000)
        #expect(all(board) == ["delivered a", "acknowledged a", "expired b"])
    }

    @Test func clientsAndChannels_areTold_ifTheSettingsSaySo() {
        let board = Board { $0.events = [.ofClients, .ofChannels] }
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.gone(worker, "a", tag: 1)
        board.poll(worker, "a", cursor: 0, tag: 2)
        board.subscribe("a", to: "x")
        board.subscribe("a", to: "x")
        board.unsubscribe("a", from: "x")
        #expect(all(board) == ["connected a", "subscribed a", "unsubscribed a"], "a reload tells nothing")
        board.gone(worker, "a", tag: 2)
        board.wait(UInt64(Limits.graceMilliseconds) + 200)
        #expect(all(board).last == "absent a")
    }
    @Test func theOldestEventsGo_andAReaderThatIsBehindHasAGap() {
        let board = Board { $0.maxEvents = 1000 }
        var cursor: UInt64 = 0
        board.publish(to: .client("a"), "1", ttl: 1, receipt: true)
        board.wait(200)
        #expect(told(board, &cursor) == ["expired a"])
        let (first, none) = (cursor, board.board.eventGap(after: cursor))
        #expect(none == nil)
        for _ in 0..<1000 { board.publish(to: .channel("x"), "1", receipt: true) }
        #expect(board.board.eventCount == 1000 && board.board.eventCounts.lost == 0)
        #expect(board.board.eventGap(after: first) == nil, "the next one is there")
        board.publish(to: .channel("x"), "1", receipt: true)
        let gap = board.board.eventGap(after: first)
        #expect(gap == first + 1 && board.board.eventGap(after: 0) == nil)
        #expect(board.board.eventGap(after: .max) == board.board.eventCursor, "a cursor of another life")
    }
}
