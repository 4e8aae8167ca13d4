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
    /// All events of the bytes, which are given in pieces with these ends.
    static func events(_ bytes: [UInt8], cutAt cuts: [Int] = [], isIdle: Bool? = nil) -> [SocketEvent] {
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
        if let isIdle { #expect(reader.isIdle == isIdle) }
        return events
    }

    /// RFC 6455, 5.7, as far as a client sends it.
    @Test func examplesOfTheRFC() {
        let hello: [UInt8] = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        #expect(Self.events(hello, isIdle: true) == [.text("Hello")])
        #expect(Self.events([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]) == [.failed(.protocolError)])
    }
}
