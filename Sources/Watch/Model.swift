import Base
package import Configuration
package import Stats
package import Supervision

/// All that is known about the appliance. It takes up reports, events and answers, and the views read it. The time is
/// handed in.
package struct Model: Sendable {
    /// The time of the picture: nanoseconds of CLOCK_MONOTONIC, and milliseconds since 1970.
    package var now: UInt64 = 0
    package var wall: UInt64 = 0

    package var server = Server()
    package var link = Link.waiting
    package var processes: [ProcessName: ProcessModel] = [:]
    package var supervisor = Supervisor()
    /// The manager's report about all waiting messages.
    package var queue = Series()
    package var managerBoot: UInt64 = 0
    package var depth = History()
    package var connections = History()
    package var deliveries = History()
    /// The messages that apps published, and those that were queued.
    package var publishes = Growth()
    package var enqueued = Growth()
    /// The end of the hub's piece of history that came last.
    var pieceBefore: HistoryEnd?
    /// The last 24 hours of connections, queue and deliveries.
    package var days: [StatsDay.Total: Day] = [:]
    /// The events, the oldest first, at most `eventsKept`.
    package var events: [Event] = []
    package var book = AlertBook()
    package var health = Health()
    /// The most connections since the start, or since the key `z`.
    package var peakConnections: Double = 0
    /// The answers to questions, beside the reports.
    package var told = Told()
    /// `nil` if the picture is live.
    package var past: Past?
    package var reach = Reach()
    /// Events come over the control socket, with their numbers. Those of datagrams are the same again.
    package var hasFollowedEvents = false

    package init() {}

    /// The appliance that is watched.
    package struct Server: Equatable, Sendable {
        package var version = Version.text
        package var host = ""
        /// The other machine, as the operator named it. `nil` for this one.
        package var remote: String?
        /// When the other machine is tried again, for people. Empty while it is connected.
        package var retry = ""
        package var address = ""
        package var kernel = ""
        package var runDirectory = ""
        package var statsAddress = ""
        package var policy = Policy()
        package init() {}
        package struct Policy: Equatable, Sendable {
            package var restartDelay = 0.1, restartDelayMax = 30.0, crashLoopExits = 5, crashLoopWindow = 60.0,
                watchdog = 10.0, drain = 60.0, stop = 10.0
            package init() {}
            package init(_ settings: Settings.Supervisor) {
                restartDelay = settings.restartDelay
                restartDelayMax = settings.restartDelayMax
                crashLoopExits = settings.crashloopExits
                crashLoopWindow = settings.crashloopWindow
                watchdog = settings.watchdog
                drain = settings.drain
                stop = settings.stop
            }
        }
    }
    package struct Supervisor: Sendable {
        package var own = Series()
        package var boot: UInt64 = 0
        package var pid: UInt32 = 0
        package var startTime: UInt64 = 0
        /// Its pid is no more. It is set while it does not answer.
        package var isGone = false
    }
    /// The state of the connection to the hub.
    package enum Link: Equatable, Sendable {
        /// No answer yet, since megatop started.
        case waiting
        case live
        /// A recording is shown. If it is over, its last picture stays.
        case replay(isOver: Bool)
        /// `since` is in ns. `reason` is for people.
        case lost(since: UInt64, reason: String)
    }
    /// The health of megatop itself.
    package struct Health: Equatable, Sendable {
        package var lost: UInt64 = 0
        package var late: UInt64 = 0
        package var dropped: UInt64 = 0
        /// Frames that the terminal did not take in time.
        package var framesSkipped: UInt64 = 0
        /// No token could be read, so the datagrams are believed unchecked.
        package var isUnauthenticated = false
        package init() {}
    }

    /// The alerts, the worst first.
    package var alerts: [Alert] {
        guard let told = told.alerts else { return book.raised }
        guard isLost else { return told }
        // Only megatop sees what happens without a supervisor.
        let own = book.raised
        let keys = Set(own.map(\.key))
        return (own + told.filter { !keys.contains($0.key) }).worstFirst
    }
    package var verdict: Verdict { Verdict(alerts) }

    package var ordered: [ProcessModel] { processes.keys.sorted().compactMap { processes[$0] } }
    package var workers: [ProcessModel] { ordered.filter(\.id.isWorker) }

    /// Computes the values that depend on time. Called once for each picture.
    package mutating func tick() {
        let totals = totals
        let connections = totals.connections
        // While one worker of several is silent, the sum of the others is better than none. The line says so.
        let isPartial = totals.silent.count < totals.workers.count { $0.state(now).isRunning }
        if connections.freshness == .fresh || isPartial { self.connections.note(connections.value, time: now) }
        peakConnections = max(peakConnections, connections.value ?? 0)
        let deliveries = totals.deliveries(seconds: 1)
        if deliveries.freshness == .fresh || isPartial, let value = deliveries.value {
            self.deliveries.note(value, time: now)
        }
        noteDay([.connections: connections, .delivered: deliveries, .queued: totals.waiting(.queueMessages)], totals)
        // Only the supervisor's list is the list. A recording of an earlier version has none, and a test.
        if told.alerts == nil || isLost { book.note(conditions(totals), sample: now / 1_000_000_000, wall: wall) }
    }
    /// Waits until all processes have reported. The sum of some would be the day's least value.
    private mutating func noteDay(_ values: [StatsDay.Total: Quantity], _ totals: Totals) {
        guard totals.areWhole else { return }
        for (total, quantity) in values where quantity.freshness == .fresh {
            if let value = quantity.value { days[total, default: Day()].note(value, time: now) }
        }
    }
    package mutating func zeroPeaks() { peakConnections = totals.connections.value ?? 0 }

    package static let eventsKept = 1000
    package mutating func take(_ event: Event) {
        if event.number != 0, events.contains(where: { $0.number == event.number && $0.time == event.time }) { return }
        let at = events.lastIndex { $0.time <= event.time }.map { $0 + 1 } ?? 0
        events.insert(event, at: at)
        if events.count > Model.eventsKept { events.removeFirst() }
    }
    /// Marks the processes that have ended, while nobody tells. `isGone` answers by pid.
    package mutating func markGone(_ isGone: (Int32) -> Bool) {
        for id in processes.keys {
            guard let process = processes[id], process.pid > 0 else { continue }
            let gone = isGone(Int32(bitPattern: process.pid))
            if gone != process.isGone { processes[id]?.isGone = gone }
        }
    }
    /// No appliance has more processes. A stream from outside that tells of more is refused before it fills the memory.
    package var isPlausible: Bool {
        max(processes.count, told.children.count) <= Model.mostProcesses
            && events.reduce(0) { $0 + $1.text.utf8.count } <= Model.mostEventBytes
    }
    private static let mostProcesses = 512
    private static let mostEventBytes = 8 << 20
    package var isReplay: Bool { if case .replay = link { true } else { false } }
    package var isLost: Bool { if case .lost = link { true } else { false } }
}
