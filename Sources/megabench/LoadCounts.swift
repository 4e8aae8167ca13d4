/// The counts of client processes. A process sends them as one line of numbers in the order of `all`, and the
/// coordinator adds them up.
struct LoadCounts: Equatable {
    /// Clients whose connection is open and whose poll has been written.
    var polling = 0
    var connects = 0
    var published = 0
    /// Publishes that were answered with `sent`, and with `queued`.
    var sent = 0
    var queued = 0
    /// Publishes that the server refused. They are not sent again and do not count as lost.
    var refused = 0
    /// Distinct messages that came.
    var delivered = 0
    var doubles = 0
    /// Messages that came before one that was published earlier to the same client.
    var disorder = 0
    /// Answers without a message: polls that timed out, and drains.
    var empty = 0
    /// Envelopes that said messages were dropped.
    var gaps = 0
    /// Answers that could not be understood, or had another status than 200.
    var errors = 0
    /// Connections that the server closed, or that broke, while a poll was held.
    var cuts = 0
    /// Connects that were refused or failed.
    var failedConnects = 0
    /// Messages that were published over 1 ms after their time, because the generator was late.
    var late = 0
    /// Messages of another client or another run. There must never be one.
    var strays = 0
    /// With a ledger: answered publishes that have not come, publishes whose answer never came, and those of them that
    /// were seen.
    var owed = 0
    var unknown = 0
    var unknownSeen = 0
    /// Handshakes of TLS that are done, and those of them that used a ticket.
    var handshakes = 0
    var resumed = 0

    static var all: [WritableKeyPath<LoadCounts, Int>] {
        [
            \.polling, \.connects, \.published, \.sent, \.queued, \.refused, \.delivered, \.doubles, \.disorder,
            \.empty, \.gaps, \.errors,
            \.cuts, \.failedConnects, \.late, \.strays, \.owed, \.unknown, \.unknownSeen, \.handshakes, \.resumed,
        ]
    }
    static let names = [
        "polling", "connects", "published", "sent", "queued", "refused", "delivered", "doubles", "disorder", "empty",
        "gaps", "errors",
        "cuts", "failed_connects", "late", "strays", "owed", "unknown", "unknown_seen",
        "handshakes", "resumed",
    ]

    var line: String { Self.all.map { String(self[keyPath: $0]) }.joined(separator: " ") }

    init() {}
    init?(line: Substring) {
        let numbers = line.split(separator: " ").compactMap { Int($0) }
        guard numbers.count == Self.all.count else { return nil }
        for (path, number) in zip(Self.all, numbers) { self[keyPath: path] = number }
    }

    /// Messages that were accepted and are not delivered (yet).
    var missing: Int { published - refused - delivered }

    static func + (left: LoadCounts, right: LoadCounts) -> LoadCounts { combine(left, right, +) }
    static func - (left: LoadCounts, right: LoadCounts) -> LoadCounts { combine(left, right, -) }
    private static func combine(_ left: LoadCounts, _ right: LoadCounts, _ operation: (Int, Int) -> Int) -> LoadCounts {
        var result = left
        for path in all { result[keyPath: path] = operation(left[keyPath: path], right[keyPath: path]) }
        return result
    }
}
