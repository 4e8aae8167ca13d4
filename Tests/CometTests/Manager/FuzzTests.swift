import TestSupport
import Testing
import Wire

@testable import Comet

/// Any input may come in any order. The books stay right, a client is on at most one link, no id comes twice without a
/// cursor, and nothing ends the process.
@Suite struct FuzzTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func anythingInAnyOrder(_ seed: UInt64) {
        let board = Board {
            $0.maxPerClient = 5
            $0.maxMessages = 60
            $0.maxBytes = 4000
        }
        var random = SeededRandom(seed)
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        var links: [LinkSlot] = []
        var delivered: [String: [UInt64]] = [:]
        var held: [(LinkSlot, Board.Sent)] = []
        for step in 0..<30_000 {
            let client = "c\(below(25))"
            let link = links.isEmpty ? nil : links[below(links.count)]
            switch below(100) {
            case 0..<3: if links.count < 4 { links.append(board.worker(below(3))) }
            case 3:
                guard let link else { break }
                links.removeAll { $0 == link }
                held.removeAll { $0.0 == link }
                board.close(link)
            case 4..<35:
                board.publish(client, String(repeating: "7", count: 1 + below(200)), ttl: UInt32(1 + below(5000)))
            case 35..<65:
                // Half of the clients have cursors, some of them strange.
                guard let link else { break }
                let cursor: UInt64? =
                    client.utf8.count == 2
                    ? nil : [0, id(UInt64(below(step + 1))), UInt64(below(3000)), Limits.idEnd - 1][below(4)]
                // So have streams, which some clients have beside polls.
                guard client.utf8.count == 3, below(2) == 0 else {
                    board.poll(link, client, cursor: cursor, tag: UInt16(below(64)), single: below(10) == 0)
                    break
                }
                board.stream(
                    link, client, cursor: below(2) == 0 ? cursor : nil,
                    acknowledged: below(2) == 0 ? id(UInt64(below(step + 1))) : nil, tag: UInt16(below(64)),
                    credit: UInt32(below(2000)), atOnce: below(2) == 0)
            case 65..<68: if let link { board.gone(link, client, tag: UInt16(below(64)), timedOut: below(2) == 0) }
            case 68..<71:
                if let link { board.gone(link, client, tag: UInt16(below(64)), took: id(UInt64(below(step)))) }
            case 71:
                guard let link else { break }
                let number = [id(UInt64(below(step + 1))), UInt64(below(3000)), Limits.idEnd - 1][below(3)]
                if below(2) == 0 { board.acknowledge(link, client, number) } else { board.leave(link, client, number) }
            case 72..<75:
                let more = below(50) == 0 ? UInt64.max : UInt64(below(2000))
                if let link {
                    board.send(link, board.frame(.credit, tag: UInt16(below(64)), number: more, client: client))
                }
            case 75..<85:
                guard !held.isEmpty else { break }
                let (link, sent) = held.remove(at: below(held.count))
                delivered[sent.client]?.removeAll { $0 == sent.number }
                board.giveBack(link, sent)
            case 85..<95:
                for link in links {
                    for sent in board.frames(link) where sent.op == .message && !sent.body.isEmpty {
                        if sent.client.utf8.count == 2 {
                            if delivered[sent.client, default: []].contains(sent.number) {
                                Issue.record("\(sent) twice")
                                return
                            }
                            delivered[sent.client, default: []].append(sent.number)
                        }
                        if below(3) == 0 { held.append((link, sent)) }
                    }
                }
            default: board.wait(UInt64(below(3000)))
            }
            if step % 500 == 0 { board.checkBooks() }
        }
        for link in links { board.close(link) }
        board.wait(700_000)
        board.checkBooks()
        #expect(board.board.clientCount == 0)
        #expect(board.board.kept.messages == 0 && board.board.written.messages == 0)
    }

    @Test func mutatedFrames_areSurvived() {
        let board = Board { $0.maxMessages = 1000 }
        var random = SeededRandom(77)
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        let seeds: [[UInt8]] = [
            board.hello(3),
            board.frame(.connected, .acknowledges, number: id(4), client: "c1"),
            board.frame(.gone, client: "c1"),
            board.frame(.undelivered, number: id(2), client: "c1", body: Array("\"x\"".utf8)),
            SeedTests.message("c1", "text"), [1, 5],
        ]
        for number in 0..<50 { board.publish("c\(number % 5)", "1") }
        for _ in 0..<10_000 {
            let link = board.board.accepted(mayBeSeed: below(2) == 0)
            var bytes = below(3) > 0 ? seeds[0] : []
            for _ in 0..<1 + below(4) { bytes += seeds[below(seeds.count)] }
            for _ in 0..<below(4) where bytes.count > 1 {
                let at = below(bytes.count)
                if below(2) == 0 { bytes[at] = UInt8(below(256)) } else { bytes.remove(at: at) }
            }
            _ = board.send(link, bytes)
            _ = board.frames(link)
            board.close(link)
        }
        board.checkBooks()
    }
}
