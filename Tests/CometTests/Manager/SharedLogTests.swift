import Testing
import Wire

@testable import Comet

/// Entries of a cluster's log that a machine reads late, since it takes up the log from its beginning.
@Suite struct SharedLogTests {
    @Test func whatIsCarriedOutLate_hasLivedForSoLong() {
        let board = Board { ($0.timeToLive, $0.isClustered) = (60_000, true) }
        board.board.join(firstOfLife: Board.start, end: Board.start + 100, isFresh: true)
        let sender = ClusterSender(name: "b", epoch: "1", isOwn: false)
        _ = board.board.beginEntry(sender, time: 1, age: 59_000)
        board.board.beginRecord(at: Board.start + 1)
        board.publish(to: .channel("room"), "1", ttl: 3_600_000)
        board.board.beginRecord(at: Board.start + 2)
        board.publish("ann", "2")
        board.board.beginRecord(at: Board.start + 3)
        board.subscribe("bob", to: "room", history: 10)
        board.board.endEntry(Board.start + 4)
        #expect(board.board.queue.depth == 2)
        board.now += 2000
        _ = board.board.tick(now: board.now)
        #expect(board.board.queue.depth == 0 && board.board.channelBooks.depth == 1)
    }
}
