package import Stats
package import Supervision

/// All that is known about one process, by the source: the process itself, the manager (messages for its clients), and
/// the supervisor (its life).
package struct ProcessModel: Equatable, Sendable {
    package let id: ProcessName
    package var own = Series()
    package var queue = Series()
    package var child = Series()
    /// The boot id of its newest report. 0 if none came.
    package var boot: UInt64 = 0
    package var pid: UInt32 = 0
    package var generation: UInt16 = 0
    /// Milliseconds since 1970.
    package var startTime: UInt64 = 0
    package var reportedState: UInt16 = 0
    package var saidGoodbye = false
    package var lost: UInt64 = 0
    package var latency = Recent(LatencyBuckets.ids)
    package var closes = Recent(Closes.reasons.map(\.id))
    /// Its pid does not exist any more. It is set while no supervisor answers.
    package var isGone = false
    package var connections = History()
    package var depth = History()
    package var deliveries = Growth()
    /// The apps that are connected to the manager; `connections` are its workers.
    package var apps = History()
    package var latencies = LatencyHistory()
    /// It is made of what an archive keeps, which is not all that the process reports.
    package var isPast = false

    package init(_ id: ProcessName) { self.id = id }

    /// The state by the supervisor, or, without a supervisor, by the last report of the process itself.
    package func state(_ now: UInt64) -> State {
        if isGone { return State(.gone, .absent, isRunning: false) }
        let told = child.count(.childState).flatMap(ProcessState.init(code:))
        if isToldNewer || child.freshness(now) < .old, let told {
            let isOverloaded =
                told == .ready && reportedState == StatsPacket.State.overloaded.rawValue
                && own.freshness(now) == .fresh
            return State(isOverloaded ? .overload : .told(told), child.freshness(now), isRunning: told.isRunning)
        }
        guard let age = own.age(now) else { return State(told.map { .told($0) } ?? .unknown, .old, isRunning: false) }
        if saidGoodbye { return State(.left, own.freshness(now), isRunning: false) }
        if age > 60 { return State(.gone, .absent, isRunning: false) }
        let said = StatsPacket.State(rawValue: reportedState)
        return State(said.map(Condition.init) ?? .unknown, own.freshness(now), isRunning: true)
    }
    /// Whether the supervisor's word is the newest. Without a supervisor the processes go on reporting.
    private var isToldNewer: Bool {
        guard let told = child.time else { return false }
        guard let said = own.time else { return true }
        return said <= told + 1_500_000_000
    }
    /// The condition of a process: by the supervisor's table, by its own report, or by what is known without both.
    package enum Condition: Hashable, Sendable {
        case told(ProcessState)
        /// It serves, but is full, or its loop is often late.
        case overload
        /// It serves without a supervisor.
        case orphan
        /// It said goodbye.
        case left
        /// It has said nothing for long, or its pid is no more.
        case gone
        case unknown

        init(_ said: StatsPacket.State) {
            self =
                switch said {
                case .starting: .told(.starting)
                case .ready: .told(.ready)
                case .draining: .told(.draining)
                case .overloaded: .overload
                case .orphan: .orphan
                }
        }
        /// The words are kept in a table, since making one costs more than the rest of a row.
        private static let words = Dictionary(
            uniqueKeysWithValues: ProcessState.allCases.map { ($0, $0.rawValue.uppercased()) })
        /// The word, as wide as the column.
        package var word: String {
            switch self {
            case .told(let state): Condition.words[state] ?? "?"
            case .overload: "OVERLOAD"
            case .orphan: "ORPHAN"
            case .left: "LEFT"
            case .gone: "GONE"
            case .unknown: "?"
            }
        }
    }
    package struct State: Equatable, Sendable {
        package var condition: Condition
        package var freshness: Freshness
        package var isRunning: Bool

        init(_ condition: Condition, _ freshness: Freshness, isRunning: Bool) {
            self.condition = condition
            self.freshness = freshness
            self.isRunning = isRunning
        }
        package var word: String { condition.word }
        private var isOld: Bool { freshness == .stale || freshness == .old }
        package var text: String { word + (isOld ? "~" : "") }
        /// It is shown as plain READY: there is nothing more to say.
        package var isPlain: Bool { condition == .told(.ready) && !isOld }
        package var isReady: Bool {
            (condition == .told(.ready) || condition == .overload) && freshness == .fresh
        }
        /// It was ready by the last word on it, however old, and is not known to have gone.
        package var wasReady: Bool { condition == .told(.ready) || condition == .overload || condition == .orphan }
        package var level: Level {
            switch condition {
            case .told(.backoff), .told(.crashloop), .told(.held), .gone: .critical
            case .told(.suspect), .orphan, .overload: .warning
            case .told(.starting), .told(.ready), .told(.draining), .told(.stopping), .told(.stopped), .left, .unknown:
                .fine
            }
        }
    }

    // MARK: values with their age

    /// A gauge of its own report.
    package func gauge(_ id: MetricID, _ now: UInt64) -> Quantity {
        missing(now) ?? (lacks(id) ? .absent : Quantity(own.value(id), own.freshness(now)))
    }
    /// What stands for every value of a process that does not run. `nil` if it runs.
    package func missing(_ now: UInt64) -> Quantity? {
        let state = state(now)
        return state.isRunning ? nil : state.condition == .unknown ? Quantity(nil, .old) : .absent
    }
    /// A process need not have every counter.
    private func lacks(_ metric: MetricID) -> Bool {
        guard !own.isEmpty, own.count(metric) == nil else { return false }
        return !(isPast && id.isWorker && StatsArchive.leavesOut(metric))
    }
    /// Its client connections that are served. Above the limit a connection is only told that the worker is full.
    package func served(_ now: UInt64) -> Quantity { gauge(.connsOpen, now).map(served) }
    package func served(_ open: Double) -> Double {
        guard let limit = own.value(.connLimit), limit > 0 else { return open }
        return min(open, limit)
    }
    package func rate(_ id: MetricID, _ now: UInt64, seconds: Double) -> Quantity {
        if let missing = missing(now) { return missing }
        if lacks(id) { return .absent }
        let freshness = own.freshness(now)
        return Quantity(freshness == .old ? nil : own.rate(id, seconds: seconds), freshness)
    }
    /// Messages that wait for its clients. The manager reports them, also while the process is down.
    package func waiting(_ metric: MetricID, _ now: UInt64) -> Quantity {
        guard id != .webhook else { return .absent }
        return queue.isEmpty ? Quantity(nil, .old) : Quantity(queue.value(metric), queue.freshness(now))
    }
    package func waitingRate(_ metric: MetricID, _ now: UInt64, seconds: Double) -> Quantity {
        guard id != .webhook else { return .absent }
        let freshness = queue.freshness(now)
        return Quantity(freshness == .old ? nil : queue.rate(metric, seconds: seconds), freshness)
    }
    /// A value from the supervisor's table.
    package func told(_ id: MetricID, _ now: UInt64) -> Quantity {
        child.isEmpty ? Quantity(nil, .old) : Quantity(child.value(id), child.freshness(now))
    }
    /// enqueued - dequeued - expired - dropped - depth. If it is not 0, messages are lost without a trace.
    package var imbalance: Int64? { ProcessModel.imbalance(queue) }
    package static func imbalance(_ queue: Series) -> Int64? {
        guard let enqueued = queue.count(.enqueued), let dequeued = queue.count(.dequeued),
            let expired = queue.count(.expired),
            let dropped = queue.count(.droppedFull), let depth = queue.count(.queueMessages)
        else { return nil }
        return Int64(bitPattern: enqueued &- dequeued &- expired &- dropped &- depth)
    }
}
