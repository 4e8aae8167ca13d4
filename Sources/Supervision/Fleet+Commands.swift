import Stats

// The orders of an operator. `by` names the operator, for the events.
extension Fleet {
    /// Takes up what an earlier supervisor was told: the wish, and the last generation. Call it before `begin`.
    package mutating func wish(_ name: ProcessName, _ desired: Desired) { slots[name]?.desired = desired }
    package mutating func continueAfter(_ name: ProcessName, _ generation: Int) {
        guard let slot = slots[name] else { return }
        // The number comes from a file. It is bounded so that there is always a next one.
        slots[name]?.generation = max(slot.generation, min(generation, Int(Int32.max)))
    }

    package mutating func start(_ name: ProcessName, by: String, now: Milliseconds) throws(Refusal) -> [FleetAction] {
        try known(name)
        tell(.info, name, .command, "start, by \(by)")
        slots[name]?.desired = .up
        if slots[name]?.main == nil {
            _ = slots[name]?.policy.forget()
            spawn(name, now)
        }
        return taken(now)
    }
    /// Stops a process. If `isHasty`, its clients are not answered first.
    package mutating func stop(_ name: ProcessName, isHasty: Bool = false, by: String, now: Milliseconds)
        throws(Refusal) -> [FleetAction]
    {
        try known(name)
        tell(.info, name, .command, "stop\(isHasty ? " at once" : ""), by \(by)")
        slots[name]?.desired = .down
        rollingFailed(name, "it is being stopped", now)
        drainOrStop(name, now, isHasty: isHasty)
        return taken(now)
    }
    /// Drains a worker: it answers its clients over the drain, leaves, and is started anew.
    package mutating func drain(_ name: ProcessName, by: String, now: Milliseconds) throws(Refusal) -> [FleetAction] {
        try known(name)
        guard name.isWorker else {
            throw Refusal(
                "not_possible",
                "the \(name) has no clients to send away: `megacomet restart \(name)`"
                    + (name == .manager ? " loses what waits in it" : ""))
        }
        guard let main = slots[name]?.main, main.state == .ready || main.state == .suspect else {
            throw Refusal("not_running", "\(name) is \(slots[name]?.state.rawValue ?? ""): there is nothing to drain")
        }
        guard slots[name]?.successor == nil else { throw Refusal("busy", "\(name) is being replaced") }
        tell(.info, name, .command, "drain, by \(by)")
        startDrain(CopyName(name, main.generation), now)
        return taken(now)
    }
    /// Restarts a process. A worker that runs is replaced as in a rolling restart. The others are stopped and started;
    /// the webhook ends its request first. A process that waits after an exit is started now.
    package mutating func restart(_ name: ProcessName, isHasty: Bool = false, by: String, now: Milliseconds)
        throws(Refusal) -> [FleetAction]
    {
        try known(name)
        guard !isShuttingDown else { throw Refusal("busy", "the appliance is stopping") }
        if !isHasty, slots[name]?.isReplaceable == true { return try rolling(name, by: by, now: now) }
        guard slots[name]?.successor == nil else { throw Refusal("busy", "\(name) is being replaced already") }
        tell(.info, name, .command, "restart\(isHasty ? " at once" : ""), by \(by)")
        slots[name]?.desired = .up
        if let main = slots[name]?.main {
            let copy = CopyName(name, main.generation)
            let serves = main.state == .ready || main.state == .suspect
            if name == .webhook, !isHasty, serves {
                startDrain(copy, now)
            } else if main.state != .stopping {
                stop(copy, now, isPlanned: true)
            }
        } else {
            _ = slots[name]?.policy.forget()
            spawn(name, now)
        }
        return taken(now)
    }
    /// Restarts all processes. Workers that serve are replaced one after the other. The others are stopped and started.
    /// Processes that wait after an exit are started now.
    package mutating func restartAll(isHasty: Bool = false, by: String, now: Milliseconds) throws(Refusal)
        -> [FleetAction]
    {
        var orders: [FleetAction] = []
        let waiting = names.filter { slots[$0]?.main == nil && slots[$0]?.desired == .up }
        do throws(Refusal) { orders += try rolling(by: by, now: now) } catch {
            guard error.code == "not_running" else { throw error }
        }
        orders += try restart(.manager, isHasty: isHasty, by: by, now: now)
        if slots[.webhook]?.main != nil { orders += try restart(.webhook, isHasty: isHasty, by: by, now: now) }
        for name in waiting where name != .manager { orders += try restart(name, isHasty: isHasty, by: by, now: now) }
        return orders
    }
    /// Sends SIGKILL to a process that nothing else ends. It counts as an exit like any other.
    package mutating func kill(_ name: ProcessName, by: String, now: Milliseconds) throws(Refusal) -> [FleetAction] {
        try known(name)
        guard let main = slots[name]?.main, main.pid != nil else {
            throw Refusal("not_running", "\(name) has no process")
        }
        tell(.warning, name, .command, "kill, by \(by)", main.generation)
        actions.append(.kill(CopyName(name, main.generation)))
        return taken(now)
    }
    /// The watchdog leaves the process alone, or watches it again.
    package mutating func hold(_ name: ProcessName, _ isHeld: Bool, by: String, now: Milliseconds) throws(Refusal)
        -> [FleetAction]
    {
        try known(name)
        slots[name]?.isWatchdogHeld = isHeld
        if !isHeld, let main = slots[name]?.main { change(CopyName(name, main.generation)) { $0.heardAt = now } }
        tell(.info, name, .command, "watchdog \(isHeld ? "held" : "on again"), by \(by)")
        return taken(now)
    }
    /// Takes new settings. The processes stay, since they are decided at the start.
    package mutating func set(_ new: FleetSettings) {
        let (workers, hasWebhook) = (settings.workers, settings.hasWebhook)
        settings = new
        (settings.workers, settings.hasWebhook) = (workers, hasWebhook)
    }
    /// New settings are in force. A process that was held for its configuration may be right now, and is tried again.
    package mutating func reloaded(_ new: FleetSettings, by: String, now: Milliseconds) -> [FleetAction] {
        set(new)
        tell(.info, nil, .reload, "by \(by)")
        for name in names where slots[name]?.state == .held && slots[name]?.desired == .up { spawn(name, now) }
        return taken(now)
    }
    /// Ends everything. The workers answer their clients, the webhook ends its request, and the manager
    /// goes last. A second call with `isHasty` is for an operator who can't wait.
    package mutating func shutDown(isHasty: Bool, by: String, now: Milliseconds) -> [FleetAction] {
        if !isShuttingDown || isHasty { tell(.info, nil, .shutdown, "\(isHasty ? "at once" : "draining"), by \(by)") }
        isShuttingDown = true
        othersWaitForManager = false
        rolling = nil
        for name in names where name != .manager || isHasty { drainOrStop(name, now, isHasty: isHasty) }
        finishShutdown()
        return taken(now)
    }

    mutating func finishShutdown() {
        guard isShuttingDown, !isShutdownComplete else { return }
        if slots.values.contains(where: { $0.name != .manager && !$0.copies.isEmpty }) { return }
        if let manager = slots[.manager]?.main {
            guard let now = lastTick, manager.state != .stopping else { return }
            stop(CopyName(.manager, manager.generation), now, isPlanned: true)
        } else {
            isShutdownComplete = true
            actions.append(.finished)
        }
    }

    // MARK: - Steps of an end

    /// The time over which a process drains.
    func drain(_ name: ProcessName) -> Milliseconds {
        name.isWorker ? settings.drain : min(settings.drain, settings.webhookDrain)
    }
    /// The time from the order to drain to SIGTERM.
    func drainLimit(_ name: ProcessName) -> Milliseconds { drain(name) + settings.stop }

    /// Ends every copy of a process. Copies that serve drain first.
    mutating func drainOrStop(_ name: ProcessName, _ now: Milliseconds, isHasty: Bool = false) {
        guard let slot = slots[name] else { return }
        if slot.main == nil { slots[name]?.waiting = .stopped }
        for copy in slot.copies {
            let id = CopyName(name, copy.generation)
            switch copy.state {
            case .ready, .suspect:
                if isHasty { stop(id, now, isPlanned: true) } else { startDrain(id, now) }
            case .starting: stop(id, now, isPlanned: true)
            case .draining: if isHasty { stop(id, now, isPlanned: true) }
            case .stopping, .stopped, .backoff, .crashloop, .held: change(id) { $0.isPlanned = true }
            }
        }
    }
    mutating func startDrain(_ copy: CopyName, _ now: Milliseconds) {
        let deadline = now + drainLimit(copy.name)
        change(copy) {
            $0.state = .draining
            $0.isPlanned = true
            $0.deadline = deadline
        }
        tell(.info, copy.name, .draining, "over \(Fleet.seconds(drain(copy.name)))", copy.generation)
        actions.append(.drain(copy, over: drain(copy.name)))
    }
    mutating func stop(_ copy: CopyName, _ now: Milliseconds, isPlanned: Bool) {
        let deadline = now + settings.killAfter
        change(copy) {
            $0.state = .stopping
            $0.isPlanned = isPlanned
            $0.deadline = deadline
        }
        actions.append(.stop(copy))
    }
    private func known(_ name: ProcessName) throws(Refusal) {
        guard slots[name] != nil else {
            throw Refusal(
                "unknown",
                "no process \(name): there are \(names.first.map(String.init(describing:)) ?? "none") to "
                    + "\(names.last.map(String.init(describing:)) ?? "")"
            )
        }
    }
}
