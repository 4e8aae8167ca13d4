extension StatsArchive {
    /// The values of one metric over the last 10 minutes.
    struct Ring: Sendable {
        private static let none = UInt64.max
        /// The values by their step, in a circle. It is empty as long as each step from `first` on has the same value:
        /// most series are limits, states, and counters of what never happens.
        private var values: ContiguousArray<UInt64> = []
        private var same: UInt64
        private var first: UInt64
        /// The step of the newest value.
        private(set) var last: UInt64

        init(_ value: UInt64, _ step: UInt64) {
            (same, first, last) = (value, step, step)
        }
        /// `nil` if no value came in that step, or if it is too long ago.
        subscript(step: UInt64) -> UInt64? {
            guard step <= last, step + UInt64(StatsArchive.steps) > last else { return nil }
            if values.isEmpty { return step >= first ? same : nil }
            let value = values[Ring.slot(step)]
            return value == Ring.none ? nil : value
        }
        private static func slot(_ step: UInt64) -> Int { Int(step % UInt64(StatsArchive.steps)) }

        /// Takes the value of a step that is not older than the newest.
        mutating func put(_ value: UInt64, _ step: UInt64) {
            guard step >= last else { return }
            if values.isEmpty {
                if value == same, step <= last + 1 {
                    last = step
                    return
                }
                spread()
            }
            for empty in (last + 1)..<max(last + 1, min(step, last + UInt64(StatsArchive.steps) + 1)) {
                values[Ring.slot(empty)] = Ring.none
            }
            values[Ring.slot(step)] = value
            last = step
        }
        /// Takes the value of an older step, if that step has none.
        mutating func fill(_ value: UInt64, _ step: UInt64) {
            if step > last { return put(value, step) }
            guard step + UInt64(StatsArchive.steps) > last, self[step] == nil else { return }
            if values.isEmpty {
                if value == same, step + 1 == first {
                    first = step
                    return
                }
                spread()
            }
            values[Ring.slot(step)] = value
            first = min(first, step)
        }
        /// The steps from the first value to the newest.
        var span: ClosedRange<UInt64> { first...last }
        private mutating func spread() {
            values = ContiguousArray(repeating: Ring.none, count: StatsArchive.steps)
            for step in max(first, last - min(last, UInt64(StatsArchive.steps) - 1))...last {
                values[Ring.slot(step)] = same
            }
        }
    }
}

extension ContiguousArray<StatsArchive.Ring?> {
    mutating func put(_ values: MetricValues, _ metrics: [MetricID], _ step: UInt64) {
        for (at, id) in metrics.enumerated() {
            guard let value = values[id] else { continue }
            if self[at]?.put(value, step) == nil { self[at] = StatsArchive.Ring(value, step) }
        }
    }
    mutating func fill(_ at: Int, _ value: UInt64, _ step: UInt64) {
        if self[at]?.fill(value, step) == nil { self[at] = StatsArchive.Ring(value, step) }
    }
}
