package import Base
import ControlLines
import Stats
import Supervision

/// The stream that `megatop --serve` writes on another machine, and that megatop reads here over ssh. It has what a
/// recording has, live, and each second how the other machine stands.
///
///     "MGTS1\n", then pieces as in a recording: time (ns of the other machine's CLOCK_MONOTONIC) 8, wall time (ms) 8,
///     kind 1, length 4, bytes; numbers in network byte order
///     kind 0: a datagram; 1: an answer: the question's name, a newline, the line that answered it;
///     2: the state of the other machine (`ServedState`), JSON; 3: no answer: the question's name, a newline, why
///
/// The other way goes a line for each question: its name. There are no orders, so nothing over there can be changed.
package enum Served {
    /// The most bytes of a question's line. An id of a client is the longest part.
    package static let mostQuestion = 2048
    /// The most bytes of one piece: a log of 200 lines of 8 KiB, escaped.
    package static let mostBytes = 8 << 20
    static let magic = Array("MGTS1\n".utf8)
    private static let headBytes = 21
    private enum Kind: UInt8 { case datagram, answer, state, missed }

    package enum Content: Sendable {
        case datagram([UInt8])
        case answer(String, Question)
        case state(ServedState)
        case missed(Question, why: String)
    }
    package struct Piece: Sendable {
        package var time: UInt64
        package var wall: UInt64
        package var content: Content
    }

    /// Appends a piece, unless it is longer than any may be.
    package static func write(_ content: Content, time: UInt64, wall: UInt64, to out: inout Buffer) {
        let (kind, bytes): (Kind, [UInt8]) =
            switch content {
            case .datagram(let bytes): (.datagram, bytes)
            case .answer(let text, let question): (.answer, Array("\(question.name)\n\(text)".utf8))
            case .state(let state): (.state, Array(state.line.utf8))
            case .missed(let question, let why): (.missed, Array("\(question.name)\n\(why)".utf8))
            }
        guard bytes.count <= mostBytes else { return }
        for value in [time, wall] {
            for byte in 0..<8 { out.append(UInt8(truncatingIfNeeded: value >> (56 - 8 * byte))) }
        }
        out.append(kind.rawValue)
        for byte in 0..<4 { out.append(UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * byte))) }
        bytes.withUnsafeBytes { out.append($0) }
    }

    /// The stream is none of megatop's.
    package struct Mistake: Error, Equatable, CustomStringConvertible { package let description: String }

    /// Reads the stream as it comes. It only looks at bytes, and believes none of them.
    package struct Reader: ~Copyable {
        /// The most bytes before the stream. A shell that says something on every login is forgiven.
        private static let mostBefore = 4096
        private var input = Buffer()
        private var hasBegun = false

        package init() {}

        /// Takes bytes. `take` gets each whole piece. Pieces that can't be read are left out, since a newer megatop may
        /// send them.
        package mutating func receive(_ bytes: UnsafeRawBufferPointer, _ take: (Piece) -> Void) throws(Mistake) {
            input.append(bytes)
            if !hasBegun { try begin() }
            while hasBegun, input.count >= headBytes {
                let bytes = input.bytes
                func number(_ at: Int, _ count: Int) -> UInt64 {
                    bytes[at..<at + count].reduce(0) { $0 << 8 | UInt64($1) }
                }
                let time = number(0, 8), wall = number(8, 8), length = Int(number(17, 4))
                guard length <= mostBytes, max(time, wall) < StatsPacket.timeEnd else {
                    throw Mistake(description: "what came is damaged")
                }
                guard bytes.count >= headBytes + length else { return }
                let content = Kind(rawValue: bytes[16]).flatMap {
                    Reader.content($0, Array(bytes[headBytes..<headBytes + length]))
                }
                input.consume(headBytes + length)
                if let content { take(Piece(time: time, wall: wall, content: content)) }
            }
        }
        private mutating func begin() throws(Mistake) {
            let bytes = input.bytes
            let last = bytes.count - magic.count
            if last >= 0, let at = (0...last).first(where: { bytes[$0..<$0 + magic.count].elementsEqual(magic) }) {
                hasBegun = true
                return input.consume(at + magic.count)
            }
            guard bytes.count < Reader.mostBefore else {
                let said = plainText(String(decoding: bytes.prefix(60), as: UTF8.self))
                throw Mistake(description: "no megatop --serve answers there, but \"\(said)\"")
            }
        }
        private static func content(_ kind: Kind, _ bytes: [UInt8]) -> Content? {
            switch kind {
            case .datagram: return .datagram(bytes)
            case .state: return ServedState(line: String(decoding: bytes, as: UTF8.self)).map { .state($0) }
            case .answer, .missed:
                guard let end = bytes.firstIndex(of: 10),
                    let question = Question(name: String(decoding: bytes[..<end], as: UTF8.self))
                else { return nil }
                let text = String(decoding: bytes[(end + 1)...], as: UTF8.self)
                return kind == .answer ? .answer(text, question) : .missed(question, why: plainText(text, most: 500))
            }
        }
    }
}

/// How another machine stands, as its `megatop --serve` says each second.
package struct ServedState: Codable, Equatable, Sendable {
    package enum Link: String, Codable, Sendable { case waiting, live, lost }
    package var version = ""
    package var kernel = ""
    package var runDirectory = ""
    package var stats = ""
    /// The id of the machine's boot. Another one means another CLOCK_MONOTONIC.
    package var bootID = ""
    package var watchdog = 0.0
    package var link = Link.waiting
    /// Why no report comes, and since when, in ns of that machine's clock. Only while the link is lost.
    package var reason = ""
    package var since: UInt64 = 0
    /// The processes that are no more, while nobody tells.
    package var gone: [String] = []
    package var isUnauthenticated = false

    package init() {}

    var line: String { JSONLine.text(ControlAnswer.done(self)) }
    init?(line: String) {
        guard let state = try? ControlAnswer<ServedState>(json: line).body() else { return nil }
        self = state
        // Texts from outside are made harmless here, once.
        for path in [\ServedState.version, \.kernel, \.runDirectory, \.stats, \.reason] {
            self[keyPath: path] = plainText(self[keyPath: path], most: 300)
        }
        since = min(since, StatsPacket.timeEnd)
        gone = Array(gone.prefix(300))
    }
}
