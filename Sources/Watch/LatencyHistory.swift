package import Stats

/// Ten minutes of delivery times: how many messages of each second fell into each bucket. It takes 22 KB.
package struct LatencyHistory: Equatable, Sendable {
    package static let buckets = LatencyBuckets.ids.count
    /// What is known of a second. The hub's history comes after the first live reports, and maybe more than once. It
    /// never changes what was seen live.
    private enum Origin: UInt8 { case unknown, hub, live }

    private var counts: ContiguousArray<UInt32> = []
    private var origins: ContiguousArray<Origin> = []
    /// The newest second.
    private var second: UInt64 = 0
    /// The counters of the newest report.
    private var last: [UInt64] = []

    package init() {}
    package var isEmpty: Bool { origins.isEmpty }

    /// Takes the counters of a report. `time` is in ns of CLOCK_MONOTONIC.
    package mutating func note(_ values: MetricValues, time: UInt64) {
        let now = LatencyBuckets.ids.compactMap { values[$0] }
        guard now.count == LatencyHistory.buckets else { return }
        defer { last = now }
        guard !last.isEmpty, zip(now, last).allSatisfy({ $0 >= $1 }), let at = place(time / 1_000_000_000) else {
            return
        }
        if origins[at] != .live { clear(at) }
        origins[at] = .live
        for bucket in now.indices { add(now[bucket] - last[bucket], at, bucket) }
    }
    /// Begins another life of the process, whose counters began anew.
    package mutating func restart() { last = [] }

    /// Takes the messages of one bucket in one second from the hub's history.
    package mutating func fill(_ bucket: Int, _ count: UInt64, second: UInt64) {
        guard let at = place(second), origins[at] != .live else { return }
        origins[at] = .hub
        counts[at * LatencyHistory.buckets + bucket] = 0
        add(count, at, bucket)
    }
    private mutating func add(_ count: UInt64, _ at: Int, _ bucket: Int) {
        let index = at * LatencyHistory.buckets + bucket
        counts[index] = UInt32(clamping: UInt64(counts[index]).addingReportingOverflow(count).partialValue)
    }
    private mutating func clear(_ at: Int) {
        for index in at * LatencyHistory.buckets..<(at + 1) * LatencyHistory.buckets { counts[index] = 0 }
    }

    /// The place of this second in the ring. `nil` if it is too long ago. Seconds that were passed over are unknown.
    private mutating func place(_ at: UInt64) -> Int? {
        let kept = UInt64(History.kept)
        if origins.isEmpty {
            counts = ContiguousArray(repeating: 0, count: History.kept * LatencyHistory.buckets)
            origins = ContiguousArray(repeating: .unknown, count: History.kept)
            second = at
        }
        if at > second {
            for passed in max(second + 1, at - min(at, kept - 1))...at {
                origins[Int(passed % kept)] = .unknown
                clear(Int(passed % kept))
            }
            second = at
        }
        guard second - at < kept else { return nil }
        return Int(at % kept)
    }

    /// Adds up the messages of spans that follow on each other, from `first` on, each so many seconds long. `nil` for a
    /// span in which nothing is known of any of the processes.
    package static func sums(
        of histories: [LatencyHistory], first: UInt64, seconds: Double, count: Int
    ) -> [[Double]?] {
        var known = [Bool](repeating: false, count: count)
        // One array for all: with an array for each span every addition would copy one.
        var sums = [Double](repeating: 0, count: count * buckets)
        for history in histories where !history.isEmpty && seconds > 0 {
            let oldest = history.second - min(history.second, UInt64(History.kept) - 1)
            for at in max(first, oldest)..<max(first, oldest, history.second + 1) {
                let slot = Int(at % UInt64(History.kept))
                let span = Int(Double(at - first) / seconds)
                guard history.origins[slot] != .unknown, span < count else { continue }
                known[span] = true
                for bucket in 0..<buckets {
                    sums[span * buckets + bucket] += Double(history.counts[slot * buckets + bucket])
                }
            }
        }
        return known.indices.map { known[$0] ? Array(sums[$0 * buckets..<($0 + 1) * buckets]) : nil }
    }
}
