import Store
import TestSupport
import Testing
import Wire

@testable import Comet

/// One client with streams, whose connections, pages, links and managers die at any moment. Each stream goes on exactly
/// where the client's page has got to: it gets no message twice, misses none, and is told of no gap.
@Suite struct StayingFuzzTests {
    private final class Page {
        let memory = HeapMemory(capacity: 8 << 20)
        var board: Board
        var link: LinkSlot
        var random: SeededRandom
        var tag: UInt16 = 0
        /// The page has all messages up to this id.
        var has: UInt64
        /// Messages for the client that it does not have yet.
        var due: [UInt64] = []
        /// Frames that its socket has not taken.
        var pending: [Board.Sent] = []
        var isOpen = false

        init(_ seed: UInt64) throws {
            random = SeededRandom(seed)
            board = try Page.start(memory, now: 5_000_000)
            link = board.worker(0)
            // An id of this life that a page may have.
            board.publish("x", "0")
            has = board.board.cursor
            open(cursor: nil)
            board.subscribe("c", to: "room")
        }
        static func start(_ memory: HeapMemory, now: UInt64) throws -> Board {
            let board = Board(arena: try Arena(memory, segmentBytes: 64 << 10, salt: 3))
            board.now = now
            _ = board.board.recover(now: now)
            return board
        }
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

        func open(cursor: UInt64?, acknowledged: UInt64? = nil, atOnce: Bool = true) {
            read()
            tag &+= 1
            (pending, isOpen) = ([], true)
            board.stream(link, "c", cursor: cursor, acknowledged: acknowledged, tag: tag, credit: 300, atOnce: atOnce)
        }
        func read() {
            pending += board.frames(link).filter { $0.op == .message && ($0.tag == tag || $0.receivers.contains(tag)) }
        }
        /// The socket takes some of what was written, whose order must be right.
        func take() {
            read()
            for _ in 0..<min(pending.count, below(5)) {
                let sent = pending.removeFirst()
                #expect(!sent.gap, "\(sent)")
                guard !sent.body.isEmpty else { continue }
                #expect(sent.number == due.first, "it has \(has)")
                if due.first == sent.number { due.removeFirst() }
                has = sent.number
                let members = sent.members.isEmpty ? 0 : sent.members.utf8.count + 2
                board.give(link, "c", tag: tag, members + sent.body.utf8.count + Limits.envelopeBytes)
            }
        }
        func end() {
            read()
            pending = []
            guard isOpen else { return }
            isOpen = false
            board.gone(link, "c", tag: tag, took: has)
        }
        func publish() {
            switch [To.client("c"), .channel("room"), .everyone, .clients(["c", "d"])][below(4)] {
            case let to:
                let outcome = board.publish(to: to, "1", except: below(9) == 0 ? "d" : nil)
                switch outcome {
                case .sent(let id), .queued(let id), .several(let id, _, _): due.append(id)
                default: Issue.record("\(outcome)")
                }
            }
        }
        /// The worker has a new link, and tells of its stream again.
        func announceAgain() {
            guard isOpen else { return }
            open(cursor: has, acknowledged: 0, atOnce: false)
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func noStreamRepeatsOrMisses(_ seed: UInt64) throws {
        let page = try Page(seed)
        for step in 0..<4000 {
            switch page.below(40) {
            case 0..<14: page.publish()
            case 14..<28: page.take()
            case 28: page.board.acknowledge(page.link, "c", page.has)
            case 29..<31: page.end()
            case 31..<33:
                // A page that is loaded anew: its worker knew how far the one before had got.
                page.end()
                page.open(cursor: nil)
            case 33..<35:
                page.isOpen ? page.take() : page.open(cursor: page.has, acknowledged: page.has - UInt64(page.below(3)))
            case 35:
                page.read()
                page.board.close(page.link)
                page.pending = []
                page.link = page.board.worker(page.below(2))
                page.announceAgain()
            case 36 where page.isOpen && page.below(4) == 0:
                page.read()
                page.pending = []
                page.board = try Page.start(page.memory, now: page.board.now)
                page.link = page.board.worker(0)
                page.announceAgain()
            case 37: page.board.board.tick(now: page.board.now)
            default: _ = page.board.board.fanOut(now: page.board.now)
            }
            if !page.isOpen, page.due.count > 40 { page.open(cursor: page.has) }
            if step % 100 == 0 { page.board.checkBooks() }
        }
        if !page.isOpen { page.open(cursor: page.has) }
        for _ in 0..<20_000 where !page.due.isEmpty { page.take() }
        #expect(page.due == [], "all came in the end")
        page.board.checkBooks()
        page.board.close(page.link)
        page.board.wait(1_000_000)
        page.board.checkBooks()
        #expect(page.board.board.clientCount == 0 && page.board.board.written.messages == 0)
    }
}
