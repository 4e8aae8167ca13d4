import Stats

/// A rolling restart: each worker in turn is replaced by a new copy on the same listener, which must be ready before
/// the old one drains. The first failure ends it, and the old copy stays.
package struct Rolling: Equatable, Sendable {
    package let by: String
    /// The workers that are left to do, in order. If `current` is set, the first one is being done.
    package internal(set) var left: [ProcessName]
    package internal(set) var current: ProcessName?
    package internal(set) var done: [ProcessName] = []
    package let total: Int
    package let startedAt: Milliseconds
    var isEndedEarly = false
}

/// The end of the last rolling restart. It is kept until another one ends.
package struct RollingEnd: Equatable, Sendable {
    package enum Outcome: String, Codable, Sendable {
        case complete, failed
        /// An operator ended it before its last worker.
        case ended
    }
    /// How many have ended since the supervisor started, with this one. So another end is never taken for this one.
    package let number: Int
    package let outcome: Outcome
    package let by: String
    /// The workers that were replaced, and those that should have been.
    package let done: Int
    package let total: Int
    package let startedAt: Milliseconds
    package let endedAt: Milliseconds
    /// The worker whose turn failed. `nil` if none did.
    package var failedAt: ProcessName?
    /// Why it failed: `exit 127 "cannot load libfoo.so.3"`, with the last line that the new copy wrote. Empty if it did
    /// not.
    package var reason = ""
    /// The old copy of that worker serves on, so no client was cut. True if nothing failed.
    package var isOldServing = true
}

extension Fleet {
    package mutating func rolling(_ only: ProcessName? = nil, by: String, now: Milliseconds) throws(Refusal)
        -> [FleetAction]
    {
        guard rolling == nil else {
            throw Refusal("busy", "a rolling restart is running already, by \(rolling?.by ?? "")")
        }
        guard !isShuttingDown else { throw Refusal("busy", "the appliance is stopping") }
        guard slots[.manager]?.main?.takesWorkers != false else {
            throw Refusal(
                "old_manager",
                "the manager is of an earlier release and takes no new workers: `megacomet restart manager` comes first"
            )
        }
        let workers = names.filter { name in
            (only ?? name) == name && slots[name]?.isReplaceable == true
        }
        guard !workers.isEmpty else { throw Refusal("not_running", "no worker is ready to be replaced") }
        rolling = Rolling(by: by, left: workers, total: workers.count, startedAt: now)
        tell(.info, only, .rolling, "\(workers.count) to replace, by \(by)")
        advanceRolling(now)
        return taken(now)
    }
    /// Begins no further worker. The pair that is under way is finished.
    package mutating func endRolling(by: String, now: Milliseconds) throws(Refusal) -> [FleetAction] {
        guard rolling != nil else { throw Refusal("not_running", "no rolling restart is running") }
        let current = rolling?.current
        rolling?.left.removeAll { $0 != current }
        rolling?.isEndedEarly = true
        tell(.info, nil, .rolling, "ends after this worker, by \(by)")
        advanceRolling(now)
        return taken(now)
    }

    /// Goes on if the current pair is done: the new copy is ready and the old one is gone.
    mutating func advanceRolling(_ now: Milliseconds) {
        guard let run = rolling else { return }
        if let current = run.current {
            guard let slot = slots[current] else { return }
            guard slot.successor == nil, slot.leaving == nil, let main = slot.main,
                main.state == .ready || main.state == .suspect
            else { return }
            rolling?.left.removeAll { $0 == current }
            rolling?.current = nil
            rolling?.done.append(current)
            tell(.info, current, .rolled, "\(rolling?.done.count ?? 0) of \(run.total)", main.generation)
        }
        while let next = rolling?.left.first {
            guard slots[next]?.isReplaceable == true else {  // it ended meanwhile, so it comes back new anyway
                rolling?.left.removeFirst()
                continue
            }
            rolling?.current = next
            launch(next, .successor, now)
            return
        }
        tell(
            .info, nil, .rolling,
            "complete: \(rolling?.done.count ?? 0) of \(run.total) in \(Fleet.seconds(now - run.startedAt))")
        endRolling(run.isEndedEarly ? .ended : .complete, now)
    }
    /// The new copy is ready, and is linked if the old copy reports its link. It is the process now, and the old copy
    /// answers its clients over the drain.
    mutating func handOver(_ name: ProcessName, _ now: Milliseconds) {
        guard var slot = slots[name], let next = slot.successor else { return }
        let old = slot.main
        slot.readyIn = now - next.startedAt
        slot.main = next
        slot.main?.deadline = nil
        slot.successor = nil
        slot.leaving = old
        slots[name] = slot
        if let old { startDrain(CopyName(name, old.generation), now) }
    }
    /// `ending`: how the copy ended whose end is the failure. `quote` is the last line that it wrote.
    mutating func rollingFailed(
        _ name: ProcessName, _ why: String, _ now: Milliseconds, ending: Ending? = nil, quote: String? = nil
    ) {
        guard let run = rolling, run.current == name else { return }
        let isOldServing = slots[name]?.main != nil
        var reason = ending.map(\.text) ?? why
        if let quote, !quote.isEmpty { reason += " \"\(quote)\"" }
        // The reason comes first, since a screen may have no room for the rest.
        tell(
            .error, name, .rollingFailed,
            reason + (ending == nil ? "" : ": " + why) + "; \(run.done.count) of \(run.total) replaced, "
                + "\(run.left.count) left as they were" + (isOldServing ? "; the old one serves on" : ""))
        endRolling(.failed, now)
        lastRolling?.failedAt = name
        lastRolling?.reason = reason
        lastRolling?.isOldServing = isOldServing
    }
    private mutating func endRolling(_ outcome: RollingEnd.Outcome, _ now: Milliseconds) {
        guard let run = rolling else { return }
        rolling = nil
        lastRolling = RollingEnd(
            number: (lastRolling?.number ?? 0) + 1, outcome: outcome, by: run.by, done: run.done.count,
            total: run.total, startedAt: run.startedAt, endedAt: now)
    }
}

extension FleetSlot {
    var isReplaceable: Bool {
        guard name.isWorker, let main, successor == nil, leaving == nil, desired == .up else { return false }
        return main.state == .ready || main.state == .suspect
    }
}
