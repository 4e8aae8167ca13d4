import Glibc
package import Wire

/// What came, as it came: a file of datagrams with their times. `--replay` shows it on the same screens.
///
///     "MGTR1\n", then for each: time (ns of CLOCK_MONOTONIC) 8, wall time (ms) 8, length 4, bytes; numbers in network byte order
package enum Recording {
    private static let magic = Array("MGTR1\n".utf8)

    package final class Writer {
        private let file: UnsafeMutablePointer<FILE>
        package init?(_ path: String) {
            guard let file = fopen(path, "w") else { return nil }
            self.file = file
            fwrite(magic, 1, magic.count, file)
        }
        deinit { fclose(file) }
        package func add(_ bytes: UnsafeRawBufferPointer, time: UInt64, wall: UInt64) {
            var head: [UInt8] = []
            for value in [time, wall] { head += (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) } }
            head += (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) }
            fwrite(head, 1, head.count, file)
            fwrite(bytes.baseAddress, 1, bytes.count, file)
        }
        /// Once for each picture: what is lost to a crash is a picture.
        package func flush() { fflush(file) }
    }

    package struct Piece: Sendable {
        package var time: UInt64
        package var wall: UInt64
        package var bytes: [UInt8]
    }
    /// All of a file, or why not. A last piece that is cut is left out.
    package static func read(_ path: String) -> Result<[Piece], Mistake> {
        guard let file = fopen(path, "r") else { return .failure(Mistake(description: "\(path): \(String(cString: strerror(errno)))")) }
        defer { fclose(file) }
        var head = [UInt8](repeating: 0, count: magic.count)
        guard fread(&head, 1, head.count, file) == head.count, head == magic else { return .failure(Mistake(description: "\(path): no recording of megatop")) }
        var pieces: [Piece] = []
        var fixed = [UInt8](repeating: 0, count: 20)
        while fread(&fixed, 1, 20, file) == 20 {
            func number(_ range: Range<Int>) -> UInt64 { fixed[range].reduce(0) { $0 << 8 | UInt64($1) } }
            let length = Int(number(16..<20))
            guard length <= 65_536 else { return .failure(Mistake(description: "\(path): damaged after \(pieces.count) pieces")) }
            var bytes = [UInt8](repeating: 0, count: length)
            guard fread(&bytes, 1, length, file) == length else { break }
            pieces.append(Piece(time: number(0..<8), wall: number(8..<16), bytes: bytes))
        }
        return .success(pieces)
    }
    package struct Mistake: Error, CustomStringConvertible { package let description: String }
}

/// A recording played at its own speed, or faster.
package struct Player {
    private let pieces: [Recording.Piece]
    private var next = 0
    private var reader = StatsReader(token: nil)
    private let speed: Double
    private let startedAt: UInt64
    private let first: UInt64
    package private(set) var wall: UInt64 = 0
    package private(set) var time: UInt64 = 0

    /// `from`, `to`: seconds since the recording's start.
    package init(_ pieces: [Recording.Piece], from: Double, to: Double?, speed: Double, now: UInt64) {
        let begin = pieces.first?.time ?? 0
        self.pieces = pieces.filter { piece in to.map { Double(piece.time - begin) / 1e9 <= $0 } ?? true }
        self.speed = max(0.01, speed)
        startedAt = now
        first = begin + UInt64(from * 1e9)
        time = first
    }
    package var isOver: Bool { next >= pieces.count }

    /// Hands over all that had come by `now` of the player's clock.
    package mutating func advance(now: UInt64, _ take: (StatsReader.Outcome, StatsReader) -> Void) {
        let until = first + UInt64(Double(now - startedAt) * speed)
        time = isOver ? max(time, pieces.last?.time ?? until) : until
        while next < pieces.count, pieces[next].time <= until {
            let piece = pieces[next]
            next += 1
            wall = piece.wall
            let outcome = piece.bytes.withUnsafeBytes { reader.receive($0, length: $0.count, now: piece.time) }
            take(outcome, reader)
        }
    }
    /// All at once, for batch output.
    package mutating func finish(_ take: (StatsReader.Outcome, StatsReader) -> Void) {
        guard let last = pieces.last else { return }
        advance(now: startedAt + UInt64(Double(last.time - min(first, last.time)) / speed) + 1, take)
    }
}
