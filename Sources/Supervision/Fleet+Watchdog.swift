import Stats

// The effects of time on a process: deadlines, silence, calm.
extension Fleet {
    /// Counts everything anew if the supervisor itself was late. If it was stopped, swapped out or suspended, it has
    /// heard nobody, and silence means nothing.
    mutating func noteLateness(_ now: Milliseconds) {
        if let last = lastTick, now - last > settings.beat + settings.lateness {
            lateAt = now
            tell(
                .warning, nil, .late,
                "the supervisor itself did not run for \(Fleet.seconds(now - last)): all watchdogs start anew")
        }
        lastTick = now
    }

    /// Reports that no worker stays up. That is not the fault of one process, and somebody should know. The supervisor
    /// goes on trying, since the manager still keeps what is published.
    mutating func noteHopeless(_ now: Milliseconds) {
        let workers = slots.values.filter { $0.name.isWorker && $0.desired == .up }
        guard !workers.isEmpty, !isShuttingDown, workers.allSatisfy({ $0.isCrashLooping || $0.state == .held }) else {
            hopelessSince = nil
            guard hasToldHopeless, !isShuttingDown else { return }
            hasToldHopeless = false
            tell(.info, nil, .recovered, "not every worker is in a crash loop any more")
            actions.append(.announce("workers serve again"))
            return
        }
        let since = hopelessSince ?? now
        hopelessSince = since
        guard !hasToldHopeless, now - since >= settings.hopelessAfter else { return }
        hasToldHopeless = true
        let text = "every worker is in a crash loop or held, for \(Fleet.seconds(now - since)): no client is served"
        tell(.critical, nil, .noWorker, text + "; tried again for ever, and the manager keeps what is published")
        actions.append(.announce(text))
    }

    mutating func advance(_ name: ProcessName, _ now: Milliseconds, _ pulse: (Int32) -> Pulse) {
        guard let slot = slots[name] else { return }
        if let retryAt = slot.retryAt, retryAt <= now, slot.desired == .up { spawn(name, now) }
        for copy in slot.copies {
            if let deadline = copy.deadline, deadline <= now { overdue(CopyName(name, copy.generation), copy, now) }
        }
        guard let main = slots[name]?.main else { return }
        let copy = CopyName(name, main.generation)
        switch main.state {
        case .ready, .suspect:
            listen(copy, main, now, pulse)
            noteDeafness(copy, main, now)
            if main.state == .ready, let readyAt = main.readyAt, now - readyAt >= settings.restart.calm,
                slots[name]?.policy.hasFailures == true,
                slots[name]?.policy.forget() == true
            {
                tell(
                    .info, name, .recovered, "ready for \(Fleet.seconds(now - readyAt)): the crash loop is over",
                    main.generation)
            }
        case .starting, .draining, .stopping, .stopped, .backoff, .crashloop, .held: break
        }
    }

    private mutating func overdue(_ copy: CopyName, _ state: Copy, _ now: Milliseconds) {
        switch state.state {
        case .starting:
            tell(
                .error, copy.name, .notReady, "not ready in \(Fleet.seconds(settings.readyTimeout))", copy.generation)
            stop(copy, now, isPlanned: state.isPlanned)
        case .draining: stop(copy, now, isPlanned: true)
        case .stopping:
            // The order is repeated: a process that waits for a disk dies when the disk answers.
            let deadline = now + settings.killAfter
            change(copy) { $0.deadline = deadline }
            tell(.warning, copy.name, .kill, "did not leave", copy.generation)
            actions.append(.kill(copy))
        case .ready, .suspect:
            let text =
                "serves, but has no link to the manager in \(Fleet.seconds(settings.readyTimeout))"
            tell(.error, copy.name, .notReady, text, copy.generation)
            stop(copy, now, isPlanned: state.isPlanned)
        case .stopped, .backoff, .crashloop, .held: break
        }
    }

    /// Takes up what a worker says about its link. The loss is one event. That it lasts is another one, which comes
    /// from here.
    mutating func noteLink(_ copy: CopyName, _ isLinked: Bool, _ now: Milliseconds) {
        let role = slots[copy.name]?.role(of: copy.generation)
        if isLinked, role == .main, slots[copy.name]?.main?.isDeaf == true {
            tell(.info, copy.name, .recovered, "linked to the manager again", copy.generation)
        }
        change(copy) {
            $0.isLinked = isLinked
            $0.unlinkedSince = isLinked ? nil : $0.unlinkedSince ?? now
            if isLinked { $0.isDeaf = false }
        }
        if isLinked, role == .successor, slots[copy.name]?.successor?.state == .ready { handOver(copy.name, now) }
    }
    /// Reports lost links that last. Without a manager no worker is linked, and the manager's own events say that.
    private mutating func noteDeafness(_ copy: CopyName, _ main: Copy, _ now: Milliseconds) {
        guard !main.isDeaf, let since = main.unlinkedSince, let manager = slots[.manager]?.main,
            manager.state == .ready || manager.state == .suspect,
            now - max(since, manager.readyAt ?? now, lateAt ?? since) >= settings.linkPatience
        else { return }
        change(copy) { $0.isDeaf = true }
        let text =
            "not linked to the manager for \(Fleet.seconds(now - since)): its clients get no message"
        tell(.error, copy.name, .noLink, text, copy.generation)
    }

    /// Watches whether the reports still come.
    private mutating func listen(_ copy: CopyName, _ main: Copy, _ now: Milliseconds, _ pulse: (Int32) -> Pulse) {
        guard let interval = settings.reportInterval else { return }
        let silence = now - max(main.heardAt, lateAt ?? main.heardAt)
        if main.state == .ready, silence > interval * settings.suspectAfterMissed {
            let used = pulse(main.pid ?? 0).processorTime
            change(copy) {
                $0.state = .suspect
                $0.usedBeforeSuspicion = used
                $0.starvedAt = nil
            }
            let text =
                "no report for \(Fleet.seconds(silence)); aborted at \(Fleet.seconds(settings.watchdog)) unless it "
                + "reports"
            tell(.warning, copy.name, .suspect, text, copy.generation)
        }
        guard slots[copy.name]?.main?.state == .suspect, silence > settings.watchdog,
            slots[copy.name]?.isWatchdogHeld == false,
            now >= hangKillsFrom, !slots.values.contains(where: { $0.copies.contains(where: \.isHung) })
        else { return }
        let found = pulse(main.pid ?? 0)
        guard !found.isTraced else { return }
        let used = found.processorTime - main.usedBeforeSuspicion
        guard !found.isRunnable || used >= settings.watchdog / 2 else {
            return noteStarved(copy, main, silence, used, now)
        }
        // Whoever was starved has the same time again to report, from when it was last seen to wait for a processor:
        // its report may be on the way.
        if !found.isRunnable, let starved = main.starvedAt, now - starved <= settings.watchdog { return }
        slots[copy.name]?.hangKillsTotal += 1
        let deadline = now + settings.killAfter
        change(copy) {
            $0.state = .stopping
            $0.isHung = true
            $0.deadline = deadline
        }
        tell(.error, copy.name, .hang, "no report for \(Fleet.seconds(silence)): aborted", copy.generation)
        actions.append(.abort(copy))
    }
    /// Reports a process that wants to run while others get the processor. Aborting it would make its clients suffer
    /// for the machine's trouble. A process that runs in circles is aborted once it has had half a watchdog of
    /// processor time.
    private mutating func noteStarved(
        _ copy: CopyName, _ main: Copy, _ silence: Milliseconds, _ used: Milliseconds, _ now: Milliseconds
    ) {
        change(copy) { $0.starvedAt = now }
        guard main.starvedAt == nil else { return }
        let text =
            "no report for \(Fleet.seconds(silence)), but it had \(Fleet.seconds(used)) of processor time since it is "
            + "suspect: the machine is overloaded, it is not aborted"
        tell(.warning, copy.name, .starved, text, copy.generation)
    }
}
