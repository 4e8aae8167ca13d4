import Base
import Testing
import Wire

@testable import Comet

/// WebSockets: receivers that stay and that hear from their clients.
@Suite struct WebSocketTests {
    static let handshake =
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    /// A linked worker, and a socket whose client has this cursor. It has begun.
    static func begun(_ target: String = "/c1.ws?cursor=5") -> (WorkerHarness, ConnectionSlot) {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.poll(target, handshake)
        _ = harness.frames()
        harness.manager(.message, [], 5, "c1")
        return (harness, slot)
    }
    /// The frames that the server has sent, as text: the payload of a text frame, or the opcode and the payload.
    static func frames(_ harness: WorkerHarness, _ slot: ConnectionSlot) -> [String] {
        let all = harness.raw[slot] ?? []
        guard var at = all.indices.first(where: { all[$0...].starts(with: [13, 10, 13, 10]) }).map({ $0 + 4 }) else {
            return []
        }
        var found: [String] = []
        while at + 2 <= all.count {
            let opcode = all[at] & 15
            var length = Int(all[at + 1])
            at += 2
            if length == 126 {
                length = Int(all[at]) << 8 | Int(all[at + 1])
                at += 2
            }
            let payload = all[at..<(at + length)]
            at += length
            switch opcode {
            case 1: found.append(String(decoding: payload, as: UTF8.self))
            case 8: found.append("close \(payload.reduce(0) { $0 << 8 | Int($1) })")
            case 9: found.append("ping")
            case 10: found.append("pong \(String(decoding: payload, as: UTF8.self))")
            default: found.append("opcode \(opcode)")
            }
        }
        return found
    }
    /// The client sends a frame.
    static func send(_ harness: WorkerHarness, _ slot: ConnectionSlot, _ opcode: UInt8, _ payload: [UInt8]) {
        harness.receive(slot, bytes: [0x80 | opcode, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload)
    }

    @Test func socket_isSentEnvelopes_andAcknowledges() {
        let harness = WorkerHarness()
        harness.link()
        let slot = harness.poll("/c1.ws?cursor=5", Self.handshake)
        #expect(harness.status(slot) == "HTTP/1.1 101 Switching Protocols")
        #expect(harness.sent[slot]?.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") == true)
        #expect(harness.frames() == ["connected 5 c1 13"] && harness.worker.sockets == 1)
        harness.manager(.message, [], 6, "c1", "\"a\"")
        harness.manager(.message, [.members, .gap], 7, "c1", "\0\u{13},\"channel\":\"room:7\"{}")
        #expect(
            Self.frames(harness, slot) == [
                #"{"messages":[],"cursor":5,"heartbeat":25000}"#,
                #"{"messages":[{"id":6,"data":"a"}],"cursor":6}"#,
                #"{"messages":[{"id":7,"channel":"room:7","data":{}}],"cursor":7,"gap":true}"#,
            ])
        Self.send(harness, slot, 1, Array(#"{"cursor":7}"#.utf8))
        Self.send(harness, slot, 1, Array(#"{"cursor":99}"#.utf8))
        #expect(
            harness.frames() == ["acknowledged 7 c1 0", "acknowledged 7 c1 0"], "it can't have more than it was sent")
        #expect(harness.closed.isEmpty && harness.worker.counters.acknowledgements == 2)
    }
    @Test func silentClient_isPinged_andGivenUp() {
        let (harness, slot) = Self.begun()
        harness.pass(25_000)
        #expect(Self.frames(harness, slot).suffix(2) == [#"{"messages":[],"cursor":5}"#, "ping"])
        Self.send(harness, slot, 10, [])
        harness.pass(25_000)
        #expect(Self.frames(harness, slot).last == #"{"messages":[],"cursor":5}"#, "it was heard: no ping")
        harness.pass(25_000)
        #expect(Self.frames(harness, slot).last == "ping")
        harness.pass(25_000)
        #expect(Self.frames(harness, slot).last == "close 4201" && harness.worker.counters.heartbeatsMissed == 1)
        #expect(harness.frames() == ["gone 5 c1 0"] && harness.worker.sockets == 0)
    }
    @Test func pings_areAnswered_alsoInsideAMessage() {
        let (harness, slot) = Self.begun()
        harness.receive(slot, bytes: [0x01, 0x83, 0, 0, 0, 0] + Array(#"{"c"#.utf8))
        #expect(harness.worker.pending.count == 1)
        Self.send(harness, slot, 9, [104, 105])
        #expect(Self.frames(harness, slot).last == "pong hi")
        Self.send(harness, slot, 0, Array(#"ursor":5}"#.utf8))
        #expect(harness.frames() == ["acknowledged 5 c1 0"] && harness.worker.pending.isEmpty)
    }
    @Test(
        arguments: [
            (1, Array(#"{"cursor":x}"#.utf8), 1008), (2, [1], 1003), (1, [0xFF], 1007), (3, [], 1002),
            (8, [0x0F, 0xA0], 4000),
            (8, [], 0), (8, [1], 1002),
        ] as [(UInt8, [UInt8], Int)])
    func whatEndsASocket_isAnsweredWithItsCode(_ opcode: UInt8, _ payload: [UInt8], _ code: Int) {
        let (harness, slot) = Self.begun()
        Self.send(harness, slot, opcode, payload)
        #expect(Self.frames(harness, slot).last == "close \(code)")
        #expect(harness.frames() == ["gone 5 c1 0"] && harness.ended == [slot])
        harness.receive(slot, bytes: [1, 2, 3])
        harness.inputEnded(slot)
        #expect(harness.closed == [slot] && harness.worker.connections == 0)
    }
    @Test func replaced_disconnected_drained_full_andWrong_areToldInAnEnvelopeBeforeTheCode() {
        for (op, name, code) in [(Frame.Op.replaced, "replaced", 4001), (.disconnect, "disconnected", 4002)] {
            let (harness, slot) = Self.begun()
            harness.manager(op, [], 0, "c1")
            let last = Self.frames(harness, slot).suffix(2)
            #expect(last.first?.contains("\"error\":{\"code\":\"\(name)\"") == true && last.last == "close \(code)")
        }
        let (harness, slot) = Self.begun()
        harness.startDrain(seconds: 1)
        _ = harness.drainStep()
        #expect(Self.frames(harness, slot).suffix(2).first?.contains(#""cursor":5,"retry":"#) == true)
        #expect(Self.frames(harness, slot).last == "close 1001")
        let late = harness.poll("/c2.ws", Self.handshake)
        #expect(Self.frames(harness, late).last == "close 1001")
        let full = WorkerHarness { $0.maxConnections = 0 }
        let refused = full.poll("/c1.ws", Self.handshake)
        #expect(Self.frames(full, refused).first?.contains(#""error":{"code":"full""#) == true)
        #expect(Self.frames(full, refused).last == "close 4013")
        let wrong = WorkerHarness()
        let bad = wrong.poll("/c1.ws?cursor=x", Self.handshake)
        #expect(Self.frames(wrong, bad).first?.contains(#""error":{"code":"bad_cursor""#) == true)
        #expect(Self.frames(wrong, bad).last == "close 4004" && wrong.worker.sockets == 0)
    }
    @Test func requestThatIsNoHandshake_andAForeignOrigin_areRefusedByStatus() {
        let harness = WorkerHarness { $0.origins = ["https://a"] }
        #expect(harness.status(harness.poll("/c1.ws")) == "HTTP/1.1 426 Upgrade Required")
        let foreign = harness.poll("/c1.ws", Self.handshake + "Origin: https://b\r\n")
        #expect(harness.status(foreign) == "HTTP/1.1 403 Forbidden")
        let old = harness.poll("/c1.ws", Self.handshake.replacing("Version: 13", with: "Version: 8"))
        #expect(harness.status(old) == "HTTP/1.1 426 Upgrade Required")
        #expect(harness.sent[old]?.contains("Sec-WebSocket-Version: 13\r\n") == true)
    }
    @Test func newSocketOnTheSameWorker_endsTheOldOne() {
        let (harness, old) = Self.begun()
        let new = harness.poll("/c1.ws?cursor=6", Self.handshake)
        #expect(Self.frames(harness, old).last == "close 4001")
        #expect(harness.status(new) == "HTTP/1.1 101 Switching Protocols")
        #expect(harness.frames() == ["connected 6 c1 13"] && harness.worker.sockets == 1)
    }
}
