import Base
import Store
import Wire

/// The events of messages with a receipt, and of clients, for apps that ask. Each is a record of the arena, so it is
/// there for the next manager, with the same id. There are bounds of their number and of their bytes: beyond them the
/// oldest go, and a reader that has not come so far is told of a gap.
///
/// Ids of events grow, and have nothing to do with ids of messages.
struct Events: ~Copyable {
    private struct Kept {
        let id: UInt64
        var record: Arena.Ref
        let bytes: UInt32
    }
    private var kept = Fifo<Kept>()
    /// The number of the first of them, among all since the manager began. A record's owner is the lower half of its
    /// number.
    private var firstNumber: UInt64 = 0
    private(set) var bytes = 0
    /// The newest event's id. The next one is larger.
    private(set) var last: UInt64
    /// A reader that has not come to this id has lost something.
    private(set) var lostUpTo: UInt64 = 0
    /// Milliseconds since 1970, at the beginning of the turn of the loop.
    var wall: UInt64 = 0
    /// The kinds that are kept.
    let kinds: EventKinds
    private let most: Int
    private(set) var counts = EventCounts()
    /// The messages whose end somebody waits for.
    var awaited = Awaited()

    /// `wallMicroseconds` is where ids start, so that they grow even if nothing was kept.
    init(_ kinds: EventKinds, most: Int, wallMicroseconds: UInt64, isFresh: Bool) {
        self.most = most
        self.kinds = kinds.union(.ofMessages)
        last = wallMicroseconds
        // A cursor of a life whose events are gone is below.
        if isFresh { lostUpTo = wallMicroseconds }
    }

    var count: Int { kept.count }

    // MARK: what happens

    /// The end of a message for a client, or news of it. `message` is its id.
    mutating func add(_ kind: EventKind, _ message: UInt64, of client: UnsafeRawBufferPointer, _ arena: inout Arena) {
        awaited.note(kind, message)
        add(kind, LogName(.client, client), message: message, nil, .init(start: nil, count: 0), &arena)
    }
    /// The end of a message for all readers of a log.
    mutating func addDone(_ message: UInt64, of name: LogName, _ counts: ReaderCounts, _ arena: inout Arena) {
        awaited.note(done: counts, message)
        add(.done, name, message: message, counts, .init(start: nil, count: 0), &arena)
    }
    /// A client did something. `channel` is empty if none is in it.
    mutating func add(
        _ kind: EventKind, _ client: UnsafeRawBufferPointer, channel: UnsafeRawBufferPointer, _ arena: inout Arena
    ) {
        guard kinds.contains(EventKinds(kind)) else { return }
        add(kind, LogName(.client, client), message: 0, nil, channel, &arena)
    }

    private mutating func add(
        _ kind: EventKind, _ name: LogName, message: UInt64, _ readers: ReaderCounts?,
        _ channel: UnsafeRawBufferPointer, _ arena: inout Arena
    ) {
        last += 1
        counts[kind] += 1
        var body = InlineArray<11, UInt32>(repeating: 0)
        (body[0], body[1]) = (UInt32(truncatingIfNeeded: message >> 32), UInt32(truncatingIfNeeded: message))
        (body[2], body[3]) = (UInt32(truncatingIfNeeded: wall >> 32), UInt32(truncatingIfNeeded: wall))
        if let readers {
            for (at, row) in ReaderCounts.fields.enumerated() { body[4 + at] = readers[keyPath: row.field] }
        }
        let count = readers == nil ? 16 : 44
        let record = withUnsafeBytes(of: body) {
            arena.append(
                .event, flags: name.flags | kind.rawValue, id: last, owner: UInt32(truncatingIfNeeded: nextNumber),
                name: name.name, extra: channel, body: UnsafeRawBufferPointer(rebasing: $0[..<count]))
        }
        guard let record else {
            counts.lost += 1
            lostUpTo = last
            return
        }
        keep(last, record, name.name.count + channel.count + count, &arena)
    }
    private var nextNumber: UInt64 { firstNumber + UInt64(kept.count) }
    private mutating func keep(_ id: UInt64, _ record: Arena.Ref, _ size: Int, _ arena: inout Arena) {
        let bytes = size + Limits.eventOwnBytes
        kept.append(Kept(id: id, record: record, bytes: UInt32(bytes)))
        self.bytes += bytes
        while kept.count > most || self.bytes > Limits.eventsBytes, let oldest = kept.take() {
            firstNumber += 1
            self.bytes -= Int(oldest.bytes)
            lostUpTo = max(lostUpTo, oldest.id)
            arena.end(oldest.record, .dropped)
        }
    }

    // MARK: a manager's start

    /// Takes up the events of an earlier manager. They come in the order of ids.
    mutating func recover(_ ref: Arena.Ref, _ arena: inout Arena) {
        let record = arena.record(ref)
        // It was being moved when the manager died, and is there twice.
        guard count == 0 || kept[count - 1].id < record.id else { return arena.end(ref, .ended) }
        if count == 0 { lostUpTo = record.id - 1 }
        last = max(last, record.id)
        arena.setOwner(ref, UInt32(truncatingIfNeeded: nextNumber))
        keep(record.id, ref, record.name.count + record.extra.count + record.body.count, &arena)
    }
    mutating func moved(_ owner: UInt32, to record: Arena.Ref) {
        kept[Int(owner &- UInt32(truncatingIfNeeded: firstNumber))].record = record
    }

    // MARK: who asks

    /// The id up to which a reader at this cursor has lost events. `nil` if it has lost none. A cursor of 0 is that of
    /// a reader that wants what there is.
    func gap(after cursor: UInt64) -> UInt64? {
        if cursor > last { return last }
        return cursor > 0 && cursor < lostUpTo ? lostUpTo : nil
    }
    /// Passes events behind the cursor, the oldest first, until `take` is false. The cursor moves with them.
    func read(
        after cursor: inout UInt64, _ kinds: EventKinds, client: UnsafeRawBufferPointer?, _ arena: borrowing Arena,
        _ take: (KeptEvent) -> Bool
    ) {
        let id = cursor
        for at in kept.firstPlace(where: { $0.id > id })..<kept.count {
            let event = KeptEvent(arena.record(kept[at].record))
            let isWanted =
                kinds.contains(EventKinds(event.kind)) && client.map { areEqual($0, event.client) } ?? true
            guard !isWanted || take(event) else { return }
            cursor = event.id
        }
        cursor = max(cursor, last)
    }
    /// All of them, the oldest first.
    func forEach(_ arena: borrowing Arena, _ body: (KeptEvent) -> Void) {
        for at in 0..<kept.count { body(KeptEvent(arena.record(kept[at].record))) }
    }
}

/// How many events of each kind there were since the manager began, and how many could not be kept for lack of memory.
package struct EventCounts: Equatable, Sendable {
    private var counts = InlineArray<12, UInt64>(repeating: 0)
    package internal(set) var lost: UInt64 = 0
    package init() {}
    package subscript(_ kind: EventKind) -> UInt64 {
        get { counts[Int(kind.rawValue)] }
        set { counts[Int(kind.rawValue)] = newValue }
    }
    package static func == (one: EventCounts, other: EventCounts) -> Bool {
        one.lost == other.lost && EventKind.allCases.allSatisfy { one[$0] == other[$0] }
    }
}
