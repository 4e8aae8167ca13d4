/// The hub's memory of the last 10 minutes, a value a second, of the metrics that a viewer draws over time. A series is made when its first
/// value comes: 4.8 KB each, 6 for a worker and 4 for its queue, so 3 MB for 64 workers.
package struct StatsArchive: Sendable {
    package static let steps = 600
    package static let stepMilliseconds: UInt32 = 1000
    private static let none = UInt64.max

    private static let own: [StatsPacket.Role: [MetricID]] = [
        .worker: [.connsOpen, .delivered, .polls, .bytesOut, .loopLagMax, .rss],
        .manager: [.publishes, .publishBytes, .forwarded, .queueMessages, .queueBytes, .queueOldest, .enqueued, .dequeued, .expired, .droppedFull, .loopLagMax, .rss],
        .supervisor: [.tcpInUse, .memoryAvailable],
    ]
    private static let ofSubjects: [MetricID] = [.queueMessages, .queueOldest, .expired, .enqueued]

    package struct Key: Hashable, Sendable {
        package var role: StatsPacket.Role
        package var instance: UInt16
        package var metric: UInt16
        package var subject: UInt16?
    }
    fileprivate struct Ring: Sendable {
        var values = ContiguousArray<UInt64>(repeating: StatsArchive.none, count: StatsArchive.steps)
        /// The step of the newest value.
        var last: UInt64 = 0
    }
    private var rings: [Key: Ring] = [:]
    /// Bound of the whole: 128 workers and the manager.
    private static let mostSeries = 2048

    package init() {}

    package var keys: [Key] {
        rings.keys.sorted { ($0.role.rawValue, $0.instance, $0.metric, $0.subject ?? .max) < ($1.role.rawValue, $1.instance, $1.metric, $1.subject ?? .max) }
    }

    /// Takes up what the newest datagram of a source brought. `now` in ns of CLOCK_MONOTONIC.
    package mutating func note(_ source: StatsSource, now: UInt64) {
        let step = now / (UInt64(StatsArchive.stepMilliseconds) * 1_000_000)
        let (role, instance) = (source.header.role, source.header.instance)
        // They all stand in the first part of a report.
        for id in StatsArchive.own[role] ?? [] where source.header.part == 1 {
            if let value = source.values[id] { put(Key(role: role, instance: instance, metric: id.rawValue, subject: nil), value, step) }
        }
        guard role == .manager else { return }
        for number in source.newestSubjects {
            guard let subject = source.subjects[number] else { continue }
            for id in StatsArchive.ofSubjects {
                if let value = subject.values[id] { put(Key(role: role, instance: instance, metric: id.rawValue, subject: number), value, step) }
            }
        }
    }

    private mutating func put(_ key: Key, _ value: UInt64, _ step: UInt64) {
        if rings[key]?.put(value, step) == nil, rings.count < StatsArchive.mostSeries {
            var ring = Ring()
            ring.put(value, step)
            rings[key] = ring
        }
    }

    /// The series as it stands, oldest first, without the empty steps before its first value; nil where there is none.
    package func history(_ key: Key, now: UInt64) -> StatsHistory? {
        let length = UInt64(StatsArchive.stepMilliseconds) * 1_000_000
        let step = now / length
        guard let ring = rings[key], step < ring.last + UInt64(StatsArchive.steps) else { return nil }
        var values: [UInt64?] = []
        let first = step >= UInt64(StatsArchive.steps) ? step - UInt64(StatsArchive.steps) + 1 : 0
        for at in first...step {
            let value = at > ring.last ? StatsArchive.none : ring.values[Int(at % UInt64(StatsArchive.steps))]
            values.append(value == StatsArchive.none ? nil : value)
        }
        guard let begin = values.firstIndex(where: { $0 != nil }) else { return nil }
        return StatsHistory(
            role: key.role, instance: key.instance, metric: key.metric, subject: key.subject, stepMilliseconds: StatsArchive.stepMilliseconds,
            firstTime: (first + UInt64(begin)) * length, values: Array(values[begin...]))
    }
}

extension StatsArchive.Ring {
    fileprivate mutating func put(_ value: UInt64, _ step: UInt64) {
        guard step >= last || last == 0 else { return }
        if last > 0 {
            for empty in (last + 1)..<max(last + 1, min(step, last + UInt64(StatsArchive.steps) + 1)) { values[Int(empty % UInt64(StatsArchive.steps))] = StatsArchive.none }
        }
        values[Int(step % UInt64(StatsArchive.steps))] = value
        last = step
    }
}
