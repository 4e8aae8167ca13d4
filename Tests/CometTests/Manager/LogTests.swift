import Store
import Testing

@testable import Comet

/// Tests of each function of the logs. `MailboxTests` has their effects on clients.
@Suite struct LogTests {
    private let owner = Slot<ClientRecord>(3)

    private func mailboxes(_ change: (inout QueueSettings) -> Void = { _ in }) -> Mailboxes {
        var settings = QueueSettings()
        change(&settings)
        return Mailboxes(settings, now: 0)
    }
    private func put(_ id: UInt64, in log: Slot<Log>, of mailboxes: inout Mailboxes, deadline: UInt32 = 60_000) {
        Array("\(id)".utf8).withUnsafeBytes { mailboxes.put(id, $0, in: log, deadline: deadline, now: 0) }
    }
    private func ids(_ log: Slot<Log>, of mailboxes: borrowing Mailboxes) -> [UInt64] {
        var ids: [UInt64] = []
        mailboxes.forEachMessage(log) { ids.append($0.id) }
        return ids
    }

    @Test func whatComesBack_standsInItsOldPlace_once() {
        var mailboxes = mailboxes()
        let log = mailboxes.open(owner, worker: .max)
        for id in [5, 7, 3, 6, 5] as [UInt64] { put(id, in: log, of: &mailboxes) }
        #expect(ids(log, of: mailboxes) == [3, 5, 6, 7])
        let keeps = [4, 6].map { mailboxes.keeps($0, in: log) }
        #expect(keeps == [false, true])
        #expect(mailboxes.books.total.depth == 4 && mailboxes.books.total.enqueued == 4)
    }

    @Test func acknowledged_isGone_andALossBeforeItIsForgotten() {
        var mailboxes = mailboxes()
        let log = mailboxes.open(owner, worker: .max)
        for id in 1...4 as ClosedRange<UInt64> { put(id, in: log, of: &mailboxes) }
        mailboxes.markLost(2, in: log)
        mailboxes.acknowledge(log, upTo: 3)
        #expect(ids(log, of: mailboxes) == [4])
        #expect(mailboxes[log].lost == 0 && mailboxes.books.total.dequeued == 3)
        let isClosed = mailboxes.closeIfEmpty(log)
        #expect(!isClosed)
    }

    @Test func overTheBoundOfALog_theOldestIsDropped_andMarked() {
        var mailboxes = mailboxes { $0.maxPerClient = 2 }
        let log = mailboxes.open(owner, worker: .max)
        for id in 1...4 as ClosedRange<UInt64> { put(id, in: log, of: &mailboxes) }
        #expect(ids(log, of: mailboxes) == [3, 4])
        #expect(mailboxes[log].lost == 2 && mailboxes.books.total.dropped == 2)
    }

    @Test func expired_goesByItsDeadline_andIsMarked() {
        var mailboxes = mailboxes()
        let log = mailboxes.open(owner, worker: .max)
        put(1, in: log, of: &mailboxes, deadline: 9_000)
        put(2, in: log, of: &mailboxes, deadline: 1_000)
        let (early, late, later) = (
            mailboxes.expireNext(now: 900), mailboxes.expireNext(now: 1_200), mailboxes.expireNext(now: 1_300)
        )
        #expect(early == nil && late == log && later == nil)
        #expect(mailboxes[log].lost == 2 && mailboxes.books.total.expired == 1)
        #expect(mailboxes[log].owner == owner)
    }

    @Test func aReceiver_isSentEachMessageOnce_andTheNextOneAllAgain() {
        var mailboxes = mailboxes()
        let log = mailboxes.open(owner, worker: .max)
        for id in 1...3 as ClosedRange<UInt64> { put(id, in: log, of: &mailboxes) }
        mailboxes.receiverHas(2, in: log)
        var first = mailboxes.firstUnsent(log).map { mailboxes[$0].id }
        #expect(first == 3)
        mailboxes.receiverHas(3, in: log)
        first = mailboxes.firstUnsent(log).map { mailboxes[$0].id }
        #expect(first == nil)
        mailboxes.receiverCame(log)
        first = mailboxes.firstUnsent(log).map { mailboxes[$0].id }
        #expect(first == 1)
    }

    @Test func messages_moveWithTheirClientToTheAccountOfItsWorker() {
        var mailboxes = mailboxes()
        for worker in 0...1 as ClosedRange<UInt16> { mailboxes.openAccount(worker) }
        let log = mailboxes.open(owner, worker: 0)
        put(1, in: log, of: &mailboxes)
        mailboxes.move(log, to: 1)
        #expect(mailboxes.books.accounts.map(\.depth) == [0, 0, 1])
        #expect(mailboxes.books.accounts.map(\.clients) == [0, 0, 1])
    }

    @Test func aFullQueue_takesALittleMoreOfWhatComesBack() {
        var mailboxes = mailboxes { $0.maxMessages = 1 }
        let log = mailboxes.open(owner, worker: .max)
        put(1, in: log, of: &mailboxes)
        let room = (mailboxes.hasRoom(1), mailboxes.hasRoomToPutBack(1))
        #expect(room == (false, true))
        put(2, in: log, of: &mailboxes)
        let roomLeft = mailboxes.hasRoomToPutBack(1)
        #expect(!roomLeft)
    }

    /// A million clients have 36 MB of records, so a new field must be noticed.
    @Test func records_haveTheirSizes() {
        #expect(MemoryLayout<ClientRecord>.size == 36)
        #expect(MemoryLayout<Log>.size == 40)
        #expect(MemoryLayout<Message>.size == 48)
    }
}
