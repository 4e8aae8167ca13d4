import Testing
import Wire

@testable import Comet

/// Channels: who gets what, in which order, and what is a gap.
@Suite struct ChannelTests {
    @Test func aMessageGoesToAllSubscribers_inOneFrameALink_andToNobodyElse() {
        let board = Board()
        let (one, two) = (board.worker(0), board.worker(1))
        for tag in 1...3 as ClosedRange<UInt16> { board.poll(one, "a\(tag)", cursor: 0, tag: tag) }
        for tag in 4...5 as ClosedRange<UInt16> { board.poll(two, "a\(tag)", cursor: 0, tag: tag) }
        #expect(board.subscribe("a1", "a2", "a4", "a9", to: "room") == 4)
        #expect(board.publish(to: .channel("room"), "\"hi\"") == .several(id(0), sent: 3, waiting: 1))
        #expect(board.told(one) == ["1,2: \"hi\""])
        #expect(board.told(two) == ["4: \"hi\""])
        let sent = board.board.counters
        #expect(sent.handed == 3 && sent.fanoutReceivers == 3)
        board.checkBooks()
        #expect(board.board.channelBooks.depth == 1, "it is stored once")
    }

    @Test func anElement_saysItsChannel() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0)
        board.subscribe("a", to: "say \"x\"")
        board.publish(to: .channel("say \"x\""), "1")
        #expect(board.frames(worker).first?.members == #","channel":"say \"x\"""#)
    }

    @Test func anAbsentSubscriber_findsTheMessage_whenItComes() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", to: "room")
        board.publish(to: .channel("room"), "1")
        board.publish("a", "2")
        board.publish(to: .channel("room"), "3")
        board.poll(worker, "a", cursor: 0, tag: 5)
        #expect(board.told(worker) == ["5: 1 more", "5: 2 more", "5: 3"])
        board.poll(worker, "a", cursor: id(2), tag: 6)
        #expect(board.told(worker) == [])
        board.publish(to: .channel("room"), "4")
        #expect(board.told(worker) == ["6: 4"])
    }

    @Test func whatWasAcknowledged_isNeverSentAgain() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", to: "room")
        for number in 1...3 { board.publish(to: .channel("room"), "\(number)") }
        board.poll(worker, "a", cursor: id(1), tag: 1)
        #expect(board.told(worker) == ["1: 3"])
        board.poll(worker, "a", cursor: 0, tag: 2)  // a page that comes back with an older cursor
        #expect(board.told(worker) == ["2: 3"])
    }

    @Test func withoutACursor_eachMessageComesOnce() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", "b", to: "room")
        board.poll(worker, "a", tag: 1)
        board.publish(to: .channel("room"), "1")
        #expect(board.told(worker) == ["1: 1"])
        board.poll(worker, "a", tag: 2)
        #expect(board.told(worker) == [])
        board.publish(to: .channel("room"), "2")
        #expect(board.told(worker) == ["2: 2"])
    }

    @Test func whatComesBack_goesIntoTheClientsOwnLog_withItsChannel() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", to: "room")
        board.poll(worker, "a", tag: 1)
        board.publish(to: .channel("room"), "1")
        guard let sent = board.frames(worker).first else { return #expect(Bool(false)) }
        var body = [UInt8(0), UInt8(sent.members.utf8.count)] + Array(sent.members.utf8)
        body += Array("1".utf8)
        board.send(worker, board.frame(.undelivered, .members, tag: 1, number: sent.number, client: "a", body: body))
        board.poll(worker, "a", tag: 2)
        #expect(board.frames(worker).map { $0.members + $0.body } == [#","channel":"room"1"#])
        board.checkBooks()
    }

    // MARK: everyone, users, several

    @Test func everyone_isEachClient_fromItsFirstMoment() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.poll(worker, "b", tag: 2)
        #expect(board.publish(to: .everyone, "1") == .several(id(0), sent: 2, waiting: 0))
        #expect(Set(board.told(worker)) == ["1: 1", "2: 1"])
        board.poll(worker, "new", cursor: 0, tag: 3)
        #expect(board.told(worker) == [])
        board.poll(worker, "a", cursor: 0, tag: 4)
        #expect(board.told(worker) == ["4: 1"], "it has not acknowledged it")
    }

    @Test func aUser_isWhatStandsBeforeTheColon() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "42:a", cursor: 0, tag: 1)
        board.poll(worker, "42", cursor: 0, tag: 2)
        board.poll(worker, "420:a", cursor: 0, tag: 3)
        #expect(board.publish(to: .user("42"), "1") == .several(id(0), sent: 2, waiting: 0))
        #expect(board.told(worker) == ["1,2: 1"])
    }

    @Test func aSecondTab_doesNotRepeatWhatTheFirstOneHas_andTheFirstAfterAPauseGetsAll() {
        let board = Board()
        let worker = board.worker(0)
        #expect(board.publish(to: .user("42"), "1") == .several(id(0), sent: 0, waiting: 1))
        board.poll(worker, "42:a", cursor: 0, tag: 1)
        #expect(board.told(worker) == ["1: 1"])
        board.poll(worker, "42:b", cursor: 0, tag: 2)
        #expect(board.told(worker) == ["2: 1"], "nobody has acknowledged it yet")
        board.poll(worker, "42:a", cursor: id(0), tag: 3)
        board.poll(worker, "42:c", cursor: 0, tag: 4)
        #expect(board.told(worker) == [])
    }

    @Test func clients_shareOneIdAndOneBody() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.poll(worker, "b", tag: 2)
        #expect(board.publish(to: .clients(["a", "b", "c", "a"]), "7") == .several(id(0), sent: 2, waiting: 1))
        #expect(board.told(worker) == ["1: 7", "2: 7"])
        board.poll(worker, "c", cursor: 0, tag: 3)
        #expect(board.told(worker) == ["3: 7"])
        for (tag, client) in ["a", "b", "c"].enumerated() {
            board.poll(worker, client, cursor: id(0), tag: UInt16(tag) + 4)
        }
        #expect(board.told(worker) == [])
        #expect(board.board.kept.messages == 0)
        board.checkBooks()
    }

    @Test func channels_giveAMessageOnceToAClientOfSeveral() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", to: "x")
        board.subscribe("a", to: "y")
        board.subscribe("b", to: "y")
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.publish(to: .channels(["x", "y"]), "1")
        #expect(board.told(worker) == ["1: 1"])
        board.poll(worker, "b", cursor: 0, tag: 2)
        #expect(board.told(worker) == ["2: 1"])
        board.checkBooks()
    }

    // MARK: options

    @Test func except_isNotToldAndHasNoGap() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.poll(worker, "b", cursor: 0, tag: 2)
        board.subscribe("a", "b", to: "room")
        #expect(
            board.publish(to: .channel("room"), "1", ttl: 1000, except: "a") == .several(id(0), sent: 1, waiting: 0))
        #expect(board.told(worker) == ["2: 1"])
        board.gone(worker, "a", tag: 1, timedOut: true)
        board.wait(2000)
        board.poll(worker, "a", cursor: 0, tag: 3)
        #expect(board.told(worker) == [], "the message was not for it, so it lost nothing")
    }

    @Test func latest_keepsTheNewestOfItsName_andANewSubscriberGetsIt() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("old", to: "prices")
        for price in 1...3 { board.publish(to: .channel("prices"), "\(price)", latest: "gold") }
        board.publish(to: .channel("prices"), "9", latest: "silver")
        #expect(board.board.channelBooks.replaced == 2 && board.board.channelBooks.depth == 2)
        board.subscribe("new", to: "prices")
        board.poll(worker, "new", cursor: 0, tag: 1)
        let sent = board.frames(worker)
        #expect(sent.map(\.body) == ["3", "9"])
        #expect(Set(sent.map(\.number)).count == 1, "an answer is cut before the entry or behind it")
        #expect(sent.allSatisfy { $0.members.contains(",\"of\":") })
        board.poll(worker, "new", cursor: sent[0].number, tag: 2)
        #expect(board.told(worker) == [])
        board.poll(worker, "old", cursor: 0, tag: 3)
        #expect(board.told(worker) == ["3: 3 more", "3: 9"], "what was replaced is no gap")
        board.checkBooks()
    }

    @Test func history_comesInOneEntry_behindTheCursor() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: id(0), tag: 1)
        for number in 1...4 { board.publish(to: .channel("room"), "\(number)") }
        board.subscribe("a", to: "room", history: 2)
        let sent = board.frames(worker)
        #expect(sent.map(\.body) == ["3", "4"])
        #expect(sent.allSatisfy { $0.number == id(4) })
        board.poll(worker, "a", cursor: id(4), tag: 2)
        board.publish(to: .channel("room"), "5")
        #expect(board.told(worker) == ["2: 5"])
        board.checkBooks()
    }

    @Test func keepFalse_isForThoseWhoAreConnected_andIsNeverAGap() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", "b", "c", to: "room")
        #expect(board.publish(to: .channel("room"), "0", keeps: false) == .nobody)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.poll(worker, "b", cursor: 0, tag: 2)
        board.publish("b", "x")  // b is between two polls
        _ = board.frames(worker)
        #expect(board.publish(to: .channel("room"), "1", keeps: false) == .several(id(1), sent: 2, waiting: 1))
        #expect(board.told(worker) == ["1: 1"])
        board.poll(worker, "b", cursor: id(0), tag: 3)
        #expect(board.told(worker) == ["3: 1"])
        board.wait(3000)
        board.poll(worker, "c", cursor: 0, tag: 4)
        #expect(board.told(worker) == [])
    }

    @Test func once_givesTheFirstOutcomeAgain() {
        let board = Board()
        board.subscribe("a", to: "room")
        let first = board.publish(to: .channel("room"), "1", once: "order-17")
        #expect(board.publish(to: .channel("room"), "1", once: "order-17") == .again(first))
        #expect(board.publish(to: .channel("room"), "2", once: "order-17") == .otherOnce)
        #expect(board.publish(to: .channel("other"), "1", once: "order-17") == .otherOnce)
        #expect(board.board.channelBooks.depth == 1)
        board.wait(300_100)
        #expect(board.publish(to: .channel("room"), "2", once: "order-17") != .otherOnce)
    }

    // MARK: links

    @Test func aPollOfAFullLink_getsTheChannelsMessages_whenItWasRead() {
        let board = Board { $0.maxMessage = 1 << 22 }
        let worker = board.worker(0)
        board.subscribe("a", to: "room")
        board.poll(worker, "b", cursor: 0, tag: 1)
        board.publish("b", "\"" + String(repeating: "x", count: 1 << 22) + "\"")
        _ = board.frames(worker, unread: [worker])
        board.poll(worker, "a", cursor: 0, tag: 2)
        board.publish(to: .channel("room"), "1")
        #expect(board.told(worker).suffix(1) == ["2: 1"])
    }

    @Test func aSettledStamp_isAnsweredWithTheLastId() {
        let board = Board()
        let worker = board.worker(0)
        board.publish("x", "1")
        board.send(worker, board.frame(.settled, number: 99))
        let answer = board.frames(worker)
        #expect(answer.map(\.op) == [.settled] && answer.first?.number == id(0))
    }

    @Test func aLinkThatDies_withFramesForMany_leavesNobodyBehind() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.poll(worker, "b", cursor: 0, tag: 2)
        board.subscribe("a", "b", to: "room")
        board.publish(to: .channel("room"), "1")
        while board.board.fanOut(now: board.now) {}
        board.close(worker)
        #expect(board.board.clientCount == 2 && board.board.kept.messages == 1)
        let next = board.worker(0)
        board.poll(next, "a", cursor: 0, tag: 3)
        #expect(board.told(next) == ["3: 1"])
        board.checkBooks()
    }

    @Test func whatOneClientHadNoCreditFor_isNotSentToTheNextOne() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", to: "room")
        for number in 1...4 { board.publish(to: .channel("room"), "\(number)") }
        board.publish("b", "own")
        board.poll(worker, "a", cursor: 0, tag: 1, credit: 1)
        board.poll(worker, "b", cursor: 0, tag: 2)
        #expect(board.told(worker) == ["1: 1", "2: own"])
    }
}
