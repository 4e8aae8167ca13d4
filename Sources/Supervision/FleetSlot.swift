package import Stats

/// One process of the fleet: the operator's wish, the copies, and the memory of exits.
package struct FleetSlot: Sendable {
    /// The reason why a slot without a copy waits.
    enum Waiting: Equatable {
        case stopped
        case backoff(until: Milliseconds)
        case crashLoop(until: Milliseconds)
        case held
    }
    enum Role { case main, successor, leaving }
    package struct LastExit: Equatable, Sendable {
        package var ending: Ending
        package var uptime: Milliseconds
        package var at: Milliseconds
        package var wasPlanned: Bool
        package var wasHung: Bool
    }

    package let name: ProcessName
    package internal(set) var desired: Desired = .up
    package internal(set) var main: Copy?
    /// The next generation, which starts on the same listener. It becomes `main` when it is ready.
    package internal(set) var successor: Copy?
    /// The generation before, which drains.
    package internal(set) var leaving: Copy?
    var waiting: Waiting = .stopped
    var policy = RestartPolicy()
    /// Since when no copy accepts connections. `nil` if one does.
    var unservedSince: Milliseconds?
    /// Connections to this process are turned away.
    package internal(set) var turnsAway = false
    /// The generation of the newest copy. 0 if none was ever started.
    package internal(set) var generation = 0
    /// The watchdog leaves this process alone.
    package internal(set) var isWatchdogHeld = false

    package internal(set) var startsTotal = 0
    package internal(set) var exitsTotal = 0
    package internal(set) var hangKillsTotal = 0
    /// How long the last start took.
    package internal(set) var readyIn: Milliseconds?
    package internal(set) var lastExit: LastExit?
    /// The last copy that was to replace the main one and ended before it was ready. It is no exit of the process.
    package internal(set) var failedReplacement: LastExit?
    package internal(set) var failedReplacementsTotal = 0
    /// The newest end of any copy.
    package var newestEnd: LastExit? { [lastExit, failedReplacement].compactMap(\.self).max { $0.at < $1.at } }
    /// The last exits that nobody ordered, at most `failuresKept`. They are counted for an hour or a day.
    var failures: [Milliseconds] = []
    static let failuresKept = 2000

    init(_ name: ProcessName) { self.name = name }

    package var state: ProcessState {
        if let main { return main.state }
        switch waiting {
        case .stopped: return .stopped
        case .backoff: return .backoff
        case .crashLoop: return .crashloop
        case .held: return .held
        }
    }
    /// The process is in a crash loop, or waits between two tries of one.
    package var isCrashLooping: Bool { policy.isCrashLooping }
    package var retryAt: Milliseconds? {
        switch waiting {
        case .backoff(let time), .crashLoop(let time): main == nil ? time : nil
        case .stopped, .held: nil
        }
    }
    package var copies: [Copy] { [main, successor, leaving].compactMap(\.self) }
    /// Exits that nobody ordered. The exits of a rolling restart are no reason to worry.
    package func exits(since: Milliseconds) -> Int { failures.count { $0 > since } }

    subscript(role: Role) -> Copy? {
        get {
            switch role {
            case .main: main
            case .successor: successor
            case .leaving: leaving
            }
        }
        set {
            switch role {
            case .main: main = newValue
            case .successor: successor = newValue
            case .leaving: leaving = newValue
            }
        }
    }
    func role(of generation: Int) -> Role? {
        if main?.generation == generation { return .main }
        if successor?.generation == generation { return .successor }
        return leaving?.generation == generation ? .leaving : nil
    }
    mutating func noteExit(_ copy: Copy, _ ending: Ending, _ now: Milliseconds, wasReplacement: Bool) {
        let exit = LastExit(
            ending: ending, uptime: now - copy.startedAt, at: now, wasPlanned: copy.isPlanned, wasHung: copy.isHung)
        if wasReplacement {
            failedReplacement = exit
            failedReplacementsTotal += 1
            return
        }
        exitsTotal += 1
        lastExit = exit
        if copy.isPlanned { return }
        failures.append(now)
        if failures.count > FleetSlot.failuresKept { failures.removeFirst(FleetSlot.failuresKept / 2) }
    }
    var nextDeadline: Milliseconds? {
        var next = retryAt
        for copy in [main, successor, leaving] {
            if let deadline = copy?.deadline { next = min(next ?? .max, deadline) }
        }
        return next
    }
}
