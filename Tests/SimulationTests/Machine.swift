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
    /// The last id of the entry that was carried out last, as the next one is to name it.
    private var chainEnd: UInt64 = 0
    /// What was given to the engine, which has not taken it yet.
    private var inFlight: [(records: [UInt8], ids: Int, due: UInt64)] = []
    /// A walk under way, and the end of the log at its beginning. 0 if nothing is to be trimmed.
    private(set) var walk: (walk: CarryWalk, from: UInt64)?
    /// The end of what may be removed when the engine has so many of the batches that were sent.
    private var trim: (from: UInt64, batch: Int)?
    private var sentBatches = 0
    private var takenBatches = 0
    /// The log has lost what came after this id, and the machine is about to tell it again.
    private var lostAfter: UInt64?
    private var needsJoin = false
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
    var isServing: Bool { box.map { !$0.switchboard.isCatching } ?? false }
    var head: UInt64 { box?.switchboard.head ?? 0 }
    var isWalking: Bool { walk != nil }
    func has(_ entry: SharedLog.Entry) -> Bool { box != nil && head >= entry.end }

    // MARK: lives

    /// A manager begins, with the memory of the one before or without.
    func start(_ memory: HeapMemory? = nil) {
        for worker in workers { worker.breakLink() }
        // The engine may take what an earlier manager sent with its last breath.
        for batch in inFlight where !world.log.isAway && world.chance(300) { append(batch.records, batch.ids) }
        forgetWay()
        announcing = nil
        epoch = world.random.next()
        box = ManagerBox(world.settings, now: world.now, memory: memory)
        beginTurn()
        lostAfter = nil
        needsJoin = world.log.isAway
        if !needsJoin { join(isAnew: true) }
    }
    func restart() { if let box { start(box.memory) } }
    /// The oldest entry of the log when the machine joined. If it has gone when the machine begins to read, what is
    /// carried forward may not be whole yet.
    private var firstEntry: UInt64 = 0
    func die() {
        world.note(name, "dies")
        for worker in workers { worker.die() }
        box = nil
        forgetWay()
    }
    private func forgetWay() {
        inFlight = []
        takenBatches = sentBatches
        (walk, trim) = (nil, nil)
    }
    private func join(isAnew: Bool = false) {
        guard let box else { return }
        let end = world.log.end
        chainEnd = isAnew ? min(head, end) : min(chainEnd, end)
        if end < head {
            lostAfter = min(lostAfter ?? end, end)
            walk = (CarryWalk(since: lostAfter), 0)
        }
        let isFresh = head == 0
        firstEntry = world.log.entries.first?.first ?? 0
        box.switchboard.join(firstOfLife: world.log.firstOfLife, end: end, isFresh: isFresh)
    }
    /// The engine is there again. What it had not taken is told again, without the requests of apps.
    func rejoin() {
        guard let box else { return }
        // It took some of what was sent before it went.
        while let first = inFlight.first, world.chance(500) {
            append(first.records, first.ids)
            inFlight.removeFirst()
        }
        for batch in inFlight.reversed() {
            batch.records.withUnsafeBytes { box.switchboard.emitAgain(ClusterRecords($0)) }
        }
        inFlight = []
        takenBatches = sentBatches
        trim = nil
        join(isAnew: needsJoin)
        needsJoin = false
        box.switchboard.forgetArrivals()
        announcing = 0
    }

    // MARK: a turn

    func beginTurn() {
        box?.switchboard.beginTurn(nanoseconds: world.now * 1_000_000, wallMilliseconds: world.wallSeconds * 1000)
    }
    func turn(calm: Bool) {
        guard box != nil, !world.log.isAway else { return }
        if world.now >= nextTick, !world.log.isAway {
            nextTick = world.now + 1000
            box?.switchboard.emitTick("{}")
        }
        if calm || world.chance(700) { send(calm: calm) }
        while let first = inFlight.first, calm || first.due <= world.now {
            append(first.records, first.ids)
            inFlight.removeFirst()
        }
        if calm || lagsUntil <= world.now { read(calm ? .max : 1 + world.random.below(12)) }
        carryOn()
    }
    private func send(calm: Bool) {
        guard let box, inFlight.count < 4 else { return }
        let outgoing = box.switchboard.outgoing
        guard outgoing.bytes.count > 0 else { return }
        let delay = calm || world.chance(500) ? 0 : world.random.below(3 * world.settings.pace)
        inFlight.append((Array(outgoing.bytes), outgoing.ids, world.now + UInt64(delay)))
        sentBatches += 1
        box.switchboard.outgoingSent()
    }
    private func append(_ records: [UInt8], _ ids: Int) {
        let entry = world.log.append(records, ids: ids, from: self, seen: head, now: world.now)
        takenBatches += 1
        world.appended(entry)
    }
    private func read(_ most: Int) {
        for _ in 0..<most {
            guard let box, let entry = world.log.entry(after: chainEnd) else { break }
            guard entry.previous == chainEnd || chainEnd == 0 && head == 0 && entry.first == firstEntry else {
                world.note(name, "misses entries before \(entry.first)")
                return start()
            }
            carryOut(entry, box)
            chainEnd = entry.end
        }
        guard let box, world.log.entry(after: chainEnd) == nil else { return }
        while box.switchboard.endSilent(at: world.log.entries.last?.time ?? 0, now: world.now) {}
    }
    private func carryOut(_ entry: SharedLog.Entry, _ box: ManagerBox) {
        let isOwn = entry.machine == name && entry.epoch == epoch
        let sender = ClusterSender(name: entry.machine, epoch: entry.epoch, isOwn: isOwn)
        if box.switchboard.beginEntry(sender, time: entry.time) { announcing = announcing ?? 0 }
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
        guard let box else { return }
        if box.switchboard.takeOverflow() { announcing = 0 }
        if let page = announcing { announcing = box.switchboard.announce(page: page, now: world.now) }
        if case (var walk, let from)? = walk {
            let isOver = box.switchboard.carry(&walk, most: 200, now: world.now)
            self.walk = isOver ? nil : (walk, from)
            if isOver { lostAfter = nil }
            if isOver, from > 0 { trim = (from, sentBatches + 1) }
        }
        if let trim, takenBatches >= trim.batch {
            self.trim = nil
            world.trims.append((trim.from, world.now + UInt64(world.random.below(5000))))
        }
    }
    /// Carries forward what still counts. The engine's lease lets one machine do so at a time, and minutes lie between
    /// two walks: by then all that was carried forward before was read.
    func keep() {
        let others = world.machines.contains { $0.isKeeping }
        guard isServing, !others, world.trims.isEmpty, head == world.log.end else { return }
        walk = (CarryWalk(), head)
    }
    private var isKeeping: Bool { walk != nil || trim != nil }
}
