package import Supervision

/// Something that is not as it should be in one sample. If it lasts, it becomes an alert.
package struct Condition: Equatable, Sendable {
    package var kind: AlertKind
    /// The short name of the process. Empty for the whole.
    package var place: String
    package var level: Level
    /// How much, and what to do.
    package var text: String
    /// It needs no second look, such as a process that is down.
    package var isCertain: Bool
    /// A counter of the things that are lost or refused. The alert tells its growth since it rose.
    package var counter: Double?

    package init(
        _ kind: AlertKind, _ level: Level, at place: String = "", _ text: String, certain: Bool = false,
        counter: Double? = nil
    ) {
        self.kind = kind
        self.place = place
        self.level = level
        self.text = text
        isCertain = certain
        self.counter = counter
    }
    package var key: String { place.isEmpty ? kind.rawValue : "\(place) \(kind.rawValue)" }
}

/// The alerts. Three samples in a row raise one, and ten samples without it end it, so nothing flickers at a threshold.
/// From the first sample without it, it is told as over.
///
///     seen once or twice --third sample, or certain--> raised --sample without it--> over --ten samples--> gone
///                                                        ^--------sample with it-------+
package struct AlertBook: Equatable, Sendable {
    static let samplesToRise = 3
    private static let samplesToFall = 10
    private struct Entry: Equatable {
        var alert: Alert
        var counterAtRise: Double?
        var seen = 0
        var missed = 0
        var isRaised = false
        var isCertain = false
    }
    private var entries: [String: Entry] = [:]
    private var lastSample: UInt64 = 0

    package init() {}

    /// A change of the list that is worth an event.
    package enum Change: Equatable, Sendable {
        case rose(Alert)
        /// A warning has become critical.
        case worsened(Alert)
        case fell(Alert)
    }

    /// The alerts that are raised, the worst first.
    package var raised: [Alert] { entries.values.filter(\.isRaised).map(\.alert).worstFirst }

    /// `sample` is a second: several pictures of one second count once. `wall` is in milliseconds since 1970.
    @discardableResult
    package mutating func note(_ conditions: [Condition], sample: UInt64, wall: UInt64) -> [Change] {
        let isNew = sample != lastSample
        lastSample = sample
        var changes: [Change] = []
        for condition in conditions {
            var entry = entries[condition.key] ?? Entry(alert: Alert(condition, since: wall))
            if entry.missed > 0, !entry.isRaised { entry.alert.since = wall }
            let wasCritical = entry.alert.isCritical
            entry.alert.over = nil
            entry.alert.level = condition.level == .critical ? .critical : .warning
            // The counter of a process that has ended begins anew.
            entry.counterAtRise = min(entry.counterAtRise ?? .infinity, condition.counter ?? .infinity)
            let growth = condition.counter.map { $0 - (entry.counterAtRise ?? 0) } ?? 0
            entry.alert.text = condition.text + (growth >= 1 ? "; \(Format.grouped(growth)) so far" : "")
            (entry.missed, entry.isCertain) = (0, condition.isCertain)
            if isNew || entry.seen == 0 { entry.seen += 1 }
            let rises = !entry.isRaised && (condition.isCertain || entry.seen >= AlertBook.samplesToRise)
            if rises {
                entry.isRaised = true
                changes.append(.rose(entry.alert))
            } else if entry.isRaised, entry.alert.isCritical, !wasCritical {
                entry.alert.acknowledged = nil
                changes.append(.worsened(entry.alert))
            }
            entries[condition.key] = entry
        }
        if isNew { changes += forget(beside: Set(conditions.map(\.key)), wall) }
        return changes
    }
    private mutating func forget(beside present: Set<String>, _ wall: UInt64) -> [Change] {
        var changes: [Change] = []
        for (key, var entry) in entries where !present.contains(key) {
            entry.missed += 1
            if entry.missed == 1 { entry.alert.over = wall }
            guard entry.isRaised, entry.missed < AlertBook.samplesToFall else {
                if entry.isRaised { changes.append(.fell(entry.alert)) }
                entries[key] = nil
                continue
            }
            entries[key] = entry
        }
        return changes
    }

    /// Marks alerts as acknowledged: the one with this key, or all. Answers how many were open.
    package mutating func acknowledge(_ key: String?, by who: String) -> Int {
        var count = 0
        for (name, entry) in entries where (key ?? name) == name && entry.isRaised && entry.alert.isOpen {
            entries[name]?.alert.acknowledged = who
            count += 1
        }
        return count
    }
}

extension Alert {
    fileprivate init(_ condition: Condition, since: UInt64) {
        let place = condition.place
        self.init(
            key: condition.key, level: .warning,
            what: place.isEmpty ? condition.kind.what : "\(place) \(condition.kind.what)",
            short: place.isEmpty ? condition.kind.short : "\(place) \(condition.kind.short)", text: "", since: since,
            screen: condition.kind.screen)
    }
}
