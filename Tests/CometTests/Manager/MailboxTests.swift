import Testing
import Wire

@testable import Comet

@Suite struct MailboxTests {
    @Test func aMessage_expiresAfterItsTimeToLive_neverBefore() {
        let board = Board()
        board.publish("c1", "1", ttl: 2_000)
        board.publish("c1", "2")
        board.wait(1_900)
        #expect(board.presence("c1").queued == 2)
        board.wait(300)
        #expect(board.presence("c1").queued == 1)
        board.wait(57_700)
        #expect(board.presence("c1").queued == 1)
        board.wait(300)
        #expect(board.presence("c1").queued == 0)
        #expect(board.board.queue.expired == 2)
        board.checkBooks()
    }

    @Test func aLongLife_outlastsTheWheel() {
        let board = Board()
        board.publish("c1", "1", ttl: 300_000)
        board.wait(299_900)
        #expect(board.presence("c1").queued == 1)
        board.wait(400)
        #expect(board.presence("c1").queued == 0)
    }

    @Test func aClockThatJumps_losesNoDeadline() {
        let board = Board()
        for number in 0..<100 { board.publish("c\(number)", "1", ttl: UInt32(1000 + number * 3000)) }
        board.now += 10_000_000
        board.board.tick(now: board.now)
        #expect(board.board.queue.depth == 0)
        board.publish("d", "1", ttl: 1000)
        board.wait(1300)
        #expect(board.board.queue.depth == 0)
    }

    @Test func overTheClientsBound_theOldestIsDropped_andTheClientIsTold() {
        let board = Board { $0.maxPerClient = 3 }
        let worker = board.worker(0)
        for number in 0..<5 { #expect(board.publish("c1", "\(number)") == .queued(id(UInt64(number)))) }
        #expect(board.board.queue.dropped == 2)
        board.poll(worker, "c1")
        let frames = board.frames(worker)
        #expect(frames.map(\.body) == ["2", "3", "4"])
        #expect(frames[0].gap)
        // The gap is told only once.
        board.publish("c1", "5")
        board.poll(worker, "c1")
        #expect(board.frames(worker).map(\.gap) == [false])
        board.checkBooks()
    }

    @Test func overTheQueuesBound_inMessages_aPublishIsRefused() {
        let board = Board { $0.maxMessages = 2 }
        board.publish("c1", "1")
        board.publish("c2", "2")
        #expect(board.publish("c3", "3") == .full)
        let worker = board.worker(0)
        board.poll(worker, "c4")
        #expect(board.publish("c4", "4") == .sent(id(2)))  // it needs no room
        board.poll(worker, "c1")
        #expect(board.publish("c3", "3") == .queued(id(3)))
        #expect(board.board.counters.refusedFull == 1)
    }

    @Test func overTheQueuesBound_inBytes_aPublishIsRefused() {
        let board = Board { $0.maxBytes = 10 }
        #expect(board.publish("c1", "\"12345\"") == .queued(id(0)))
        #expect(board.publish("c1", "\"12\"") == .full)
        #expect(board.publish("c1", "123") == .queued(id(1)))
    }

    @Test func withACursor_messagesAreKeptUntilTheyAreAcknowledged() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1", cursor: 0)
        #expect(board.publish("c1", "1") == .sent(id(0)))
        #expect(board.frames(worker).map(\.body) == ["1"])
        #expect(board.presence("c1").queued == 1)
        // The answer died on its way: the client polls again with its old cursor.
        board.poll(worker, "c1", cursor: 0, tag: 2)
        #expect(board.frames(worker) == [.init(op: .message, client: "c1", number: id(0), body: "1", tag: 2)])
        board.publish("c1", "2")
        board.poll(worker, "c1", cursor: id(0), tag: 3)
        #expect(board.frames(worker).map(\.body) == ["2"])
        board.poll(worker, "c1", cursor: id(1), tag: 4)
        #expect(board.frames(worker) == [])
        #expect(board.presence("c1") == .init(connected: true, worker: 0, queued: 0))
        board.checkBooks()
        #expect(board.board.queue.enqueued == 2 && board.board.queue.dequeued == 2)
    }

    @Test func undeliveredToWhoAcknowledges_isNoSecondCopy() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1", cursor: 0)
        board.publish("c1", "1")
        let sent = board.frames(worker)
        board.gone(worker, "c1")
        board.giveBack(worker, sent[0])
        #expect(board.presence("c1").queued == 1)
        board.poll(worker, "c1", cursor: 0)
        #expect(board.frames(worker).map(\.body) == ["1"])
        board.poll(worker, "c1", cursor: id(0))
        board.giveBack(worker, sent[0])  // late: it is acknowledged already
        #expect(board.presence("c1").queued == 0)
    }

    @Test func aGap_isToldAtOnceToWhoHasACursor_andTheCursorMovesPastIt() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1", cursor: 0)
        board.publish("c1", "1")
        _ = board.frames(worker)
        board.poll(worker, "c1", cursor: id(0), tag: 2)
        board.gone(worker, "c1", tag: 2)
        board.publish("c1", "2", ttl: 1000)
        board.wait(1_300)
        board.poll(worker, "c1", cursor: id(0), tag: 3)
        #expect(board.frames(worker) == [.init(op: .message, client: "c1", number: id(1), tag: 3, gap: true)])
        board.poll(worker, "c1", cursor: id(1), tag: 4)
        #expect(board.frames(worker) == [])
        board.publish("c1", "3")
        #expect(board.frames(worker).map(\.gap) == [false])
    }

    @Test func aLossBeforeTheCursor_isNoGap() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1", cursor: 0)
        board.publish("c1", "1", ttl: 1000)
        _ = board.frames(worker)
        board.wait(1_300)  // handed over, not acknowledged, expired
        board.poll(worker, "c1", cursor: id(0), tag: 2)  // but it had come
        #expect(board.frames(worker) == [])
        board.publish("c1", "2")
        #expect(board.frames(worker).map(\.gap) == [false])
    }

    @Test func aLoss_isRememberedFor600Seconds() {
        let board = Board()
        let worker = board.worker(0)
        board.publish("c1", "1", ttl: 1000)
        board.publish("c2", "1", ttl: 1000)
        board.wait(1_300)
        board.wait(598_000)
        board.poll(worker, "c1", cursor: 0)
        #expect(board.frames(worker).map(\.gap) == [true])
        board.wait(3_000)
        board.poll(worker, "c2", cursor: 0)
        #expect(board.frames(worker) == [])
    }

    @Test func manyThatAreOverAtOnce_goInSteps() {
        let board = Board()
        let most = Limits.expiredInTick
        for number in 0..<2 * most + 1 { board.publish("c\(number)", "1", ttl: 1000) }
        board.now += 1_200
        var steps: [Int] = []
        while board.board.tick(now: board.now) { steps.append(board.board.queue.depth) }
        #expect(steps == [most + 1, 1])
        #expect(board.board.queue.depth == 0 && board.board.queue.expired == UInt64(2 * most + 1))
        board.checkBooks()
    }

    @Test func cursorOfAnEarlierManager_isAGapWithTheNextAnswer_butNotAtOnce() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1", cursor: Board.start - 500)
        #expect(board.frames(worker) == [])
        board.publish("c1", "1")
        #expect(board.frames(worker).map(\.gap) == [true])
        board.poll(worker, "c1", cursor: id(0))
        board.publish("c1", "2")
        #expect(board.frames(worker).map(\.gap) == [false])
    }

    @Test func aCursorFromTheFuture_acknowledgesNothing() {
        let board = Board()
        let worker = board.worker(0)
        board.publish("c1", "1")
        board.poll(worker, "c1", cursor: Limits.idEnd - 1)
        #expect(board.frames(worker).map(\.description) == ["message c1 0 1 tag 1 gap"])
    }

    @Test func ids_growAndStartAtTheWallClock() {
        let board = Board(ids: 1_795_000_000_000_000)
        #expect(board.publish("a", "1") == .queued(1_795_000_000_000_000))
        #expect(board.publish("b", "1") == .queued(1_795_000_000_000_001))
        #expect(1_795_000_000_000_000 < Limits.idEnd)
    }

    @Test func accounts_followTheClientToItsWorker() {
        let board = Board()
        let (first, second) = (board.worker(0), board.worker(1))
        board.publish("c1", "123")
        #expect(board.board.account(worker: nil).depth == 1)
        board.poll(first, "c1", cursor: 0)
        #expect(board.board.account(worker: nil).depth == 0)
        #expect(board.board.account(worker: 0).depth == 1)
        board.poll(second, "c1", cursor: 0)
        #expect(board.board.account(worker: 0).depth == 0)
        #expect(board.board.account(worker: 1).bytes == 3)
        board.checkBooks()
    }

    @Test func ages_areExactToASecond() {
        let board = Board()
        board.publish("c1", "1", ttl: 400_000)
        board.wait(15_000)
        board.publish("c2", "1", ttl: 400_000)
        board.wait(30_000)
        #expect(board.board.oldestSeconds(worker: nil) == 45)
        #expect(board.board.ages(worker: nil) == (0, 0, 1, 1))
        board.wait(200_000)
        #expect(board.board.oldestSeconds(worker: nil) == 245)
        board.checkBooks()
    }

    @Test func nothingIsLeft_whenAllIsOver() {
        let board = Board()
        let worker = board.worker(0)
        for number in 0..<5_000 {
            board.publish("c\(number % 700)", "1", ttl: UInt32(500 + number % 3000))
            if number % 3 == 0 { board.poll(worker, "c\(number % 900)", cursor: number % 2 == 0 ? 0 : nil) }
            if number % 5 == 0 { board.gone(worker, "c\(number % 900)") }
            if number % 50 == 0 {
                _ = board.frames(worker)
                board.wait(100)
            }
        }
        board.checkBooks()
        board.board.closed(worker, now: board.now)
        board.wait(700_000)
        #expect(board.board.clientCount == 0)
        #expect(board.board.waitingCount == 0)
        #expect(board.board.kept.messages == 0)
        board.checkBooks()
    }

    @Test func aFewThatAreOver_areFoundBehindManyThatAreNot() {
        let board = Board { $0.maxPerClient = 100_000 }
        for _ in 0..<100 { board.publish("a", "1", ttl: 132_000) }
        // A turn of the wheel later: they are in the same list, in front.
        for _ in 0..<40_000 { board.publish("b", "2", ttl: 132_000 + 131_072) }
        board.now += 133_000
        var ticks = 0
        while board.board.tick(now: board.now) { ticks += 1 }
        #expect(ticks > 1, "it does not look at all in one turn")
        #expect(board.board.queue.depth == 40_000 && board.board.queue.expired == 100)
        board.checkBooks()
    }
}
