package import Stats
package import Supervision

/// Sums over all processes. Each sum is as old as the oldest running process in it.
package struct Totals {
    package let model: Model
    /// All processes, and the workers. They are sorted once for all sums.
    package let ordered: [ProcessModel]
    package let workers: [ProcessModel]

    package init(_ model: Model) {
        self.model = model
        ordered = model.ordered
        workers = ordered.filter(\.id.isWorker)
    }
    package var now: UInt64 { model.now }

    package func sum(_ id: MetricID) -> Quantity { workers.reduce(.absent) { $0 + $1.gauge(id, now) } }
    package func sumRate(_ id: MetricID, seconds: Double) -> Quantity {
        workers.reduce(.absent) { $0 + $1.rate(id, now, seconds: seconds) }
    }
    package var connections: Quantity { sum(.connsOpen) }
    package var connectionLimit: Double? {
        workers.compactMap { $0.own.value(.connLimit) }.reduce(nil) { ($0 ?? 0) + $1 }
    }
    package func deliveries(seconds: Double) -> Quantity { sumRate(.delivered, seconds: seconds) }
    package var manager: ProcessModel? { model.processes[.manager] }
    package func manager(_ id: MetricID, seconds: Double) -> Quantity {
        manager?.rate(id, now, seconds: seconds) ?? Quantity(nil, .old)
    }

    /// A value about all messages that wait at the manager.
    package func waiting(_ id: MetricID) -> Quantity { Quantity(model.queue.value(id), model.queue.freshness(now)) }
    package func waitingRate(_ id: MetricID, seconds: Double) -> Quantity {
        let freshness = model.queue.freshness(now)
        return Quantity(freshness == .old ? nil : model.queue.rate(id, seconds: seconds), freshness)
    }
    /// The number of messages in each latency bucket in the last minute.
    package var latency: [Double]? { recent(\.latency) }
    /// The connections that ended in the last minute, by reason.
    package var closes: [Double]? { recent(\.closes) }
    private func recent(_ part: KeyPath<ProcessModel, Recent>) -> [Double]? {
        let counts = workers.compactMap { $0[keyPath: part].counts() }
        guard let first = counts.first else { return nil }
        return counts.dropFirst().reduce(first) { zip($0, $1).map(+) }
    }
    /// Each running process has sent two reports. So rates are known, and sums are complete.
    package var areWhole: Bool {
        let running = ordered.filter { $0.state(now).isRunning }
        return model.supervisor.own.samples.count > 1 && !running.isEmpty
            && running.allSatisfy { $0.own.samples.count > 1 || $0.own.freshness(now) != .fresh }
    }
    package var readyCount: Int { ordered.count { $0.state(now).isReady } }
    /// The states as words: `7 ready  1 SUSPECT  1 BACKOFF`.
    package var states: [(state: ProcessModel.State, word: String, count: Int)] {
        var counts: [String: (state: ProcessModel.State, count: Int)] = [:]
        for process in ordered {
            let state = process.state(now)
            counts[state.text, default: (state, 0)].count += 1
        }
        let sorted = counts.sorted { one, other in
            (one.value.state.isPlain ? 0 : 1, one.key) < (other.value.state.isPlain ? 0 : 1, other.key)
        }
        return sorted.map { ($0.value.state, $0.value.state.isPlain ? "ready" : $0.key, $0.value.count) }
    }
    package var exits24h: Double? {
        ordered.compactMap { $0.child.value(.childExits24h) }.reduce(nil) { ($0 ?? 0) + $1 }
    }
    /// The processes whose books of the queue don't balance, and the number of processes that were checked.
    package var balance: (wrong: [(ProcessName, Int64)], checked: Int) {
        let checked = ordered.compactMap { process in process.imbalance.map { (process.id, $0) } }
        return (checked.filter { $0.1 != 0 }, checked.count)
    }
}

extension Model {
    /// How full the queue is: its share of messages or of bytes, whichever is larger.
    package var queueShare: Quantity {
        guard let messages = queue.value(.queueMessages), let most = queue.value(.queueLimitMessages), most > 0 else {
            return Quantity(nil, .old)
        }
        let bytes =
            queue.value(.queueBytes).flatMap { bytes in queue.value(.queueLimitBytes).map { $0 > 0 ? bytes / $0 : 0 } }
            ?? 0
        return Quantity(max(messages / most, bytes), queue.freshness(now))
    }
    package var totals: Totals { Totals(self) }
}
