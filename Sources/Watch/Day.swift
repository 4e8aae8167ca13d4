package import Stats

/// The last 24 hours of one number, by the minute, with the least, the mean and the largest value of each minute. The
/// hub tells them with its history. From then on they are noted here.
package struct Day: Equatable, Sendable {
    package static let kept = 1440
    private static let stepNanoseconds: UInt64 = 60_000_000_000

    /// NaN stands for unknown.
    private struct Step: Equatable {
        var least = Float.nan, mean = Float.nan, most = Float.nan
        /// The number of our own values in the mean.
        var count: Float = 0
    }
    /// The number of the newest minute.
    private var newest: UInt64 = 0
    private var steps: [Step] = []

    package init() {}

    /// `time` is in ns of CLOCK_MONOTONIC.
    package mutating func note(_ value: Double, time: UInt64) {
        guard let at = place(time) else { return }
        let value = Float(value)
        steps[at].least = steps[at].least.isNaN ? value : min(steps[at].least, value)
        steps[at].most = steps[at].most.isNaN ? value : max(steps[at].most, value)
        steps[at].count += 1
        steps[at].mean = steps[at].mean.isNaN ? value : steps[at].mean + (value - steps[at].mean) / steps[at].count
    }
    /// Takes a value from the hub, which has seen the whole minute. It knows the beginning of the present minute.
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
    /// The place of the minute of this time. Room is made for it. `nil` if the minute is too long ago to be kept.
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

    /// The largest value of each minute of the 24 hours up to now, the oldest first. `nil` if it is not known.
    package func values(now: UInt64) -> [Double?] {
        let current = max(now / Day.stepNanoseconds, newest)
        let since = Int(min(steps.isEmpty ? UInt64(Day.kept) : current - newest, UInt64(Day.kept)))
        let known = steps.suffix(Day.kept - since).map { $0.most.isNaN ? nil : Double($0.most) as Double? }
        return [Double?](repeating: nil, count: Day.kept - since - known.count) + known
            + [Double?](repeating: nil, count: since)
    }
    /// The mean of the minute of this time. `nil` if it is not known.
    package func mean(at time: UInt64) -> Double? {
        let minute = time / Day.stepNanoseconds
        guard minute <= newest, newest - minute < UInt64(steps.count) else { return nil }
        let mean = steps[steps.count - 1 - Int(newest - minute)].mean
        return mean.isNaN ? nil : Double(mean)
    }
    /// The same without the minutes after the one of this time.
    package func until(_ time: UInt64) -> Day {
        let back = newest - min(newest, time / Day.stepNanoseconds)
        if back >= UInt64(steps.count) { return Day() }
        var earlier = self
        earlier.steps.removeLast(Int(back))
        earlier.newest -= back
        return earlier
    }
    /// The beginning of the oldest minute. `nil` if there is none.
    package var oldest: UInt64? {
        steps.isEmpty ? nil : (newest + 1 - UInt64(steps.count)) * Day.stepNanoseconds
    }
    /// The range of all known values.
    package var range: (least: Double, mean: Double, most: Double)? { range(steps[...]) }
    /// The range of the values of the last minutes.
    package func range(minutes: Int, now: UInt64) -> (least: Double, mean: Double, most: Double)? {
        let current = max(now / Day.stepNanoseconds, newest)
        let since = Int(min(current - newest, UInt64(Day.kept)))
        return range(steps.suffix(max(0, minutes - since)))
    }
    private func range(_ steps: ArraySlice<Step>) -> (least: Double, mean: Double, most: Double)? {
        let least = steps.map(\.least).filter { !$0.isNaN }, mean = steps.map(\.mean).filter { !$0.isNaN },
            most = steps.map(\.most).filter { !$0.isNaN }
        guard let lowest = least.min(), let highest = most.max(), !mean.isEmpty else { return nil }
        return (Double(lowest), mean.reduce(0) { $0 + Double($1) } / Double(mean.count), Double(highest))
    }
}

extension Model {
    /// Takes a piece of the hub's history of the day.
    package mutating func take(_ history: StatsHistory, ofDay measure: StatsHistory.Measure) {
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
