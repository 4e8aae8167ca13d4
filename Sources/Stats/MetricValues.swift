/// The values of one process at one time, by id.
package struct MetricValues: Equatable, Sendable {
    private var values = ContiguousArray<UInt64>()
    private var present = InlineArray<8, UInt64>(repeating: 0)

    package init() {}

    /// Compares only the values that are present. Cleared values may still be in memory.
    package static func == (one: MetricValues, other: MetricValues) -> Bool {
        one.all.elementsEqual(other.all, by: ==)
    }

    /// `nil` if the metric was not reported.
    package subscript(id: MetricID) -> UInt64? { self[raw: id.rawValue] }
    /// The same by number, also for ids that this version has no row for.
    package subscript(raw id: UInt16) -> UInt64? {
        get { isPresent(id) ? values[Int(id)] : nil }
        set {
            guard id < MetricID.bound else { return }
            if values.count <= Int(id) {
                values.append(contentsOf: repeatElement(0, count: Int(id) + 1 - values.count))
            }
            values[Int(id)] = newValue ?? 0
            mark(id, newValue != nil)
        }
    }
    /// A counter is smaller than it was `before`. So the process that counts began anew in between.
    package func beganAnew(after before: MetricValues) -> Bool {
        before.all.contains { id, value in
            let kind = Metric.marksByID[Int(id)].kind
            return (kind == Metric.Kind.counter.rawValue || kind == Metric.Kind.bucket.rawValue)
                && self[raw: id].map { $0 < value } ?? false
        }
    }
    /// Forgets all values and keeps the memory.
    mutating func clear() { present = InlineArray(repeating: 0) }

    /// All values that are present, ordered by id.
    package var all: [(id: UInt16, value: UInt64)] {
        (0..<UInt16(values.count)).compactMap { id in self[raw: id].map { (id, $0) } }
    }

    private func isPresent(_ id: UInt16) -> Bool {
        id < MetricID.bound && present[Int(id >> 6)] & 1 << UInt64(id & 63) != 0
    }
    private mutating func mark(_ id: UInt16, _ isThere: Bool) {
        let bit: UInt64 = 1 << UInt64(id & 63)
        let word = present[Int(id >> 6)]
        present[Int(id >> 6)] = isThere ? word | bit : word & ~bit
    }
}
