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
    /// The rates of the workers that report. The last rate of a silent one is not added, since it is not known whether
    /// it goes on: the sum is marked instead. If all are silent, it is the last sum.
    package func sumRate(_ id: MetricID, seconds: Double) -> Quantity {
        sumOfRates(workers) { $0.rate(id, now, seconds: seconds) }
    }
    /// The sum of rates over processes. A part is left out if its process is silent and another one is not.
    package func sumOfRates(_ processes: [ProcessModel], _ rate: (ProcessModel) -> Quantity) -> Quantity {
        let rates = processes.map(rate)
        let hasFresh = rates.contains { $0.freshness == .fresh }
        return rates.reduce(.absent) { sum, rate in
            let isSilent = rate.freshness == .stale || rate.freshness == .old
            return sum + (hasFresh && isSilent ? Quantity(nil, rate.freshness) : rate)
        }
    }
    /// Running workers whose last report is old. Their part is missing in the sums of rates.
    package var silent: [ProcessModel] {
        workers.filter { $0.state(now).isRunning && $0.own.freshness(now) != .fresh }
    }
    /// The age of the figures that are made from all workers' last minute: as old as the oldest running worker.
    package var freshness: Freshness {
        workers.filter { $0.state(now).isRunning }.map { $0.own.freshness(now) }.max() ?? .old
    }
    /// Clients that are served: connections that only wait to be told that the worker is full are not.
    package var connections: Quantity { ofDay(.connections) ?? workers.reduce(.absent) { $0 + $1.served(now) } }
    /// The total of a minute, if nothing else is known of that time. `nil` in all other pictures.
    private func ofDay(_ total: StatsDay.Total) -> Quantity? {
        model.past?.totals.map { Quantity($0[total], .fresh) }
    }
    package var connectionLimit: Double? {
        workers.compactMap { $0.own.value(.connLimit) }.reduce(nil) { ($0 ?? 0) + $1 }
    }
    package func deliveries(seconds: Double) -> Quantity {
        ofDay(.delivered) ?? sumRate(.delivered, seconds: seconds)
    }
    package var manager: ProcessModel? { model.processes[.manager] }
    package func manager(_ id: MetricID, seconds: Double) -> Quantity {
        manager?.rate(id, now, seconds: seconds) ?? Quantity(nil, .old)
    }

    /// A value about all messages that wait at the manager.
    package func waiting(_ id: MetricID) -> Quantity {
        if id == .queueMessages, let total = ofDay(.queued) { return total }
        return Quantity(model.queue.value(id), model.queue.freshness(now))
    }
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
    /// `5/5 ok`. While no supervisor answers, it is the last that is known of the processes that still are there: `4/5~
    /// ok`. While no state is known, it is not known either how many are ready.
    package var readyText: String {
        if model.isLost { return "\(ordered.count { $0.state(now).wasReady })/\(ordered.count)~ ok" }
        let isUnknown = !ordered.isEmpty && ordered.allSatisfy { $0.state(now).condition == .unknown }
        return (isUnknown ? "?" : "\(readyCount)") + "/\(ordered.count) ok"
    }
    /// Whether all are ready, by `readyText`.
    package var areAllReady: Bool {
        (model.isLost ? ordered.count { $0.state(now).wasReady } : readyCount) == ordered.count
    }

    // MARK: errors

    private static let errorsOfWorkers: [MetricID] = [
        .deliverErrors, .httpRefused, .rejectedLimit, .refusedAddressConnections, .refusedAddressAccepts,
    ]
    private static let errorsOfManager: [MetricID] = [
        .refusedFull, .journalRefused, .rejectedJSON, .rejectedSize, .rejectedAuth, .rejectedRequest,
    ]
    /// All errors that clients and apps got, a second: requests refused by workers, answers that could not be written,
    /// and publishes and requests that the manager refused.
    package func errors(seconds: Double) -> Quantity {
        let ofWorkers = sumOfRates(workers) { worker in
            Totals.errorsOfWorkers.reduce(.absent) { $0 + worker.rate($1, now, seconds: seconds) }
        }
        return Totals.errorsOfManager.reduce(ofWorkers) { sum, id in
            sum + (manager?.rate(id, now, seconds: seconds) ?? .absent)
        }
    }
    /// Publishes that were taken up, a second. Those that were refused since the queue or the journal was full are not.
    package func published(seconds: Double) -> Quantity {
        let all = manager(.publishes, seconds: seconds)
        guard let value = all.value else { return all }
        let refused = [MetricID.refusedFull, .journalRefused].compactMap { manager($0, seconds: seconds).value }
        return Quantity(max(0, refused.reduce(value, -)), all.freshness)
    }
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
