package import Stats
import Supervision
import Watch

/// The events that graphs mark on their time axis, each with a letter. The legend is made from the same table.
package struct EventMark: Sendable {
    package let letter: Character
    package let word: String
    package let role: Role
    private let isOf: @Sendable (Event) -> Bool

    private init(_ letter: Character, _ word: String, _ role: Role, _ isOf: @escaping @Sendable (Event) -> Bool) {
        self.letter = letter
        self.word = word
        self.role = role
        self.isOf = isOf
    }

    /// The heaviest first. If several fall into one column, the heaviest is shown.
    package static let all: [EventMark] = [
        EventMark("M", "manager died", .critical) {
            $0.kind == "EXIT" && $0.severity != .info && $0.process == .manager
        },
        EventMark("H", "hang", .critical) { $0.kind == "HANG" },
        EventMark("X", "exit", .critical) { $0.kind == "EXIT" && $0.severity != .info },
        EventMark("F", "rolling failed", .critical) { $0.kind == "ROLLING_FAILED" },
        EventMark("V", "clients left", .critical) { $0.kind == "ALERT" && $0.text.hasPrefix(AlertKind.left.what) },
        EventMark("E", "messages expire", .critical) { $0.kind == "ALERT" && $0.text.hasPrefix(AlertKind.expiry.what) },
        EventMark("S", "silent", .warning) { $0.kind == "SUSPECT" },
        EventMark("R", "rolling", .normal) { $0.kind == "ROLLING" },
        EventMark("C", "change", .normal) { $0.kind == "RELOAD" },
    ]

    /// An event on the time axis. `back` is its age in seconds.
    package struct Placed: Sendable {
        package let mark: EventMark
        package let back: Double
    }
    /// The marks of the last seconds, the heaviest first.
    package static func placed(_ events: [Event], wall: UInt64, seconds: Int) -> [Placed] {
        let least = wall - min(wall, UInt64(seconds) * 1000)
        let recent = events.filter { $0.time > least && $0.time <= wall }
        // An event has the first mark that is about it: the exit of the manager is no plain exit.
        let placed = recent.compactMap { event in
            all.firstIndex { $0.isOf(event) }.map { (at: $0, back: Double(wall - event.time) / 1000) }
        }
        return placed.sorted { $0.at < $1.at }.map { Placed(mark: all[$0.at], back: $0.back) }
    }
    /// The letters that are in use, with their words.
    package static func legend(_ placed: [Placed]) -> [String] {
        let used = Set(placed.map(\.mark.letter))
        return all.filter { used.contains($0.letter) }.map { "\($0.letter) \($0.word)" }
    }
}
