import Base
import TestSupport
import Testing
import Wire

/// What a reader told, as values that can be compared.
enum SocketEvent: Equatable, Sendable {
    case text([UInt8])
    case ping([UInt8])
    case pong
    case close(UInt16?)
    case failed(WebSocketClose)

    init(_ event: WebSocketReader.Event) {
        self =
            switch event {
            case .text(let bytes): .text(Array(bytes))
            case .ping(let bytes): .ping(Array(bytes))
            case .pong: .pong
            case .close(let code): .close(code)
            case .failed(let code): .failed(code)
            }
    }
    static func text(_ text: String) -> SocketEvent { .text(bytes(text)) }
}

/// A client's frame, as bytes. Every part can be wrong.
struct SocketFrame {
    var first: UInt8
    var payload: [UInt8] = []
    var key: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D]
    /// Bytes of the length behind the second byte. `nil` is the shortest form.
    var lengthBytes: Int?

    static func text(_ text: String, isLast: Bool = true) -> SocketFrame {
        SocketFrame(first: isLast ? 0x81 : 0x01, payload: WireTests.bytes(text))
    }

    var bytes: [UInt8] {
        let count = payload.count
        let extra = lengthBytes ?? (count < 126 ? 0 : count < 1 << 16 ? 2 : 8)
        var out = [first, (key == nil ? 0 : 0x80) | UInt8(extra == 0 ? count : extra == 2 ? 126 : 127)]
        for at in (0..<extra).reversed() { out.append(UInt8(truncatingIfNeeded: count >> (at * 8))) }
        guard let key else { return out + payload }
        return out + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
    }
}

@Suite struct WebSocketReaderTests {
    static let keys: [[UInt8]] = [
        [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0x37, 0xFA, 0x21, 0x3D], [0x80, 0, 1, 0x7F],
    ]

    /// All events of the bytes, which are given in pieces with these ends, and whether the reader is idle behind them.
    static func read(_ bytes: [UInt8], cutAt cuts: [Int] = []) -> (events: [SocketEvent], isIdle: Bool) {
        var reader = WebSocketReader()
        var events: [SocketEvent] = []
        var start = 0
        for end in cuts + [bytes.count] {
            // The copy has exactly the piece's size, so a read past its end is one past the end of the allocation.
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: end - start, alignment: 1)
            defer { copy.deallocate() }
            copy.copyBytes(from: bytes[start..<end])
            var input = UnsafeRawBufferPointer(copy)
            while let event = reader.next(&input) { events.append(SocketEvent(event)) }
            #expect(input.isEmpty)
            start = end
        }
        return (events, reader.isIdle)
    }

    static func frames(_ frames: [SocketFrame], key: [UInt8]) -> [UInt8] {
        frames.flatMap { frame in
            var frame = frame
            if frame.key != nil { frame.key = key }
            return frame.bytes
        }
    }
    static func ping(_ text: String = "") -> SocketFrame { SocketFrame(first: 0x89, payload: bytes(text)) }
    static func close(_ code: UInt16, _ reason: [UInt8] = []) -> SocketFrame {
        SocketFrame(first: 0x88, payload: [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }
    /// A message in fragments of so many bytes.
    static func fragments(_ message: [UInt8], of size: Int) -> [SocketFrame] {
        stride(from: 0, to: message.count, by: size).map { start in
            let end = min(start + size, message.count)
            return SocketFrame(
                first: (end == message.count ? 0x80 : 0) | (start == 0 ? 1 : 0), payload: Array(message[start..<end]))
        }
    }

    static let text = "κόσμε \u{0}\u{7F}\u{80}\u{7FF}\u{800}\u{FFFD}\u{FFFF}\u{10000}\u{10FFFF}"
    static let scripts: [(frames: [SocketFrame], events: [SocketEvent])] = [
        ([.text("Hello")], [.text("Hello")]),
        ([.text("")], [.text("")]),
        ([.text("{\"cursor\":1}"), .text("{\"cursor\":2}")], [.text("{\"cursor\":1}"), .text("{\"cursor\":2}")]),
        ([.text(text)], [.text(text)]),
        (fragments(bytes(text), of: 1), [.text(text)]),
        (fragments(bytes(text), of: 3), [.text(text)]),
        (
            fragments(bytes("0123456789abcdefghijklmnopqrstuvwxyz"), of: 9),
            [.text("0123456789abcdefghijklmnopqrstuvwxyz")]
        ),
        // Fragments without bytes.
        (
            [
                .text("", isLast: false), SocketFrame(first: 0), SocketFrame(first: 0, payload: [65]),
                SocketFrame(first: 0x80),
            ],
            [.text("A")]
        ),
        (
            [ping(), ping("Hello"), SocketFrame(first: 0x8A, payload: [0xFF])],
            [.ping([]), .ping(bytes("Hello")), .pong]
        ),
        // Control frames between fragments, and within a character.
        (
            [
                SocketFrame(first: 1, payload: [0xE2]), ping("p"), SocketFrame(first: 0, payload: [0x82]),
                SocketFrame(first: 0x8A), SocketFrame(first: 0x80, payload: [0xAC]), .text("x"),
            ], [.ping([112]), .pong, .text("€"), .text("x")]
        ),
        ([.text("a"), SocketFrame(first: 0x88), .text("b")], [.text("a"), .close(nil)]),
        ([close(1000), .text("b")], [.close(1000)]),
        ([.text("a", isLast: false), close(4999, bytes("bye €")), SocketFrame(first: 0x80)], [.close(4999)]),
    ]

    @Test(arguments: scripts.indices) func frames_meanTheSameHoweverTheyArrive(_ index: Int) {
        let (frames, events) = Self.scripts[index]
        for key in Self.keys {
            let all = Self.frames(frames, key: key)
            let whole = Self.read(all)
            #expect(whole.events == events)
            #expect(whole.isIdle == !events.contains { if case .close = $0 { true } else { false } })
            #expect(Self.read(all, cutAt: Array(1..<all.count)).events == events)
            for cut in 0...all.count where Self.read(all, cutAt: [cut]).events != events {
                Issue.record("cut at \(cut): \(Self.read(all, cutAt: [cut]).events)")
            }
        }
    }

    /// Every length up to some words, and those next to each bound. The last pieces of unmasking have no whole word.
    @Test func lengths_haveTheirShortestForm() {
        for count in Array(0...40) + [125, 126, 127, 255, 256, 4095, 4096] {
            let payload = (0..<count).map { UInt8($0 & 0x7F) }
            for key in Self.keys {
                let all = SocketFrame(first: 0x81, payload: payload, key: key).bytes
                #expect(Self.read(all).events == [.text(payload)])
                #expect(Self.read(all, cutAt: [6 + count / 3]).events == [.text(payload)])
                if count <= 125 {
                    let ping = SocketFrame(first: 0x89, payload: payload, key: key)
                    #expect(Self.read(ping.bytes).events == [.ping(payload)])
                }
            }
        }
    }

    /// RFC 6455, 5.7, as far as a client sends it.
    @Test func examplesOfTheRFC() {
        let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        #expect(Self.read([0x81, 0x85] + key + [0x7F, 0x9F, 0x4D, 0x51, 0x58]).events == [.text("Hello")])
        #expect(Self.read([0x8A, 0x85] + key + [0x7F, 0x9F, 0x4D, 0x51, 0x58]).events == [.pong])
        #expect(Self.read([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]).events == [.failed(.protocolError)])
    }

    /// The start of a message, what comes then, and how many of its bytes show the mistake.
    typealias Mistake = (code: WebSocketClose, bytes: [UInt8], shownBy: Int)
    static let begun = SocketFrame.text("a", isLast: false)

    static var mistakes: [Mistake] {
        var all: [Mistake] = []
        func add(_ code: WebSocketClose, _ bytes: [UInt8], _ shownBy: Int, after start: [SocketFrame] = []) {
            let before = start.flatMap(\.bytes)
            all.append((code, before + bytes, before.count + shownBy))
        }
        for bit: UInt8 in [0x10, 0x20, 0x40, 0x70] {
            for opcode: UInt8 in [0x81, 0x01, 0x89] { add(.protocolError, SocketFrame(first: opcode | bit).bytes, 1) }
        }
        for opcode: UInt8 in Array(3...7) + Array(11...15) {
            add(.protocolError, SocketFrame(first: 0x80 | opcode, payload: [1]).bytes, 1)
            add(.protocolError, SocketFrame(first: 0x80 | opcode, payload: [1]).bytes, 1, after: [begun])
        }
        add(.unsupported, SocketFrame(first: 0x82, payload: [1]).bytes, 1)
        add(.unsupported, SocketFrame(first: 0x02, payload: [1]).bytes, 1)
        add(.protocolError, SocketFrame(first: 0x82).bytes, 1, after: [begun])
        add(.protocolError, SocketFrame.text("b").bytes, 1, after: [begun])
        add(.protocolError, SocketFrame.text("b").bytes, 1, after: [begun, ping()])
        add(.protocolError, SocketFrame(first: 0x80).bytes, 1)
        add(.protocolError, SocketFrame(first: 0x00).bytes, 1, after: [.text("whole")])
        // Not masked.
        for first: UInt8 in [0x81, 0x88, 0x89, 0x8A] {
            add(.protocolError, SocketFrame(first: first, payload: [3, 232], key: nil).bytes, 2)
        }
        // Lengths: not in the shortest form, not below 2^63.
        for count in [0, 125] {
            let payload = [UInt8](repeating: 65, count: count)
            add(.protocolError, SocketFrame(first: 0x81, payload: payload, lengthBytes: 2).bytes, 4)
            add(.protocolError, SocketFrame(first: 0x81, payload: payload, lengthBytes: 8).bytes, 10)
        }
        add(.protocolError, [0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 10)
        add(.tooBig, [0x81, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0], 10)
        add(.tooBig, [0x81, 0xFF, 0x7F, 255, 255, 255, 255, 255, 255, 255], 10)
        add(.protocolError, [0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], 3)
        // Messages over 4 KiB.
        let long = SocketFrame(first: 0x01, payload: [UInt8](repeating: 65, count: 4000))
        add(.tooBig, [0x81, 0xFE, 0x10, 0x01], 4)
        add(.tooBig, SocketFrame(first: 0x80, payload: [UInt8](repeating: 65, count: 97)).bytes, 2, after: [long])
        add(.tooBig, [0x00, 0xFE, 0x00, 0x7E], 4, after: [long])
        // Control frames are whole and short.
        for opcode: UInt8 in [8, 9, 10] {
            add(.protocolError, SocketFrame(first: opcode).bytes, 1)
            add(.protocolError, SocketFrame(first: 0x80 | opcode, payload: [UInt8](repeating: 65, count: 126)).bytes, 2)
            add(.protocolError, SocketFrame(first: 0x80 | opcode, payload: [65], lengthBytes: 8).bytes, 2)
        }
        add(.protocolError, SocketFrame(first: 0x88, payload: [3]).bytes, 2)
        for code: UInt16 in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            add(.protocolError, close(code).bytes, 8)
        }
        add(.notUTF8, close(1000, [0xC3, 0x28]).bytes, 10)
        add(.notUTF8, close(1000, [0xC3]).bytes, 9)
        // No UTF-8: not ended, overlong, surrogates, too high, cut by the end of a frame, cut across frames.
        add(.notUTF8, SocketFrame(first: 0x81, payload: [65, 0xCE]).bytes, 8)
        add(.notUTF8, SocketFrame(first: 0x81, payload: [65, 0x80, 65, 65]).bytes, 8)
        add(.notUTF8, SocketFrame(first: 0x81, payload: [0xC0, 0xAF, 65, 65]).bytes, 7)
        add(.notUTF8, SocketFrame(first: 0x81, payload: [0xE0, 0x9F, 0xBF, 65]).bytes, 8)
        add(.notUTF8, SocketFrame(first: 0x81, payload: [0xED, 0xA0, 0x80, 65]).bytes, 8)
        add(.notUTF8, SocketFrame(first: 0x81, payload: [0xF4, 0x90, 0x80, 0x80]).bytes, 8)
        add(.notUTF8, SocketFrame(first: 0x81, payload: [UInt8](repeating: 65, count: 60) + [0xF5, 65]).bytes, 67)
        let half = SocketFrame(first: 0x01, payload: [0xF0, 0x9F])
        add(.notUTF8, SocketFrame(first: 0x00, payload: [65, 65]).bytes, 7, after: [half])
        add(.notUTF8, SocketFrame(first: 0x80, payload: [0x98]).bytes, 7, after: [half, ping("x")])
        add(.notUTF8, SocketFrame(first: 0x80).bytes, 6, after: [half])
        return all
    }

    @Test func aMistake_isFoundAtItsFirstByte_andEndsTheReading() {
        for mistake in Self.mistakes {
            let behind = mistake.bytes + SocketFrame.text("more").bytes
            let failure = SocketEvent.failed(mistake.code)
            for cuts in [[], Array(1..<behind.count), [mistake.shownBy]] {
                let read = Self.read(behind, cutAt: cuts)
                if read.events.last != failure || read.isIdle { Issue.record("\(mistake): \(read)") }
            }
            #expect(Self.read(Array(behind[..<mistake.shownBy])).events.last == failure, "\(mistake)")
            #expect(Self.read(Array(behind[..<(mistake.shownBy - 1)])).events.last != failure, "\(mistake)")
        }
    }

    @Test func codesThatAClientMaySend() {
        let allowed = [1000...1003, 1007...1014, 3000...4999].joined()
        for code in allowed { #expect(Self.read(Self.close(UInt16(code)).bytes).events == [.close(UInt16(code))]) }
    }

    /// A worker has one reader for all connections whose messages come whole.
    @Test func aReader_isUsedAgain_andTakesNoMoreMemory() {
        var reader = WebSocketReader()
        func bytes(of event: WebSocketReader.Event?) -> UnsafeRawBufferPointer? {
            if case .text(let bytes) = event { bytes } else { nil }
        }
        var first: UnsafeRawPointer?
        for number in 0..<100 {
            let message = "{\"cursor\":\(1_000_000 + number)}"
            SocketFrame.text(message).bytes.withUnsafeBytes {
                var input = $0
                let told = bytes(of: reader.next(&input))
                #expect(told.map { String(decoding: $0, as: UTF8.self) } == message)
                #expect(reader.isIdle && reader.memoryBytes <= 256)
                #expect(first == nil || first == told?.baseAddress, "it was allocated anew")
                first = told?.baseAddress
            }
        }
        ([0x81, 0x82, 0] as [UInt8]).withUnsafeBytes { (bytes: UnsafeRawBufferPointer) in
            var input = bytes
            #expect(reader.next(&input) == nil)
        }
        #expect(reader.isIdle == false)
        reader.reset()
        #expect(reader.isIdle == true)
        SocketFrame.text("new").bytes.withUnsafeBytes {
            var input = $0
            #expect(bytes(of: reader.next(&input)).map { String(decoding: $0, as: UTF8.self) } == "new")
        }
    }
}
