/// The hub's memory of the last 10 minutes: one value a second of each metric that a viewer draws over time.
///
/// A series is made when its first value comes and takes 4.8 KB. A worker has 14 and its queue has 4, so 64 workers
/// take 5.5 MB. Every 10 seconds the totals go into the day's memory.
package struct StatsArchive: Sendable {
    package static let steps = 600
    package static let stepMilliseconds: UInt32 = 1000
    static let none = UInt64.max

    static let ofWorkers: [MetricID] =
        [.connsOpen, .delivered, .polls, .bytesOut, .loopLagMax, .rss] + LatencyBuckets.ids
    static let ofManager: [MetricID] = [
        .publishes, .publishBytes, .forwarded, .queueMessages, .queueBytes, .queueOldest, .enqueued, .dequeued,
        .expired, .droppedFull, .handed, .workersConnected, .appsConnected, .loopLagMax, .rss,
    ]
    private static let ofSupervisor: [MetricID] = [.tcpInUse, .memoryAvailable]
    private static let ofSubjects: [MetricID] = [.queueMessages, .queueOldest, .expired, .enqueued]
    private static func metrics(_ role: StatsPacket.Role, hasSubject: Bool) -> [MetricID] {
        switch role {
        case .worker: ofWorkers
        case .manager: hasSubject ? ofSubjects : ofManager
        case .supervisor: ofSupervisor
        case .webhook, .reader: []
        }
    }

    package struct Key: Hashable, Sendable {
        package var role: StatsPacket.Role
        package var instance: UInt16
        package var metric: UInt16
        package var subject: UInt16?
    }
    struct Ring: Sendable {
        var values = ContiguousArray<UInt64>(repeating: StatsArchive.none, count: StatsArchive.steps)
        /// The step of the newest value.
        var last: UInt64 = 0
    }
    /// The process that a series is from, or the one that it is about.
    struct Place: Hashable, Sendable {
        var role: StatsPacket.Role
        var instance: UInt16
        var subject: UInt16?
    }
    /// The series of each place, in the order of its metrics. `nil` if no value came yet.
    private(set) var rings: [Place: ContiguousArray<Ring?>] = [:]
    /// The bound of the archive: 256 workers, and what the manager reports about them.
    private static let mostPlaces = 512
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
            zip(StatsArchive.metrics(place.role, hasSubject: place.subject != nil), rings).compactMap { id, ring in
                ring == nil
                    ? nil : Key(role: place.role, instance: place.instance, metric: id.rawValue, subject: place.subject)
            }
        }
        return all.sorted {
            ($0.role.rawValue, $0.instance, $0.metric, $0.subject ?? .max) < (
                $1.role.rawValue, $1.instance, $1.metric, $1.subject ?? .max
            )
        } + dayKeys
    }

    /// Takes the values of a source's newest datagram. `now` is in ns of CLOCK_MONOTONIC. They belong to the second in
    /// which they were sampled, also if they come later and several at once.
    package mutating func note(_ source: StatsSource, now: UInt64) {
        let step = min(source.header.sampleTime, now) / (UInt64(StatsArchive.stepMilliseconds) * 1_000_000)
        begin = begin ?? step
        patienceSeconds = max(3, UInt64(source.header.interval) * 3 / 1000)
        let (role, instance) = (source.header.role, source.header.instance)
        // The metrics of the process itself are all in the first part of a report.
        if source.header.part == 1 { put(Place(role: role, instance: instance), source.values, step) }
        guard role == .manager else { return }
        for number in source.newestSubjects {
            if let subject = source.subjects[number] {
                put(Place(role: role, instance: instance, subject: number), subject.values, step)
            }
        }
    }

    /// Takes values that came in no datagram.
    package mutating func note(_ values: MetricValues, of role: StatsPacket.Role, now: UInt64) {
        put(Place(role: role, instance: 0), values, now / (UInt64(StatsArchive.stepMilliseconds) * 1_000_000))
    }

    private mutating func put(_ place: Place, _ values: MetricValues, _ step: UInt64) {
        let metrics = StatsArchive.metrics(place.role, hasSubject: place.subject != nil)
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
        let length = UInt64(StatsArchive.stepMilliseconds) * 1_000_000
        let step = now / length
        let place = Place(role: key.role, instance: key.instance, subject: key.subject)
        let at = StatsArchive.metrics(key.role, hasSubject: key.subject != nil).firstIndex { $0.rawValue == key.metric }
        guard let at, let ring = rings[place]?[at], step < ring.last + UInt64(StatsArchive.steps) else { return nil }
        var values: [UInt64?] = []
        let first = step >= UInt64(StatsArchive.steps) ? step - UInt64(StatsArchive.steps) + 1 : 0
        for at in first...step {
            let value = at > ring.last ? StatsArchive.none : ring.values[Int(at % UInt64(StatsArchive.steps))]
            values.append(value == StatsArchive.none ? nil : value)
        }
        guard let begin = values.firstIndex(where: { $0 != nil }) else { return nil }
        return StatsHistory(
            role: key.role, instance: key.instance, metric: key.metric, subject: key.subject,
            stepMilliseconds: StatsArchive.stepMilliseconds,
            firstTime: (first + UInt64(begin)) * length, values: Array(values[begin...]))
    }
}

extension ContiguousArray<StatsArchive.Ring?> {
    fileprivate mutating func put(_ values: MetricValues, _ metrics: [MetricID], _ step: UInt64) {
        for (at, id) in metrics.enumerated() {
            guard let value = values[id] else { continue }
            if self[at]?.put(value, step) == nil {
                var ring = StatsArchive.Ring()
                ring.put(value, step)
                self[at] = ring
            }
        }
    }
}

extension StatsArchive.Ring {
    fileprivate mutating func put(_ value: UInt64, _ step: UInt64) {
        guard step >= last || last == 0 else { return }
        if last > 0 {
            for empty in (last + 1)..<max(last + 1, min(step, last + UInt64(StatsArchive.steps) + 1)) {
                values[Int(empty % UInt64(StatsArchive.steps))] = StatsArchive.none
            }
        }
        values[Int(step % UInt64(StatsArchive.steps))] = value
        last = step
    }
}
