import Store
import TestSupport
import Testing
import Wire

@testable import Comet

/// Any input may come in any order, and sockets take any part of what they are sent. Nothing ends the process, the
/// gauges stay right, and when all have left nothing is left of them.
@Suite struct WorkerFuzzTests {
    private static let forms = [
        "json?", "json?cursor=5&", "js?callback=f&", "js?", "events?", "events?cursor=5&", "events?cursor=x&hello=1&",
        "ws?cursor=5&", "ws?hello=1&", "ws?cursor=x&", "json?hello=1&",
    ]
    private static let frames: [[UInt8]] = [
        [0x81, 0x8C, 0, 0, 0, 0] + Array(#"{"cursor":7}"#.utf8), [0x89, 0x82, 0, 0, 0, 0, 104, 105],
        [0x8A, 0x80, 0, 0, 0, 0],
        [0x88, 0x82, 0, 0, 0, 0, 3, 0xE8], [0x01, 0x81, 0, 0, 0, 0, 123], [0x82, 0x80, 0, 0, 0, 0], [0x81],
        [0xFF, 0xFF],
    ]

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func anythingInAnyOrder(_ seed: UInt64) {
        let harness = WorkerHarness {
            $0.maxConnections = 40
            $0.maxRequest = 600
            $0.heartbeat = 3000
        }
        var random = SeededRandom(seed)
        var open: [ConnectionSlot] = []
        var id: UInt64 = 10
        harness.link()
        for _ in 0..<30_000 {
            let client = "c\(random.below(12))"
            let slot = open.isEmpty ? nil : open[random.below(open.count)]
            switch random.below(100) {
            case 0..<15: if open.count < 45 { open.append(harness.open()) }
            case 15..<40:
                guard let slot else { break }
                let form = Self.forms[random.below(Self.forms.count)]
                let headers = form.hasPrefix("ws") ? WebSocketTests.handshake : ""
                harness.get(slot, "/\(client).\(form)page=\(random.below(2))&c=\(random.below(3))", headers)
            case 40..<50: if let slot { harness.receive(slot, bytes: Self.frames[random.below(Self.frames.count)]) }
            case 50..<53:
                guard let slot else { break }
                let verb = random.below(2) == 0 ? "ack" : "leave"
                let length = [0, 3, 1024, 1025][random.below(4)]
                harness.receive(
                    slot,
                    "POST /\(client).\(verb)?cursor=7&page=1 HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n"
                        + String(repeating: "b", count: random.below(length + 1)))
            case 53..<70:
                id += 1
                let body = random.below(20) == 0 ? String(repeating: "z", count: 30_000) : "1"
                harness.manager(
                    .message, random.below(9) == 0 ? .gap : [], id, client, random.below(9) == 0 ? "" : body)
            case 70..<75:
                id += 1
                harness.shared(id, (0..<random.below(12)).map { "c\($0)" }, "2")
            case 75..<80: harness.fanOut(most: random.below(10))
            case 80..<82: harness.manager([.replaced, .disconnect, .leave][random.below(3)], [], id, client, "1234")
            case 82..<87: if let slot { harness.room[slot] = random.below(3) == 0 ? -1 : random.below(300) }
            case 87..<92:
                guard let slot, harness.blocked.contains(slot) else { break }
                harness.room[slot] = random.below(2) == 0 ? nil : random.below(200)
                harness.writable(slot)
            case 92..<94:
                if let slot { if random.below(2) == 0 { harness.broke(slot) } else { harness.inputEnded(slot) } }
            case 94: if random.below(8) == 0 { harness.linkClosed() }
            case 95: if random.below(4) == 0, !harness.worker.isLinked { harness.link() }
            case 96:
                harness.settled(id, stamp: harness.now)
                harness.askSettled()
            default: harness.pass(UInt64(random.below(1500)))
            }
            harness.resume()
            _ = harness.frames()
            open.removeAll { harness.closed.contains($0) }
        }
        #expect(harness.worker.counters.streamsOpened > 50 && harness.worker.counters.socketsOpened > 50)
        harness.fanOut()
        for slot in open where !harness.closed.contains(slot) { harness.broke(slot) }
        let worker = harness.worker.state
        #expect(worker == .init())
    }
}

extension Worker {
    /// What there is of connections.
    struct Left: Equatable {
        var connections = 0
        var waiting = 0
        var streams = 0
        var sockets = 0
        var streamsBehind = 0
        var behindBytes = 0
        var pending = 0
        var words = 0
    }
    var state: Left {
        Left(
            connections: connections, waiting: waiting, streams: streams, sockets: sockets,
            streamsBehind: streamsBehind,
            behindBytes: behindBytes, pending: pending.count, words: strings.count)
    }
}
