/// Another machine's clock, told from the times of what comes from it.
///
/// Each piece has the time at which it was written there. It comes a little later, so the difference to our clock is
/// always too small, by the time on the way. The greatest difference of the last minute is the best one. With it, a
/// piece that was long on the way is as old as it is. Differences are forgotten after a minute, since a machine that
/// slept has another one.
package struct RemoteClock: Sendable {
    private static let windowNanoseconds: UInt64 = 30_000_000_000
    /// The greatest differences of this window and of the one before.
    private var newer: Int64?
    private var older: Int64?
    private var windowEnd: UInt64 = 0

    package init() {}

    /// `remote` is the piece's time, `arrival` is when it came by our clock; both in ns.
    package mutating func note(remote: UInt64, arrival: UInt64) {
        if arrival >= windowEnd {
            // After a long silence both are too old.
            older = arrival - windowEnd < RemoteClock.windowNanoseconds ? newer : nil
            newer = nil
            windowEnd = arrival + RemoteClock.windowNanoseconds
        }
        let difference = Int64(clamping: remote) - Int64(clamping: arrival)
        newer = max(newer ?? difference, difference)
    }
    /// The time there, when it is `local` here. `nil` if nothing came yet.
    package func now(_ local: UInt64) -> UInt64? {
        guard let difference = [newer, older].compactMap(\.self).max() else { return nil }
        return UInt64(max(0, Int64(clamping: local) + difference))
    }
}

/// When a machine that can't be reached is tried again: after 1 s, and each time twice as long, up to 30 s. Each time
/// is a little shorter or longer by chance, so that many megatops do not come together.
package struct Backoff: Sendable {
    package static let mostSeconds = 30.0
    private static let spread = 0.2
    private var seconds = 1.0

    package init() {}
    /// `chance` is a random number from 0 to 1.
    package mutating func next(chance: Double) -> Double {
        defer { seconds = min(Backoff.mostSeconds, seconds * 2) }
        return seconds * (1 - Backoff.spread + 2 * Backoff.spread * min(1, max(0, chance)))
    }
}
