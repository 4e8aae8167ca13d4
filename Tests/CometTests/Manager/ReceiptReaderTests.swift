import Testing
import Wire

@testable import Comet

/// Receipts of messages to streams, which have a bound of their own, and of messages to readers that come and go.
@Suite struct ReceiptReaderTests {
    private func told(_ board: Board) -> [String] {
        var told: [String] = []
        var cursor: UInt64 = 0
        board.board.readEvents(after: &cursor, .all, client: nil) { event in
            let counts = ReaderCounts.fields.filter { event.counts[keyPath: $0.field] > 0 }
            let words = counts.map { "\($0.name) \(event.counts[keyPath: $0.field])" }
            told.append(([event.kind.name.description, event.ownerText] + words).joined(separator: " "))
            return true
        }
        return told
    }

    /// A stream's log keeps `Limits.writtenMessages`. The ones before them leave it before their worker can have said
    /// that they were written.
    @Test func whatLeavesTheLogOfAStream_isHanded_whenItsWorkerHasWrittenIt() {
        let board = Board()
        let worker = board.worker(0)
        board.stream(worker, "s", tag: 1)
        let more = 3
        for number in 0..<Limits.writtenMessages + more {
            board.publish(to: .client("s"), "\(number)", receipt: true)
        }
        #expect(told(board) == [] && board.board.receiptCount == more, "its worker has said nothing")
        let last = board.board.cursor
        let first = last - UInt64(Limits.writtenMessages + more) + 1
        for id in first...last { board.delivered(worker, "s", id) }
        let early = Array(told(board).prefix(2 * more))
        #expect(early == Array(repeating: ["delivered s", "handed s"], count: more).flatMap { $0 })
        board.acknowledge(worker, "s", last)
        let all = told(board)
        #expect(all.filter { $0 == "delivered s" }.count == Limits.writtenMessages + more)
        #expect(all.filter { $0 == "acknowledged s" }.count == Limits.writtenMessages)
        #expect(board.board.receiptCount == 0)
    }
    @Test func whatAStreamHasHadForItsTimeToLive_isHanded_afterItWasDelivered() {
        let board = Board()
        let worker = board.worker(0)
        board.stream(worker, "s", tag: 1)
        board.publish(to: .client("s"), "1", ttl: 1000, receipt: true)
        board.delivered(worker, "s", board.board.cursor)
        board.wait(2000)
        #expect(told(board) == ["delivered s", "handed s"])
        board.publish(to: .client("s"), "2", ttl: 1000, receipt: true)
        board.wait(2000)
        #expect(told(board).count == 2, "its worker may say so still")
        board.wait(UInt64(Limits.handedMilliseconds))
        #expect(told(board).dropFirst(2) == ["handed s"])
    }

    @Test func aUsersSecondClient_isNoStandIn_forTheFirst() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "u:a", cursor: 0, tag: 1)
        board.gone(worker, "u:a", tag: 1)
        board.publish(to: .user("u"), "1", receipt: true)
        let cursor = board.board.cursor
        board.poll(worker, "u:b", cursor: 0, tag: 2)
        board.poll(worker, "u:b", cursor: cursor, tag: 3)
        #expect(told(board) == [], "u:a has not had it")
        board.poll(worker, "u:a", cursor: 0, tag: 4)
        board.poll(worker, "u:a", cursor: cursor, tag: 5)
        #expect(told(board) == ["done user u readers 2 acknowledged 2"])
    }
    @Test func aUserWithoutClients_hasOneReaderToCome() {
        let board = Board()
        board.publish(to: .user("u"), "1", ttl: 1000, receipt: true)
        board.wait(2000)
        #expect(told(board) == ["done user u readers 1 expired 1"])
    }
    @Test func strangersWithOldCursors_areNoStandIns_forEveryone() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.publish("known", "0")
        let before = board.board.cursor
        board.publish(to: .everyone, "1", receipt: true)
        let cursor = board.board.cursor
        for (tag, name) in ["x", "y", "known"].enumerated() {
            board.poll(worker, name, cursor: before, tag: UInt16(10 + tag))
            board.poll(worker, name, cursor: cursor, tag: UInt16(20 + tag))
        }
        #expect(told(board) == [], "a has not said that it has it")
        board.poll(worker, "a", cursor: cursor, tag: 30)
        #expect(told(board) == ["done everyone readers 4 acknowledged 4"])
    }
}
