package import Stats

/// All processes of the appliance, and every decision about them. Events go in, actions come out, and the clock is
/// handed in.
///
///                 +------------------------ start, or its time has come ---------------------+
///                 v                                                                          |
///     STOPPED -> STARTING --ready--> READY <--report--> SUSPECT --silent too long--+      BACKOFF
///        ^          |                  |                   |                       |      CRASHLOOP
///        |          | not ready in     | drain, stop,      |                       |         ^
///        |          | time             v rolling           v                       v         |
///        |          +-------------> DRAINING ---------> STOPPING <-----------------+         |
///        |                             |                   |                                 |
///        +------ exit, wished down ----+-------------------+---- exit, not ordered ----------+---> HELD (64, 77, 78)
///                                                          +---- exit, ordered: STARTING again
///
/// A process has one copy. It has two only while one replaces the other: `successor` starts beside `main`, or `leaving`
/// drains beside it. Each worker stands alone: its end orders nothing for another worker, nor does the manager's end.
package struct Fleet: Sendable {
    package internal(set) var settings: FleetSettings
    package internal(set) var slots: [ProcessName: FleetSlot] = [:]
    package internal(set) var rolling: Rolling?
    /// `nil` if none has ended yet.
    package internal(set) var lastRolling: RollingEnd?
    package internal(set) var isShuttingDown = false

    var actions: [FleetAction] = []
    var random: RandomSource
    /// The other processes of a fresh start wait until the manager's first start is decided.
    var othersWaitForManager = false
    var isShutdownComplete = false
    /// The time of the last `tick`, and the last time when the supervisor is known to have been late.
    var lastTick: Milliseconds?
    var lateAt: Milliseconds?
    /// No hung process is killed before this time.
    var hangKillsFrom: Milliseconds = 0
    /// Since when every worker is in a crash loop or held. `nil` if one of them is not.
    var hopelessSince: Milliseconds?
    var hasToldHopeless = false
    var journalSuspicion = JournalSuspicion()

    package init(_ settings: FleetSettings, seed: UInt64) {
        self.settings = settings
        random = RandomSource(seed: seed)
        for name in Fleet.names(workers: settings.workers, webhook: settings.hasWebhook) {
            slots[name] = FleetSlot(name)
        }
    }
    package static func names(workers: Int, webhook: Bool = false) -> [ProcessName] {
        [.manager] + (webhook ? [.webhook] : []) + (0..<workers).map { .worker($0) }
    }
    /// The names in order: the manager, the webhook if there is one, then the workers.
    package var names: [ProcessName] { slots.keys.sorted() }
    package subscript(name: ProcessName) -> FleetSlot? { slots[name] }
    package var isAllReady: Bool {
        slots.values.allSatisfy {
            $0.state == .ready && $0.main?.isDeaf != true || ($0.desired == .down && $0.state == .stopped)
        }
    }

    /// Why the appliance is not whole. Empty if it is. A process that the operator stopped is as it should be.
    package var problems: [String] {
        if isShuttingDown { return ["the appliance is stopping"] }
        return names.compactMap { name in
            guard let slot = slots[name], slot.desired == .up else { return nil }
            guard slot.state == .ready else { return "\(name) is \(slot.state.rawValue)" }
            return slot.main?.isDeaf == true ? "\(name) is not linked to the manager" : nil
        }
    }

    // MARK: - Inputs, in the order of a process's life

    /// Starts all processes that are not adopted already: first the manager, and the others when its start is decided.
    package mutating func begin(now: Milliseconds) -> [FleetAction] {
        lastTick = now
        if let manager = slots[.manager], manager.main == nil, manager.desired == .up {
            othersWaitForManager = true
            spawn(.manager, now)
        } else {
            releaseOthers(now)
        }
        noteUnserved(now)
        return taken(now)
    }
    /// `hasJournal`: it is a manager and was given the memory of the queue.
    package mutating func started(_ copy: CopyName, pid: Int32, hasJournal: Bool = false, now: Milliseconds)
        -> [FleetAction]
    {
        change(copy) {
            $0.pid = pid
            $0.hasJournal = hasJournal
        }
        tell(.info, copy.name, .start, "generation \(copy.generation)", copy.generation)
        return taken(now)
    }
    /// The copy could not even be started. `code` is the exit code of a program that says so itself.
    package mutating func startFailed(_ copy: CopyName, code: Int, reason: String, now: Milliseconds) -> [FleetAction] {
        tell(.error, copy.name, .notStarted, reason, copy.generation)
        ended(copy, Ending(code: code), now, quote: reason, quietly: true)
        return taken(now)
    }
    /// The copy wrote its newline: it serves.
    package mutating func becameReady(_ copy: CopyName, now: Milliseconds) -> [FleetAction] {
        guard var slot = slots[copy.name], let role = slot.role(of: copy.generation), slot[role]?.state == .starting
        else { return taken(now) }
        slot[role]?.state = .ready
        slot[role]?.readyAt = now
        slot[role]?.heardAt = now
        // If the old copy is linked, its replacement must be linked, too, within the same time.
        let waitsForLink = role == .successor && slot.main?.isLinked != nil && slot[role]?.isLinked != true
        if !waitsForLink { slot[role]?.deadline = nil }
        let took = now - (slot[role]?.startedAt ?? now)
        if role == .main { slot.readyIn = took }
        slots[copy.name] = slot
        tell(.info, copy.name, .ready, "in \(Fleet.seconds(took)), generation \(copy.generation)", copy.generation)
        if role == .successor, !waitsForLink { handOver(copy.name, now) }
        if copy.name == .manager { releaseOthers(now) }
        if slots[copy.name]?.desired == .down { drainOrStop(copy.name, now) }
        return taken(now)
    }
    /// A report came from the copy. Reports from before it was ready say nothing. `isLinked` is what a worker says
    /// about its link to the manager. `takesWorkers` says whether a manager takes workers of this release.
    package mutating func reported(
        _ copy: CopyName, isLinked: Bool? = nil, takesWorkers: Bool? = nil, now: Milliseconds
    ) -> [FleetAction] {
        guard var slot = slots[copy.name], let role = slot.role(of: copy.generation),
            let silent = slot[role].map({ now - $0.heardAt })
        else {
            return taken(now)
        }
        slot[role]?.heardAt = now
        if let takesWorkers { slot[role]?.takesWorkers = takesWorkers }
        if slot[role]?.state == .suspect {
            slot[role]?.state = .ready
            tell(.info, copy.name, .recovered, "reports again after \(Fleet.seconds(silent))", copy.generation)
        }
        slots[copy.name] = slot
        if let isLinked { noteLink(copy, isLinked, now) }
        return taken(now)
    }
    /// `lastLine` is the last line that it wrote. It is quoted if a rolling restart fails by this end.
    package mutating func exited(_ copy: CopyName, _ ending: Ending, lastLine: String? = nil, now: Milliseconds)
        -> [FleetAction]
    {
        ended(copy, ending, now, quote: lastLine)
        advanceRolling(now)  // the old copy of a pair is gone, so the next pair need not wait for a tick
        return taken(now)
    }
    /// A daemon of a supervisor that died obeys this one now. Called before `begin`, or later for a daemon that comes
    /// late.
    package mutating func adopted(
        _ copy: CopyName, pid: Int32, state: ProcessState, startedAt: Milliseconds, hasJournal: Bool = false,
        now: Milliseconds
    ) -> [FleetAction] {
        adopt(copy, pid: pid, state: state, startedAt: startedAt, now)
        change(copy) { $0.hasJournal = hasJournal }
        return taken(now)
    }
    /// Time went on. Call it at least each `beat`, and at `nextTick`. `pulse` is asked about silent processes, by their
    /// pid.
    package mutating func tick(now: Milliseconds, pulse: (Int32) -> Pulse) -> [FleetAction] {
        noteLateness(now)
        for name in names { advance(name, now, pulse) }
        advanceRolling(now)
        noteHopeless(now)
        finishShutdown()
        noteUnserved(now)
        return taken(now)
    }
    /// The time for the next `tick`. It is counted from the last one, so that many other events do not put it off.
    package func nextTick(now: Milliseconds) -> Milliseconds {
        slots.values.reduce((lastTick ?? now) + settings.beat) { min($0, $1.nextDeadline ?? .max) }
    }

    // MARK: - Helpers

    mutating func taken(_ now: Milliseconds) -> [FleetAction] {
        finishShutdown()
        if !actions.isEmpty { noteUnserved(now) }  // every change is told, or happens at a tick
        defer { actions = [] }
        return actions
    }
    mutating func tell(
        _ severity: Severity, _ name: ProcessName?, _ kind: OperatorEvent, _ text: String, _ generation: Int? = nil
    ) {
        let slot = name.flatMap { slots[$0] }
        let pid = generation.flatMap { generation in
            slot.flatMap { slot in slot.role(of: generation).flatMap { slot[$0]?.pid } }
        }
        actions.append(.tell(Event(severity, name, kind, text, generation: generation, pid: pid)))
    }
    mutating func change(_ copy: CopyName, _ body: (inout Copy) -> Void) {
        guard var slot = slots[copy.name], let role = slot.role(of: copy.generation), var changed = slot[role] else {
            return
        }
        body(&changed)
        slot[role] = changed
        slots[copy.name] = slot
    }
    static func seconds(_ time: Milliseconds) -> String { "\(time / 1000).\(time % 1000 / 100) s" }
}

/// SplitMix64. With its seed the whole fleet can be replayed.
struct RandomSource: RandomNumberGenerator, Sendable {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
