// One file: what becomes of a publish, case by case.
import Base
import Testing
import Wire

@testable import Comet

@Suite struct RoutingTests {
    @Test func aWaitingClient_getsItsMessageAtOnce() {
        let board = Board()
        let worker = board.worker(3)
        board.poll(worker, "c1", tag: 5)
        #expect(board.frames(worker) == [])
        #expect(board.presence("c1") == .init(connected: true, worker: 3, queued: 0))
        #expect(board.publish("c1", #"{"a":1}"#) == .sent(id(0)))
        #expect(board.frames(worker) == [.init(op: .message, client: "c1", number: id(0), body: #"{"a":1}"#, tag: 5)])
        #expect(board.board.queue.enqueued == 0)
    }

    @Test func theAnswer_endsThePoll() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1")
        board.publish("c1", "1")
        #expect(board.publish("c1", "2") == .queued(id(1)))
        #expect(board.frames(worker).count == 1)
        board.poll(worker, "c1", tag: 2)
        #expect(board.frames(worker) == [.init(op: .message, client: "c1", number: id(1), body: "2", tag: 2)])
    }

    @Test func allThatWaits_goesIntoOneAnswer_inOrder() {
        let board = Board()
        let worker = board.worker(0)
        for number in 0..<3 { board.publish("c1", "\(number)") }
        board.poll(worker, "c1")
        #expect(
            board.frames(worker) == [
                .init(op: .message, client: "c1", number: id(0), body: "0", tag: 1, more: true),
                .init(op: .message, client: "c1", number: id(1), body: "1", tag: 1, more: true),
                .init(op: .message, client: "c1", number: id(2), body: "2", tag: 1),
            ])
        #expect(board.presence("c1").queued == 0)
        board.checkBooks()
    }

    @Test func anAnswer_endsAt256KiB_andTheRestWaitsForTheNextPoll() {
        let board = Board()
        let worker = board.worker(0)
        let body = "\"" + String(repeating: "x", count: 60_000) + "\""
        for _ in 0..<10 { board.publish("c1", body) }
        var polls = 0
        var got: [UInt64] = []
        while got.count < 10 {
            board.poll(worker, "c1")
            let frames = board.frames(worker)
            #expect(frames.reduce(0) { $0 + $1.body.utf8.count + Limits.envelopeBytes } <= Limits.answerBytes)
            #expect(frames.map(\.more) == frames.indices.map { $0 < frames.count - 1 })
            got += frames.map(\.number)
            polls += 1
        }
        #expect(polls == 3)
        #expect(got == (0..<10).map(id))
    }

    @Test func theBareForm_getsOneMessageAnAnswer() {
        let board = Board()
        let worker = board.worker(0)
        board.publish("c1", "1")
        board.publish("c1", "2")
        board.poll(worker, "c1", single: true)
        #expect(board.frames(worker).map(\.body) == ["1"])
        board.poll(worker, "c1", single: true)
        #expect(board.frames(worker).map(\.body) == ["2"])
    }

    @Test func secondPollOnAnotherWorker_replacesTheFirst() {
        let board = Board()
        let (first, second) = (board.worker(0), board.worker(1))
        board.poll(first, "c1", tag: 9)
        board.poll(second, "c1", tag: 4)
        #expect(board.frames(first) == [.init(op: .replaced, client: "c1", tag: 9)])
        board.publish("c1", "1")
        #expect(board.frames(first) == [])
        #expect(board.frames(second).map(\.tag) == [4])
    }

    @Test func secondPollOnTheSameWorker_isTheWorkersOwnAffair() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1", tag: 1)
        board.poll(worker, "c1", tag: 2)
        board.gone(worker, "c1", tag: 1)  // the late end of the first poll
        board.publish("c1", "1")
        #expect(board.frames(worker) == [.init(op: .message, client: "c1", number: id(0), body: "1", tag: 2)])
    }

    @Test func gone_queuesFromThenOn() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1")
        board.gone(worker, "c1")
        #expect(board.presence("c1").connected == false)
        #expect(board.publish("c1", "1") == .queued(id(0)))
        #expect(board.frames(worker) == [])
    }

    @Test func presence_doesNotFlapBetweenTwoPolls() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1")
        board.publish("c1", "1")
        #expect(board.presence("c1").connected)
        board.wait(9_900)
        #expect(board.presence("c1").connected)
        board.wait(200)
        #expect(!board.presence("c1").connected)
        #expect(board.board.clientCount == 0)

        board.poll(worker, "c2")
        board.gone(worker, "c2", timedOut: true)
        #expect(board.presence("c2").connected)
    }

    @Test func goneThatCrossedWithTheAnswer_endsThePresence() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1", tag: 3)
        board.publish("c1", "1")
        board.gone(worker, "c1", tag: 3)
        #expect(!board.presence("c1").connected)
    }

    @Test func undelivered_goesBackToItsOldPlace() {
        let board = Board()
        let worker = board.worker(0)
        for number in 0..<3 { board.publish("c1", "\(number)") }
        board.poll(worker, "c1")
        let sent = board.frames(worker)
        board.publish("c1", "3")
        board.gone(worker, "c1")
        for frame in sent.reversed() { board.giveBack(worker, frame) }
        #expect(board.presence("c1").queued == 4)
        board.poll(worker, "c1", tag: 2)
        #expect(board.frames(worker).map(\.body) == ["0", "1", "2", "3"])
        board.checkBooks()
    }

    @Test func undeliveredWhileItPollsAgain_isDeliveredInTheSameTurn_asOneAnswer() {
        let board = Board()
        let worker = board.worker(0)
        board.publish("c1", "0")
        board.publish("c1", "1")
        board.poll(worker, "c1", tag: 1)
        let sent = board.frames(worker)
        board.gone(worker, "c1", tag: 1)
        board.poll(worker, "c1", tag: 2)
        for frame in sent { board.giveBack(worker, frame) }
        #expect(board.frames(worker).map(\.description) == ["message c1 0 0 tag 2 more", "message c1 1 1 tag 2"])
    }

    @Test func undelivered_keepsItsTimeToLive() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1")
        board.publish("c1", "1", ttl: 5_000)
        let sent = board.frames(worker)
        board.wait(3_000)
        board.giveBack(worker, sent[0])
        #expect(board.presence("c1").queued == 1)
        board.wait(2_200)
        #expect(board.presence("c1").queued == 0)
        board.checkBooks()
    }

    @Test func aPollThatIsNotHeld_isAnsweredAtOnce() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1", cursor: 0, tag: 3, atOnce: true)
        #expect(board.frames(worker) == [.init(op: .message, client: "c1", number: 0, tag: 3)])
        #expect(board.presence("c1").connected && board.board.waitingCount == 0, "it counts as an arrival")
        board.publish("c1", "1")
        board.poll(worker, "c1", cursor: 0, tag: 4, atOnce: true)
        #expect(board.frames(worker).map(\.body) == ["1"])
        board.poll(worker, "c1", cursor: id(0), tag: 5, atOnce: true, print: 9)
        #expect(board.frames(worker) == [.init(op: .message, client: "c1", number: id(0), tag: 5)])
        board.poll(worker, "c2", cursor: 7, tag: 6, atOnce: true)
        let gap = Board.Sent(op: .message, client: "c2", number: 7, tag: 6, gap: true)
        #expect(board.frames(worker) == [gap], "of another life")
        board.checkBooks()
    }

    @Test func aReceiverThatStays_isSentWhatItsCreditAllows() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1", tag: 3, credit: 100)
        for number in 0..<3 { #expect(board.publish("c1", "\(number)") == .sent(id(UInt64(number)))) }
        #expect(board.frames(worker).map(\.body) == ["0", "1", "2"], "33 bytes each with their envelopes")
        #expect(board.presence("c1").connected && board.board.waitingCount == 1, "it is held still")
        #expect(board.publish("c1", "3") == .sent(id(3)), "the first message may be longer than what is left")
        #expect(board.publish("c1", "4") == .queued(id(4)) && board.publish("c1", "5") == .queued(id(5)))
        #expect(board.frames(worker).map(\.body) == ["3"])
        func give(_ bytes: UInt64, tag: UInt16 = 3) {
            board.send(worker, board.frame(.credit, tag: tag, number: bytes, client: "c1"))
        }
        give(1000, tag: 4)
        #expect(board.frames(worker) == [], "that is another receiver's")
        give(33)
        #expect(board.frames(worker).map(\.body) == ["4"])
        give(.max)
        #expect(board.frames(worker).map(\.body) == ["5"])
        #expect(board.publish("c1", "6") == .sent(id(6)))
        #expect(board.frames(worker).map(\.body) == ["6"])
        board.gone(worker, "c1", tag: 3)
        #expect(!board.presence("c1").connected && board.board.waitingCount == 0)
        board.checkBooks()
    }

    @Test func aReceiverThatStaysAndAcknowledges_isSentNothingTwice() {
        let board = Board { $0.maxPerClient = 3 }
        let worker = board.worker(0)
        board.publish("c1", "0")
        board.poll(worker, "c1", cursor: 0, tag: 3, credit: 100_000)
        for number in 1..<3 { board.publish("c1", "\(number)") }
        #expect(board.frames(worker).map(\.body) == ["0", "1", "2"])
        #expect(board.presence("c1").queued == 3, "they stay until they are acknowledged")
        board.publish("c1", "3")
        board.publish("c1", "4")
        // The messages that the bound dropped were sent before. The receiver is told once that they are no longer kept.
        #expect(board.frames(worker).map { ($0.body + ($0.gap ? " gap" : "")) } == ["3", "4"])
        // It comes again: the messages that it has not acknowledged are sent once more.
        board.gone(worker, "c1", tag: 3)
        board.poll(worker, "c1", cursor: id(3), tag: 4, credit: 100_000)
        #expect(board.frames(worker).map(\.body) == ["4"])
        board.poll(worker, "c1", cursor: id(4), tag: 5, credit: 100_000)
        #expect(board.frames(worker) == [] && board.presence("c1").queued == 0)
        board.checkBooks()
    }

    @Test func aFullLink_holdsBackReceiversThatStay_andSendsThemTheRestInParts() {
        let board = Board { $0.maxMessage = 1 << 20 }
        let worker = board.worker(0)
        let big = "\"" + String(repeating: "x", count: 200_000) + "\""
        board.poll(worker, "c1", cursor: 0, tag: 3, credit: .max)
        let count = Limits.outboxBytes / 200_000 + 3
        for _ in 0..<count { board.publish("c1", big) }
        let waiting = board.presence("c1").queued
        #expect(waiting > 0 && waiting < count, "what was written is over its bound; the rest waits for the link")
        #expect(board.frames(worker).map(\.number) == (0..<UInt64(count)).map(id))
        board.checkBooks()
    }

    @Test func whoReplacesAPoll_isToldToItsWorker() {
        let board = Board()
        let (first, second) = (board.worker(0), board.worker(1))
        board.poll(first, "c1", cursor: 0, tag: 3)
        board.poll(second, "c1", cursor: id(0), tag: 4, print: 0x6162_6364)
        let replaced = Board.Sent(op: .replaced, client: "c1", number: id(0), tag: 3, print: 0x6162_6364)
        #expect(board.frames(first) == [replaced])
    }

    @Test func whatComesBackFromBeforeTheCursor_isCountedAndToldAsAGap() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1", tag: 1)
        board.publish("c1", "1")
        let first = board.frames(worker)
        board.gone(worker, "c1", tag: 1)
        board.poll(worker, "c1", cursor: 0, tag: 2)
        board.publish("c1", "2")
        let second = board.frames(worker)
        #expect(first.map(\.body) == ["1"] && second.map(\.body) == ["2"])
        board.giveBack(worker, second[0])  // it is still in the mailbox: nothing is lost
        #expect(board.board.queue.dropped == 0)
        board.giveBack(worker, first[0])
        #expect(board.board.queue.dropped == 1 && board.presence("c1").queued == 1)
        board.checkBooks()
        board.poll(worker, "c1", cursor: id(1), tag: 3)
        board.publish("c1", "3")
        let gap = Board.Sent(op: .message, client: "c1", number: id(2), body: "3", tag: 3, gap: true)
        #expect(board.frames(worker) == [gap])
        board.poll(worker, "c1", cursor: id(2), tag: 4)
        board.publish("c1", "4")
        #expect(board.frames(worker).map(\.gap) == [false], "told once")
    }

    @Test func whatComesBackBeforeAnAnswerWentToTheCursor_isSent() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1", tag: 1)
        board.publish("c1", "1")
        let first = board.frames(worker)
        board.gone(worker, "c1", tag: 1)
        board.poll(worker, "c1", cursor: 0, tag: 2)
        board.giveBack(worker, first[0])
        #expect(board.frames(worker) == [.init(op: .message, client: "c1", number: id(0), body: "1", tag: 2)])
        board.checkBooks()
    }

    @Test func undeliveredTwice_isKeptOnce() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1")
        board.publish("c1", "1")
        let sent = board.frames(worker)
        board.giveBack(worker, sent[0])
        board.giveBack(worker, sent[0])
        #expect(board.presence("c1").queued == 1)
    }

    @Test func aWorkersDeath_putsBackWhatItDidNotRead_andItsClientsAreGone() {
        let board = Board()
        let worker = board.worker(0)
        board.board.beginTurn(nanoseconds: 5, wallMilliseconds: 0)
        for number in 0..<4 { board.poll(worker, "c\(number)") }
        for number in 0..<3 { board.publish("c\(number)", "\(number)") }
        // It took the turn's mark, the first message and half of the second.
        let first = Frame.headerBytes + Frame.headerBytes + 2 + 1
        #expect(board.board.nextToWrite(now: board.now) == worker)
        board.board.written(worker, first + 7)
        board.board.closed(worker, now: board.now)
        #expect(board.presence("c0").queued == 0)
        #expect(board.presence("c1").queued == 1)
        #expect(board.presence("c2").queued == 1)
        for number in 1..<4 { #expect(!board.presence("c\(number)").connected) }
        board.checkBooks()

        let again = board.worker(0)
        for number in 0..<4 { board.poll(again, "c\(number)") }
        #expect(board.frames(again).map(\.body) == ["1", "2"])
        #expect(board.publish("c3", "3") == .sent(id(3)))
    }

    @Test func aWorkerThatDoesNotRead_leavesItsMessagesInTheMailboxes() {
        let board = Board()
        let worker = board.worker(0)
        let body = "\"" + String(repeating: "x", count: 60_000) + "\""
        var answers: [Publication] = []
        for number in 0..<100 { board.poll(worker, "c\(number)") }
        for number in 0..<100 { answers.append(board.publish("c\(number)", body)) }
        let sent = answers.filter { if case .sent = $0 { true } else { false } }.count
        #expect(sent == 70)  // 4 MiB, and the message that exceeded it
        #expect(board.board.queue.depth == 30)
        #expect(board.board.outboxBytes.most < Limits.outboxBytes + 70_000)
        #expect(board.presence("c99").connected)
        // The worker reads: all clients get their messages without polling again.
        var got = 0
        while got < 100 {
            let frames = board.frames(worker)
            if frames.isEmpty { break }
            got += frames.count
        }
        #expect(got == 100)
        #expect(board.board.queue.depth == 0)
        board.checkBooks()
    }

    @Test func rollingRestart_twoWorkersMayHoldOneNumber() {
        let board = Board()
        let (old, new) = (board.worker(2), board.worker(2))
        board.poll(old, "c1")
        board.poll(new, "c2")
        board.board.closed(old, now: board.now)
        #expect(board.publish("c2", "1") == .sent(id(0)))
        #expect(board.frames(new).count == 1)
    }

    @Test(arguments: ["number", "version", "body", "again", "op", "garbage"])
    func whatNoWorkerSays_closesTheLink(_ what: String) {
        let board = Board()
        let link = board.board.accepted(mayBeSeed: false)
        let bytes: [UInt8] =
            switch what {
            case "number": board.hello(5000)
            case "version": board.hello(1, version: 3)
            case "body": board.frame(.hello, tag: 0, number: 1, body: [1, 2, 3], version: .one)
            case "again": board.hello(1) + board.frame(.hello, number: 1)
            case "op": board.frame(.connected, client: "c1", version: .one)
            default: Array("GET / HTTP/1.1\r\n\r\n".utf8)
            }
        guard board.send(link, bytes).error != nil else {
            Issue.record("the link stays open")
            return
        }
    }

    @Test func framesInPieces_areTakenWhenTheyAreWhole() {
        let board = Board()
        let link = board.board.accepted(mayBeSeed: true)
        let bytes = board.hello(1) + board.frame(.connected, tag: 3, client: "c1")
        var input: [UInt8] = []
        for byte in bytes {
            input.append(byte)
            guard let count = board.send(link, input).taken else {
                Issue.record("closed")
                return
            }
            input.removeFirst(count)
        }
        #expect(input.isEmpty)
        #expect(board.presence("c1").connected)
    }

    @Test func theTurn_isToldOnceBeforeItsMessages() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1")
        board.poll(worker, "c2")
        board.board.beginTurn(nanoseconds: 77, wallMilliseconds: 0)
        board.publish("c1", "1")
        board.publish("c2", "2")
        #expect(board.board.nextToWrite(now: board.now) == worker)
        var ops: [Frame.Op] = []
        var bytes = board.board.unsent(worker)
        while case .frame(let frame, let used) = Frame.parse(bytes) {
            ops.append(frame.op)
            if frame.op == .turn { #expect(frame.number == 77) }
            bytes = bytes.part(used, bytes.count - used)
        }
        #expect(ops == [.turn, .message, .message])
    }

    /// 56 bytes of the record, and the id with its entry in the index.
    @Test func aWaitingClient_costsUnder84Bytes() {
        let board = Board()
        let worker = board.worker(0)
        for number in 1_000_000..<1_100_000 { board.poll(worker, "cli\(number)") }
        let bytes = board.board.clientMemoryBytes
        #expect(board.board.clientCount == 100_000)
        #expect(bytes < 8_400_000, "\(Double(bytes) / 100_000) bytes a client")
    }
}
