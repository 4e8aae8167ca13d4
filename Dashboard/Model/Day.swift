package import Stats

/// The last 24 hours of one number, by the minute: the least, the mean and the most of each. The hub tells them with
/// its history; from then on they are noted here.
package struct Day: Equatable, Sendable {
    package static let kept = 1440
    private static let stepNanoseconds: UInt64 = 60_000_000_000

    /// Not a number where it is not known.
    private struct Step: Equatable {
        var least = Float.nan, mean = Float.nan, most = Float.nan
        /// How many values of our own are in the mean.
        var count: Float = 0
    }
    /// The number of the newest minute.
    private var newest: UInt64 = 0
    private var steps: [Step] = []

    package init() {}

    /// `time` in ns of CLOCK_MONOTONIC.
    package mutating func note(_ value: Double, time: UInt64) {
        guard let at = place(time) else { return }
        let value = Float(value)
        steps[at].least = steps[at].least.isNaN ? value : min(steps[at].least, value)
        steps[at].most = steps[at].most.isNaN ? value : max(steps[at].most, value)
        steps[at].count += 1
        steps[at].mean = steps[at].mean.isNaN ? value : steps[at].mean + (value - steps[at].mean) / steps[at].count
    }
    /// From the hub, which has seen all of it. Of the minute under way it knows the beginning.
    package mutating func fill(_ measure: StatsHistory.Measure, _ value: Double, time: UInt64) {
        guard let at = place(time) else { return }
        let value = Float(value)
        switch measure {
        case .value: break
        case .least: steps[at].least = steps[at].least.isNaN ? value : min(steps[at].least, value)
        case .mean: steps[at].mean = value
        case .most: steps[at].most = steps[at].most.isNaN ? value : max(steps[at].most, value)
        }
    }
    /// Where the minute of that time stands; room is made for it. Nil: it is longer ago than is kept.
    private mutating func place(_ time: UInt64) -> Int? {
        let minute = time / Day.stepNanoseconds
        if steps.isEmpty { newest = minute }
        if minute >= newest {
            let missing = min(minute - newest, UInt64(Day.kept)) + (steps.isEmpty ? 1 : 0)
            steps.append(contentsOf: repeatElement(Step(), count: Int(missing)))
            steps.removeFirst(max(0, steps.count - Day.kept))
            newest = minute
        }
        let back = newest - minute
        guard back < UInt64(Day.kept) else { return nil }
        if back >= UInt64(steps.count) {
            steps.insert(contentsOf: repeatElement(Step(), count: Int(back) + 1 - steps.count), at: 0)
        }
        return steps.count - 1 - Int(back)
    }

    /// The most of each minute of the 24 hours up to now, oldest first; nil where it is not known.
    package func values(now: UInt64) -> [Double?] {
        let current = max(now / Day.stepNanoseconds, newest)
        let since = Int(min(steps.isEmpty ? UInt64(Day.kept) : current - newest, UInt64(Day.kept)))
        let known = steps.suffix(Day.kept - since).map { $0.most.isNaN ? nil : Double($0.most) as Double? }
        return [Double?](repeating: nil, count: Day.kept - since - known.count) + known
            + [Double?](repeating: nil, count: since)
    }
    /// Over all that is known.
    package var range: (least: Double, mean: Double, most: Double)? {
        let least = steps.map(\.least).filter { !$0.isNaN }, mean = steps.map(\.mean).filter { !$0.isNaN },
            most = steps.map(\.most).filter { !$0.isNaN }
        guard let lowest = least.min(), let highest = most.max(), !mean.isEmpty else { return nil }
        return (Double(lowest), mean.reduce(0) { $0 + Double($1) } / Double(mean.count), Double(highest))
    }
}

extension Model {
    /// A piece of the hub's history of the day.
    mutating func take(_ history: StatsHistory, ofDay measure: StatsHistory.Measure) {
        guard history.role == .supervisor, let total = StatsDay.Total.allCases.first(where: { $0.metric == history.id })
        else { return }
        let isRate = Metric[total.metric].kind == .counter
        for (index, value) in history.values.enumerated() {
            guard let value else { continue }
            let time = history.firstTime &+ UInt64(index) * UInt64(history.stepMilliseconds) * 1_000_000
            days[total, default: Day()].fill(measure, isRate ? Double(value) / 1000 : Double(value), time: time)
        }
    }
}
