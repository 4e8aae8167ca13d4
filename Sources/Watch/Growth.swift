/// Ten minutes of the growth of a counter, per second.
///
/// It is binned by the second of the sample time, and never divided by less than a second. A process that wakes and
/// sends two reports at once would otherwise leave a peak that never was, and flatten all that is drawn beside it.
package struct Growth: Equatable, Sendable {
    private struct Sample: Equatable {
        var time: UInt64
        var count: UInt64
    }
    package private(set) var history = History()
    /// The last sample of an earlier second, from which the growth is counted.
    private var base: Sample?
    private var newest: Sample?

    package init() {}

    /// Takes a sample of the counter. `time` is in ns of CLOCK_MONOTONIC.
    package mutating func note(_ count: UInt64?, time: UInt64) {
        guard let count, newest.map({ time > $0.time }) ?? true else { return }
        if let newest, newest.time / 1_000_000_000 < time / 1_000_000_000 { base = newest }
        newest = Sample(time: time, count: count)
        guard let base, count >= base.count else {
            self.base = nil
            return history.note(nil, time: time)
        }
        history.note(Double(count - base.count) / max(1, Double(time - base.time) / 1e9), time: time)
    }
    /// Begins another life of the process. Its counter began anew, so nothing is counted across.
    package mutating func restart() { (base, newest) = (nil, nil) }

    /// Takes the growth of a second from the hub's history, which comes after the first live reports.
    package mutating func fill(_ perSecond: Double, time: UInt64) { history.note(perSecond, time: time) }
    /// The same without what came after this time.
    package func until(_ time: UInt64) -> Growth {
        var earlier = Growth()
        earlier.history = history.until(time)
        return earlier
    }
}
