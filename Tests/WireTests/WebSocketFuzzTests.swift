import Base
import TestSupport
import Testing
import Wire

/// Whatever a client sends, a reader tells the same of it whole and byte by byte, and holds little.
@Suite struct WebSocketFuzzTests {
    static let firsts: [UInt8] = [0x81, 0x81, 0x01, 0x00, 0x80, 0x88, 0x89, 0x8A, 0x82, 0xC1]
    static let pieces: [[UInt8]] = [
        [], [65], [0xE2, 0x82, 0xAC], [0xE2], [0x82], [0xAC], [0x03, 0xE8], [0xF0, 0x9F, 0x98, 0x80], [0xFF],
        Array("{\"cursor\":7}".utf8),
    ]

    static func input(_ random: inout SeededRandom) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<1 + random.below(3) {
            var payload: [UInt8] = []
            for _ in 0..<random.below(4) { payload += pieces[random.below(pieces.count)] }
            var frame = SocketFrame(first: firsts[random.below(firsts.count)], payload: payload)
            if random.below(8) == 0 { frame.lengthBytes = random.below(2) == 0 ? 2 : 8 }
            if random.below(16) == 0 { frame.key = nil }
            bytes += frame.bytes
        }
        if random.below(3) == 0 { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
        if random.below(3) == 0 { bytes.removeLast(random.below(bytes.count)) }
        return bytes
    }

    /// The events of the bytes in pieces of so many, into an array that is used again.
    static func read(
        _ bytes: UnsafeRawBufferPointer, pieces: Int, with reader: inout WebSocketReader,
        into events: inout [SocketEvent]
    ) {
        events.removeAll(keepingCapacity: true)
        var start = 0
        while start < bytes.count {
            var input = bytes.part(start, min(pieces, bytes.count - start))
            start += input.count
            while let event = reader.next(&input) { events.append(SocketEvent(event)) }
        }
    }

    @Test func anyBytes_meanTheSameWholeAndByteByByte() {
        var random = SeededRandom(6455)
        var reader = WebSocketReader()
        var whole: [SocketEvent] = []
        var single: [SocketEvent] = []
        var told = 0
        var failed = 0
        for number in 0..<100_000 {
            let bytes = Self.input(&random)
            var isIdle = false
            bytes.withUnsafeBytes {
                Self.read($0, pieces: .max, with: &reader, into: &whole)
                isIdle = reader.isIdle
                reader.reset()
                Self.read($0, pieces: 1, with: &reader, into: &single)
            }
            if whole != single || isIdle != reader.isIdle || reader.memoryBytes > 512 {
                Issue.record("case \(number), \(bytes): \(whole) and \(single), \(reader.memoryBytes) bytes")
                return
            }
            reader.reset()
            told += whole.count
            if case .failed = whole.last { failed += 1 }
        }
        // Neither all wrong nor all right.
        #expect(told > 100_000 && failed > 20_000 && failed < 90_000, "\(told) events, \(failed) failures")
    }

    /// A message grows to its bound, and no announcement takes memory.
    @Test func memory_growsOnlyWithWhatCame() {
        var reader = WebSocketReader()
        func take(_ bytes: [UInt8]) -> SocketEvent? {
            bytes.withUnsafeBytes {
                var input = $0
                return reader.next(&input).map(SocketEvent.init)
            }
        }
        #expect(take([0x01, 0xFE, 0x0F, 0xFF, 1, 2, 3, 4]) == nil)
        #expect(reader.memoryBytes == 0)
        reader.reset()
        #expect(take(SocketFrame.text("", isLast: false).bytes) == nil)
        for _ in 0..<10_000 { #expect(take(SocketFrame(first: 0).bytes) == nil) }
        #expect(reader.memoryBytes == 0)
        for _ in 0..<4096 { #expect(take(SocketFrame(first: 0, payload: [65]).bytes) == nil) }
        #expect(reader.memoryBytes <= 8192)
        #expect(take(SocketFrame(first: 0, payload: [65]).bytes) == .failed(.tooBig))
    }
}
