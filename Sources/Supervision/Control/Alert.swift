/// A thing that an operator should look at. The supervisor keeps the one list of them, so that `megacomet status`,
/// /status, megatop and `megatop --check` say the same, and each alert knows since when it holds.
///
///     {"key":"expiry","level":"critical","what":"messages expire","text":"278/s, 56% of ..","since":1795442551042,
///     "over":null,"screen":2}
package struct Alert: Codable, Equatable, Sendable {
    package enum Level: String, Codable, Comparable, Sendable {
        case warning, critical
        package static func < (one: Level, other: Level) -> Bool { one == .warning && other == .critical }
    }
    /// The condition, and the process before it if it is about one: `expiry`, `w2 lag`. An alert that lasts keeps it.
    package var key: String
    package var level: Level
    /// The condition in few words: `messages expire`.
    package var what: String
    /// The condition for a screen of 20 columns: `expire`.
    package var short: String
    /// How much, where, by when it gets worse, and what to do. For people.
    package var text: String
    /// Milliseconds since 1970.
    package var since: UInt64
    /// The time from which it does not hold any more. It stays in the list for some seconds.
    package var over: UInt64?
    /// The screen of megatop that shows more of it, from 1.
    package var screen: Int
    /// The operator who has acknowledged it. It then weighs nothing in the verdict.
    package var acknowledged: String?

    package init(
        key: String, level: Level, what: String, short: String, text: String, since: UInt64, over: UInt64? = nil,
        screen: Int, acknowledged: String? = nil
    ) {
        self.key = key
        self.level = level
        self.what = what
        self.short = short
        self.text = text
        self.since = since
        self.over = over
        self.screen = screen
        self.acknowledged = acknowledged
    }
    package var isCritical: Bool { level == .critical }
    /// The process that it is about. `nil` for the whole.
    package var process: ProcessName? { key.split(separator: " ").first.flatMap { ProcessName(String($0)) } }
    /// It holds, and nobody has acknowledged it.
    package var isOpen: Bool { over == nil && acknowledged == nil }
    /// The whole of it in a line: `messages expire: 278/s, ..`.
    package var sentence: String { text.isEmpty ? what : "\(what): \(text)" }
}

/// The state of an appliance in a word.
package enum Verdict: String, Codable, Sendable {
    /// Nothing is to be done.
    case ok
    /// Something is not as it should be, and may get worse.
    case look
    /// Somebody is hurt now: act.
    case act

    package init(_ alerts: [Alert]) {
        let open = alerts.filter(\.isOpen)
        self = open.contains(where: \.isCritical) ? .act : open.isEmpty ? .ok : .look
    }
    package var word: String { rawValue.uppercased() }
    /// The time of the first open alert that made it so. `nil` if all is well.
    package func since(_ alerts: [Alert]) -> UInt64? {
        alerts.filter { $0.isOpen && ($0.isCritical || self != .act) }.map(\.since).min()
    }
}

extension [Alert] {
    /// The worst first: what is open before what is over or acknowledged, then critical ones, then the oldest.
    package var worstFirst: [Alert] {
        sorted {
            ($0.isOpen ? 0 : 1, $0.isCritical ? 0 : 1, $0.since, $0.key)
                < ($1.isOpen ? 0 : 1, $1.isCritical ? 0 : 1, $1.since, $1.key)
        }
    }
}
