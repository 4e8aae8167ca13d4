package import Stats

/// Some counters of a process over the last minute: the present values, and those of each second before.
package struct Recent: Equatable, Sendable {
    /// The time for which snapshots are kept, in seconds.
    private static let kept = 60.5
    /// The same in whole seconds, both ends included.
    static let seconds: UInt64 = 61
    private struct Snapshot: Equatable {
        var time: UInt64
        var counts: [UInt64]
    }
    private let ids: [MetricID]
    private var snapshots: [Snapshot] = []

    package init(_ ids: [MetricID]) { self.ids = ids }

    package mutating func take(_ values: MetricValues, time: UInt64) {
        guard snapshots.last.map({ time > $0.time }) ?? true else { return }
        let counts = ids.compactMap { values[$0] }
        guard counts.count == ids.count else { return }
        while let first = snapshots.first, Double(time - first.time) > Recent.kept * 1e9 { snapshots.removeFirst() }
        snapshots.append(Snapshot(time: time, counts: counts))
    }
    package mutating func restart() { snapshots.removeAll() }

    /// The growth of each counter since the oldest snapshot: in a minute, or in the time that is known.
    package func counts() -> [Double]? {
        guard let last = snapshots.last, let first = snapshots.first, first.time < last.time else { return nil }
        return Recent.difference(last, first)
    }
    /// The time from the oldest to the newest snapshot, in seconds. 0 if there are fewer than two.
    package var span: Double {
        snapshots.last.flatMap { last in snapshots.first.map { Double(last.time - $0.time) / 1e9 } } ?? 0
    }
    /// The growth in each second, the newest last, for the heat picture.
    package func seconds(_ most: Int) -> [[Double]] {
        zip(snapshots.dropFirst(), snapshots).suffix(most).map(Recent.difference)
    }
    private static func difference(_ now: Snapshot, _ before: Snapshot) -> [Double] {
        zip(now.counts, before.counts).map { $0 >= $1 ? Double($0 - $1) : 0 }
    }
}

/// Delivery times, from the buckets of the workers' reports.
package enum Latency {
    /// The milliseconds within which this share of the messages was delivered, by the bucket in which it falls. `nil`
    /// without messages.
    package static func percentile(_ share: Double, _ counts: [Double]) -> Double? {
        let all = counts.reduce(0, +)
        guard all > 0 else { return nil }
        var below = 0.0
        var floor = 0.0
        for (index, count) in counts.enumerated() {
            let ceiling =
                index < LatencyBuckets.boundsMilliseconds.count ? Double(LatencyBuckets.boundsMilliseconds[index]) : 500
            if below + count >= all * share, count > 0 {
                return floor + (ceiling - floor) * (all * share - below) / count
            }
            below += count
            floor = ceiling
        }
        return 500
    }
    package static func text(_ milliseconds: Double) -> String {
        milliseconds >= 500 ? ">.5s" : Format.milliseconds(milliseconds)
    }
}

/// The reasons why connections end, in the words of the screen.
package enum Closes {
    package static let reasons: [(word: String, id: MetricID)] = [
        ("client left", .closesClient), ("answered", .closesAnswered), ("timeout", .closesTimeout),
        ("error", .closesError), ("slow", .closesSlow), ("drain", .closesDrain),
    ]
}
