import Stats

// The start and end of copies, and the consequences of an end.
extension Fleet {
    /// Starts the next generation of a process that has no main copy.
    mutating func spawn(_ name: ProcessName, _ now: Milliseconds) {
        guard !isShuttingDown, var slot = slots[name], slot.main == nil, slot.successor == nil else { return }
        slot.waiting = .stopped
        slots[name] = slot
        launch(name, .main, now)
    }
    mutating func launch(_ name: ProcessName, _ role: FleetSlot.Role, _ now: Milliseconds) {
        guard var slot = slots[name] else { return }
        slot.generation += 1
        slot.startsTotal += 1
        var copy = Copy(generation: slot.generation, startedAt: now)
        copy.deadline = now + settings.readyTimeout
        slot[role] = copy
        slots[name] = slot
        leavePort(name)
        actions.append(.start(CopyName(name, copy.generation)))
    }
    /// The manager's first start has succeeded or failed. The others wait no longer.
    mutating func releaseOthers(_ now: Milliseconds) {
        othersWaitForManager = false
        for name in names where name != .manager {
            guard let slot = slots[name], slot.desired == .up, slot.main == nil, slot.waiting == .stopped else {
                continue
            }
            spawn(name, now)
        }
    }

    mutating func ended(
        _ copy: CopyName, _ ending: Ending, _ now: Milliseconds, quote: String? = nil, quietly: Bool = false
    ) {
        guard var slot = slots[copy.name], let role = slot.role(of: copy.generation), let gone = slot[role] else {
            return
        }
        let uptime = now - gone.startedAt
        if gone.isHung { hangKillsFrom = max(hangKillsFrom, now + settings.hangPause) }
        if !quietly {
            let how = "\(ending.text) after \(Fleet.seconds(uptime))\(gone.isPlanned ? "" : ", not ordered")"
            // The end of a copy that was to replace another is not the end of the process.
            let kind: OperatorEvent = role == .successor ? .notReady : .exit
            tell(gone.isPlanned ? .info : .error, copy.name, kind, how, copy.generation)
        }
        slot[role] = nil
        slot.noteExit(gone, ending, now, wasReplacement: role == .successor)
        slots[copy.name] = slot
        if !gone.isPlanned, !quietly { actions.append(.keepCrash(copy, ending, uptime: uptime)) }
        if copy.name == .manager, !quietly { judgeJournal(gone, ending, uptime: uptime) }

        switch role {
        case .leaving: break
        case .successor:
            rollingFailed(
                copy.name, "the new generation \(copy.generation) ended before it was ready", now, ending: ending,
                quote: quote)
        case .main:
            if slot.successor != nil {
                // The copy died while its replacement started. The replacement is the process now.
                slots[copy.name]?.main = slot.successor
                if slot.successor?.state == .ready { slots[copy.name]?.main?.deadline = nil }  // it waited for its link
                slots[copy.name]?.successor = nil
                if !gone.isPlanned { _ = slots[copy.name]?.policy.failed(now: now, settings.restart, jitter: 0) }
            } else {
                follow(copy.name, gone, ending, now)
            }
        }
        if copy.name == .manager, othersWaitForManager { releaseOthers(now) }
    }

    /// Decides what follows the end of the only copy.
    private mutating func follow(_ name: ProcessName, _ gone: Copy, _ ending: Ending, _ now: Milliseconds) {
        guard let slot = slots[name] else { return }
        if isShuttingDown || slot.desired == .down {
            slots[name]?.waiting = .stopped
        } else if !gone.isPlanned, ending.holds {
            slots[name]?.waiting = .held
            rollingFailed(name, "it is held", now)
            tell(
                .critical, name, .held,
                "exit code \(ending.code ?? 0) does not heal by trying again; repair it, then `megacomet start \(name)`"
            )
        } else if gone.isPlanned {
            spawn(name, now)
        } else {
            rollingFailed(name, "it ended", now, ending: ending)
            let jitter = Double.random(in: -1...1, using: &random)
            switch slots[name]?.policy.failed(now: now, settings.restart, jitter: jitter) {
            case .backoff(let delay)?:
                slots[name]?.waiting = .backoff(until: now + delay)
                tell(.warning, name, .backoff, "started again in \(Fleet.seconds(delay))")
            case .crashLoop(let delay, let entered)?:
                slots[name]?.waiting = .crashLoop(until: now + delay)
                let text =
                    entered
                    ? "\(settings.restart.crashLoopExits) exits in \(Fleet.seconds(settings.restart.crashLoopWindow)); "
                    : ""
                tell(.critical, name, .crashLoop, text + "tried again in \(Fleet.seconds(delay)), for ever")
            case nil: break
            }
        }
    }

    /// Takes up a copy of an earlier supervisor. The newest generation is the process. A generation before it drains.
    mutating func adopt(_ copy: CopyName, pid: Int32, state: ProcessState, startedAt: Milliseconds, _ now: Milliseconds)
    {
        if slots[copy.name] == nil {  // the configuration has fewer processes now
            slots[copy.name] = FleetSlot(copy.name)
            slots[copy.name]?.desired = .down
        }
        guard var slot = slots[copy.name], slot.role(of: copy.generation) == nil else { return }
        var adopted = Copy(generation: copy.generation, startedAt: startedAt)
        adopted.pid = pid
        adopted.state = state == .starting ? .starting : state == .draining ? .draining : .ready
        adopted.isPlanned = adopted.state == .draining
        adopted.deadline =
            adopted.state == .starting
            ? now + settings.readyTimeout : adopted.state == .draining ? now + drainLimit(copy.name) : nil
        adopted.readyAt = adopted.state == .ready ? now : nil
        adopted.heardAt = now
        slot.generation = max(slot.generation, copy.generation)
        slot.waiting = .stopped
        var extra: Copy?
        if let other = slot.main {
            let isNewer = copy.generation > other.generation
            slot.main = isNewer ? adopted : other
            extra = isNewer ? other : adopted
        } else {
            slot.main = adopted
        }
        if let extra {
            // This is a rolling pair. At most two copies live, since a third was never started.
            slot.leaving = extra
        }
        slots[copy.name] = slot
        tell(.info, copy.name, .adopted, "generation \(copy.generation) serves on", copy.generation)
        if let extra, extra.state != .draining { startDrain(CopyName(copy.name, extra.generation), now) }
        if slot.desired == .down { drainOrStop(copy.name, now) }
    }
}

extension Ending {
    /// `exit 1`, `signal 11 (SIGSEGV)`, or a text for an end that nobody can know.
    package var text: String {
        if let code { return "exit \(code)" }
        guard let signal else { return "ended (adopted: how is not known)" }
        return "signal \(signal)" + (Ending.signals[signal].map { " (\($0))" } ?? "")
    }
    /// `SIGSEGV`, or `signal 33` for a signal without a name here.
    package static func short(signal: Int) -> String { signals[signal] ?? "signal \(signal)" }
    private static let signals = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
        9: "SIGKILL",
        11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU", 31: "SIGSYS",
    ]
}
