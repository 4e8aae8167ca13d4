package import Stats

/// What the fleet orders; the shell does it in this order.
package enum FleetAction: Equatable, Sendable {
    /// Start it; the shell answers with `started` or `startFailed`.
    case start(CopyName)
    /// On its lifeline: answer your clients over so many milliseconds, then leave.
    case drain(CopyName, over: Milliseconds)
    /// On its lifeline and by SIGTERM: leave at once.
    case stop(CopyName)
    /// SIGABRT (and SIGCONT, or a stopped process would not see it): it leaves a core and a crash report.
    case abort(CopyName)
    /// SIGKILL, to its whole process group.
    case kill(CopyName)
    /// Nobody serves its port for a while: accept its connections, and answer each that it should come again; false:
    /// leave them to it.
    case turnAway(ProcessName, Bool)
    case tell(Event)
    /// What the service manager shows of the whole.
    case announce(String)
    /// A copy ended that should not have: keep what is known of it.
    case keepCrash(CopyName, Ending, uptime: Milliseconds)
    /// The shutdown is complete: no copy is left.
    case finished
}

extension Event {
    /// What the fleet or its shell tells of a process, or of the whole appliance. It has no time yet.
    package init(
        _ severity: Severity, _ name: ProcessName?, _ kind: String, _ text: String, generation: Int? = nil,
        pid: Int32? = nil
    ) {
        self.init(
            time: 0, severity: severity, name: name?.description, kind: kind, text: text, pid: pid.map(Int.init),
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

/// The knobs of the supervision, with their defaults.
package struct FleetSettings: Equatable, Sendable {
    package var workers = 8
    package var restart = RestartPolicy.Settings()
    /// From start to ready.
    package var readyTimeout: Milliseconds = 10_000
    /// Between two reports of a daemon; nil: no reports come, and none are missed.
    package var reportInterval: Milliseconds? = 1000
    package var suspectAfterMissed: Milliseconds = 3
    /// Silent for so long: hung.
    package var watchdog: Milliseconds = 10_000
    /// After a hung process was killed nothing else is for so long: what stops several is rarely their own fault.
    package var hangPause: Milliseconds = 30_000
    /// The polls of a draining worker are answered over this.
    package var drain: Milliseconds = 60_000
    /// After that it has so long to leave by itself.
    package var stop: Milliseconds = 10_000
    /// And after the last order so long until SIGKILL.
    package var killAfter: Milliseconds = 5000
    /// Connections to a process that is down wait in the kernel for so long; then they are turned away.
    package var waitsInKernel: Milliseconds = 2000
    /// A worker may be without its link for so long, counted from the manager's being ready: it tries again within two
    /// seconds.
    package var linkPatience: Milliseconds = 5000
    /// No worker but in a crash loop or held, for so long: said once, to who watches the service.
    package var hopelessAfter: Milliseconds = 300_000
    /// The shell calls `tick` at least so often; where it comes later by `lateness`, the supervisor itself was late.
    package var beat: Milliseconds = 500
    package var lateness: Milliseconds = 1000
    package init() {}
}
