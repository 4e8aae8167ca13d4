package import Wire

/// Delivery times of the last minute: the buckets of a process now, and those of the seconds before.
package struct Latency: Equatable, Sendable {
    private static let kept = 61
    private var snapshots: [(time: UInt64, buckets: [UInt64])] = []

    package init() {}
    package static func == (one: Latency, other: Latency) -> Bool { one.counts() == other.counts() }

    package mutating func take(_ values: MetricValues, time: UInt64) {
        let buckets = LatencyBuckets.ids.map { values[$0] }
        guard buckets.allSatisfy({ $0 != nil }), snapshots.last.map({ time > $0.time }) ?? true else { return }
        if snapshots.count == Latency.kept { snapshots.removeFirst() }
        snapshots.append((time, buckets.map { $0 ?? 0 }))
    }
    package mutating func restart() { snapshots.removeAll() }

    /// Messages in each bucket, over the last `seconds`.
    package func counts(seconds: Double = 60) -> [Double]? {
        guard let last = snapshots.last, snapshots.count > 1 else { return nil }
        let first = snapshots.first { Double(last.time - $0.time) <= seconds * 1e9 + 5e7 } ?? snapshots[0]
        guard first.time < last.time else { return nil }
        return zip(last.buckets, first.buckets).map { $0 >= $1 ? Double($0 - $1) : 0 }
    }
    /// Second by second, newest last: for the heat picture.
    package func seconds(_ most: Int) -> [[Double]] {
        zip(snapshots.dropFirst(), snapshots).suffix(most).map { now, before in zip(now.buckets, before.buckets).map { $0 >= $1 ? Double($0 - $1) : 0 } }
    }

    /// Milliseconds under which that share of the messages stayed, from the bucket it falls in; nil without messages.
    package static func percentile(_ share: Double, _ counts: [Double]) -> Double? {
        let all = counts.reduce(0, +)
        guard all > 0 else { return nil }
        var below = 0.0
        var floor = 0.0
        for (index, count) in counts.enumerated() {
            let ceiling = index < LatencyBuckets.boundsMilliseconds.count ? Double(LatencyBuckets.boundsMilliseconds[index]) : 500
            if below + count >= all * share, count > 0 {
                return floor + (ceiling - floor) * (all * share - below) / count
            }
            below += count
            floor = ceiling
        }
        return 500
    }
    package static func text(_ milliseconds: Double) -> String { milliseconds >= 500 ? ">.5s" : Format.milliseconds(milliseconds) }
}
