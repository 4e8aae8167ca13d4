import Base
import Store
import Wire

/// The known clients, by id, and the place of each (see `ClientRecord.Place`). Only this type changes places and lists.
/// The other fields of a record belong to its callers.
struct Presence: ~Copyable {
    private typealias List = SlotList<ClientRecord.ByPlace>
    /// The clients whose receivers the worker of one link holds.
    private struct Held {
        var waiting = List()
        var blocked = List()
    }

    private let inPlace = InPlace()
    private var records = Slab<ClientRecord>()
    private var ids = ByteStore()
    private var index: IdIndex
    /// The clients of each link, by its number.
    private var held: ContiguousArray<Held> = []
    /// Each list is in the order of deadlines.
    private var grace = List()
    private var lost = List()
    private var lostCount = 0
    private var lingering = List()
    /// The clients that other machines have, by the number of the machine.
    private var elsewhere: ContiguousArray<List> = []
    private(set) var elsewhereCount = 0
    /// Receivers that are held, as far as the manager knows.
    private(set) var heldCount = 0

    /// `seed` is random, so that nobody can choose ids that collide in the index.
    init(seed: UInt64) { index = IdIndex(seed: seed) }

    var count: Int { records.count }
    var memoryBytes: Int { records.memoryBytes + ids.memoryBytes + index.memoryBytes }

    @inline(__always) subscript(_ client: Slot<ClientRecord>) -> Entry<ClientRecord> { records[client] }
    @inline(__always) func id(_ client: Slot<ClientRecord>) -> UnsafeRawBufferPointer {
        ids.bytes(records[client].id)
    }

    // MARK: who

    @inline(__always) func find(_ id: UnsafeRawBufferPointer) -> Slot<ClientRecord>? { find(id, index.hash(id)) }
    @inline(__always)
    private func find(_ id: UnsafeRawBufferPointer, _ hash: UInt64) -> Slot<ClientRecord>? {
        index.find(hash) { areEqual(self.id(Slot($0)), id) }.map { Slot($0) }
    }

    mutating func findOrMake(_ id: UnsafeRawBufferPointer) -> Slot<ClientRecord> {
        let hash = index.hash(id)
        if let known = find(id, hash) { return known }
        let client = records.insert(ClientRecord(id: ids.store(id)))
        index.insert(client.number, hash) { index.hash(self.id(Slot($0))) }
        return client
    }

    /// Forgets a record that nothing keeps: it is loose and has no log.
    mutating func forget(_ client: Slot<ClientRecord>) {
        index.remove(client.number, index.hash(id(client)))
        ids.release(records[client].id)
        records.remove(client)
    }

    // MARK: where

    /// A worker holds the client's receiver.
    @inline(__always)
    mutating func wait(_ client: Slot<ClientRecord>, on link: LinkSlot) {
        unlist(client)
        let record = records[client]
        record.link = link
        record.place = .waiting
        record.isPresent = true
        while held.count <= Int(link.number) { held.append(Held()) }
        held[Int(link.number)].waiting.append(client, in: records)
        heldCount += 1
    }
    /// Something waits that the receiver can be sent when its link has room.
    mutating func block(_ client: Slot<ClientRecord>) {
        let record = records[client]
        let link = Int(record.link.number)
        held[link].waiting.remove(client, in: records)
        held[link].blocked.append(client, in: records)
        record.place = .blocked
    }
    /// Nothing waits for the client any more.
    mutating func unblock(_ client: Slot<ClientRecord>) {
        let record = records[client]
        let link = Int(record.link.number)
        held[link].blocked.remove(client, in: records)
        held[link].waiting.append(client, in: records)
        record.place = .waiting
    }
    func firstBlocked(on link: LinkSlot) -> Slot<ClientRecord>? {
        link.number < held.count ? held[Int(link.number)].blocked.first : nil
    }
    func firstHeld(on link: LinkSlot) -> Slot<ClientRecord>? {
        link.number < held.count ? held[Int(link.number)].waiting.first ?? firstBlocked(on: link) : nil
    }

    /// The receiver has ended. The record stays for the grace, since the client may be between two polls.
    @inline(__always)
    mutating func endReceiver(_ client: Slot<ClientRecord>, present: Bool, now: UInt64) {
        unlist(client)
        let record = records[client]
        record.place = .grace
        record.isPresent = present
        record.deadline = UInt32(truncatingIfNeeded: now) &+ Limits.graceMilliseconds
        grace.append(client, in: records)
    }
    /// The next client whose grace is over. It is loose now.
    mutating func endGrace(now: UInt32) -> Slot<ClientRecord>? {
        guard let client = grace.first, isOver(records[client].deadline, now) else { return nil }
        unlist(client)
        records[client].isPresent = false
        return client
    }

    /// Only the mark of a loss keeps the client now. If there are too many such clients, the result is one that has to
    /// go.
    mutating func keepLost(_ client: Slot<ClientRecord>, now: UInt64) -> Slot<ClientRecord>? {
        let record = records[client]
        record.place = .lost
        record.deadline = UInt32(truncatingIfNeeded: now) &+ Limits.lostMilliseconds
        lost.append(client, in: records)
        lostCount += 1
        return lostCount > Limits.lostRecords ? endFirstLost() : nil
    }
    /// The next client whose mark is old enough to be forgotten. It is loose now.
    mutating func endLost(now: UInt32) -> Slot<ClientRecord>? {
        guard let client = lost.first, isOver(records[client].deadline, now) else { return nil }
        return endFirstLost()
    }
    /// Its subscriptions wait for the client, for so many milliseconds.
    mutating func linger(_ client: Slot<ClientRecord>, _ milliseconds: UInt32, now: UInt64) {
        let record = records[client]
        record.place = .lingering
        record.deadline = UInt32(truncatingIfNeeded: now) &+ milliseconds
        lingering.append(client, in: records)
    }
    /// The next client that stayed away too long. It is loose now.
    mutating func endLingering(now: UInt32) -> Slot<ClientRecord>? {
        guard let client = lingering.first, isOver(records[client].deadline, now) else { return nil }
        unlist(client)
        return client
    }
    /// The client's last subscription has ended. It is loose now, if nothing else keeps it in its place.
    mutating func leaveLingering(_ client: Slot<ClientRecord>) {
        if records[client].place == .lingering { unlist(client) }
    }
    private mutating func endFirstLost() -> Slot<ClientRecord>? {
        let client = lost.first
        if let client { unlist(client) }
        return client
    }
    /// From now on more than the mark of a loss keeps the client.
    @inline(__always) mutating func leaveLost(_ client: Slot<ClientRecord>) {
        if records[client].place == .lost { unlist(client) }
    }
    /// The client has a subscription, and nothing else keeps it: it counts as one that was connected just now.
    mutating func awaitFirst(_ client: Slot<ClientRecord>, now: UInt64) {
        leaveLost(client)
        if records[client].place == .loose { endReceiver(client, present: false, now: now) }
    }

    // MARK: on other machines

    /// Another machine has the client.
    mutating func move(_ client: Slot<ClientRecord>, to node: Int) {
        unlist(client)
        let record = records[client]
        record.node = node
        record.place = .elsewhere
        record.isPresent = true
        while elsewhere.count <= node { elsewhere.append(List()) }
        elsewhere[node].append(client, in: records)
        elsewhereCount += 1
    }
    /// The client has left the machine that had it. It is loose now.
    mutating func leaveElsewhere(_ client: Slot<ClientRecord>) {
        unlist(client)
        records[client].isPresent = false
    }
    func firstElsewhere(on node: Int) -> Slot<ClientRecord>? { node < elsewhere.count ? elsewhere[node].first : nil }

    // MARK: all of them

    /// Clients lie in pages of memory. Their number grows, and never shrinks.
    var pages: UInt32 { records.pages }
    /// Adds the clients of a page to a list.
    func clients(page: UInt32, _ list: inout ContiguousArray<Slot<ClientRecord>>) {
        records.forEach(page: page) { slot, _ in list.append(slot) }
    }
    /// The first client of a page behind another one, in the order of memory.
    func next(page: UInt32, after client: Slot<ClientRecord>?) -> Slot<ClientRecord>? {
        records.next(page: page, after: client)
    }

    /// Takes a record out of the list of its place.
    private mutating func unlist(_ client: Slot<ClientRecord>) {
        let record = records[client]
        switch record.place {
        case .loose: return
        case .grace: grace.remove(client, in: records)
        case .lost:
            lost.remove(client, in: records)
            lostCount -= 1
        case .lingering: lingering.remove(client, in: records)
        case .elsewhere:
            elsewhere[record.node].remove(client, in: records)
            elsewhereCount -= 1
        case .waiting:
            held[Int(record.link.number)].waiting.remove(client, in: records)
            heldCount -= 1
        case .blocked:
            held[Int(record.link.number)].blocked.remove(client, in: records)
            heldCount -= 1
        }
        record.place = .loose
    }
}
