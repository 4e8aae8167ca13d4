package import Stats
package import Supervision

/// What is known of one process, by who said it: itself, the manager (what waits for its clients), the supervisor (how
/// it lives).
package struct ProcessModel: Equatable, Sendable {
    package let id: ProcessName
    package var own = Series()
    package var queue = Series()
    package var child = Series()
    /// The boot id of its newest report. 0: none came.
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
    /// While no supervisor answers: its pid is no more.
    package var isGone = false
    package var connections = History()
    package var depth = History()
    package var deliveries = History()

    package init(_ id: ProcessName) { self.id = id }

    /// What the supervisor says, or without it what the process itself said last.
    package func state(_ now: UInt64) -> State {
        if isGone { return State(word: "GONE", freshness: .absent, isRunning: false) }
        if isToldNewer || child.freshness(now) < .old, let code = child.count(.childState),
            let state = ProcessState(code: code)
        {
            let isOverloaded =
                state == .ready && reportedState == StatsPacket.State.overloaded.rawValue
                && own.freshness(now) == .fresh
            return State(
                word: isOverloaded ? State.overload : State.words[state] ?? "?", freshness: child.freshness(now),
                isRunning: state.isRunning)
        }
        let freshness = own.freshness(now)
        guard let age = own.age(now) else {
            guard !child.isEmpty else { return State(word: "?", freshness: .old, isRunning: false) }
            let last = child.count(.childState).flatMap(ProcessState.init(code:))
            return State(word: last.flatMap { State.words[$0] } ?? "?", freshness: .old, isRunning: false)
        }
        if saidGoodbye { return State(word: "LEFT", freshness: freshness, isRunning: false) }
        if age > 60 { return State(word: "GONE", freshness: .absent, isRunning: false) }
        let said = StatsPacket.State(rawValue: reportedState)
        return State(
            word: said == .overloaded ? State.overload : said?.word.uppercased() ?? "?", freshness: freshness,
            isRunning: true)
    }
    /// Whose word is the last: without a supervisor the processes go on reporting.
    private var isToldNewer: Bool {
        guard let told = child.time else { return false }
        guard let said = own.time else { return true }
        return said <= told + 1_500_000_000
    }
    package struct State: Equatable, Sendable {
        package var word: String
        package var freshness: Freshness
        package var isRunning: Bool
        /// Looked up once: a case's own name costs more than all else in a row.
        static let words = Dictionary(
            uniqueKeysWithValues: ProcessState.allCases.map { ($0, $0.rawValue.uppercased()) })

        package var text: String { word + (freshness == .stale || freshness == .old ? "~" : "") }
        /// It serves, but is full, or its loop is late again and again. As wide as the column.
        static let overload = "OVERLOAD"
        package var isReady: Bool { (word == "READY" || word == State.overload) && freshness == .fresh }
        package var level: Level {
            switch word {
            case "BACKOFF", "CRASHLOOP", "HELD", "GONE": .critical
            case "SUSPECT", "ORPHAN", State.overload: .warning
            default: .fine
            }
        }
    }

    // MARK: values with their age

    /// A gauge of its own report.
    package func gauge(_ id: MetricID, _ now: UInt64) -> Quantity {
        guard state(now).isRunning else { return .absent }
        // Not every process has every counter.
        if !own.isEmpty, own.count(id) == nil { return .absent }
        return Quantity(own.value(id), own.freshness(now))
    }
    package func rate(_ id: MetricID, _ now: UInt64, seconds: Double) -> Quantity {
        guard state(now).isRunning, own.isEmpty || own.count(id) != nil else { return .absent }
        let freshness = own.freshness(now)
        return Quantity(freshness == .old ? nil : own.rate(id, seconds: seconds), freshness)
    }
    /// What waits for its clients: known from the manager, also while it is down.
    package func waiting(_ id: MetricID, _ now: UInt64) -> Quantity {
        queue.isEmpty ? Quantity(nil, .old) : Quantity(queue.value(id), queue.freshness(now))
    }
    package func waitingRate(_ id: MetricID, _ now: UInt64, seconds: Double) -> Quantity {
        let freshness = queue.freshness(now)
        return Quantity(freshness == .old ? nil : queue.rate(id, seconds: seconds), freshness)
    }
    /// From the supervisor's table.
    package func told(_ id: MetricID, _ now: UInt64) -> Quantity {
        child.isEmpty ? Quantity(nil, .old) : Quantity(child.value(id), child.freshness(now))
    }
    /// enqueued - dequeued - expired - dropped - depth: 0, or messages are lost without a trace.
    package var imbalance: Int64? { ProcessModel.imbalance(queue) }
    package static func imbalance(_ queue: Series) -> Int64? {
        guard let enqueued = queue.count(.enqueued), let dequeued = queue.count(.dequeued),
            let expired = queue.count(.expired),
            let dropped = queue.count(.droppedFull), let depth = queue.count(.queueMessages)
        else { return nil }
        return Int64(bitPattern: enqueued &- dequeued &- expired &- dropped &- depth)
    }
}
