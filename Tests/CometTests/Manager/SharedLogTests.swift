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
    /// Two machines of a cluster, whose entries are carried out when the test says so.
    private final class Pair {
        let boards = (0..<2).map { _ in Board { $0.isClustered = true } }
        let links: [LinkSlot]
        private var end: UInt64 = 1
        init() {
            for board in boards { board.board.join(firstOfLife: Board.start, end: Board.start, isFresh: false) }
            links = boards.map { $0.worker(0) }
        }
        func poll(_ machine: Int, tag: UInt16 = 1) {
            boards[machine].poll(links[machine], "ann", cursor: id(1), tag: tag)
        }
        /// The poll's time is over.
        func endPoll(_ machine: Int, tag: UInt16 = 1) {
            boards[machine].gone(links[machine], "ann", tag: tag, timedOut: true)
        }
        /// What the machine tells in its next entry.
        func told(_ machine: Int) -> [UInt8] {
            defer { boards[machine].board.outgoingSent() }
            return Array(boards[machine].board.outgoing.bytes)
        }
        /// Both read the entry.
        func read(_ entry: [UInt8], of sender: Int) {
            end += 1
            for machine in 0..<2 {
                let board = boards[machine]
                _ = board.board.beginEntry(
                    ClusterSender(name: "\(sender)", epoch: 1, isOwn: machine == sender), after: 0, time: 1)
                entry.withUnsafeBytes {
                    for record in ClusterRecords($0) { board.board.apply(record, now: board.now) }
                }
                board.board.endEntry(id(end))
            }
        }
        /// Both read all that is told, until nothing more is.
        func readAll() {
            for _ in 0..<10 {
                let entries = (0..<2).map(told)
                guard entries.contains(where: { !$0.isEmpty }) else { return }
                for machine in 0..<2 where !entries[machine].isEmpty { read(entries[machine], of: machine) }
            }
            Issue.record("they have no end of telling each other")
        }
        func frames(_ machine: Int) -> [Frame.Op] { boards[machine].frames(links[machine]).map(\.op) }
        func elsewhere(_ machine: Int) -> Int { boards[machine].board.presence.elsewhereCount }
    }
    @Test func clientThatGoesOn_isThere() {
        let pair = Pair()
        pair.poll(0)
        pair.readAll()
        #expect(pair.elsewhere(0) == 0 && pair.elsewhere(1) == 1)
        pair.endPoll(0)
        pair.poll(1)
        pair.readAll()
        #expect(pair.elsewhere(0) == 1 && pair.elsewhere(1) == 0)
        #expect(pair.frames(0).isEmpty && pair.frames(1).isEmpty)
    }
    /// An arrival may be read long after it was made. The client has gone on since, with its cursor or without, and
    /// its receiver stays.
    @Test func lateArrival_endsNoReceiver() {
        let pair = Pair()
        pair.poll(0)
        let late = pair.told(0)
        pair.endPoll(0)
        pair.poll(1)
        pair.readAll()
        pair.read(late, of: 0)
        pair.readAll()
        #expect(pair.frames(1).isEmpty && pair.elsewhere(0) == 1 && pair.elsewhere(1) == 0)
        // The same while it is back where it was, and its arrival there is not read yet.
        pair.poll(0, tag: 2)
        let (first, second) = (pair.told(0), pair.told(1))
        #expect(second.isEmpty)
        pair.endPoll(1)
        pair.poll(1, tag: 2)
        pair.read(first, of: 0)
        pair.endPoll(0, tag: 2)
        pair.readAll()
        #expect(pair.frames(0).isEmpty && pair.frames(1).isEmpty)
        #expect(pair.elsewhere(0) == 1 && pair.elsewhere(1) == 0)
    }
    /// A client may go from one to the other faster than they read. An answer is about a receiver that it had.
    @Test func lateAnswer_endsNoReceiver() {
        let pair = Pair()
        for (machine, tag) in [(1, 1), (0, 1)] as [(Int, UInt16)] {
            pair.poll(machine, tag: tag)
            pair.endPoll(machine, tag: tag)
        }
        let (first, second) = (pair.told(0), pair.told(1))
        pair.read(second, of: 1)
        pair.poll(1, tag: 2)
        pair.read(first, of: 0)
        let asked = pair.told(1)
        pair.endPoll(1, tag: 2)
        pair.poll(0, tag: 2)
        pair.read(asked, of: 1)
        let answer = pair.told(0)
        pair.endPoll(0, tag: 2)
        pair.poll(1, tag: 3)
        pair.read(answer, of: 0)
        pair.readAll()
        #expect(!asked.isEmpty && !answer.isEmpty)
        #expect(pair.frames(0).isEmpty && pair.frames(1).isEmpty)
        #expect(pair.elsewhere(0) == 1 && pair.elsewhere(1) == 0)
    }
    /// A client that is on both has one receiver in the end: that of the machine whose word is the later one.
    @Test(arguments: [[0, 1], [1, 0]]) func clientOnBoth_keepsOneReceiver(order: [Int]) {
        let pair = Pair()
        for machine in 0..<2 { pair.poll(machine) }
        let entries = (0..<2).map(pair.told)
        for machine in order { pair.read(entries[machine], of: machine) }
        pair.readAll()
        #expect(pair.frames(order[0]) == [.replaced] && pair.frames(order[1]).isEmpty)
        #expect(pair.elsewhere(order[0]) == 1 && pair.elsewhere(order[1]) == 0)
        // It is known as one receiver: the older one that comes again takes it back.
        pair.poll(order[0], tag: 2)
        pair.readAll()
        #expect(pair.frames(order[0]).isEmpty && pair.frames(order[1]) == [.replaced])
    }
}
