import Store
import Testing
import Wire

@testable import Comet

/// Receipts over the death of a manager: no end is told twice, and none is forgotten.
@Suite struct ReceiptRecoveryTests {
    private final class Life {
        let memory = HeapMemory(capacity: 64 << 20)
        var board: Board
        init() { board = Life.start(memory, now: 5_000_000) }
        func die() { board = Life.start(memory, now: board.now + 50) }
        private static func start(_ memory: HeapMemory, now: UInt64) -> Board {
            do {
                let board = Board(arena: try Arena(memory, segmentBytes: 1 << 20, salt: 3)) {
                    $0.events = [.ofClients, .ofChannels]
                }
                board.now = now
                _ = board.board.recover(now: now)
                return board
            } catch { preconditionFailure("\(error)") }
        }
        var told: [String] {
            var told: [String] = []
            var cursor: UInt64 = 0
            board.board.readEvents(after: &cursor, .ofMessages, client: nil) { event in
                told.append("\(event.id) \(event.kind) \(event.ownerText) \(event.message) \(event.counts.ended)")
                return true
            }
            return told
        }
        var kinds: [String] { told.map { $0.split(separator: " ")[1...2].joined(separator: " ") } }
    }

    @Test func eventsAndReaders_areThereAgain_withTheirIds() {
        let life = Life()
        life.board.publish(to: .client("a"), "1", ttl: 100, receipt: true)
        life.board.publish(to: .channel("x"), "1", receipt: true)
        life.board.wait(300)
        let (told, cursor) = (life.told, life.board.board.eventCursor)
        #expect(told.count == 2)
        let isSet = life.board.board.setReader(kept("w"), cursor)
        life.die()
        #expect(life.told == told && isSet)
        #expect(life.board.board.eventCursor >= cursor && life.board.board.eventGap(after: cursor) == nil)
        #expect(life.board.board.readerCursor(kept("w")) == cursor)
        #expect(life.board.board.readerCursor(kept("v")) == nil)
        life.board.publish(to: .channel("x"), "1", receipt: true)
        #expect(life.told.count == 3 && life.told.dropLast() == told[...])
    }
    @Test func pendingReceipts_goOn() {
        let life = Life()
        let worker = life.board.worker(0)
        life.board.subscribe("a", "b", to: "x")
        life.board.poll(worker, "a", cursor: 0, tag: 1)
        life.board.poll(worker, "n", tag: 2)
        life.board.publish(to: .client("a"), "1", receipt: true)
        life.board.publish(to: .channel("x"), "2", ttl: 30_000, receipt: true)
        life.board.publish(to: .client("n"), "3", receipt: true)
        let last = life.board.board.cursor
        _ = life.board.frames(worker)
        life.board.delivered(worker, "a", last - 2)
        #expect(life.kinds == ["delivered a"])
        life.die()
        let next = life.board.worker(0)
        #expect(life.board.board.receiptCount == 2)
        life.board.delivered(next, "a", last - 2)
        life.board.delivered(next, "n", last)
        life.board.poll(next, "a", cursor: last, tag: 3)
        #expect(life.kinds == ["delivered a", "delivered n", "handed n", "acknowledged a"])
        life.board.unsubscribe("b", from: "x")
        #expect(life.told.last?.hasSuffix("done channel x \(last - 1) 2") == true)
        life.die()
        life.board.wait(200_000)
        #expect(life.kinds.count == 5, "\(life.kinds)")
    }
    /// A manager that dies between the record of an end and the end of what it is about leaves both.
    @Test func anEndThatWasRecorded_isNotToldAgain() throws {
        let life = Life()
        life.board.publish(to: .client("a"), "1", ttl: 60_000, receipt: true)
        life.board.subscribe("b", to: "x")
        life.board.publish(to: .channel("x"), "2", ttl: 60_000, receipt: true)
        let last = life.board.board.cursor
        life.board.board.recordEnds(of: kept("a"), last - 1, channel: kept("x"), last)
        life.die()
        #expect(life.board.presence("a").queued == 0 && life.board.board.receiptCount == 0)
        life.board.wait(100_000)
        #expect(life.kinds == ["delivered a", "acknowledged a", "done channel"])
    }
    @Test func aNewClientsSubscriptions_beginAtTheFirst_alsoForTheNextManager() {
        let life = Life()
        life.board.subscribe("a", to: "x")
        life.board.publish(to: .channel("x"), "1")
        life.board.subscribe("a", to: "y")
        life.die()
        let worker = life.board.worker(0)
        life.board.poll(worker, "a", cursor: 0, tag: 1)
        #expect(life.board.frames(worker).map(\.body) == ["1"])
    }
}

extension Switchboard {
    /// Records the ends of two messages, and no more, as a manager that is killed then.
    fileprivate mutating func recordEnds(
        of client: UnsafeRawBufferPointer, _ own: UInt64, channel: UnsafeRawBufferPointer, _ shared: UInt64
    ) {
        logs.events.add(.delivered, own, of: client, &logs.arena)
        logs.events.add(.acknowledged, own, of: client, &logs.arena)
        var counts = ReaderCounts()
        (counts.readers, counts.acknowledged) = (1, 1)
        logs.events.addDone(shared, of: LogName(.channel, channel), counts, &logs.arena)
    }
}
