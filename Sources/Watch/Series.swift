package import Stats

/// The last reports of one source: values with their sample time (ns of CLOCK_MONOTONIC). Rates are computed from
/// cumulative counters by sample time, never by arrival. So a lost or late datagram changes nothing.
package struct Series: Equatable, Sendable {
    package struct Sample: Equatable, Sendable {
        package var time: UInt64
        package var values: MetricValues
    }
    /// The number of samples, enough for a rate over ten reports.
    static let kept = 11
    package private(set) var samples: [Sample] = []
    /// The announced time between two reports, in ms.
    package var interval: UInt64 = 1000

    package init() {}

    /// Takes up a part of a report. Parts of the same time are one sample. A part that is older than the newest is left
    /// out.
    package mutating func take(_ values: MetricValues, time: UInt64) {
        if let last = samples.last {
            guard time >= last.time else { return }
            if time == last.time {
                for (id, value) in values.all { samples[samples.count - 1].values[raw: id] = value }
                return
            }
        }
        if samples.count == Series.kept { samples.removeFirst() }
        samples.append(Sample(time: time, values: values))
    }
    /// Begins another life of the process. Its counters began anew, so no rate is computed across.
    package mutating func restart() { samples.removeAll(keepingCapacity: true) }

    package var isEmpty: Bool { samples.isEmpty }
    package var time: UInt64? { samples.last?.time }
    package func value(_ id: MetricID) -> Double? { samples.last?.values[id].map { Double($0) } }
    package func count(_ id: MetricID) -> UInt64? { samples.last?.values[id] }

    /// The growth per second, over so many seconds or as far back as is known. `nil` if there is one sample only, if
    /// the samples are too close together to tell, or if the counter went back.
    package func rate(_ id: MetricID, seconds: Double = 0) -> Double? {
        guard let (first, last) = ends(id, seconds: seconds), last.value >= first.value else { return nil }
        return Double(last.value - first.value) * 1e9 / Double(last.time - first.time)
    }

    /// By how much a gauge goes up or down per second, by the last two samples.
    package func change(_ id: MetricID) -> Double? {
        guard let (first, last) = ends(id, seconds: 0) else { return nil }
        return (Double(last.value) - Double(first.value)) * 1e9 / Double(last.time - first.time)
    }

    private typealias End = (time: UInt64, value: UInt64)
    /// The newest sample, and one that is so many seconds older, but at least half an interval: a process that wakes
    /// sends two reports at once, and divided by the time between them everything would be a peak.
    private func ends(_ id: MetricID, seconds: Double) -> (first: End, last: End)? {
        guard let last = samples.last, let now = last.values[id] else { return nil }
        let least = max(seconds * 1e9 - 5e7, Double(interval) * 5e5)
        var first: End?
        for sample in samples.dropLast().reversed() {
            guard let value = sample.values[id] else { break }
            first = (sample.time, value)
            if Double(last.time - sample.time) >= least { break }
        }
        guard let first, Double(last.time - first.time) >= Double(interval) * 5e5 else { return nil }
        return (first, (last.time, now))
    }

    /// Seconds since the newest sample.
    package func age(_ now: UInt64) -> Double? { time.map { now > $0 ? Double(now - $0) / 1e9 : 0 } }
    package func freshness(_ now: UInt64) -> Freshness {
        guard let age = age(now) else { return .old }
        return Freshness(age: age, interval: Double(max(1, interval)) / 1000)
    }
}

/// How far a value can be trusted, by its age.
package enum Freshness: Int, Comparable, Sendable {
    case fresh
    /// Older than 3 intervals. The value is shown with `~`.
    case stale
    /// Older than 10 intervals. Rates are `?`, and values are still shown with `~`.
    case old
    /// No process is there to have the value. It is shown as `-`.
    case absent
    package static func < (one: Freshness, other: Freshness) -> Bool { one.rawValue < other.rawValue }

    /// Both in seconds.
    package init(age: Double, interval: Double) {
        let intervals = age / interval
        self = intervals > 10 ? .old : intervals > 3 ? .stale : .fresh
    }
    /// The freshness of an answer that came at `time`, in ns, to a question that is asked every so many seconds.
    package init(answered time: UInt64?, _ now: UInt64, every seconds: Double) {
        guard let time else {
            self = .old
            return
        }
        self.init(age: now > time ? Double(now - time) / 1e9 : 0, interval: seconds)
    }
}

/// A value with its age. An unknown value is never zero.
package struct Quantity: Equatable, Sendable {
    package var value: Double?
    package var freshness: Freshness
    package init(_ value: Double?, _ freshness: Freshness) {
        self.value = value
        self.freshness = freshness
    }
    package static let absent = Quantity(nil, .absent)

    package func text(_ format: (Double) -> String) -> String {
        if freshness == .absent { return "-" }
        guard let value else { return "?" }
        return format(value) + (freshness == .fresh ? "" : "~")
    }
    package func map(_ change: (Double) -> Double) -> Quantity { Quantity(value.map(change), freshness) }
    /// The sum. It is as old as the older part.
    package static func + (one: Quantity, other: Quantity) -> Quantity {
        if one.freshness == .absent { return other }
        if other.freshness == .absent { return one }
        let value: Double? = if let a = one.value, let b = other.value { a + b } else { one.value ?? other.value }
        return Quantity(value, max(one.freshness, other.freshness))
    }
}

/// Ten minutes of one number, with a value for each second. `nil` if no report came.
package struct History: Equatable, Sendable {
    package static let kept = 600
    /// The time of the newest value, in seconds.
    private var second: UInt64 = 0
    private var stored: [Float] = []

    package init() {}
    package var isEmpty: Bool { stored.isEmpty }
    package mutating func note(_ value: Double?, time: UInt64) {
        let now = time / 1_000_000_000
        if stored.isEmpty {
            second = now
            stored = [value.map { Float($0) } ?? .nan]
            return
        }
        guard now >= second else { return fill(now, value, overwrites: false) }
        if now == second {
            if let value { stored[stored.count - 1] = Float(value) }
            return
        }
        // A single missed second is filled from its neighbour, since reports come a little early or late.
        let missed = Int(min(now - second - 1, UInt64(History.kept)))
        let filler = missed == 1 ? value.map { Float($0) } ?? .nan : .nan
        stored.append(contentsOf: repeatElement(filler, count: missed))
        stored.append(value.map { Float($0) } ?? .nan)
        if stored.count > History.kept { stored.removeFirst(stored.count - History.kept) }
        second = now
    }
    /// Takes a value from the hub's history, which comes after the first live reports.
    package mutating func fill(_ at: UInt64, _ value: Double?, overwrites: Bool) {
        guard !stored.isEmpty, at <= second else { return }
        let back = second - at
        guard back < UInt64(History.kept) else { return }
        let missing = Int(back) + 1 - stored.count
        if missing > 0 { stored.insert(contentsOf: repeatElement(.nan, count: missing), at: 0) }
        let index = stored.count - 1 - Int(back)
        if stored[index].isNaN || overwrites, let value { stored[index] = Float(value) }
    }
    /// The sums of the known values, by second of CLOCK_MONOTONIC, the newest first.
    package static func sum(_ histories: [History]) -> [(second: UInt64, value: Double)] {
        let newest = histories.map(\.second).max() ?? 0
        var sums = [Double](repeating: .nan, count: kept)
        for history in histories where newest - history.second < UInt64(kept) {
            let behind = Int(newest - history.second)
            for (back, value) in history.stored.reversed().prefix(kept - behind).enumerated() where !value.isNaN {
                sums[behind + back] = sums[behind + back].isNaN ? Double(value) : sums[behind + back] + Double(value)
            }
        }
        return sums.enumerated().compactMap { back, sum in sum.isNaN ? nil : (newest - UInt64(back), sum) }
    }
    /// The values up to now, the oldest first. Silence since the last value shows as gaps.
    package func values(seconds: Int = History.kept, now: UInt64? = nil) -> [Double?] {
        var result: [Double?] = stored.suffix(seconds).map { $0.isNaN ? nil : Double($0) }
        // A delay of a second or two is no silence.
        if let now, now / 1_000_000_000 > second + 2, !result.isEmpty {
            result.append(
                contentsOf: repeatElement(nil, count: Int(min(now / 1_000_000_000 - second - 1, UInt64(seconds)))))
            result = Array(result.suffix(seconds))
        }
        return result
    }
    /// The same without what came after this time.
    package func until(_ time: UInt64) -> History {
        var earlier = self
        let back = second - min(second, time / 1_000_000_000)
        if back >= UInt64(stored.count) { return History() }
        earlier.stored.removeLast(Int(back))
        earlier.second -= back
        return earlier
    }
    package var range: (least: Double, most: Double)? {
        let known = stored.filter { !$0.isNaN }
        guard let least = known.min(), let most = known.max() else { return nil }
        return (Double(least), Double(most))
    }
}
