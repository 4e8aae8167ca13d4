import ControlLines
package import Stats
import Supervision

/// Plays the pieces of a recording in their order.
package struct Player {
    private let pieces: [Recording.Piece]
    /// The number of pieces that were played.
    private(set) var next = 0
    private var reader = StatsReader(token: nil)

    /// `to` is in seconds since the recording's start.
    init(_ pieces: [Recording.Piece], to: Double?) {
        let begin = pieces.first?.time ?? 0
        self.pieces = pieces.filter { piece in
            to.map { Double(piece.time - min(begin, piece.time)) / 1e9 <= $0 } ?? true
        }
    }
    var count: Int { pieces.count }
    var first: UInt64 { pieces.first?.time ?? 0 }
    var last: UInt64 { max(first, pieces.last?.time ?? 0) }
    /// The time of the last piece that was played, and that of the next.
    var heardAt: UInt64? { next > 0 ? pieces[next - 1].time : nil }
    var nextTime: UInt64? { next < pieces.count ? pieces[next].time : nil }
    /// The wall clock at a time, by the last piece that was played, in ms.
    func wall(at time: UInt64) -> UInt64 {
        guard let piece = next > 0 ? pieces[next - 1] : pieces.first else { return 0 }
        return piece.wall + (time - min(time, piece.time)) / 1_000_000
    }
    /// Takes a number of seconds from an operator or a file. No number is too large.
    static func nanoseconds(_ value: Double) -> UInt64 {
        value > 0 ? UInt64(min(value, Double(StatsPacket.timeEnd))) : 0
    }

    /// A piece that is played again.
    package enum Piece {
        case datagram(StatsReader.Outcome, StatsReader)
        case answer(String, Question, time: UInt64)
    }
    /// Passes on all pieces that had come by this time.
    mutating func play(until time: UInt64, _ take: (Piece) -> Void) {
        while next < pieces.count, pieces[next].time <= time {
            let piece = pieces[next]
            next += 1
            switch piece.kind {
            case .datagram:
                take(
                    .datagram(
                        piece.bytes.withUnsafeBytes { reader.receive($0, length: $0.count, now: piece.time) }, reader))
            case .answer:
                guard let (question, text) = piece.answer else { break }
                take(.answer(text, question, time: piece.time))
            }
        }
    }
    /// When events came, and how severe they are. Those that had happened before the recording began are left out.
    func eventTimes() -> [(time: UInt64, severity: Severity)] {
        var reader = StatsReader(token: nil)
        return pieces.compactMap { piece in
            let text: String
            switch piece.kind {
            case .datagram:
                let outcome = piece.bytes.withUnsafeBytes { reader.receive($0, length: $0.count, now: piece.time) }
                guard case .event(let json, _) = outcome else { return nil }
                text = json
            case .answer:
                guard let (question, line) = piece.answer, question == .events else { return nil }
                text = line
            }
            return (try? Event(json: text)).map { (piece.time, $0.severity) }
        }
    }
}

extension Recording.Piece {
    /// `nil` if it has no question that this version knows.
    fileprivate var answer: (Question, String)? {
        guard let end = bytes.firstIndex(of: 10),
            let question = Question(name: String(decoding: bytes[..<end], as: UTF8.self))
        else { return nil }
        return (question, String(decoding: bytes[(end + 1)...], as: UTF8.self))
    }
}
