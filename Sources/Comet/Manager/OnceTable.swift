import Base
import Store
import Wire

/// The outcomes of publishes that have a name of their own (`once`), so that an app can make a publish again when it
/// did not hear the answer. Each is remembered for `Limits.onceMilliseconds`; if there are too many, the oldest goes.
struct OnceTable: ~Copyable {
    private struct Entry {
        let name: ByteStore.Handle
        let print: UInt64
        let outcome: OnceOutcome
        let deadline: UInt32
        var record: Arena.Ref
        var neighbours = Neighbours<Entry>()

        enum ByDeadline: ListField {
            static func neighbours(_ record: UnsafeMutablePointer<Entry>) -> UnsafeMutablePointer<Neighbours<Entry>> {
                withUnsafeMutablePointer(to: &record.pointee.neighbours) { $0 }
            }
        }
    }
    private var entries = Slab<Entry>()
    private var names = ByteStore()
    private var index: IdIndex
    /// All of them live equally long, so the order of coming is the order of deadlines.
    private var list = SlotList<Entry.ByDeadline>()

    init(seed: UInt64) { index = IdIndex(seed: seed) }

    var count: Int { entries.count }

    /// A hash of a publish's target and message, which tells it from others. It is the same in every process.
    static func print(_ target: Target, _ json: UnsafeRawBufferPointer) -> UInt64 {
        let (kind, names): (UInt64, [UnsafeRawBufferPointer]) =
            switch target {
            case .client(let id): (1, [id])
            case .clients(let ids): (2, ids)
            case .user(let name): (3, [name])
            case .channel(let name): (4, [name])
            case .channels(let names): (5, names)
            case .everyone: (6, [])
            }
        return (names + [json]).reduce(kind) { IdIndex.hash($1, seed: $0) }
    }

    func find(_ name: UnsafeRawBufferPointer) -> (print: UInt64, outcome: Publication)? {
        index.find(index.hash(name)) { areEqual(names.bytes(entries[Slot($0)].name), name) }
            .map { (entries[Slot($0)].print, entries[Slot($0)].outcome.publication) }
    }

    mutating func remember(
        _ name: UnsafeRawBufferPointer, _ print: UInt64, _ publication: Publication, now: UInt64,
        _ arena: inout Arena
    ) {
        let outcome = OnceOutcome(publication)
        // Without room the name is forgotten at a restart, which is better than to refuse what was just given out.
        let record =
            outcome.withBytes(print: print) {
                arena.append(
                    .once, value: now + UInt64(Limits.onceMilliseconds), timeToLive: Limits.onceMilliseconds,
                    name: name, body: $0)
            } ?? .none
        let deadline = UInt32(truncatingIfNeeded: now) &+ Limits.onceMilliseconds
        let slot = add(name, print, outcome, deadline: deadline, record)
        if record != .none { arena.setOwner(record, slot) }
        if entries.count > Limits.onceRecords, let oldest = list.first { remove(oldest, &arena) }
    }
    private mutating func add(
        _ name: UnsafeRawBufferPointer, _ print: UInt64, _ outcome: OnceOutcome, deadline: UInt32,
        _ record: Arena.Ref
    ) -> UInt32 {
        let slot = entries.insert(
            Entry(name: names.store(name), print: print, outcome: outcome, deadline: deadline, record: record))
        index.insert(slot.number, index.hash(name)) { index.hash(names.bytes(entries[Slot($0)].name)) }
        list.append(slot, in: entries)
        return slot.number
    }
    /// Takes up what an earlier manager remembered. The oldest comes first.
    /// The records of all that is kept, the oldest first.
    var records: [Arena.Ref] {
        var (refs, next): ([Arena.Ref], Slot<Entry>?) = ([], list.first)
        while let slot = next {
            if entries[slot].record != .none { refs.append(entries[slot].record) }
            next = SlotList<Entry.ByDeadline>.next(slot, in: entries)
        }
        return refs
    }
    mutating func recover(_ ref: Arena.Ref, _ record: Arena.Record, deadline: UInt32, _ arena: inout Arena) {
        guard let (print, outcome) = OnceOutcome.read(record.body), find(record.name) == nil else {
            return arena.end(ref, .ended)
        }
        arena.setOwner(ref, add(record.name, print, outcome, deadline: deadline, ref))
    }
    mutating func moved(_ owner: UInt32, to record: Arena.Ref) { entries[Slot(owner)].record = record }
    private mutating func remove(_ slot: Slot<Entry>, _ arena: inout Arena) {
        let entry = entries[slot]
        index.remove(slot.number, index.hash(names.bytes(entry.name)))
        names.release(entry.name)
        if entry.record != .none { arena.end(entry.record, .expired) }
        list.remove(slot, in: entries)
        entries.remove(slot)
    }
    /// Forgets what is old enough, at most `Limits.expiredInTick` at a time.
    mutating func expire(now: UInt32, _ arena: inout Arena) {
        for _ in 0..<Limits.expiredInTick {
            guard let first = list.first, isOver(entries[first].deadline, now) else { return }
            remove(first, &arena)
        }
    }
}

/// The outcome of a publish in few bytes.
struct OnceOutcome {
    private enum Kind: UInt8 { case sent = 1, queued, several, nobody }
    private let id: UInt64
    private let sent: UInt32
    private let waiting: UInt32
    private let kind: Kind

    private init(kind: Kind, _ id: UInt64 = 0, _ sent: Int = 0, _ waiting: Int = 0) {
        self.kind = kind
        self.id = id
        self.sent = UInt32(clamping: sent)
        self.waiting = UInt32(clamping: waiting)
    }
    init(_ publication: Publication) {
        switch publication {
        case .sent(let id): self.init(kind: .sent, id)
        case .queued(let id): self.init(kind: .queued, id)
        case .several(let id, let sent, let waiting): self.init(kind: .several, id, sent, waiting)
        case .nobody, .full, .journalFull, .latestFull, .otherOnce, .again: self.init(kind: .nobody)
        }
    }
    var publication: Publication {
        switch kind {
        case .sent: .sent(id)
        case .queued: .queued(id)
        case .several: .several(id, sent: Int(sent), waiting: Int(waiting))
        case .nobody: .nobody
        }
    }

    /// The body of its record: the print, the id, the counts and the kind, in network byte order.
    func withBytes<Result>(print: UInt64, _ use: (UnsafeRawBufferPointer) -> Result) -> Result {
        var out = Buffer()
        out.append(bigEndian: print)
        out.append(bigEndian: id)
        out.append(bigEndian: sent)
        out.append(bigEndian: waiting)
        out.append(kind.rawValue)
        return use(out.bytes)
    }
    static func read(_ body: UnsafeRawBufferPointer) -> (print: UInt64, OnceOutcome)? {
        guard body.count == 25, let kind = Kind(rawValue: body[24]) else { return nil }
        return (
            body.bigEndian(at: 0),
            OnceOutcome(
                kind: kind, body.bigEndian(at: 8), Int(body.bigEndian(at: 16, as: UInt32.self)),
                Int(body.bigEndian(at: 20, as: UInt32.self)))
        )
    }
}
