import Testing

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
}
