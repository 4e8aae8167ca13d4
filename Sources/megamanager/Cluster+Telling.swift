import Base
import Comet
import Engine
import Publishing
import Reactor
import Stats
import Wire

/// Requests of apps that wait for their entry, one behind the other.
struct WaitingCalls: ~Copyable {
    private var bytes = Buffer()
    private var places: [(number: UInt64, bytes: Int, ids: Int)] = []
    private var first = 0

    var isEmpty: Bool { first == places.count }
    /// Their bytes.
    var count: Int { bytes.count }
    mutating func add(_ shipment: Shipment) {
        bytes.append(shipment.record)
        places.append((shipment.number, shipment.record.count, shipment.ids))
    }
    /// Gives the next requests, until `most` bytes are reached: the number, the ids and the record of each.
    mutating func take(most: Int, _ take: (UInt64, Int, UnsafeRawBufferPointer) -> Void) {
        var taken = 0
        while first < places.count, taken < most {
            let place = places[first]
            take(place.number, place.ids, bytes.bytes.part(0, place.bytes))
            bytes.consume(place.bytes)
            taken += place.bytes
            first += 1
        }
        guard isEmpty else { return }
        places.removeAll(keepingCapacity: places.count < 1024)
        first = 0
        bytes.shrink(over: 1 << 20)
    }
    /// Throws away those that are not waited for any more.
    mutating func drop(_ numbers: Set<UInt64>) {
        guard !isEmpty else { return }
        var kept = WaitingCalls()
        var at = 0
        for place in places[first...] {
            if !numbers.contains(place.number) {
                kept.bytes.append(bytes.bytes.part(at, place.bytes))
                kept.places.append(place)
            }
            at += place.bytes
        }
        self = kept
    }
}

// Telling the other machines: all that has gathered in a turn becomes an entry at its end.
extension Cluster {
    func flush() {
        manager.port.takeShipments { calls.add($0) }
        let now = manager.now
        guard now >= pauseEnd else { return }
        if isHere { carryOn(now) }
        while isHere, !engine.isFull, flights.count < Limits.entriesInFlight, now >= pauseEnd {
            var numbers: [UInt64] = []
            calls.take(most: Limits.entryBytes) { number, ids, record in
                numbers.append(number)
                manager.switchboard.emitCall(number, ids: ids, record)
            }
            let (bytes, ids) = manager.switchboard.outgoing
            guard bytes.count > 0 else { return }
            lastSequence += 1
            let flight = Flight(
                sequence: lastSequence, calls: numbers, ids: max(1, ids), records: Array(bytes), sent: now)
            flights.append(flight)
            engine.append(bytes, ids: flight.ids, sequence: flight.sequence)
            manager.switchboard.outgoingSent()
            if isHere { carryOn(now) }
        }
    }

    /// Adds the next part of what is told in parts: clients that are announced, and what is carried forward.
    private func carryOn(_ now: UInt64) {
        guard flights.count < 2, manager.switchboard.outgoing.bytes.count < Limits.carryBytes, !keeper.isPausing(now)
        else { return }
        if manager.switchboard.takeOverflow() { announcing = 0 }
        if let page = announcing {
            announcing = manager.switchboard.announce(page: page, now: now)
        } else if keeper.isCarrying {
            keeper.carry(&manager.switchboard, now: now)
        }
    }

    /// Called ten times a second.
    func tick(now: UInt64) {
        manager.port.isQueueFull = manager.switchboard.isFull
        manager.switchboard.tellEngine(
            isAway: away.map { now - min(now, $0.since) >= Limits.engineHealthMilliseconds } ?? false)
        let late = manager.port.shippedBefore(now - min(now, Limits.engineMilliseconds))
        if !late.isEmpty {
            calls.drop(Set(late))
            manager.port.failShipped(.away, late, &manager.switchboard, now: now)
        }
        if let away, now - min(now, away.since) >= Limits.engineMilliseconds { manager.port.engineFault = away.fault }
        // Machines have the time to say something after the engine has come back.
        if isHere, now - joined >= Limits.nodeSilentMilliseconds {
            while manager.switchboard.endSilent(at: time(now: now), now: now) {}
        }
    }
    /// Called once a second.
    func second(now: UInt64) {
        figures = engine.takeFigures()
        manager.port.cluster = (look(figures, now: now), now)
        let summary = summarize()
        refusals.isOver(now: now).map { event(.info, .recovered, $0) }
        sayLoss()
        guard isHere else { return }
        manager.switchboard.emitTick("\(summary)")
        keep(now)
    }

    // MARK: the keeper

    private func keep(_ now: UInt64) {
        let isCatching = manager.switchboard.isCatching
        // A machine that does not know all can't be the keeper, unless there is no other one.
        guard !isCatching || now - joined >= Limits.catchMilliseconds, keeper.asks(now) else { return }
        engine.takeKeeper { [unowned self] isMine in
            if isMine, manager.switchboard.isCatching { return manager.switchboard.emitLossOfAll() }
            keeper.answered(isMine, now: manager.now, head: manager.switchboard.head)
            if let id = keeper.trims(now: manager.now) { engine.trim(upTo: id) }
        }
    }
}

/// The machine that has the lease carries forward what still counts, and then has removed what was before.
///
///     waiting --5 minutes--> carrying --all told--> pausing --30 s--> removed, waiting
struct Keeper {
    private enum Step {
        case waiting(until: UInt64)
        case carrying(CarryWalk)
        case pausing(until: UInt64, head: UInt64)
    }
    var isMine = false
    private var step = Step.waiting(until: 0)
    private var nextAsk: UInt64 = 0
    private var isHurried = false
    private var pauseEnd: UInt64 = 0
    private static let askMilliseconds: UInt64 = 5_000

    mutating func asks(_ now: UInt64) -> Bool {
        guard now >= nextAsk else { return false }
        nextAsk = now + Keeper.askMilliseconds
        return true
    }
    mutating func answered(_ isMine: Bool, now: UInt64, head: UInt64) {
        let wasMine = self.isMine
        self.isMine = isMine
        guard isMine, wasMine || isHurried else {
            // Whoever had it before may have begun. This one begins with all of it.
            return step = .waiting(until: now + Limits.carryMilliseconds)
        }
        guard case .waiting(let end) = step, now >= end || isHurried else { return }
        isHurried = false
        step = .carrying(CarryWalk(head: head))
    }
    /// The state before the log's beginning was lost. Machines that take it up wait for the walk.
    mutating func hurry() { (isHurried, step) = (true, .waiting(until: 0)) }
    var isCarrying: Bool { if case .carrying = step, isMine { true } else { false } }
    mutating func carry(_ switchboard: inout Switchboard, now: UInt64) {
        guard case .carrying(var walk) = step else { return }
        let isAll = switchboard.carry(&walk, now: now)
        step = isAll ? .pausing(until: now + Limits.trimMilliseconds, head: walk.head) : .carrying(walk)
    }
    /// The lowest id that has to stay in the log, if the time has come to remove what is below.
    mutating func trims(now: UInt64) -> UInt64? {
        guard isMine, case .pausing(let end, let head) = step, now >= end else { return nil }
        step = .waiting(until: now + Limits.carryMilliseconds)
        return head + 1
    }
    /// The engine has no room: nothing is told in parts until then.
    mutating func pause(until time: UInt64) { pauseEnd = time }
    func isPausing(_ now: UInt64) -> Bool { now < pauseEnd }
}
