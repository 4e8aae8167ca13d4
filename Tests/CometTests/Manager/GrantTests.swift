import Store
import Testing
import Wire

@testable import Comet

/// The channels of clients' tokens.
@Suite struct GrantTests {
    @Test func aTokensChannels_areSubscribed_andEndWithTheList() {
        let board = Board()
        let worker = board.worker(0)
        board.subscribe("a", to: "app")
        board.poll(worker, "a", iat: 1, channels: ["x", "y"], cursor: 0, tag: 1)
        #expect(board.board.channels(of: kept("a")).sorted() == ["app", "x", "y"])
        board.publish(to: .channel("y"), "1")
        #expect(board.told(worker) == ["1: 1"])
        // The app ends one. It is not the same list that brings it back, but the next arrival.
        board.unsubscribe("a", from: "x")
        board.poll(worker, "a", iat: 2, channels: ["x", "y"], cursor: id(0), tag: 2)
        #expect(board.board.channels(of: kept("a")).sorted() == ["app", "y"])
        board.poll(worker, "a", iat: 3, channels: ["y", "z"], cursor: id(0), tag: 3)
        #expect(board.board.channels(of: kept("a")).sorted() == ["app", "y", "z"])
        // What the app asks for itself is the app's.
        board.subscribe("a", to: "z")
        board.poll(worker, "a", iat: 4, cursor: id(0), tag: 4)
        #expect(board.board.channels(of: kept("a")).sorted() == ["app", "z"])
        board.gone(worker, "a", tag: 4)
        board.wait(900_000)
        #expect(board.board.subscriptionCount == 0 && board.board.grants.isEmpty)
    }

    @Test func anUnknownClient_beginsAtItsCursor_andAnotherNow() {
        let board = Board()
        let worker = board.worker(0)
        for number in 0..<3 { board.publish(to: .channel("room"), "\(number)", latest: number == 0 ? "top" : nil) }
        board.poll(worker, "new", iat: 1, channels: ["room"], tag: 1)
        board.poll(worker, "back", iat: 1, channels: ["room"], cursor: id(1), tag: 2)
        // The messages behind the cursor come, and what is `latest` before it.
        let told = board.frames(worker)
        #expect(told.filter { $0.tag == 1 }.map(\.body) == ["0"])
        #expect(told.filter { $0.tag == 2 }.map(\.body) == ["2", "0"] && !told.contains(where: \.gap))
        board.checkBooks()
    }

    @Test func whatTheChannelHasLostMeanwhile_isAGap() {
        let board = Board()
        let worker = board.worker(0)
        board.publish(to: .client("other"), "1")
        board.publish(to: .channel("room"), "2", ttl: 1000)
        board.wait(3000)
        board.poll(worker, "a", iat: 1, channels: ["room"], cursor: id(0), tag: 1)
        board.poll(worker, "b", iat: 1, channels: ["room"], cursor: id(1), tag: 2)
        board.poll(worker, "c", iat: 1, channels: ["hall"], cursor: id(0), tag: 3)
        board.publish(to: .channels(["room", "hall"]), "3")
        let told = board.frames(worker).filter { !$0.body.isEmpty }
        #expect(told.filter(\.gap).map(\.tag) == [1] && told.count > 1, "\(told)")
    }

    @Test func tooMany_areLeftOut_andTriedAgain() {
        let board = Board { $0.channelsPerClient = 2 }
        let worker = board.worker(0)
        board.subscribe("a", to: "app")
        board.poll(worker, "a", iat: 1, channels: ["x", "y"], cursor: 0, tag: 1)
        #expect(board.board.subscriptionCount == 2 && board.board.counters.grantsRefused == 1)
        board.unsubscribe("a", from: "app")
        board.poll(worker, "a", iat: 1, channels: ["x", "y"], cursor: 0, tag: 2)
        #expect(board.board.channels(of: kept("a")).sorted() == ["x", "y"])
    }

    @Test func theMarkOutlivesTheManager() throws {
        let memory = HeapMemory(capacity: 64 << 20)
        let first = Board(arena: try Arena(memory, segmentBytes: 1 << 20, salt: 3))
        let worker = first.worker(0)
        first.poll(worker, "a", iat: 1, channels: ["x", "y"], cursor: 0, tag: 1)
        first.subscribe("a", to: "y")
        let second = Board(arena: try Arena(memory, segmentBytes: 1 << 20, salt: 3))
        #expect(second.board.recover(now: second.now).subscriptions == 2)
        let next = second.worker(0)
        second.poll(next, "a", iat: 1, cursor: 0, tag: 2)
        #expect(second.board.channels(of: kept("a")) == ["y"])
    }
}
