// One second of the past.
extension StatsArchive {
    /// The second of a time in ns of CLOCK_MONOTONIC.
    package static func step(at now: UInt64) -> UInt64 { now / (UInt64(stepMilliseconds) * 1_000_000) }
    package var places: [Place] { Array(rings.keys) }

    /// The values of a process, or about one, that came in this second. `nil` if none came.
    package func values(_ place: Place, at step: UInt64) -> MetricValues? {
        guard let rings = rings[place] else { return nil }
        var values = MetricValues()
        var isEmpty = true
        for (id, ring) in zip(place.metrics, rings) {
            guard let value = ring?[step] else { continue }
            values[raw: id.rawValue] = value
            isEmpty = false
        }
        return isEmpty ? nil : values
    }
    /// The oldest second that has a value, and the newest. `nil` if there is none.
    package var span: ClosedRange<UInt64>? {
        var (first, last) = (UInt64.max, UInt64(0))
        for case let ring? in rings.values.joined() {
            (first, last) = (min(first, ring.span.lowerBound), max(last, ring.span.upperBound))
        }
        guard first <= last else { return nil }
        return max(first, last - min(last, UInt64(StatsArchive.steps) - 1))...last
    }
}
