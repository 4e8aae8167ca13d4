import Store
import Testing
import Wire

@testable import Comet

/// The memory of the queue is full: what does not fit whole is refused whole, and nothing of it stays.
@Suite struct JournalFullTests {
    /// A board with three segments of 64 KiB, one for each kind of record that the tests make.
    private func board() -> Board {
        do {
            return Board(arena: try Arena(HeapMemory(capacity: 208 << 10), segmentBytes: 64 << 10, salt: 3))
        } catch { preconditionFailure("\(error)") }
    }
    /// Publishes until so many bytes or less are left in the segments of messages.
    private func fill(_ board: Board, _ json: String) { while board.publish("filler", json) != .journalFull {} }

    @Test(arguments: [1, 10, 100]) func aPublishToSeveralClients_isKeptForAllOrForNone(_ bytes: Int) {
        let board = board()
        fill(board, String(repeating: "7", count: 20_000))
        let clients = (0..<2000).map { "c\($0)" }
        let before = (board.board.kept.messages, board.board.arenaFigures.records)
        #expect(board.publish(to: .clients(clients), String(repeating: "8", count: bytes)) == .journalFull)
        #expect((board.board.kept.messages, board.board.arenaFigures.records) == before)
        board.checkBooks()
        end(board)
    }
    @Test func aPublishToSeveralChannels_isKeptForAllOrForNone() {
        let board = board()
        fill(board, String(repeating: "7", count: 20_000))
        fill(board, String(repeating: "7", count: 2000))
        let before = board.board.arenaFigures.records
        let names = (0..<100).map { "room:\($0)" }
        #expect(board.publish(to: .channels(names), "1") == .journalFull)
        #expect(board.board.arenaFigures.records == before && board.board.channelCount == 0)
        board.checkBooks()
        end(board)
    }
    @Test func aSubscription_isMadeForAllOrForNone() {
        let board = board()
        fill(board, String(repeating: "7", count: 20_000))
        let clients = (0..<2000).map { kept("c\($0)") }
        let before = board.board.arenaFigures.records
        #expect(throws: SubscribeError.journalFull) {
            try board.board.subscribe(
                clients: clients, channels: [kept("new"), kept("other")], history: 0, now: board.now)
        }
        #expect(board.board.channelCount == 0 && board.board.subscriptionCount == 0)
        #expect(board.board.arenaFigures.records == before)
        board.checkBooks()
        end(board)
    }
    private func end(_ board: Board) {
        board.wait(2_000_000)
        #expect(board.board.clientCount == 0 && board.board.channelCount == 0)
        #expect(board.board.arenaFigures.records == 0)
    }
}
