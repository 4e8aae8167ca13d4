import Testing
import Wire

@testable import Comet

/// Receivers that stay: where each begins, what is kept of what was written, and what comes again.
@Suite struct StayingTests {
    // MARK: where a stream begins

    @Test func aStream_isAnsweredAtOnce_andStays() {
        let board = Board()
        let worker = board.worker(0)
        board.publish("c1", "0")
        board.stream(worker, "c1", tag: 1)
        #expect(board.told(worker) == ["1: 0"], "what waits")
        board.stream(worker, "c2", tag: 2)
        let hello = Board.Sent(op: .message, client: "c2", number: id(0), tag: 2)
        #expect(board.frames(worker) == [hello], "nothing waits: all up to the last id is not for it")
        board.stream(worker, "c3", cursor: 7, tag: 3)
        let gap = Board.Sent(op: .message, client: "c3", number: id(0), tag: 3, gap: true)
        #expect(board.frames(worker) == [gap], "of another life: told once, with an id of this life")
        for client in ["c1", "c2", "c3"] { board.publish(client, "1") }
        #expect(board.told(worker) == ["1: 1", "2: 1", "3: 1"])
        #expect(board.board.waitingCount == 3)
        board.checkBooks()
    }

    @Test func aReload_repeatsNothing_andAReconnectionGetsWhatDied() {
        let board = Board()
        let worker = board.worker(0)
        board.stream(worker, "c1", tag: 1)
        board.subscribe("c1", to: "room")
        board.publish("c1", "0")
        board.publish(to: .channel("room"), "1")
        board.publish(to: .everyone, "2")
        board.publish("c1", "3")
        board.skip(worker)
        // The page is loaded anew, and says no cursor.
        board.stream(worker, "c1", tag: 2)
        #expect(board.frames(worker).map(\.number) == [id(3)])
        // The EventSource comes again by itself: its cursor counts, for channels, too.
        board.stream(worker, "c1", cursor: id(0), tag: 3)
        #expect(board.told(worker) == ["3: 1 more", "3: 2 more", "3: 3"])
        board.stream(worker, "c1", cursor: id(3), tag: 4)
        #expect(board.told(worker) == ["4: "] && board.presence("c1").queued == 0)
        board.checkBooks()
    }

    @Test func whatTheSocketDidNotTake_isForTheNextStream_orPoll() {
        let board = Board()
        let worker = board.worker(0)
        board.stream(worker, "c1", tag: 1)
        for number in 0..<4 { board.publish("c1", "\(number)") }
        board.skip(worker)
        board.gone(worker, "c1", tag: 1, took: id(1))
        #expect(!board.presence("c1").connected)
        board.stream(worker, "c1", tag: 2)
        #expect(board.told(worker) == ["2: 2 more", "2: 3"])
        board.gone(worker, "c1", tag: 2, took: id(2))
        board.gone(worker, "c1", tag: 2, took: id(3))
        board.poll(worker, "c1", tag: 3)
        #expect(board.told(worker) == ["3: 3"], "a mark never goes up again")
        #expect(board.presence("c1").queued == 0, "a poll without a cursor gets each message once")
        board.checkBooks()
    }

    @Test func aLateGone_changesNothingForTheStreamAfterIt() {
        let board = Board()
        let (first, second) = (board.worker(0), board.worker(1))
        board.publish("c2", "7")
        board.stream(first, "c1", tag: 1)
        board.publish("c1", "0")
        board.skip(first)
        board.stream(second, "c1", tag: 2)
        #expect(board.frames(first).map(\.op) == [.replaced])
        board.gone(first, "c1", tag: 1, took: 0)
        board.skip(second)
        board.stream(second, "c1", tag: 3)
        #expect(board.told(second) == ["3: "])
        // A stream that says its own cursor begins there, whatever was written to another one.
        board.stream(first, "c1", cursor: id(0), tag: 4)
        #expect(board.told(first) == ["4: 0"])
    }

    @Test func aPoll_repeatsNothingOfAStream_andALossThatTheStreamSawIsNoGap() {
        let board = Board()
        let worker = board.worker(0)
        board.stream(worker, "c1", tag: 1)
        for number in 0..<Limits.writtenMessages + 3 { board.publish("c1", "\(number)") }
        board.skip(worker)
        board.poll(worker, "c1", tag: 2)
        #expect(board.frames(worker) == [])
        board.publish("c1", "8")
        #expect(board.told(worker) == ["2: 8"])
        #expect(board.board.written.messages == 0 && board.board.kept.messages == 0)
        board.checkBooks()
    }

    @Test func pagesThatShareAConnection_keepWhatNotAllHave() {
        let board = Board()
        let worker = board.worker(0)
        board.stream(worker, "c1", cursor: 0, tag: 1)
        board.subscribe("c1", to: "room")
        board.publish("c1", "0")
        board.publish(to: .channel("room"), "1")
        board.publish("c1", "2")
        board.skip(worker)
        // One page has all, another one only the first message.
        board.stream(worker, "c1", cursor: id(2), acknowledged: id(0), tag: 2)
        #expect(board.told(worker) == ["2: "] && board.presence("c1").queued == 1)
        board.stream(worker, "c1", cursor: id(0), tag: 3)
        #expect(board.told(worker) == ["3: 1 more", "3: 2"])
        board.stream(worker, "c1", cursor: id(1), acknowledged: id(9), tag: 4)
        #expect(board.told(worker) == ["4: 2"], "more than the cursor can't be acknowledged")
        board.stream(worker, "c1", cursor: id(50), tag: 5)
        #expect(board.told(worker) == ["5: 2 gap"], "a cursor of the future acknowledges nothing")
    }

    // MARK: what is acknowledged without a poll

    @Test func anyWorker_acknowledges_butOnlyWhatWasSent() {
        let board = Board()
        let (first, second) = (board.worker(0), board.worker(1))
        board.stream(first, "c1", cursor: 0, tag: 1, credit: 66)
        board.skip(first)
        for number in 0..<3 { board.publish("c1", "\(number)") }
        #expect(board.told(first) == ["1: 0", "1: 1"] && board.presence("c1").queued == 3)
        board.acknowledge(second, "c1", id(0))
        #expect(board.presence("c1").queued == 2)
        board.acknowledge(second, "c1", id(9))
        #expect(board.presence("c1").queued == 2, "nobody has that id")
        board.publish("c2", "3")
        board.acknowledge(second, "c1", id(3))
        #expect(board.presence("c1").queued == 1, "the third was not sent")
        board.acknowledge(second, "unknown", id(1))
        board.give(first, "c1", tag: 1, 66)
        #expect(board.told(first) == ["1: 2"])
        board.gone(first, "c1", tag: 1, took: id(2))
        board.wait(20_000)
        board.acknowledge(second, "c1", id(2))
        board.wait(200)
        #expect(board.board.clientCount == 1, "nothing keeps its record any more")
        board.checkBooks()
    }

    @Test func aPageThatGoes_isToldToTheWorkerOfTheReceiver() {
        let board = Board()
        let (first, second) = (board.worker(0), board.worker(1))
        board.stream(first, "c1", cursor: 0, tag: 5)
        board.publish("c1", "0")
        board.skip(first)
        board.leave(second, "c1", id(0))
        #expect(board.frames(first) == [Board.Sent(op: .leave, client: "c1", number: id(0), tag: 5)])
        #expect(board.frames(second) == [] && board.presence("c1").queued == 0)
        board.gone(first, "c1", tag: 5, took: id(0))
        board.leave(second, "c1", id(0))
        board.leave(second, "unknown", id(0))
        #expect(board.frames(first) == [] && board.frames(second) == [])
    }

    // MARK: what was written has a bound of its own

    @Test func aStreamThatNeverAcknowledges_doesNotFillTheQueue() {
        let board = Board {
            $0.maxMessages = 20
            $0.maxPerClient = 10
        }
        let worker = board.worker(0)
        board.stream(worker, "c1", tag: 1)
        var got = 0
        for number in 0..<1000 {
            #expect(board.publish("c1", "\(number)") == .sent(id(UInt64(number))))
            board.give(worker, "c1", tag: 1, 40)
            got += board.frames(worker).filter { !$0.gap && !$0.body.isEmpty }.count
        }
        #expect(got == 1000, "nothing is lost for the living stream")
        #expect(board.board.written.messages == Limits.writtenMessages && board.board.kept.messages == 0)
        #expect(board.board.queue.dropped == 0 && board.board.queue.dequeued == 1000 - UInt64(Limits.writtenMessages))
        board.checkBooks()
        // One that comes back with an old cursor is told, and one within the bound gets all.
        board.stream(worker, "c1", cursor: id(100), tag: 2)
        let late = board.frames(worker)
        #expect(late.count == Limits.writtenMessages && late.allSatisfy(\.gap))
        board.stream(worker, "c1", cursor: id(990), tag: 3)
        #expect(board.frames(worker).map(\.gap) == Array(repeating: false, count: 9))
        board.gone(worker, "c1", tag: 3, took: 0)
        #expect(board.board.written.messages == 0 && board.board.kept.messages == 9)
        board.checkBooks()
        board.wait(61_000)
        #expect(board.board.queue.expired == 9)
        board.checkBooks()
    }

    @Test func whatIsOverAfterItWasWritten_isNoGap() {
        let board = Board()
        let worker = board.worker(0)
        board.publish("c2", "7")
        board.stream(worker, "c1", tag: 1)
        board.publish("c1", "0", ttl: 1000)
        board.skip(worker)
        board.wait(2000)
        #expect(board.board.queue.expired == 0 && board.presence("c1").queued == 0)
        board.publish("c1", "1")
        #expect(board.told(worker) == ["1: 1"])
        board.stream(worker, "c1", tag: 2)
        #expect(board.told(worker) == ["2: "])
        board.stream(worker, "c1", cursor: id(0), tag: 3)
        #expect(board.told(worker) == ["3: 1 gap"], "this one did not get it")
        board.checkBooks()
    }

    // MARK: credit

    @Test func aMessageCosts_whatItsFrameHas_aloneOrShared() {
        let board = Board()
        let worker = board.worker(0)
        let room = 2 + ",\"channel\":\"room\"".utf8.count + 1 + Limits.envelopeBytes
        board.stream(worker, "a", cursor: 0, tag: 1, credit: UInt32(2 * room + 1))
        board.stream(worker, "b", cursor: 0, tag: 2, credit: UInt32(2 * room))
        board.subscribe("a", "b", to: "room")
        board.skip(worker)
        for number in 0..<3 {
            board.publish(to: .channel("room"), "\(number)")
            let who = board.frames(worker).flatMap { $0.receivers.isEmpty ? [$0.tag] : $0.receivers }
            #expect(who == (number < 2 ? [1, 2] : [1]), "one byte of credit is enough for a message")
        }
        board.publish(to: .channel("room"), "3")
        #expect(board.frames(worker) == [])
        board.give(worker, "b", tag: 2, room + 1)
        #expect(board.told(worker) == ["2: 2", "2: 3"])
        board.checkBooks()
    }

    @Test func whatIsOverBeforeItWasSent_isAGap_alsoForTheNextStream() {
        let board = Board()
        let worker = board.worker(0)
        board.stream(worker, "c1", cursor: 0, tag: 1, credit: 1)
        board.subscribe("c1", to: "room")
        board.skip(worker)
        board.publish("c1", "0")
        board.publish(to: .channel("room"), "1", ttl: 1000)
        board.acknowledge(worker, "c1", id(0))
        #expect(board.told(worker) == ["1: 0"])
        board.wait(2000)
        board.gone(worker, "c1", tag: 1, took: id(0))
        board.stream(worker, "c1", cursor: id(0), tag: 2, credit: 1)
        #expect(board.frames(worker).map(\.gap) == [true])
        board.publish("c1", "2")
        board.publish("c1", "3", ttl: 1000)
        board.wait(2000)
        board.skip(worker)
        board.give(worker, "c1", tag: 2, 1000)
        let gap = Board.Sent(op: .message, client: "c1", number: id(3), tag: 2, gap: true)
        #expect(board.frames(worker) == [gap])
        board.checkBooks()
    }
}
