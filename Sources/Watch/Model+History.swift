package import Stats
import Supervision

/// The end of a piece of the hub's history. The next piece of the same series goes on there.
struct HistoryEnd: Sendable {
    var role: StatsPacket.Role
    var instance: UInt16
    var metric: UInt16
    var subject: UInt16?
    /// The time after the last step of the piece.
    var next: UInt64
    /// The last known value and its time.
    var value: UInt64
    var time: UInt64

    func continues(_ piece: StatsHistory) -> Bool {
        role == piece.role && instance == piece.instance && metric == piece.metric && subject == piece.subject
            && next == piece.firstTime
    }
}

extension Model {
    /// Takes a piece of the hub's history, so that the pictures are full from the first one on.
    package mutating func take(_ history: StatsHistory) {
        guard let id = history.id, let measure = history.measure, history.stepMilliseconds > 0 else { return }
        if measure != .value { return take(history, ofDay: measure) }
        guard let process = history.process else { return }
        let step = UInt64(history.stepMilliseconds) * 1_000_000
        var before = pieceBefore.flatMap { $0.continues(history) ? (value: $0.value, time: $0.time) : nil }
        for (index, value) in history.values.enumerated() {
            guard let value else { continue }
            let time = history.firstTime &+ UInt64(index) &* step
            take(value, of: id, process, isAbout: history.subject != nil, time)
            if let before, value >= before.value, time > before.time {
                let growth = Step(count: value - before.value, time: time, seconds: Double(time - before.time) / 1e9)
                take(growth, of: id, process, isAbout: history.subject != nil)
            }
            before = (value, time)
        }
        pieceBefore = before.map {
            HistoryEnd(
                role: history.role, instance: history.instance, metric: history.metric, subject: history.subject,
                next: history.firstTime &+ UInt64(history.values.count) &* step, value: $0.value, time: $0.time)
        }
        if id == .connsOpen { sum(\.connections, into: \.connections) }
        if id == .delivered { sum(\.deliveries.history, into: \.deliveries) }
    }
    /// The growth of a counter since the step before.
    private struct Step {
        var count: UInt64
        var time: UInt64
        var seconds: Double
        var perSecond: Double { Double(count) / seconds }
    }
    /// `isAbout`: the manager tells it about the messages for the clients of this process.
    private mutating func take(_ value: UInt64, of id: MetricID, _ process: ProcessName, isAbout: Bool, _ time: UInt64)
    {
        switch (id, isAbout) {
        case (.connsOpen, false), (.workersConnected, false):
            processes[process]?.connections.note(Double(value), time: time)
        case (.appsConnected, false): processes[process]?.apps.note(Double(value), time: time)
        case (.queueMessages, false): depth.note(Double(value), time: time)
        case (.queueMessages, true): processes[process]?.depth.note(Double(value), time: time)
        default: break
        }
    }
    private mutating func take(_ step: Step, of id: MetricID, _ process: ProcessName, isAbout: Bool) {
        guard !isAbout else { return }
        switch id {
        // The manager reports `handed`, a worker `delivered`.
        case process.delivered: processes[process]?.deliveries.fill(step.perSecond, time: step.time)
        case .publishes: publishes.fill(step.perSecond, time: step.time)
        case .enqueued: enqueued.fill(step.perSecond, time: step.time)
        default:
            guard let bucket = LatencyBuckets.ids.firstIndex(of: id) else { return }
            processes[process]?.latencies.fill(bucket, step.count, second: step.time / 1_000_000_000)
        }
    }
    /// Sums the histories of the workers into the total's history.
    private mutating func sum(_ part: KeyPath<ProcessModel, History>, into total: WritableKeyPath<Model, History>) {
        let sums = History.sum(workers.map { $0[keyPath: part] })
        if self[keyPath: total].isEmpty, let (second, value) = sums.first {
            self[keyPath: total].note(value, time: second * 1_000_000_000)
        }
        for (second, value) in sums { self[keyPath: total].fill(second, value, overwrites: true) }
    }
}

extension Model {
    /// The last ten minutes of a total.
    package subscript(total: StatsDay.Total) -> History {
        switch total {
        case .connections: connections
        case .queued: depth
        case .delivered: deliveries
        }
    }
    /// The number of messages that were queued within the time to live. If as many wait, messages expire. `nil` if that
    /// is not known, or if messages live longer than the history.
    package var queueEdge: Double? {
        guard let ttl = queue.value(.queueTTL), ttl >= 1000, ttl <= Double(History.kept * 1000) else { return nil }
        let seconds = Int(ttl / 1000)
        let known = enqueued.history.values(seconds: seconds, now: now).compactMap(\.self)
        guard known.count * 10 >= seconds * 9 else { return nil }
        return known.reduce(0, +) * Double(seconds) / Double(known.count)
    }
}

extension StatsHistory {
    /// The process that the series is about. It need not exist: the history also remembers workers of a larger
    /// configuration.
    fileprivate var process: ProcessName? {
        switch (role, subject) {
        case (.worker, nil): .worker(Int(instance))
        case (.manager, nil): .manager
        case (.manager, let subject?): ProcessName(subject: subject)
        default: nil
        }
    }
}
