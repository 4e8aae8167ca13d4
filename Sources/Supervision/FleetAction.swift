package import Stats

/// An order of the fleet. The shell carries the orders out one after the other.
package enum FleetAction: Equatable, Sendable {
    /// Start this copy. The shell answers with `started` or `startFailed`.
    case start(CopyName)
    /// Tell the copy on its lifeline to answer its clients over so many milliseconds, and then to leave.
    case drain(CopyName, over: Milliseconds)
    /// Tell the copy on its lifeline and by SIGTERM to leave at once.
    case stop(CopyName)
    /// Send SIGABRT, and SIGCONT, without which a stopped process would not see it. The copy leaves a core and a crash
    /// report.
    case abort(CopyName)
    /// Send SIGKILL to the copy's whole process group.
    case kill(CopyName)
    /// True: nobody will serve this port for a while, so accept its connections and tell each to come again. False:
    /// leave the connections to the process.
    case turnAway(ProcessName, Bool)
    case tell(Event)
    /// Show this text of the whole appliance in the service manager.
    case announce(String)
    /// Keep the memory of the manager's queue for a look, and give the next manager a fresh one.
    case setJournalAside
    /// A copy ended that should not have. Keep what is known of it.
    case keepCrash(CopyName, Ending, uptime: Milliseconds)
    /// The shutdown is complete. No copy is left.
    case finished
}

extension Event {
    /// Something to tell about a process or the whole appliance. It has no time yet.
    package init(
        _ severity: Severity, _ name: ProcessName?, _ kind: OperatorEvent, _ text: String, generation: Int? = nil,
        pid: Int32? = nil
    ) {
        self.init(
            time: 0, severity: severity, name: name?.description, kind: kind.rawValue, text: text,
            pid: pid.map(Int.init),
            generation: generation)
    }
}

/// Why a command was not done.
package struct Refusal: Error, Codable, Equatable, Sendable {
    /// One word for programs: `unknown`, `busy`, `not_running`, `not_possible`.
    package var code: String
    package var message: String
    package init(_ code: String, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// The settings of the supervision, with their defaults.
package struct FleetSettings: Equatable, Sendable {
    package var workers = 8
    package var hasWebhook = false
    package var restart = RestartPolicy.Settings()
    /// The longest time from start to ready.
    package var readyTimeout: Milliseconds = 10_000
    /// The time between two reports of a daemon. `nil`: no reports come, and none are missed.
    package var reportInterval: Milliseconds? = 1000
    package var suspectAfterMissed: Milliseconds = 3
    /// A process that is silent for so long is hung.
    package var watchdog: Milliseconds = 10_000
    /// After a hung process was killed, no other is killed for so long. If several stop at once, it is rarely their own
    /// fault.
    package var hangPause: Milliseconds = 30_000
    /// The polls of a draining worker are answered over this time.
    package var drain: Milliseconds = 60_000
    /// The webhook's request that is under way may take so long, if `drain` is not less.
    package var webhookDrain: Milliseconds = 5000
    /// After the drain it has so long to leave by itself.
    package var stop: Milliseconds = 10_000
    /// The time from the last order to SIGKILL.
    package var killAfter: Milliseconds = 5000
    /// Connections to a process that is down wait in the kernel for so long. Then they are turned away.
    package var waitsInKernel: Milliseconds = 2000
    /// A worker may have no link for so long, counted from the time when the manager was ready. It tries again within
    /// two seconds.
    package var linkPatience: Milliseconds = 5000
    /// If every worker is in a crash loop or held for so long, that is reported once.
    package var hopelessAfter: Milliseconds = 300_000
    /// The shell calls `tick` at least so often. If a call is late by `lateness`, the supervisor itself was late.
    package var beat: Milliseconds = 500
    package var lateness: Milliseconds = 1000
    package init() {}
}
