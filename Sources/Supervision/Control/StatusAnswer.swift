package import Stats

/// The answer to `status`, and GET /status of the operator's port: the supervisor and its table of processes.
package struct StatusAnswer: Codable, Sendable {
    /// All processes that should run are ready.
    package var ready: Bool
    /// The state is `ready`, `not_ready` or `stopping`.
    package var state: String
    package var pid: Int32
    /// All times here are in seconds.
    package var uptime: Double
    package var runDirectory: String
    package var rolling: RollingAnswer.Run?
    /// The number of the newest one.
    package var events: UInt64
    package var processes: [Row]
    /// `nil` if the workers serve no TLS.
    package var certificate: Certificate?
    /// The alerts, the worst first. `nil` if a supervisor of an earlier version told none.
    package var alerts: [Alert]?
    package var verdict: Verdict?
    package var losses: LossesAnswer?
    /// The last rolling restart that has ended, until another one ends. `nil`: none has since the supervisor started.
    package var lastRolling: RollingAnswer.Last?

    enum CodingKeys: String, CodingKey {
        case ready, state, pid, uptime, runDirectory = "run_directory", rolling, events, processes, certificate
        case alerts, verdict, losses, lastRolling = "last_rolling"
    }

    package init(_ fleet: Fleet, pid: Int32, uptime: Double, runDirectory: String, events: UInt64, processes: [Row]) {
        ready = fleet.isAllReady && !fleet.isShuttingDown
        state = fleet.isShuttingDown ? "stopping" : fleet.isAllReady ? "ready" : "not_ready"
        self.pid = pid
        self.uptime = uptime
        self.runDirectory = runDirectory
        rolling = fleet.rolling.map(RollingAnswer.Run.init)
        self.events = events
        self.processes = processes
    }

    /// One process.
    package struct Row: Codable, Sendable {
        package var name: String
        package var state: ProcessState
        package var pid: Int32?
        package var restarts = 0
        package var uptime: Double?
        /// The value of its last report. `nil` if there was none, or if it does not say.
        package var connections: UInt64?
        package var lastExit: Exit?
        package var desired = Desired.up
        package var generation = 0
        package var boot = ""
        package var retryIn: Double?
        package var crashloop = false
        package var exits = 0
        package var exits60s = 0
        package var exits24h = 0
        package var hangKills = 0
        /// How long its last start took.
        package var readyIn: Double?
        package var reportAge: Double?
        /// The watchdog leaves the process alone.
        package var hold = false
        package var overloaded = false
        /// Whether a worker is linked to the manager. `nil` if it has not said so.
        package var linked: Bool?
        /// It has been without that link for too long.
        package var deaf = false
        /// The kernel's word on the process while it is silent: `stopped by a signal (state T)`.
        package var diagnosis: String?
        /// An earlier supervisor started it.
        package var adopted = false
        /// Its other copies: a copy that starts to replace it, or a copy that drains.
        package var beside: [Beside] = []
        /// The last copy that was to replace this one and ended before it was ready. It is not counted as an exit.
        package var failedReplacement: Exit?

        enum CodingKeys: String, CodingKey {
            case name, state, pid, restarts, uptime, connections, lastExit = "last_exit", desired, generation, boot
            case retryIn = "retry_in", crashloop, exits, exits60s = "exits_60s", exits24h = "exits_24h"
            case hangKills = "hang_kills", readyIn = "ready_in", reportAge = "report_age", hold, overloaded, linked
            case deaf, diagnosis, adopted, beside, failedReplacement = "failed_replacement"
        }
    }
    package struct Beside: Codable, Sendable {
        package var generation: Int
        package var pid: Int32?
        package var state: ProcessState
        /// The time that is left until it must be done.
        package var left: Double?
    }
    package struct Exit: Codable, Sendable {
        package var kind: EndKind?
        package var code: Int?
        package var signal: Int?
        package var ordered: Bool?
        package var uptime: Double
        /// The time since then.
        package var age: Double?
        package var text: String
    }
}

// A member that another version does not send has its empty value.
extension KeyedDecodingContainer {
    fileprivate func value<Value: Decodable>(_ key: Key, or other: Value) throws -> Value {
        try decodeIfPresent(Value.self, forKey: key) ?? other
    }
}

extension StatusAnswer {
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        ready = try members.value(.ready, or: false)
        state = try members.value(.state, or: "")
        pid = try members.value(.pid, or: 0)
        uptime = try members.value(.uptime, or: 0)
        runDirectory = try members.value(.runDirectory, or: "")
        rolling = try members.value(.rolling, or: nil)
        lastRolling = try members.value(.lastRolling, or: nil)
        events = try members.value(.events, or: 0)
        processes = try members.decode([Row].self, forKey: .processes)
        certificate = try members.value(.certificate, or: nil)
        alerts = try members.value(.alerts, or: nil)
        verdict = try members.value(.verdict, or: nil)
        losses = try members.value(.losses, or: nil)
    }
}

/// How a copy ended, in one word.
package enum EndKind: String, Codable, Sendable {
    case exit, signal
    /// The copy was silent and was aborted.
    case hang
    /// The copy was adopted, and the kernel told its exit to another process.
    case unknown

    package init(_ ending: Ending, wasHung: Bool) {
        self = wasHung ? .hang : ending.signal != nil ? .signal : ending.code != nil ? .exit : .unknown
    }
}

extension StatusAnswer.Row {
    /// Everything that the fleet knows about the process. The shell adds the rest, since it gets the reports.
    package init(_ slot: FleetSlot, now: Milliseconds) {
        name = slot.name.description
        state = slot.state
        pid = slot.main?.pid
        // A copy that was to replace another and failed was no restart.
        restarts = max(0, slot.generation - 1 - slot.failedReplacementsTotal)
        uptime = slot.main.map { (now - $0.startedAt).asSeconds }
        lastExit = slot.lastExit.map { StatusAnswer.Exit($0, now: now) }
        failedReplacement = slot.failedReplacement.map { StatusAnswer.Exit($0, now: now) }
        desired = slot.desired
        generation = slot.main?.generation ?? slot.generation
        retryIn = slot.retryAt.map { max(0, $0 - now).asSeconds }
        crashloop = slot.isCrashLooping
        exits = slot.exitsTotal
        exits60s = slot.exits(since: now - 60_000)
        exits24h = slot.exits(since: now - 86_400_000)
        hangKills = slot.hangKillsTotal
        readyIn = slot.readyIn?.asSeconds
        hold = slot.isWatchdogHeld
        linked = slot.main?.isLinked
        deaf = slot.main?.isDeaf ?? false
        beside = slot.copies.dropFirst(slot.main == nil ? 0 : 1).map {
            StatusAnswer.Beside(
                generation: $0.generation, pid: $0.pid, state: $0.state,
                left: $0.deadline.map { max(0, $0 - now).asSeconds })
        }
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        name = try members.decode(String.self, forKey: .name)
        state = try members.value(.state, or: .stopped)
        pid = try members.value(.pid, or: nil)
        restarts = try members.value(.restarts, or: 0)
        uptime = try members.value(.uptime, or: nil)
        connections = try members.value(.connections, or: nil)
        lastExit = try members.value(.lastExit, or: nil)
        failedReplacement = try members.value(.failedReplacement, or: nil)
        desired = try members.value(.desired, or: .up)
        generation = try members.value(.generation, or: 0)
        boot = try members.value(.boot, or: "")
        retryIn = try members.value(.retryIn, or: nil)
        crashloop = try members.value(.crashloop, or: false)
        exits = try members.value(.exits, or: 0)
        exits60s = try members.value(.exits60s, or: 0)
        exits24h = try members.value(.exits24h, or: 0)
        hangKills = try members.value(.hangKills, or: 0)
        readyIn = try members.value(.readyIn, or: nil)
        reportAge = try members.value(.reportAge, or: nil)
        hold = try members.value(.hold, or: false)
        overloaded = try members.value(.overloaded, or: false)
        linked = try members.value(.linked, or: nil)
        deaf = try members.value(.deaf, or: false)
        diagnosis = try members.value(.diagnosis, or: nil)
        adopted = try members.value(.adopted, or: false)
        beside = try members.value(.beside, or: [])
    }
}

extension StatusAnswer.Exit {
    /// `SIGSEGV`, `exit 127`.
    package var short: String { signal.map(Ending.short) ?? text }
    init(_ last: FleetSlot.LastExit, now: Milliseconds) {
        self.init(
            kind: EndKind(last.ending, wasHung: last.wasHung), code: last.ending.code, signal: last.ending.signal,
            ordered: last.wasPlanned, uptime: last.uptime.asSeconds, age: (now - last.at).asSeconds,
            text: last.ending.text)
    }
}

extension Milliseconds {
    /// The time in seconds, with three digits.
    package var asSeconds: Double { Double(self) / 1000 }
}
