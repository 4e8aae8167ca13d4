/// The hub's viewers. Each subscribes anew every 3 s and is forgotten 10 s after it last did. There are at most 16: one
/// more is refused. `Viewer` is the address.
package struct StatsLeases<Viewer: Hashable & Sendable>: Sendable {
    package static var mostViewers: Int { 16 }
    package static var leaseMilliseconds: UInt64 { 10_000 }

    private var until: [Viewer: UInt64] = [:]
    package private(set) var refused: UInt64 = 0

    package enum Answer: Equatable, Sendable { case new, renewed, refused }

    package init() {}

    package var viewers: [Viewer] { Array(until.keys) }
    package var count: Int { until.count }

    /// `now` is in milliseconds of any clock that only grows.
    package mutating func subscribe(_ viewer: Viewer, now: UInt64) -> Answer {
        expire(now: now)
        let isKnown = until[viewer] != nil
        guard isKnown || until.count < Self.mostViewers else {
            refused += 1
            return .refused
        }
        until[viewer] = now + Self.leaseMilliseconds
        return isKnown ? .renewed : .new
    }
    package mutating func leave(_ viewer: Viewer) { until[viewer] = nil }
    package mutating func expire(now: UInt64) {
        for (viewer, end) in until where end <= now { until[viewer] = nil }
    }
}
