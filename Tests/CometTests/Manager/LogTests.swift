import Store
import Testing

@testable import Comet

/// Tests of each function of the logs. `MailboxTests` has their effects on clients.
@Suite struct LogTests {
    private let owner = Log.Owner.client(Slot<ClientRecord>(3))
    private let name = LogName(.client, UnsafeRawBufferPointer(start: nil, count: 0))

    private func logs(_ change: (inout QueueSettings) -> Void = { _ in }) -> Logs {
        var settings = QueueSettings()
        change(&settings)
        return Logs(settings, Arena(), wallMicroseconds: 0, now: 0, seed: 1)
    }
    private func put(_ id: UInt64, in log: Slot<Log>, of logs: inout Logs, deadline: UInt32 = 60_000) {
        let isKept = Array("\(id)".utf8).withUnsafeBytes {
            logs.put(id, $0, MessageFacts(timeToLive: deadline), in: log, name, now: 0)
        }
        #expect(isKept)
    }
    private func ids(_ log: Slot<Log>, of logs: borrowing Logs) -> [UInt64] {
        var ids: [UInt64] = []
        logs.forEachMessage(log) { ids.append($0.id) }
        return ids
    }

    @Test func whatComesBack_standsInItsOldPlace_once() {
        var logs = logs()
        let log = logs.open(owner)
        for id in [5, 7, 3, 6, 5] as [UInt64] { put(id, in: log, of: &logs) }
        #expect(ids(log, of: logs) == [3, 5, 6, 7])
        let keeps = [4, 6].map { logs.keeps($0, in: log) }
        #expect(keeps == [false, true])
        #expect(logs.books.total.depth == 4 && logs.books.total.enqueued == 4)
    }

    @Test func acknowledged_isGone_andALossBeforeItIsForgotten() {
        var logs = logs()
        let log = logs.open(owner)
        for id in 1...4 as ClosedRange<UInt64> { put(id, in: log, of: &logs) }
        logs.markLost(2, in: log, name)
        logs.acknowledge(log, upTo: 3)
        #expect(ids(log, of: logs) == [4])
        #expect(logs[log].lost == 0 && logs.books.total.dequeued == 3)
        let isClosed = logs.closeIfEmpty(log)
        #expect(!isClosed)
    }

    @Test func overTheBoundOfALog_theOldestIsDropped_andMarked() {
        var logs = logs { $0.maxPerClient = 2 }
        let log = logs.open(owner)
        for id in 1...4 as ClosedRange<UInt64> { put(id, in: log, of: &logs) }
        #expect(ids(log, of: logs) == [3, 4])
        #expect(logs[log].lost == 2 && logs.books.total.dropped == 2)
    }

    @Test func expired_goesByItsDeadline_andIsMarked() {
        var logs = logs()
        let log = logs.open(owner)
        put(1, in: log, of: &logs, deadline: 9_000)
        put(2, in: log, of: &logs, deadline: 1_000)
        let (early, late, later) = (
            logs.expireNext(now: 900), logs.expireNext(now: 1_200), logs.expireNext(now: 1_300)
        )
        #expect(early == nil && late == log && later == nil)
        #expect(logs[log].lost == 2 && logs.books.total.expired == 1)
        #expect(logs[log].owner == owner)
    }

    @Test func readingBeginsBehindAnId() {
        var logs = logs()
        let log = logs.open(owner)
        for id in [2, 4, 6] as [UInt64] { put(id, in: log, of: &logs) }
        let firsts = [0, 2, 3, 6].map { after in logs.first(log, after: after).map { logs[$0].id } }
        #expect(firsts == [2, 4, 4, nil])
    }

    @Test func messages_moveWithTheirClientToTheAccountOfItsWorker() {
        var logs = logs()
        for worker in 0...1 as ClosedRange<UInt16> { logs.openAccount(worker) }
        let log = logs.open(owner, worker: 0)
        put(1, in: log, of: &logs)
        logs.move(log, to: 1)
        #expect(logs.books.accounts.map(\.depth) == [0, 0, 1])
        #expect(logs.books.accounts.map(\.clients) == [0, 0, 1])
    }

    @Test func aFullQueue_takesALittleMoreOfWhatComesBack() {
        var logs = logs { $0.maxMessages = 1 }
        let log = logs.open(owner)
        put(1, in: log, of: &logs)
        let room = (logs.hasRoom(1), logs.hasRoomToPutBack(1))
        #expect(room == (false, true))
        put(2, in: log, of: &logs)
        let roomLeft = logs.hasRoomToPutBack(1)
        #expect(!roomLeft)
    }

    /// A million clients have 56 MB of records, so a new field must be noticed.
    @Test func records_haveTheirSizes() {
        #expect(MemoryLayout<ClientRecord>.size == 56)
        #expect(MemoryLayout<Log>.stride == 56)
        #expect(MemoryLayout<Message>.size == 48)
    }
}
