import Comet
import Store
import TestSupport

/// One machine of several: a manager with its workers, and the part that appends to the shared log and carries it out.
final class Machine {
    let name: String
    unowned let world: ClusterWorld
    let workers: [SimulatedWorker]
    /// `nil` while the machine is dead.
    private(set) var box: ManagerBox?
    private(set) var epoch: UInt64 = 0
    /// The last id of the entry that was carried out last, as the next one is to name it. `nil`: any may come.
    private var chainEnd: UInt64?
    /// Entries that were read lately, for an engine that loses them.
    private(set) var recent: [SharedLog.Entry] = []

    /// A batch that was given to the engine, and was not read back yet.
    private struct Flight {
        let records: [UInt8]
        let ids: Int
        let sequence: Int
        /// When the engine takes it. `nil`: it has.
        var due: UInt64?
    }
    private var flights: [Flight] = []
    private var lastSequence = 0
    /// The log's end when it was joined. Once that is read, batches that are not in the log are sent again.
    private var resolveAt: UInt64?

    /// The life and the run of the log as it was joined. `nil` while the engine is away.
    private var joined: (life: Int, run: Int)?
    /// The log was joined since the manager began.
    private var hasJoined = false
    private var joinedAt: UInt64 = 0
    /// When it tries to join next.
    var joins: UInt64 = 0
    /// It has what the log has lost, and came too late to give it back.
    private var isBehind = false
    /// The log lacks what was before its first entry.
    private var hurries = false
    /// A walk under way.
    private var walk: CarryWalk?
    /// The end of what may be removed when the engine has this batch.
    private var trim: (from: UInt64, batch: Int)?
    private var announcing: UInt32?
    private var nextTick: UInt64 = 0
    /// It reads nothing until then.
    var lagsUntil: UInt64 = 0
    /// A dead machine comes back then.
    var returns: UInt64 = 0

    init(_ name: String, _ world: ClusterWorld, workers: [SimulatedWorker]) {
        (self.name, self.world, self.workers) = (name, world, workers)
    }

    /// Its workers are served.
    var isServing: Bool { box.map { !$0.switchboard.isCatching && (hasJoined || head > 0) } ?? false }
    var isUp: Bool { joined.map { $0.life == world.log.life && $0.run == world.log.run } ?? false && !world.log.isAway }
    var head: UInt64 { box?.switchboard.head ?? 0 }
    /// It is alive and has carried the entry out.
    func has(_ entry: SharedLog.Entry) -> Bool { box != nil && head >= entry.end }

    // MARK: lives

    /// A manager begins, with the memory of the one before or without.
    func start(_ memory: HeapMemory? = nil) {
        for worker in workers { worker.breakLink() }
        // The engine may take what an earlier manager sent with its last breath.
        if isUp { for flight in flights where flight.due != nil && world.chance(300) { append(flight) } }
        forgetWay()
        epoch = world.random.next()
        box = ManagerBox(world.settings, now: world.now, memory: memory)
        beginTurn()
        joins = world.now
    }
    func restart() { if let box { start(box.memory) } }
    func die() {
        world.note(name, "dies")
        for worker in workers { worker.die() }
        box = nil
        forgetWay()
    }
    private func forgetWay() {
        (flights, recent, lastSequence) = ([], [], 0)
        (walk, trim, announcing, chainEnd, resolveAt, joined) = (nil, nil, nil, nil, nil, nil)
        (isBehind, hurries, hasJoined) = (false, false, false)
    }

    // MARK: the engine comes and goes

    /// The connection has ended, if the log is another one now. It took some of what was on its way.
    private func lookForEnd() {
        guard let old = joined, !isUp else { return }
        if world.log.run == old.run {
            for flight in flights.prefix(while: { _ in world.chance(500) }) where flight.due != nil { append(flight) }
        }
        joined = nil
        joins = world.now + UInt64(world.random.below(3000)) + (world.happens(world.chances.late) ? 15_000 : 0)
    }
    private func join() {
        guard let box, world.now >= joins, !world.log.isAway else { return }
        let first = box.switchboard.firstOfLife
        switch world.join(name, head: head, first: first, recent: recent) {
        case .mending: joins = world.now + 100
        case .joined(let isBehind, let lacksBeginning):
            joined = (world.log.life, world.log.run)
            (hasJoined, joinedAt) = (true, world.now)
            self.isBehind = isBehind
            guard !isBehind else { return sayLoss(box) }
            hurries = head > 0 && lacksBeginning
            chainEnd = head > 0 ? head : nil
            resolveAt = world.log.end
            announcing = 0
            box.switchboard.join(firstOfLife: world.log.firstOfLife, end: world.log.end, isFresh: head == 0)
            resolve()
        }
    }
    private func sayLoss(_ box: ManagerBox) {
        world.note(name, "has what the log has lost")
        box.switchboard.outgoingSent()
        box.switchboard.emitLoss()
        lastSequence += 1
        append(Flight(records: Array(box.switchboard.outgoing.bytes), ids: 1, sequence: lastSequence))
        start()
    }
    private func resolve() {
        guard box != nil, let end = resolveAt, chainEnd ?? 0 >= end else { return }
        resolveAt = nil
        for at in flights.indices {
            flights[at].due = flights[at].due ?? world.now
        }
    }

    // MARK: a turn

    func beginTurn() {
        box?.switchboard.beginTurn(nanoseconds: world.now * 1_000_000, wallMilliseconds: world.wallSeconds * 1000)
    }
    func turn(calm: Bool) {
        guard box != nil else { return }
        lookForEnd()
        if joined == nil { join() }
        guard isUp else { return }
        if world.now >= nextTick, resolveAt == nil {
            nextTick = world.now + 1000
            box?.switchboard.emitTick("{}")
            // Nobody is left who knows what was before the log's beginning.
            if !world.machines.contains(where: \.isServing), world.now - joinedAt > 60_000 {
                box?.switchboard.emitLossOfAll()
            }
        }
        if resolveAt == nil, calm || world.chance(700) { send(calm: calm) }
        while resolveAt == nil, let at = flights.firstIndex(where: { $0.due != nil }),
            calm || flights[at].due ?? 0 <= world.now
        {
            append(flights[at])
            flights[at].due = nil
        }
        if calm || lagsUntil <= world.now { read(calm ? .max : 1 + world.random.below(12)) }
        carryOn()
    }
    private func send(calm: Bool) {
        guard let box, flights.count < 4 else { return }
        let outgoing = box.switchboard.outgoing
        guard outgoing.bytes.count > 0 else { return }
        let delay = calm || world.chance(500) ? 0 : world.random.below(3 * world.settings.pace)
        lastSequence += 1
        flights.append(
            Flight(
                records: Array(outgoing.bytes), ids: outgoing.ids, sequence: lastSequence,
                due: world.now + UInt64(delay)))
        box.switchboard.outgoingSent()
    }
    private func append(_ flight: Flight) {
        let entry = world.log.append(
            flight.records, ids: flight.ids, from: self, flight.sequence, seen: head, now: world.now)
        if let entry { world.appended(entry) }
    }
    private func read(_ most: Int) {
        for _ in 0..<most {
            guard let box, let entry = world.log.entry(after: head) else { break }
            guard chainEnd == nil || entry.previous == chainEnd else {
                world.note(name, "misses entries before \(entry.first)")
                return start()
            }
            carryOut(entry, box)
            chainEnd = entry.end
            recent.append(entry)
            if let first = recent.first, first.time + 60_000 < entry.time { recent.removeFirst() }
            resolve()
        }
        guard let box, world.log.entry(after: head) == nil else { return }
        while box.switchboard.endSilent(at: world.log.entries.last?.time ?? 0, now: world.now) {}
    }
    private func carryOut(_ entry: SharedLog.Entry, _ box: ManagerBox) {
        let isOwn = entry.machine == name && entry.epoch == epoch
        if isOwn { flights.removeAll { $0.sequence == entry.sequence } }
        let sender = ClusterSender(name: entry.machine, epoch: entry.epoch, isOwn: isOwn)
        if box.switchboard.beginEntry(sender, after: entry.previous, time: entry.time) { announcing = announcing ?? 0 }
        entry.records.withUnsafeBytes { bytes in
            var id = entry.first
            for record in ClusterRecords(bytes) {
                box.switchboard.beginRecord(at: id)
                if record.kind == .call {
                    world.carryOut(record, at: id, on: self, box, isOwn: isOwn)
                } else {
                    box.switchboard.apply(record, now: world.now)
                }
                id += UInt64(record.ids)
            }
        }
        box.switchboard.endEntry(entry.end)
    }
    /// Reads what is left, so that machines can be compared.
    func catchUp() { read(.max) }
    /// What is done in parts.
    private func carryOn() {
        guard let box, resolveAt == nil else { return }
        if box.switchboard.takeOverflow() { announcing = 0 }
        if let page = announcing { announcing = box.switchboard.announce(page: page, now: world.now) }
        if hurries { keep() }
        if var walk {
            let isOver = box.switchboard.carry(&walk, most: 200, now: world.now)
            self.walk = isOver ? nil : walk
            if isOver { trim = (walk.head, lastSequence + 1) }
        }
        if let trim, lastSequence >= trim.batch, flights.allSatisfy({ $0.sequence > trim.batch }) {
            self.trim = nil
            world.trims.append((trim.from, world.now + UInt64(world.random.below(5000))))
        }
    }
    /// Carries forward what still counts. The engine's lease lets one machine do so at a time, and minutes lie between
    /// two walks: by then all that was carried forward before was read.
    func keep() {
        let others = world.machines.contains { $0.isKeeping }
        guard isUp, isServing, !others, world.trims.isEmpty, head == world.log.end else { return }
        hurries = false
        walk = CarryWalk(head: head)
    }
    private var isKeeping: Bool { walk != nil || trim != nil }
}
