/// The memory of the last 10 minutes: one value a second of each metric that a viewer shows of the past. The hub has
/// one, and megatop has one that begins with the hub's.
///
/// A series is made when its first value comes. It takes 4.8 KB, or next to nothing as long as it never changes. Every
/// 10 seconds the hub's totals go into the day's memory.
package struct StatsArchive: Sendable {
    package static let steps = 600
    package static let stepMilliseconds: UInt32 = 1000
    private static let stepNanoseconds = UInt64(stepMilliseconds) * 1_000_000

    package struct Key: Hashable, Sendable {
        package var role: StatsPacket.Role
        package var instance: UInt16
        package var metric: UInt16
        package var subject: UInt16?
    }
    /// The process that a series is from, or the one that it is about.
    package struct Place: Hashable, Sendable {
        package var role: StatsPacket.Role
        package var instance: UInt16
        /// As in `MetricID.subject`. `nil` for what a process says of itself.
        package var subject: UInt16?
        package init(_ role: StatsPacket.Role, instance: UInt16 = 0, subject: UInt16? = nil) {
            self.role = role
            self.instance = instance
            self.subject = subject
        }
        /// The metrics that are kept. The series are in this order.
        package var metrics: [MetricID] { StatsArchive.metrics(role, hasSubject: subject != nil) }
    }
    /// The series of each place, in the order of its metrics. `nil` if no value came yet.
    private(set) var rings: [Place: ContiguousArray<Ring?>] = [:]
    /// The bound of the archive: 256 workers, what the manager reports about them, and what the supervisor does.
    private static let mostPlaces = 800
    /// The last 24 hours of the totals.
    package internal(set) var day: StatsDay
    /// The second of the first report, and three report intervals: a process that says nothing for so many seconds
    /// still counts with its last value.
    private(set) var begin: UInt64?
    private(set) var patienceSeconds: UInt64 = 3

    /// `day` is what an earlier hub remembered.
    package init(day: StatsDay = StatsDay()) { self.day = day }

    package var keys: [Key] {
        let all = rings.flatMap { place, rings in
            zip(place.metrics, rings).compactMap { id, ring in
                ring == nil
                    ? nil : Key(role: place.role, instance: place.instance, metric: id.rawValue, subject: place.subject)
            }
        }
        // First those that are drawn over time, so that the first pictures are soon full.
        return all.sorted {
            ($0.isDrawn ? 0 : 1, $0.role.rawValue, $0.instance, $0.metric, $0.subject ?? .max) < (
                $1.isDrawn ? 0 : 1, $1.role.rawValue, $1.instance, $1.metric, $1.subject ?? .max
            )
        } + dayKeys
    }

    /// Takes the values of a source's newest datagram. `now` is in ns of CLOCK_MONOTONIC. They belong to the second in
    /// which they were sampled, also if they come later and several at once.
    package mutating func note(_ source: StatsSource, now: UInt64) {
        let step = min(source.header.sampleTime, now) / StatsArchive.stepNanoseconds
        begin = begin ?? step
        patienceSeconds = max(3, UInt64(source.header.interval) * 3 / 1000)
        let (role, instance) = (source.header.role, source.header.instance)
        put(Place(role, instance: instance), source.values, step)
        guard role == .manager || role == .supervisor else { return }
        for number in source.newestSubjects {
            if let subject = source.subjects[number] {
                put(Place(role, instance: instance, subject: number), subject.values, step)
            }
        }
    }

    /// Takes values that came in no datagram. `subject` is the process that they are about, if it is another.
    package mutating func note(
        _ values: MetricValues, of role: StatsPacket.Role, subject: UInt16? = nil, now: UInt64
    ) {
        put(Place(role, subject: subject), values, now / StatsArchive.stepNanoseconds)
    }
    /// Takes a piece of another archive. What is known already stays.
    package mutating func take(_ history: StatsHistory) {
        guard history.measure == .value, history.stepMilliseconds == StatsArchive.stepMilliseconds else { return }
        let place = Place(history.role, instance: history.instance, subject: history.subject)
        guard let at = place.metrics.firstIndex(where: { $0.rawValue == history.metric }) else { return }
        guard rings[place] != nil || rings.count < StatsArchive.mostPlaces else { return }
        let first = history.firstTime / StatsArchive.stepNanoseconds
        let empty = ContiguousArray<Ring?>(repeating: nil, count: place.metrics.count)
        // The newest first, so that a series without a change stays one.
        for (index, value) in history.values.enumerated().reversed() {
            if let value { rings[place, default: empty].fill(at, value, first + UInt64(index)) }
        }
    }

    private mutating func put(_ place: Place, _ values: MetricValues, _ step: UInt64) {
        let metrics = place.metrics
        if metrics.isEmpty { return }
        if rings[place]?.put(values, metrics, step) == nil, rings.count < StatsArchive.mostPlaces {
            var made = ContiguousArray<Ring?>(repeating: nil, count: metrics.count)
            made.put(values, metrics, step)
            rings[place] = made
        }
    }

    /// The series as it is now, oldest value first, without the empty steps before its first value. `nil` if there is
    /// none.
    package func history(_ key: Key, now: UInt64) -> StatsHistory? {
        if let (total, measure) = key.ofDay { return day.history(total, measure, now: now) }
        let length = StatsArchive.stepNanoseconds
        let step = now / length
        let place = Place(key.role, instance: key.instance, subject: key.subject)
        let at = place.metrics.firstIndex { $0.rawValue == key.metric }
        guard let at, let ring = rings[place]?[at], step < ring.last + UInt64(StatsArchive.steps) else { return nil }
        let first = step >= UInt64(StatsArchive.steps) ? step - UInt64(StatsArchive.steps) + 1 : 0
        let values = (first...step).map { ring[$0] }
        guard let begin = values.firstIndex(where: { $0 != nil }) else { return nil }
        return StatsHistory(
            role: key.role, instance: key.instance, metric: key.metric, subject: key.subject,
            stepMilliseconds: StatsArchive.stepMilliseconds,
            firstTime: (first + UInt64(begin)) * length, values: Array(values[begin...]))
    }
}

extension StatsArchive.Key {
    /// A line of a picture is drawn of it.
    fileprivate var isDrawn: Bool {
        [MetricID.connsOpen, .delivered, .handed, .queueMessages].contains { $0.rawValue == metric }
    }
}
