import Base
import Store
import Wire

/// A message whose end is told to the app, and whose end no single removal from a log tells.
struct Receipt {
    let id: UInt64
    var record: Arena.Ref
    /// The message in a log that many read. `none`: a message that was handed to one client.
    var message = Slot<Message>.none
    var counts = ReaderCounts()
    /// An earlier manager began it.
    var isFromBefore = false
    /// Handed: the client's id, and the time when nothing more is expected of its worker.
    var client = ByteStore.Handle.none
    var deadline: UInt32 = 0
    var neighbours = Neighbours<Receipt>()

    enum ByDeadline: ListField {
        static func neighbours(_ record: UnsafeMutablePointer<Receipt>) -> UnsafeMutablePointer<Neighbours<Receipt>> {
            withUnsafeMutablePointer(to: &record.pointee.neighbours) { $0 }
        }
    }

    /// The counts that grow, as the value of its record: 21 bits each, which is more than there are clients.
    var value: UInt64 {
        get { UInt64(counts.acknowledged) | UInt64(counts.handed) << 21 | UInt64(counts.left) << 42 }
        set {
            func part(_ at: UInt64) -> UInt32 { UInt32(newValue >> at & 0x1F_FFFF) }
            (counts.acknowledged, counts.handed, counts.left) = (part(0), part(21), part(42))
        }
    }
    /// The mark of one that was handed, in its record's flags.
    static let handedFlag: UInt8 = 1
}

/// The receipts that stand beside the logs. The receipt of a message in a client's own log is its mark there, and needs
/// no more.
///
///     shared   Many read the message, each at its time. It is `done` when all of them have it, or when it leaves its
///              log.
///     handed   The message left its client's log, since the client acknowledges nothing. The worker says that it was
///              written, or gives it back. If it says nothing, the receipt ends after `Limits.handedMilliseconds`.
struct Receipts: ~Copyable {
    private var receipts = Slab<Receipt>()
    /// The receipts of each log, in the order of their ids.
    private var shared: [Slot<Log>: ContiguousArray<(id: UInt64, receipt: Slot<Receipt>)>] = [:]
    private var clients = ByteStore()
    private var index: IdIndex
    private var handed = SlotList<Receipt.ByDeadline>()

    /// The time of the last tick, in milliseconds.
    var now: UInt64

    init(seed: UInt64, now: UInt64) {
        index = IdIndex(seed: seed)
        self.now = now
    }

    var count: Int { receipts.count }
    subscript(_ receipt: Slot<Receipt>) -> Entry<Receipt> { receipts[receipt] }
    mutating func moved(_ receipt: UInt32, to record: Arena.Ref) { receipts[Slot(receipt)].record = record }

    // MARK: shared

    /// Readers of some log are counted.
    var countsReaders: Bool { !shared.isEmpty }
    /// The receipts of a log that are over one id and up to another.
    func of(_ log: Slot<Log>, after from: UInt64, upTo id: UInt64) -> [Slot<Receipt>] {
        guard let own = shared[log] else { return [] }
        return own[own.firstPlace(where: { $0.id > from })...].prefix { $0.id <= id }.map(\.receipt)
    }
    func find(_ id: UInt64, in log: Slot<Log>) -> Slot<Receipt>? { of(log, after: id - 1, upTo: id).first }
    mutating func add(_ receipt: Receipt, in log: Slot<Log>, _ arena: inout Arena) {
        let slot = receipts.insert(receipt)
        if receipt.record != .none { arena.setOwner(receipt.record, slot.number) }
        let at = shared[log]?.firstPlace { $0.id > receipt.id } ?? 0
        shared[log, default: []].insert((receipt.id, slot), at: at)
    }
    mutating func remove(_ slot: Slot<Receipt>, from log: Slot<Log>, _ arena: inout Arena) {
        // A client that has been away may end thousands of them at once, so this one is not searched for step by step.
        let id = receipts[slot].id
        if let at = shared[log]?.firstPlace(where: { $0.id >= id }) { shared[log]?.remove(at: at) }
        if shared[log]?.isEmpty == true { shared[log] = nil }
        let receipt = receipts.remove(slot)
        if receipt.record != .none { arena.end(receipt.record, .ended) }
    }

    // MARK: handed

    private func hash(_ id: UInt64, _ client: UnsafeRawBufferPointer) -> UInt64 {
        index.hash(client) ^ (id &* 0x9E37_79B9_7F4A_7C15)
    }
    func find(_ id: UInt64, of client: UnsafeRawBufferPointer) -> Slot<Receipt>? {
        guard !handed.isEmpty else { return nil }
        return index.find(hash(id, client)) {
            let receipt = receipts[Slot($0)]
            return receipt.id == id && areEqual(clients.bytes(receipt.client), client)
        }.map { Slot($0) }
    }
    mutating func hand(
        _ id: UInt64, to client: UnsafeRawBufferPointer, deadline: UInt32, _ record: Arena.Ref, _ arena: inout Arena
    ) {
        let slot = receipts.insert(
            Receipt(id: id, record: record, client: clients.store(client), deadline: deadline))
        if record != .none { arena.setOwner(record, slot.number) }
        index.insert(slot.number, hash(id, client)) {
            hash(receipts[Slot($0)].id, clients.bytes(receipts[Slot($0)].client))
        }
        handed.append(slot, in: receipts)
    }
    /// Its client's id. It is valid until it is removed.
    func client(_ slot: Slot<Receipt>) -> UnsafeRawBufferPointer { clients.bytes(receipts[slot].client) }
    mutating func removeHanded(_ slot: Slot<Receipt>, _ arena: inout Arena) {
        index.remove(slot.number, hash(receipts[slot].id, client(slot)))
        clients.release(receipts[slot].client)
        handed.remove(slot, in: receipts)
        let receipt = receipts.remove(slot)
        if receipt.record != .none { arena.end(receipt.record, .ended) }
    }
    /// The next one of which nothing more is expected.
    func nextOver(now: UInt32) -> Slot<Receipt>? {
        handed.first.flatMap { isOver(receipts[$0].deadline, now) ? $0 : nil }
    }
}
