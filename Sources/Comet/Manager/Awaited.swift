/// The messages whose end apps wait for (`POST /publish?wait=`), by id.
struct Awaited {
    private var messages: [UInt64: AwaitedEnd] = [:]
    private(set) var finished: [UInt64] = []

    subscript(_ message: UInt64) -> AwaitedEnd? { messages[message] }
    func contains(_ message: UInt64) -> Bool { !messages.isEmpty && messages[message] != nil }

    /// The message is published to so many logs.
    mutating func begin(_ message: UInt64, ends: Int) {
        messages[message] = AwaitedEnd(left: ends)
        if ends == 0 { finished.append(message) }
    }
    mutating func end(_ message: UInt64) { messages[message] = nil }
    mutating func takeFinished() -> [UInt64] { exchange(&finished, with: []) }

    @inline(__always) mutating func note(_ kind: EventKind, _ message: UInt64) {
        if !messages.isEmpty { noteSlowly(kind, message) }
    }
    private mutating func noteSlowly(_ kind: EventKind, _ message: UInt64) {
        guard var end = messages[message] else { return }
        if kind == .delivered { end.delivered += 1 } else { end.took(kind) }
        update(message, end)
    }
    mutating func note(done counts: ReaderCounts, _ message: UInt64) {
        guard var end = messages[message] else { return }
        end.took(counts)
        update(message, end)
    }
    private mutating func update(_ message: UInt64, _ end: AwaitedEnd) {
        messages[message] = end
        if end.left == 0 { finished.append(message) }
    }
}

/// The end of a message that an app waits for, as far as it is known.
package struct AwaitedEnd: Equatable, Sendable {
    /// Logs in which it has not ended.
    package fileprivate(set) var left: Int
    /// Clients that it was written to, of those that it was published to by name.
    package fileprivate(set) var delivered: UInt32 = 0
    /// The sums over all logs.
    package fileprivate(set) var counts = ReaderCounts()

    init(left: Int) { self.left = left }

    /// The end for a single client.
    package var status: StaticString {
        if counts.acknowledged > 0 { return EventKind.acknowledged.name }
        if counts.expired > 0 { return EventKind.expired.name }
        if counts.dropped > 0 { return EventKind.dropped.name }
        if counts.replaced > 0 { return EventKind.replaced.name }
        // A client that acknowledges nothing: it was written to it, or nobody knows.
        return delivered > 0 ? EventKind.delivered.name : EventKind.handed.name
    }

    fileprivate mutating func took(_ kind: EventKind) {
        left -= 1
        counts.readers += 1
        counts.end(1, as: kind)
    }
    fileprivate mutating func took(_ other: ReaderCounts) {
        left -= 1
        for row in ReaderCounts.fields { counts[keyPath: row.field] += other[keyPath: row.field] }
    }
}
