import Base
import Testing
import Wire

@testable import Comet

/// Entries of a cluster's log that a machine reads late, since it takes up the log from its beginning.
@Suite struct SharedLogTests {
    @Test func aMachinesWord_isToldToOperators() {
        let board = Board { $0.isClustered = true }
        var word = Buffer()
        ClusterRecord.append(.tick, ids: 0, to: &word) {
            $0.append(string: "version=1.2.0 clients=7 publishes=3 queued=2 lag=1500 latency=412 colour=red")
        }
        for (name, epoch) in [("b", 1), ("a", 2)] as [(String, UInt64)] {
            _ = board.board.beginEntry(
                ClusterSender(name: name, epoch: epoch, isOwn: name == "a"), after: 0, time: 10_000)
            if name == "b", let (record, _) = ClusterRecord.parse(word.bytes) {
                board.board.apply(record, now: board.now)
            }
            board.board.endEntry(Board.start)
        }
        let rows = board.board.machines(at: 13_000)
        #expect(rows.map(\.node) == ["a", "b"] && rows.map(\.own) == [true, false])
        #expect(rows[1].state == "late" && rows[1].ageSeconds == 3 && rows[1].version == "1.2.0")
        #expect(rows[1].clients == 7 && rows[1].publishesPerSecond == 3 && rows[1].queued == 2)
        #expect(rows[1].lagSeconds == 1.5 && rows[1].latencyMicroseconds == 412 && rows[0].latencyMicroseconds == nil)
    }
    @Test func whatIsCarriedOutLate_hasLivedForSoLong() {
        let board = Board { ($0.timeToLive, $0.isClustered) = (60_000, true) }
        board.board.join(firstOfLife: Board.start, end: Board.start + 100, isFresh: true)
        let sender = ClusterSender(name: "b", epoch: 1, isOwn: false)
        _ = board.board.beginEntry(sender, after: 0, time: 1, age: 59_000)
        board.board.beginRecord(at: Board.start + 1)
        board.publish(to: .channel("room"), "1", ttl: 3_600_000)
        board.board.beginRecord(at: Board.start + 2)
        board.publish("ann", "2")
        board.board.beginRecord(at: Board.start + 3)
        board.subscribe("bob", to: "room", history: 10)
        board.board.endEntry(Board.start + 4)
        #expect(board.board.queue.depth == 2)
        board.now += 2000
        _ = board.board.tick(now: board.now)
        #expect(board.board.queue.depth == 0 && board.board.channelBooks.depth == 1)
    }
    /// That the client came to another machine may not be read here yet. Its word about this receiver stands behind
    /// that in the log, so the receiver stays.
    @Test func cursorOfAnotherMachine_isToldAsAnArrival() {
        let board = Board { $0.isClustered = true }
        board.board.join(firstOfLife: Board.start, end: Board.start, isFresh: false)
        let link = board.worker(0)
        func arrivals() -> Int {
            defer { board.board.outgoingSent() }
            return ClusterRecords(board.board.outgoing.bytes).filter { $0.kind == .arrived }.count
        }
        func publish(at id: UInt64) {
            _ = board.board.beginEntry(ClusterSender(name: "b", epoch: 1, isOwn: false), after: 0, time: 1)
            board.board.beginRecord(at: id)
            board.publish("ann", "1")
            board.board.endEntry(id)
        }
        board.poll(link, "ann", cursor: id(1))
        #expect(arrivals() == 1)
        publish(at: id(5))
        #expect(board.frames(link).map(\.number) == [id(5)])
        board.poll(link, "ann", cursor: id(5), tag: 2)
        #expect(arrivals() == 0, "it has been here all the time")
        publish(at: id(7))
        #expect(board.frames(link).map(\.number) == [id(7)])
        board.poll(link, "ann", cursor: id(9), tag: 3)
        #expect(arrivals() == 1, "another machine has given it more")
    }
    /// Other machines may read late that a client came to one. If its receiver there had ended before that was told, it
    /// ends no receiver that it has now, whose machine says so once more.
    @Test func arrivalThatIsOver_endsNoReceiver() {
        func joined() -> (Board, LinkSlot) {
            let board = Board { $0.isClustered = true }
            board.board.join(firstOfLife: Board.start, end: Board.start, isFresh: false)
            return (board, board.worker(0))
        }
        func carryOut(_ entry: [UInt8], _ board: Board, isOwn: Bool, at number: UInt64) {
            let sender = ClusterSender(name: isOwn ? "own" : "other", epoch: isOwn ? 1 : 2, isOwn: isOwn)
            _ = board.board.beginEntry(sender, after: 0, time: 1)
            entry.withUnsafeBytes {
                for record in ClusterRecords($0) { board.board.apply(record, now: board.now) }
            }
            board.board.endEntry(id(number))
        }
        func told(_ board: Board) -> [UInt8] {
            defer { board.board.outgoingSent() }
            return Array(board.board.outgoing.bytes)
        }
        func marked(_ entry: [UInt8], _ board: Board) -> [UInt8] {
            var entry = entry
            entry.withUnsafeMutableBytes { board.board.markEnded($0) }
            return entry
        }
        let (a, linkOfA) = joined()
        a.poll(linkOfA, "ann", cursor: id(1))
        let old = told(a)
        #expect(marked(old, a) == old, "its receiver is there")
        _ = a.board.beginEntry(ClusterSender(name: "other", epoch: 2, isOwn: false), after: 0, time: 1)
        a.board.beginRecord(at: id(2))
        a.publish("ann", "1")
        a.board.endEntry(id(2))
        #expect(a.frames(linkOfA).map(\.op) == [.message])
        let over = marked(old, a)
        #expect(over != old)

        for (late, ends) in [(old, true), (over, false)] {
            let (b, linkOfB) = joined()
            b.poll(linkOfB, "ann", cursor: id(1))
            let own = told(b)
            carryOut(own, b, isOwn: true, at: 3)
            carryOut(late, b, isOwn: false, at: 4)
            #expect(b.frames(linkOfB).map(\.op) == (ends ? [.replaced] : []))
            #expect(ClusterRecords(b.board.outgoing.bytes).contains { $0.kind == .arrived } == !ends)
        }
    }
}
