import Base
import Testing
import Wire

@testable import Comet

@Suite struct SeedTests {
    static func message(_ client: String, _ text: String) -> [UInt8] {
        [2] + Array(client.utf8) + [0] + Array(text.utf8) + [0]
    }
    static func number(_ client: String, of workers: Int) -> UInt8 {
        UInt8(Array(client.utf8).withUnsafeBytes { SeedProtocol.hash($0) } % UInt32(workers))
    }

    private func seed(_ board: Board, _ bytes: [UInt8]) -> (LinkSlot, Switchboard.LinkInput) {
        let link = board.board.accepted(mayBeSeed: true)
        return (link, board.send(link, bytes))
    }
    private func text(_ board: Board, _ link: LinkSlot) -> [UInt8] {
        var all: [UInt8] = []
        while let next = board.board.nextToWrite(now: board.now) {
            if next == link { all += Array(board.board.unsent(next)) }
            board.board.written(next, board.board.unsent(next).count)
        }
        return all
    }

    @Test func anAppsText_becomesAJSONString() {
        let board = Board()
        let worker = board.worker(0)
        board.poll(worker, "c1")
        let (_, result) = seed(board, Self.message("c1", "say \"hi\"\n\u{1}é"))
        #expect(result == .consumed(Self.message("c1", "say \"hi\"\n\u{1}é").count))
        #expect(board.frames(worker).map(\.body) == [#""say \"hi\"\n\u0001é""#])
    }

    @Test func operations_mayBeSplitAtAnyByte() {
        let bytes = Self.message("c1", "one") + Self.message("c2", "") + [1, 3] + Self.message("c1", "two")
        for cut in 0...bytes.count {
            let board = Board()
            let link = board.board.accepted(mayBeSeed: true)
            var input: [UInt8] = []
            for part in [bytes[..<cut], bytes[cut...]] {
                input += part
                guard let count = board.send(link, input).taken else {
                    Issue.record("closed at \(cut)")
                    return
                }
                input.removeFirst(count)
            }
            #expect(input.isEmpty)
            #expect(board.board.kind(link) == .seedWorker(3))
            #expect(board.board.queue.depth + board.parseSeed(text(board, link)).count == 3)
        }
    }

    @Test func aSeedWorker_getsWhatHashesToIt_atOnce() {
        let board = Board()
        let (link, _) = seed(board, [1, Self.number("c1", of: 8)])
        let other = (0..<100).map { "x\($0)" }.first { Self.number($0, of: 8) != Self.number("c1", of: 8) } ?? ""
        #expect(board.publish("c1", #""h\u00e9llo""#) == .sent(id(0)))
        #expect(board.publish("c1", #"{"a":[1]}"#) == .sent(id(1)))
        #expect(board.publish(other, "1") == .queued(id(2)))
        #expect(text(board, link) == Self.message("c1", "héllo") + Self.message("c1", #"{"a":[1]}"#))
    }

    @Test func whatWaitedForASeedWorker_goesToItWhenItComes() {
        let board = Board()
        board.publish("c1", "1")
        board.publish("c1", "2")
        let (link, _) = seed(board, [1, Self.number("c1", of: 8)])
        #expect(text(board, link) == Self.message("c1", "1") + Self.message("c1", "2"))
        #expect(board.board.clientCount == 0)
        board.checkBooks()
    }

    @Test func ourOwnWaitingClient_isServedBeforeASeedWorker() {
        let board = Board()
        let worker = board.worker(Int(Self.number("c1", of: 8)) ^ 1)
        board.poll(worker, "c1")
        let (link, _) = seed(board, [1, Self.number("c1", of: 8)])
        board.publish("c1", "1")
        #expect(board.frames(worker).map(\.body) == ["1"])
        #expect(text(board, link) == [])
    }

    @Test func aTextWithNUL_isNotCutShort_butWaits() {
        let board = Board()
        let (link, _) = seed(board, [1, Self.number("c1", of: 8)])
        #expect(board.publish("c1", #""a\u0000b""#) == .queued(id(0)))
        #expect(text(board, link) == [])
    }

    @Test func aNumberThatALiveWorkerHolds_isRefused() {
        let board = Board()
        let own = board.worker(4)
        let (first, _) = seed(board, [1, 3])
        guard seed(board, [1, 3]).1.error == .heldByWorker(3), seed(board, [1, 4]).1.error != nil,
            seed(board, [1, 8]).1.error != nil
        else {
            Issue.record("two workers hold one number")
            return
        }
        let link = board.board.accepted(mayBeSeed: true)
        guard board.send(link, board.hello(3)).error != nil else {
            Issue.record("taken")
            return
        }
        // The numbers are free again when the workers are gone.
        board.board.closed(first, now: board.now)
        board.board.closed(own, now: board.now)
        #expect(seed(board, [1, 3]).1 == .consumed(2))
        #expect(seed(board, [1, 4]).1 == .consumed(2))
    }

    @Test func aWorkerOfOurs_withTheToken_displacesASeedWorker() {
        let token = [UInt8](repeating: 7, count: 16)
        let board = Board { $0.token = token }
        let (held, _) = seed(board, [1, 3])
        let link = board.board.accepted(mayBeSeed: true)
        let result = board.send(link, board.hello(3, token: token))
        #expect(result.error == nil && result.displaced == held)
        board.board.closed(held, now: board.now)
        #expect(board.board.kind(link) == .worker(3))
    }

    @Test func bounds_closeTheConnection() {
        let board = Board { $0.maxMessage = 1000 }
        #expect(
            seed(board, Self.message(String(repeating: "c", count: 128), String(repeating: "m", count: 1000))).1
                == .consumed(1131))
        guard seed(board, [2] + Array(repeating: 65, count: 129)).1.error != nil else {
            Issue.record("a client id of 129 bytes")
            return
        }
        guard seed(board, [2, 65, 0] + Array(repeating: 65, count: 1001)).1.error != nil else {
            Issue.record("a message of 1001 bytes")
            return
        }
        guard seed(board, Self.message("c", "m") + [3]).1.error != nil else {
            Issue.record("op 3")
            return
        }
    }

    @Test func badIdsAndBrokenText_areRefused_andTheConnectionGoesOn() {
        let board = Board()
        let bytes = Self.message("a/b", "1") + Self.message("", "1") + [2, 65, 0, 0xFF, 0] + Self.message("ok", "1")
        #expect(seed(board, bytes).1 == .consumed(bytes.count))
        #expect(board.board.counters.seedRejected == 3)
        #expect(board.board.queue.depth == 1)
    }

    /// The text's JSON is six times as long. A frame over its bound is malformed: the worker closed its link, and so
    /// did the next worker that got it.
    @Test func aTextWhoseEscapesFitIntoNoFrame_isRefused() {
        let board = Board {
            $0.maxMessage = Limits.frameBodyBytes
            $0.maxBytes = 1 << 30
        }
        let worker = board.worker(0)
        board.poll(worker, "c1")
        let most = (Limits.frameBodyBytes - 2) / 6
        let text = String(repeating: "\u{1}", count: most)
        let bytes = Self.message("c1", text + "\u{1}") + Self.message("c1", text)
        #expect(seed(board, bytes).1 == .consumed(bytes.count))
        #expect(board.board.counters.seedRejected == 1)
        #expect(board.frames(worker).map(\.body.utf8.count) == [2 + 6 * most])
    }

    @Test func turnedOff_theSeedIsNotSpoken() {
        let board = Board()
        let link = board.board.accepted(mayBeSeed: false)
        guard board.send(link, Self.message("c1", "1")).error != nil else {
            Issue.record("spoken")
            return
        }
    }
}

extension Board {
    func parseSeed(_ bytes: [UInt8]) -> [String] {
        bytes.withUnsafeBytes { raw in
            var at = 0
            var texts: [String] = []
            while case .message(let client, let text) = SeedProtocol.parse(
                raw.part(at, raw.count - at), maxMessage: 1 << 20)
            {
                texts.append(String(decoding: text, as: UTF8.self))
                at += client.count + text.count + 3
            }
            return texts
        }
    }
}
