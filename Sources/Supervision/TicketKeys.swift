import Base

/// The keys under which workers seal what clients come back with (session tickets: RFC 5077 and RFC 8446, 4.6.1). All
/// workers have the same ones, so a client may come back to any of them. Tickets are made with the newest key, and are
/// taken under each. Whoever has a key can read the sessions of its time. So it is in memory alone, and is replaced.
package struct TicketKeys: Equatable, Sendable {
    /// The newest first.
    package private(set) var keys: [[UInt8]] = []
    private var turnedAt: Milliseconds = 0

    package static let turnsEvery: Milliseconds = 12 * 3_600_000
    /// A ticket is taken for as long as its key is one of these: half a day to a day.
    private static let most = 2

    package init() {}

    /// How long the newest key is still the newest. 0 if there is none.
    package func timeLeft(now: Milliseconds) -> Milliseconds {
        keys.isEmpty ? 0 : min(max(0, turnedAt + TicketKeys.turnsEvery - now), TicketKeys.turnsEvery)
    }
    /// This key is the newest from now on.
    package mutating func turn(_ key: [UInt8], now: Milliseconds) {
        keys = [key] + keys.prefix(TicketKeys.most - 1)
        turnedAt = now
    }

    /// The line that a worker is told.
    package var line: String { (["tickets"] + keys.map { hex($0) }).joined(separator: " ") + "\n" }

    /// The text that the next program of this process is handed: its clock is the same.
    package var memory: String { (["\(turnedAt)"] + keys.map { hex($0) }).joined(separator: " ") }
    /// `nil` if the text is not that of keys of this size.
    package init?(memory: String, keyBytes: Int) {
        let words = memory.split(separator: " ")
        guard let time = words.first.flatMap({ Milliseconds($0) }) else { return nil }
        let keys = words.dropFirst().compactMap { bytes(hex: $0) }
        guard keys.count == words.count - 1, (1...TicketKeys.most).contains(keys.count),
            keys.allSatisfy({ $0.count == keyBytes })
        else { return nil }
        (turnedAt, self.keys) = (time, keys)
    }
}
