import Stats

// Ports that nobody serves. The supervisor holds the listeners, so the kernel goes on taking connections for a process
// that is down. They wait there for a restart of a second or two, and none is refused. If it takes longer, the shell
// turns them away: an answer at once sends a client elsewhere, while silence would keep it for a minute.
extension Fleet {
    /// Orders a change for each process that is newly served or unserved. Not before `begin`: until then nobody knows
    /// which processes live.
    mutating func noteUnserved(_ now: Milliseconds) {
        guard lastTick != nil, !isShutdownComplete else { return }
        for name in names where name.isServer {
            guard var slot = slots[name] else { continue }
            slot.unservedSince = slot.isServed ? nil : slot.unservedSince ?? now
            let turnsAway = slot.isUnserved(now, settings, isShuttingDown: isShuttingDown)
            if turnsAway != slot.turnsAway { actions.append(.turnAway(name, turnsAway)) }
            slot.turnsAway = turnsAway
            slots[name] = slot
        }
    }
    /// No worker takes connections for a while, from its own ports or from those that all share.
    package var turnsAwayAllWorkers: Bool {
        names.allSatisfy { !$0.isWorker || slots[$0]?.turnsAway == true }
    }
    /// A copy is about to be started. From then on nobody else takes connections from its listener.
    mutating func leavePort(_ name: ProcessName) {
        guard slots[name]?.turnsAway == true else { return }
        slots[name]?.turnsAway = false
        actions.append(.turnAway(name, false))
    }
}

extension FleetSlot {
    /// A copy accepts connections. A suspect one counts, since it may only miss its reports.
    var isServed: Bool { copies.contains { $0.state == .ready || $0.state == .suspect } }

    /// Connections to the process are turned away: it is down on purpose, or does not come back within `waitsInKernel`.
    func isUnserved(_ now: Milliseconds, _ settings: FleetSettings, isShuttingDown: Bool) -> Bool {
        guard !isServed, !copies.contains(where: { $0.state == .starting }) else { return false }
        if turnsAway { return true }  // until a copy is started
        let isOverdue = now - (unservedSince ?? now) >= settings.waitsInKernel
        let isMeantToBeDown = desired == .down || isShuttingDown
        if let state = copies.first?.state { return isOverdue || isMeantToBeDown && state == .draining }
        if isMeantToBeDown || waiting == .held { return true }
        return isOverdue || (retryAt.map { $0 - now >= settings.waitsInKernel } ?? false)
    }
}
