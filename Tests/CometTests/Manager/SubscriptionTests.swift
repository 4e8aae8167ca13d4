import Testing
import Wire

@testable import Comet

/// Subscriptions: where they begin, how long they last, and what is a gap for whom.
@Suite struct SubscriptionTests {
    @Test func afterUnsubscribe_nothingComes_alsoNotWhatWaited() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", "b", to: "room")
        board.publish(to: .channel("room"), "1")
        #expect(board.unsubscribe("a", from: "room") == 1)
        board.poll(worker, "a", cursor: 0, tag: 1)
        #expect(board.told(worker) == [])
        board.publish(to: .channel("room"), "2")
        #expect(board.told(worker) == [])
    }

    @Test func aClientThatLeft_keepsItsSubscriptions_forTheLingerAndIsThenToldOfAGap() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", to: "room")
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.gone(worker, "a", tag: 1)
        board.wait(50_000)
        board.publish(to: .channel("room"), "1")
        board.poll(worker, "a", cursor: 0, tag: 2)
        #expect(board.told(worker) == ["2: 1"])
        board.gone(worker, "a", tag: 2)
        board.poll(worker, "a", cursor: id(0), tag: 3)
        board.gone(worker, "a", tag: 3)
        board.wait(61_000)
        #expect(board.board.subscriptionCount == 0)
        board.poll(worker, "a", cursor: id(0), tag: 4)
        #expect(board.told(worker) == ["4: gap"])
    }

    @Test func whoNeverCame_losesItsSubscriptions_tooAndNothingIsLeft() {
        let board = Board()
        board.subscribe("a", "b", to: "room")
        board.publish(to: .channel("room"), "1")
        while board.board.fanOut(now: board.now) {}
        board.wait(61_000)
        #expect(board.board.subscriptionCount == 0)
        board.wait(700_000)
        #expect(board.board.clientCount == 0 && board.board.channelCount == 0)
        board.checkBooks()
    }

    @Test func anExpiredMessage_isAGapForThoseWhoReadTheChannelThen() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", to: "room")
        board.publish(to: .channel("room"), "1", ttl: 1000)
        board.wait(2000)
        board.subscribe("b", to: "room")
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.poll(worker, "b", cursor: 0, tag: 2)
        #expect(board.told(worker) == ["1: gap"])
        #expect(board.board.channelBooks.over == 1)
    }

    @Test func overItsBound_aChannelDropsTheOldest() {
        let board = Board { $0.channelMessages = 2 }
        let worker = board.worker(0)
        board.subscribe("a", to: "room")
        for number in 1...4 { board.publish(to: .channel("room"), "\(number)") }
        #expect(board.board.channelBooks.dropped == 2)
        board.poll(worker, "a", cursor: 0, tag: 1)
        #expect(board.told(worker) == ["1: 3 gap more", "1: 4 gap"])
    }

    @Test func tooManyChannels_areRefused_allOrNothing() {
        let board = Board { $0.channelsPerClient = 2 }
        board.subscribe("a", to: "x")
        #expect(throws: SubscribeError.tooManyChannels(client: 1)) {
            try board.board.subscribe(
                clients: [kept("b"), kept("a")], channels: [kept("y"), kept("z")], history: 0, now: board.now)
        }
        #expect(board.board.subscriptionCount == 1)
    }

    // MARK: history and latest

    @Test func afterUnsubscribe_theHistoryThatWaited_isNoGap() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.gone(worker, "a", tag: 1)
        board.publish(to: .channel("room"), "1", ttl: 600_000)
        board.subscribe("a", to: "room", history: 1)
        board.unsubscribe("a", from: "room")
        #expect(board.board.queue.depth == 0)
        board.wait(5000)
        board.poll(worker, "a", cursor: id(0), tag: 2)
        #expect(board.told(worker) == [])
        board.checkBooks()
    }
    @Test func aHistoryThatHasNoRoom_isAGap() {
        let board = Board { $0.maxMessages = 2 }
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.publish(to: .channel("room"), "1")
        board.publish(to: .channel("room"), "2")
        board.subscribe("a", to: "room", history: 2)
        #expect(board.told(worker) == ["1: gap"])
    }
    @Test func aHistory_isOfTheNewest_besideAllOfLatest() {
        let board = Board()
        let worker = board.worker(0)
        board.publish(to: .channel("room"), "old", latest: "x")
        for number in 1...5 { board.publish(to: .channel("room"), "\(number)") }
        board.subscribe("a", to: "room", history: 2)
        board.publish(to: .channel("room"), "6")
        board.poll(worker, "a", cursor: 0, tag: 1)
        #expect(board.frames(worker).map(\.body) == ["6", "old", "4", "5"].sorted { $0 == "6" ? false : $1 == "6" })
    }
    @Test func latest_hasABoundOfNamesAndOfBytes_inEveryLog() {
        let board = Board()
        let large = "\"" + String(repeating: "x", count: 100_000) + "\""
        #expect(board.publish(to: .channel("room"), large, latest: "1") != .latestFull)
        #expect(board.publish(to: .channel("room"), large, latest: "2") != .latestFull)
        #expect(board.publish(to: .channel("room"), large, latest: "3") == .latestFull)
        #expect(board.publish(to: .channel("room"), large, latest: "2") != .latestFull)
        for number in 0..<Limits.latestNames {
            #expect(board.publish(to: .client("a"), "1", latest: "\(number)") != .latestFull)
        }
        #expect(board.publish(to: .client("a"), "1", latest: "one more") == .latestFull)
        #expect(board.publish(to: .clients(["a", "b"]), "1", latest: "one more") == .latestFull)
        #expect(board.publish(to: .client("a"), "2", latest: "7") != .latestFull)
        #expect(board.board.queue.depth == Limits.latestNames)
        board.checkBooks()
    }
    @Test func whatWasNotForAReceiverThatIsHeld_isNoGap_whenItIsOver() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("stream", "poll", to: "room")
        board.poll(worker, "stream", cursor: 0, tag: 1, credit: 1000)
        board.publish(to: .channel("room"), "1", ttl: 1000, except: "stream")
        board.publish(to: .channel("room"), "2", ttl: 1000, except: "poll")
        #expect(board.told(worker) == ["1: 2"])
        board.publish(to: .channel("room"), "3", ttl: 1000, except: "stream")
        board.poll(worker, "poll", cursor: id(2), tag: 2)
        board.publish(to: .channel("room"), "4", ttl: 1000, except: "poll")
        #expect(board.told(worker) == ["1: 4"])
        board.wait(2000)
        board.publish(to: .channel("room"), "5")
        #expect(board.told(worker) == ["1,2: 5"])
    }

    @Test func disconnect_endsTheNextPoll_ofAClientBetweenTwo() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "a", cursor: 0, tag: 1)
        board.publish("a", "1")
        _ = board.frames(worker)
        #expect(board.board.disconnect(.client(kept("a")), now: board.now) == 1)
        board.poll(worker, "a", cursor: id(0), tag: 2)
        #expect(board.frames(worker).map(\.op) == [.disconnect])
        // It may come again later, as any client.
        board.poll(worker, "a", cursor: id(0), tag: 3)
        board.publish("a", "2")
        #expect(board.told(worker) == ["3: 2"])
    }

    @Test func disconnect_endsTheReceivers() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "42:a", cursor: 0, tag: 1)
        board.poll(worker, "42:b", cursor: 0, tag: 2)
        #expect(board.board.disconnect(.user(kept("42")), now: board.now) == 2)
        #expect(board.frames(worker).map(\.op) == [.disconnect, .disconnect])
        #expect(!board.presence("42:a").connected)
    }

    @Test func aHistoryThatComesBack_comesBackWhole() {
        let board = Board()
        let worker = board.worker(0)
        for number in 1...3 { board.publish(to: .channel("room"), "\(number)") }
        board.subscribe("a", to: "room", history: 2)
        board.poll(worker, "a", tag: 1)
        let sent = board.frames(worker)
        #expect(sent.map(\.body) == ["2", "3"])
        for each in sent + sent {
            let members = Array(each.members.utf8)
            board.send(
                worker,
                board.frame(
                    .undelivered, .members, tag: 1, number: each.number, client: "a",
                    body: [0, UInt8(members.count)] + members + Array(each.body.utf8)))
        }
        board.poll(worker, "a", tag: 2)
        #expect(board.frames(worker).map(\.body) == ["2", "3"])
        #expect(board.board.queue.depth == 0)
        board.checkBooks()
    }

    @Test func keepFalse_doesNotComeBack_whenItsLinkCloses() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", to: "room")
        board.poll(worker, "a", tag: 1)
        board.publish(to: .channel("room"), "1", keeps: false)
        _ = board.frames(worker, unread: [worker])
        board.close(worker)
        let next = board.worker(1)
        board.poll(next, "a", tag: 2)
        #expect(board.told(next) == [])
        board.wait(3000)
        #expect(board.board.queue.expired == 0 && board.board.kept.messages == 0)
    }
}
