import Base
import Store
import Wire

/// Up to which second the tokens of a client or a user count no more. Each revocation is kept until all tokens that it
/// is about have ended by themselves. None is forgotten before, so a full table refuses.
///
/// A token lives for `tokens.max_age` at most. So its end is both a matter of the clock that only goes forward, since a
/// wall clock may be set, and of the wall clock, by which the workers judge tokens. A revocation goes when both are
/// past its life.
struct Revocations: ~Copyable {
    private struct Entry {
        let kind: LogName.Kind
        let name: ByteStore.Handle
        /// Seconds since 1970.
        var moment: UInt32
        var deadline: UInt32
        var record: Arena.Ref
        var neighbours = Neighbours<Entry>()

        enum ByDeadline: ListField {
            static func neighbours(_ record: UnsafeMutablePointer<Entry>) -> UnsafeMutablePointer<Neighbours<Entry>> {
                withUnsafeMutablePointer(to: &record.pointee.neighbours) { $0 }
            }
        }
    }
    private let most: Int
    /// Milliseconds.
    private let life: UInt32
    private var entries = Slab<Entry>()
    private var names = ByteStore()
    private var index: IdIndex
    /// All of them live equally long, so the order of coming is the order of deadlines.
    private var list = SlotList<Entry.ByDeadline>()

    /// `tokenMaxAge` is in milliseconds.
    init(tokenMaxAge: UInt32, seed: UInt64, most: Int = Limits.revocations) {
        self.most = most
        life = tokenMaxAge + Limits.revocationSpareSeconds * 1000
        index = IdIndex(seed: seed)
    }

    var count: Int { entries.count }
    var memoryBytes: Int { entries.memoryBytes + names.memoryBytes + index.memoryBytes }

    private func name(_ slot: UInt32) -> LogName {
        let entry = entries[Slot(slot)]
        return LogName(entry.kind, names.bytes(entry.name))
    }
    private func find(_ name: LogName) -> Slot<Entry>? {
        index.find(index.hash(name)) { self.name($0).isSame(as: name) }.map { Slot($0) }
    }

    /// The token of this client that was made at this second counts no more.
    func isRevoked(_ client: UnsafeRawBufferPointer, issuedAt: UInt32) -> Bool {
        if let own = find(LogName(.client, client)), issuedAt <= entries[own].moment { return true }
        if let user = find(LogName(.user, LogName.user(of: client))) { return issuedAt <= entries[user].moment }
        return false
    }

    /// The second up to which the client's tokens count no more, its own or its user's. `nil` if none were revoked.
    func moment(of client: UnsafeRawBufferPointer) -> UInt32? {
        guard count > 0 else { return nil }
        let moments = [LogName(.client, client), LogName(.user, LogName.user(of: client))].compactMap { find($0) }
        return moments.map { entries[$0].moment }.max()
    }

    /// The tokens of a client or user that were made up to this second count no more.
    mutating func add(_ name: LogName, upTo moment: UInt32, now: UInt64, _ arena: inout Arena) throws(RevokeError) {
        let known = find(name)
        // An earlier moment adds nothing: the tokens up to it have ended when the later one goes.
        if let known, entries[known].moment >= moment { return }
        guard known != nil || entries.count < most else { throw .full }
        guard
            let record = arena.append(
                .revocation, flags: name.flags, id: UInt64(moment), value: now + UInt64(life), timeToLive: life,
                name: name.name)
        else { throw .journalFull }
        let deadline = UInt32(truncatingIfNeeded: now) &+ life
        guard let known else { return enter(name, moment, deadline, record, &arena) }
        // If the process dies in between, both are there, and the next one takes the later moment.
        arena.end(entries[known].record, .replaced)
        arena.setOwner(record, known.number)
        entries[known].moment = moment
        entries[known].record = record
        moveBack(known, deadline)
    }
    private mutating func enter(
        _ name: LogName, _ moment: UInt32, _ deadline: UInt32, _ record: Arena.Ref, _ arena: inout Arena
    ) {
        let slot = entries.insert(
            Entry(
                kind: name.kind, name: names.store(name.name), moment: moment, deadline: deadline, record: record))
        index.insert(slot.number, index.hash(name)) { index.hash(self.name($0)) }
        list.append(slot, in: entries)
        arena.setOwner(record, slot.number)
    }
    /// It has the latest deadline of all.
    private mutating func moveBack(_ slot: Slot<Entry>, _ deadline: UInt32) {
        entries[slot].deadline = deadline
        list.remove(slot, in: entries)
        list.append(slot, in: entries)
    }

    /// Takes up what an earlier manager recorded. The one that was made first comes first. `tokens.max_age` may be
    /// another one now.
    mutating func recover(_ ref: Arena.Ref, now: UInt64, _ arena: inout Arena) {
        let record = arena.record(ref)
        let (name, moment) = (LogName(record), UInt32(clamping: record.id))
        let left = Int64(record.value) - Int64(record.timeToLive) + Int64(life) - Int64(now)
        let deadline = UInt32(truncatingIfNeeded: now) &+ UInt32(min(max(0, left), Int64(life)))
        guard let known = find(name) else { return enter(name, moment, deadline, ref, &arena) }
        guard moment > entries[known].moment else { return arena.end(ref, .replaced) }
        arena.end(entries[known].record, .replaced)
        arena.setOwner(ref, known.number)
        entries[known].moment = moment
        entries[known].record = ref
        moveBack(known, deadline)
    }
    /// The records of all revocations, the oldest first.
    var records: [Arena.Ref] {
        var (refs, next): ([Arena.Ref], Slot<Entry>?) = ([], list.first)
        while let slot = next {
            refs.append(entries[slot].record)
            next = SlotList<Entry.ByDeadline>.next(slot, in: entries)
        }
        return refs
    }
    mutating func moved(_ owner: UInt32, to record: Arena.Ref) { entries[Slot(owner)].record = record }

    /// Forgets what is over, at most `Limits.expiredInTick` at a time.
    mutating func expire(now: UInt64, wallSeconds: UInt64, _ arena: inout Arena) {
        for _ in 0..<Limits.expiredInTick {
            guard let first = list.first, isOver(entries[first].deadline, UInt32(truncatingIfNeeded: now)) else {
                return
            }
            guard wallSeconds < UInt64(entries[first].moment) + UInt64(life / 1000) else {
                remove(first, &arena)
                continue
            }
            // The wall clock was set back, and the tokens are good for longer.
            arena.set(entries[first].record, value: now + UInt64(life))
            moveBack(first, UInt32(truncatingIfNeeded: now) &+ life)
        }
    }
    private mutating func remove(_ slot: Slot<Entry>, _ arena: inout Arena) {
        index.remove(slot.number, index.hash(name(slot.number)))
        names.release(entries[slot].name)
        arena.end(entries[slot].record, .expired)
        list.remove(slot, in: entries)
        entries.remove(slot)
    }
}

/// Why tokens were not revoked.
package enum RevokeError: Error, Equatable {
    /// There are `Limits.revocations`.
    case full
    case journalFull
}
