// The day's memory: once every 10 seconds the archive sums up the seconds before. Between that it costs nothing.
extension StatsArchive {
    /// Puts the steps that are over by `now` (ns of CLOCK_MONOTONIC) into the day's memory. Returns their numbers, or
    /// `nil` if no step is new.
    package mutating func closeSteps(now: UInt64) -> ClosedRange<UInt64>? {
        let current = StatsDay.step(at: now)
        guard let begin, current > 0 else { return nil }
        // The archive no longer has the seconds of older steps.
        let first = max(
            day.newest.map { $0 + 1 } ?? 1, begin / StatsDay.secondsInStep,
            current - min(current, UInt64(StatsArchive.steps) / StatsDay.secondsInStep))
        guard first < current else { return nil }
        for number in first..<current { day.put(step(number), at: number) }
        return first...(current - 1)
    }

    private func step(_ number: UInt64) -> StatsDay.Step {
        var connections = StatsTally(), queued = StatsTally(), delivered = StatsTally()
        for second in number * StatsDay.secondsInStep..<(number + 1) * StatsDay.secondsInStep {
            // In the hub's first seconds not all processes have reported, so no sum is a total.
            guard let begin, second >= begin + patienceSeconds else { continue }
            var held: Double?, rate: Double?
            for (place, rings) in rings where place.subject == nil {
                switch place.role {
                case .worker:
                    if let ring = rings[StatsArchive.connsOpenAt], let found = ring.known(second, patienceSeconds) {
                        held = (held ?? 0) + Double(found.value)
                    }
                    if let ring = rings[StatsArchive.deliveredAt], let grown = ring.rate(second, patienceSeconds) {
                        rate = (rate ?? 0) + grown
                    }
                case .manager:
                    if let ring = rings[StatsArchive.queueMessagesAt], let found = ring.known(second, patienceSeconds) {
                        queued.note(Double(found.value))
                    }
                case .supervisor, .webhook, .reader: break
                }
            }
            if let held { connections.note(held) }
            if let rate { delivered.note(rate * 1000) }
        }
        var step = StatsDay.Step()
        (step.connections, step.queued, step.delivered) = (connections.span, queued.span, delivered.span)
        return step
    }
    private static let connsOpenAt = ofWorkers.firstIndex(of: .connsOpen) ?? 0
    private static let deliveredAt = ofWorkers.firstIndex(of: .delivered) ?? 0
    private static let queueMessagesAt = ofManager.firstIndex(of: .queueMessages) ?? 0

    var dayKeys: [Key] {
        guard day.newest != nil else { return [] }
        return StatsDay.Total.allCases.flatMap { total in
            [StatsHistory.Measure.least, .mean, .most].map {
                Key(role: .supervisor, instance: 0, metric: StatsHistory.metric(total.metric, $0), subject: nil)
            }
        }
    }
}

extension StatsArchive.Key {
    /// The series of the day that this key names. `nil` if there is none.
    var ofDay: (StatsDay.Total, StatsHistory.Measure)? {
        guard let measure = StatsHistory.measure(metric), measure != .value else { return nil }
        return StatsDay.Total.allCases.first { StatsHistory.metric($0.metric, measure) == metric }.map { ($0, measure) }
    }
}

extension StatsArchive.Ring {
    /// The newest value at this step or in the `patience` steps before it. `nil` if none of them has a value.
    fileprivate func known(_ step: UInt64, _ patience: UInt64) -> (value: UInt64, step: UInt64)? {
        var at = step
        while at + patience > step {
            if let value = self[at] { return (value, at) }
            guard at > 0 else { return nil }
            at -= 1
        }
        return nil
    }
    /// How fast a counter grew, per second. `nil` if that is not known. A counter that began anew has not grown in that
    /// second.
    fileprivate func rate(_ step: UInt64, _ patience: UInt64) -> Double? {
        guard let now = known(step, patience), now.step > 0, let before = known(now.step - 1, patience) else {
            return nil
        }
        return now.value >= before.value ? Double(now.value - before.value) / Double(now.step - before.step) : 0
    }
}
