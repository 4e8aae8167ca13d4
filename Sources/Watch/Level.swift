package import Stats

/// The level of a value, by the thresholds of its metric.
package enum Level: Int, Comparable, Sendable {
    case fine, warning, critical
    package static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }
    /// The mark behind a value: `W`, `C`.
    package var mark: String { self == .fine ? "" : self == .warning ? " W" : " C" }

    package init(_ value: Double?, _ threshold: Metric.Threshold?) {
        guard let value, let threshold else {
            self = .fine
            return
        }
        self = value >= threshold.critical ? .critical : value >= threshold.warning ? .warning : .fine
    }
    /// The level of a share, by the thresholds of the metric of the part.
    package static func share(_ id: MetricID, _ part: Double?, _ whole: Double?) -> Level {
        guard let part, let whole, whole > 0 else { return .fine }
        return Level(part / whole, Metric[id].threshold)
    }
}
