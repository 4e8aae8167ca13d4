import Testing

@testable import megabench

/// What is owed after kills: each publish that was answered, once.
struct LedgerTests {
    private var ledger = Ledger(clients: 2)

    @Test mutating func answeredPublish_isOwedUntilItIsSeen() {
        ledger.published(1)
        #expect(ledger.owed == 0)
        ledger.answered(1, isTaken: true)
        #expect(ledger.owed == 1)
        let isNew1 = ledger.received(1, 0)
        #expect(isNew1)
        #expect(ledger.owed == 0)
    }

    @Test mutating func messageBeforeItsAnswer_isNotOwed() {
        ledger.published(0)
        let isNew2 = ledger.received(0, 0)
        #expect(isNew2)
        ledger.answered(0, isTaken: true)
        #expect(ledger.owed == 0)
    }

    @Test mutating func secondCopy_isRefused_howeverOldItIs() {
        for number in 0..<200 {
            ledger.published(0)
            let isNew3 = ledger.received(0, UInt32(number))
            #expect(isNew3)
        }
        let isNew4 = ledger.received(0, 0)
        #expect(!isNew4)
        let isNew5 = ledger.received(0, 200)
        #expect(!isNew5, "nobody published it")
    }

    /// Its answer died with the connection: it may come or not. The answer after it belongs to the next publish.
    @Test mutating func publishWithoutAnswer_isNotOwed() {
        for _ in 0..<3 { ledger.published(0) }
        ledger.broke(0)
        ledger.broke(0)
        ledger.answered(0, isTaken: true)
        #expect(ledger.owed == 1)
        let isNew6 = ledger.received(0, 2)
        #expect(isNew6)
        let isNew7 = ledger.received(0, 1)
        #expect(isNew7)
        #expect(ledger.owed == 0)
        #expect((ledger.unknown, ledger.unknownSeen) == (2, 1))
    }

    @Test mutating func refusedPublish_isNotOwed() {
        ledger.published(0)
        ledger.answered(0, isTaken: false)
        #expect(ledger.owed == 0)
    }
}

/// A message to all clients of a process.
struct BroadcastTallyTests {
    @Test func allHaveIt_whenTheLastHasIt() {
        var tally = BroadcastTally(clients: 2)
        let mark = Mark(nanoseconds: 100, client: Mark.everyone, sequence: 1)
        let isNew8 = tally.received(mark, 0, now: 150)
        #expect(isNew8)
        let isNew9 = tally.received(mark, 0, now: 160)
        #expect(!isNew9, "it comes once")
        #expect(tally.count == 1)
        let isNew10 = tally.received(mark, 1, now: 170)
        #expect(isNew10)
        #expect((tally.count, tally.nanoseconds) == (2, 70))
    }

    @Test func nextOne_isCountedAnew() {
        var tally = BroadcastTally(clients: 2)
        for round in 1...2 as ClosedRange<UInt32> {
            let mark = Mark(nanoseconds: 100, client: Mark.everyone, sequence: round)
            let isNew11 = tally.received(mark, 1, now: 200)
            #expect(isNew11)
        }
        #expect((tally.round, tally.count) == (2, 1))
        let isNew12 = tally.received(Mark(nanoseconds: 100, client: Mark.everyone, sequence: 1), 1, now: 300)
        #expect(!isNew12)
    }
}
