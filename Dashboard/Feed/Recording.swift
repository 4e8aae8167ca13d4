import Glibc
import Stats

/// A recording: a file of the datagrams, the questions and their answers, unchanged, with their times. `--replay` shows
/// it on the same screens.
///
///     "MGTR2\n", then for each piece: time (ns of CLOCK_MONOTONIC) 8, wall time (ms) 8, kind 1, length 4,
///     bytes; numbers in network byte order
///     kind 0: a datagram; 1: an answer: the question's name, a newline, the line that answered it
package enum Recording {
    enum Kind: UInt8 { case datagram, answer }
    /// The most bytes of one piece: a log of 200 lines of 8 KiB, escaped.
    private static let mostBytes = 8 << 20
    private static let headBytes = 21
    private static let magic = Array("MGTR2\n".utf8)

    package final class Writer {
        private let file: UnsafeMutablePointer<FILE>
        package init?(_ path: String) {
            // Only its owner may read it, since answers name clients.
            let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard descriptor >= 0, let file = fdopen(descriptor, "w") else { return nil }
            self.file = file
            fwrite(magic, 1, magic.count, file)
        }
        deinit { fclose(file) }
        package func add(_ datagram: UnsafeRawBufferPointer, time: UInt64, wall: UInt64) {
            add(.datagram, datagram, time, wall)
        }
        package func add(_ answer: String, to question: Question, time: UInt64, wall: UInt64) {
            Array((question.name + "\n" + answer).utf8).withUnsafeBytes { add(.answer, $0, time, wall) }
        }
        private func add(_ kind: Kind, _ bytes: UnsafeRawBufferPointer, _ time: UInt64, _ wall: UInt64) {
            guard bytes.count <= Recording.mostBytes else { return }
            var head: [UInt8] = []
            for value in [time, wall] { head += (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) } }
            head.append(kind.rawValue)
            head += (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) }
            fwrite(head, 1, head.count, file)
            fwrite(bytes.baseAddress, 1, bytes.count, file)
        }
        /// Called once for each picture. A crash then loses at most one picture.
        package func flush() { fflush(file) }
    }

    package struct Piece: Sendable {
        package var time: UInt64
        package var wall: UInt64
        var kind: Kind
        package var bytes: [UInt8]
    }
    /// The pieces of a file, or the reason why it can't be read. A last piece that is cut is left out.
    package static func read(_ path: String) -> Result<[Piece], Mistake> {
        guard let file = fopen(path, "r") else {
            return .failure(Mistake(description: "\(path): \(String(cString: strerror(errno)))"))
        }
        defer { fclose(file) }
        var head = [UInt8](repeating: 0, count: magic.count)
        guard fread(&head, 1, head.count, file) == head.count, head == magic else {
            return .failure(Mistake(description: "\(path): no recording of megatop"))
        }
        var pieces: [Piece] = []
        var fixed = [UInt8](repeating: 0, count: headBytes)
        while fread(&fixed, 1, headBytes, file) == headBytes {
            func number(_ range: Range<Int>) -> UInt64 { fixed[range].reduce(0) { $0 << 8 | UInt64($1) } }
            let length = Int(number(17..<21))
            let time = number(0..<8), wall = number(8..<16)
            let isSound = length <= mostBytes && max(time, wall) < StatsPacket.timeEnd
            guard isSound, let kind = Kind(rawValue: fixed[16]) else {
                return .failure(Mistake(description: "\(path): damaged after \(pieces.count) pieces"))
            }
            var bytes = [UInt8](repeating: 0, count: length)
            guard fread(&bytes, 1, length, file) == length else { break }
            pieces.append(Piece(time: time, wall: wall, kind: kind, bytes: bytes))
        }
        return .success(pieces)
    }
    package struct Mistake: Error, CustomStringConvertible { package let description: String }
}
