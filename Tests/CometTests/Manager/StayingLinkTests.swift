import Store
import TestSupport
import Testing
import Wire

@testable import Comet

/// Receivers that stay, when links and managers die, and with all that concerns every receiver.
@Suite struct StayingLinkTests {
    @Test func aLinkThatBreaks_andItsWorkersWord() {
        let board = Board()
        let worker = board.worker(0)
        board.stream(worker, "c1", tag: 1)
        board.stream(worker, "c2", tag: 2)
        board.subscribe("c1", "c2", to: "room")
        for number in 0..<3 { board.publish(to: .channel("room"), "\(number)") }
        board.publish("c1", "3")
        board.skip(worker)
        board.close(worker)
        #expect(!board.presence("c1").connected && board.board.waitingCount == 0)
        // The frames for many were lost with the link. The worker says how far it wrote.
        let again = board.worker(0)
        board.stream(again, "c1", cursor: id(2), acknowledged: 0, tag: 1, atOnce: false)
        board.stream(again, "c2", cursor: id(0), acknowledged: 0, tag: 2, atOnce: false)
        #expect(board.told(again) == ["1: 3", "2: 1 more", "2: 2"])
        // Nothing was acknowledged.
        board.stream(again, "c1", cursor: id(0), tag: 3)
        #expect(board.told(again) == ["3: 1 more", "3: 2 more", "3: 3"])
        board.checkBooks()
    }

    @Test func whatNeverLeftTheManager_isForTheNextStream() {
        let board = Board()
        let (first, second) = (board.worker(0), board.worker(1))
        board.stream(first, "c1", tag: 1)
        board.publish("c1", "0")
        board.skip(first)
        board.publish("c1", "1")
        board.close(first)
        board.stream(second, "c1", tag: 2)
        #expect(board.told(second) == ["2: 1"])
        board.checkBooks()
    }

    @Test func afterTheManagersDeath_theWorkersWordRules() throws {
        let memory = HeapMemory(capacity: 4 << 20)
        func start() throws -> Board {
            let board = Board(arena: try Arena(memory, segmentBytes: 16 << 10, salt: 3))
            _ = board.board.recover(now: board.now)
            return board
        }
        var board = try start()
        var worker = board.worker(0)
        board.stream(worker, "c1", tag: 1)
        board.subscribe("c1", to: "room")
        board.publish("c1", "0")
        board.publish(to: .channel("room"), "1")
        board.publish(to: .everyone, "2")
        board.publish("c1", "3")
        board.skip(worker)
        board = try start()
        worker = board.worker(0)
        // It had written the first two when the manager died.
        board.stream(worker, "c1", cursor: id(1), acknowledged: 0, tag: 1, atOnce: false)
        #expect(board.told(worker) == ["1: 2 more", "1: 3"])
        #expect(board.presence("c1").queued == 2 && board.board.written.messages == 2)
        // What was not acknowledged is there for a stream that has less.
        board.stream(worker, "c1", cursor: id(0), tag: 2)
        #expect(board.told(worker) == ["2: 1 more", "2: 2 more", "2: 3"])
        board.checkBooks()
    }

    // MARK: all else that concerns a receiver

    @Test func presenceDisconnectExceptAndKeepFalse_areAsForPolls() {
        let board = Board { $0.presencePrefixes = ["p:"] }
        let worker = board.worker(0)
        board.stream(worker, "u:1", tag: 1)
        board.subscribe("u:1", to: "p:1")
        board.wait(200)
        #expect(board.frames(worker).map(\.members).last?.contains("\"connected\":1") == true)
        board.publish(to: .client("u:1"), "0", keeps: false)
        board.publish(to: .channel("p:1"), "1", except: "u:1")
        #expect(board.told(worker) == ["1: 0"])
        board.wait(70_000)
        // The excepted message is over. It was never for this client, so its reload is told of no gap.
        board.stream(worker, "u:1", tag: 2)
        #expect(board.frames(worker).allSatisfy { !$0.gap })
        #expect(board.board.disconnect(.client(kept("u:1")), now: board.now) == 1)
        #expect(board.frames(worker).map(\.op) == [.disconnect] && board.board.waitingCount == 0)
        #expect(board.publish(to: .client("u:1"), "2", keeps: false) == .nobody)
        board.checkBooks()
    }

    @Test func anIdleStream_comesBackWithTheSettledId_andIsToldOfNoGap() {
        let board = Board()
        let worker = board.worker(0)
        board.stream(worker, "c1", cursor: 0, tag: 1)
        board.subscribe("c1", to: "room")
        board.publish(to: .channel("room"), "0", ttl: 1000, except: "c1")
        board.skip(worker)
        board.send(worker, board.frame(.settled, number: 5))
        let settled = board.frames(worker)
        #expect(settled.map(\.op) == [.settled] && settled.map(\.number) == [id(0)])
        board.wait(20_000)
        board.stream(worker, "c1", cursor: id(0), tag: 2)
        #expect(board.frames(worker).map(\.gap) == [false])
    }

    @Test func aStreamWithMessagesOfItsOwn_stillSharesFrames() {
        let board = Board()
        let worker = board.worker(0)
        for (tag, client) in ["a", "b"].enumerated() { board.stream(worker, client, tag: UInt16(tag)) }
        board.subscribe("a", "b", to: "room")
        board.publish("a", "0")
        board.skip(worker)
        board.publish(to: .channel("room"), "1")
        #expect(board.told(worker) == ["0,1: 1"])
    }
}
