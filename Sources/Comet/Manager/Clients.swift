import Base
import Store
import Wire

/// What the manager knows of one client: 36 bytes, and its id.
///
///     (unknown) --polls--> waiting(link) <--link full / read--> blocked(link)
///     waiting --answered or timed out--> grace, present   --polls--> waiting
///     waiting --connection closed--> grace, absent
///     grace --10 s--> forgotten; with a lost mark: lost (600 s); with messages: loose, until the last is gone
///     (unknown) --publish--> loose
struct ClientRecord {
    /// Which list the record is in.
    enum Place: UInt8 {
        /// None: only its messages keep it.
        case loose
        /// Its receiver is held by the worker on `link`.
        case waiting
        /// The same, but it has messages, and the link's outbox is full.
        case blocked
        /// Not waiting, for less than `Limits.graceMilliseconds`.
        case grace
        /// Nothing but the mark of a loss keeps it.
        case lost
    }

    var id: ByteStore.Handle
    var mailbox: UInt32 = none
    var next: UInt32 = none
    var previous: UInt32 = none
    private var deadlineOrSlot: UInt32 = 0
    /// When the time to live of what was handed over last is over: what comes back undelivered keeps it.
    var handedDeadline: UInt32 = 0
    /// The number of the worker that it was last on; `.max`: never seen.
    var worker: UInt16 = .max
    /// Waiting and blocked: the slot of the worker's link.
    var link: UInt16 = .max
    /// Waiting and blocked: bytes of messages that its receiver takes before it gives more.
    var credit: UInt32 = 0
    /// The tag of its last receiver.
    var tag: UInt16 = 0
    var place = Place.loose
    private var bits: UInt8 = 0

    init(id: ByteStore.Handle) { self.id = id }

    /// In grace and lost: when that is over.
    var deadline: UInt32 {
        get { deadlineOrSlot }
        set { deadlineOrSlot = newValue }
    }
    /// Waiting and blocked: the worker's slot for its receiver.
    var slot: UInt32 {
        get { deadlineOrSlot }
        set { deadlineOrSlot = newValue }
    }
    /// Its last receiver came with a cursor: what is handed over is kept until it is acknowledged.
    var acknowledges: Bool {
        get { bits & 32 != 0 }
        set { bits = bits & ~32 | (newValue ? 32 : 0) }
    }
    /// Its receiver stays after an answer, as long as it has credit.
    var stays: Bool {
        get { bits & 64 != 0 }
        set { bits = bits & ~64 | (newValue ? 64 : 0) }
    }

    /// It holds a poll, or did until moments ago and did not close its connection.
    var isPresent: Bool {
        get { bits & 1 != 0 }
        set { bits = bits & ~1 | (newValue ? 1 : 0) }
    }
    /// The last answer was handed over for good: if it comes back, it goes into the mailbox again.
    var handedForGood: Bool {
        get { bits & 2 != 0 }
        set { bits = bits & ~2 | (newValue ? 2 : 0) }
    }
    /// An answer before the last was handed over for good, and the last was not: what comes back may be of that one.
    var wasHandedForGood: Bool {
        get { bits & 16 != 0 }
        set { bits = bits & ~16 | (newValue ? 16 : 0) }
    }
    /// Its poll takes one message to an answer (the seed's bare form).
    var isSingle: Bool {
        get { bits & 8 != 0 }
        set { bits = bits & ~8 | (newValue ? 8 : 0) }
    }
    /// Its cursor is of an earlier manager, whose queue died with it: the next answer says that there is a gap.
    var owesGap: Bool {
        get { bits & 4 != 0 }
        set { bits = bits & ~4 | (newValue ? 4 : 0) }
    }
}

/// What waits for one client, by id; made with the first message or loss and gone with the last.
struct Mailbox {
    var first: UInt32 = none
    var last: UInt32 = none
    var count: UInt32 = 0
    /// Of a client that acknowledges: the highest id that the receiver which it has now was sent, or was told to be
    /// lost; 0: none.
    var handed: UInt64 = 0
    /// The highest id that was lost to it and that it has not been told of, or not acknowledged since; 0: none.
    var lost: UInt64 = 0
}

/// A list through the records, in the order in which they came.
struct ClientList {
    var first: UInt32 = none
    var last: UInt32 = none
    var isEmpty: Bool { first == none }
}

/// The clients, by id and by slot.
struct Clients: ~Copyable {
    private(set) var slab = Slab<ClientRecord>()
    private(set) var mailboxes = Slab<Mailbox>()
    private var ids = ByteStore()
    private var index: IdIndex

    init(seed: UInt64) { index = IdIndex(seed: seed) }

    var count: Int { slab.count }
    var memoryBytes: Int { slab.memoryBytes + mailboxes.memoryBytes + ids.memoryBytes + index.memoryBytes }

    @inline(__always) subscript(_ slot: UInt32) -> UnsafeMutablePointer<ClientRecord> { slab.pointer(slot) }
    @inline(__always) func id(_ slot: UInt32) -> UnsafeRawBufferPointer { ids.bytes(slab.pointer(slot).pointee.id) }
    @inline(__always) func mailbox(_ slot: UInt32) -> UnsafeMutablePointer<Mailbox> { mailboxes.pointer(slot) }

    @inline(__always) func find(_ id: UnsafeRawBufferPointer) -> UInt32? { find(id, index.hash(id)) }

    @inline(__always) private func find(_ id: UnsafeRawBufferPointer, _ hash: UInt64) -> UInt32? {
        index.find(hash) { areEqual(self.id($0), id) }
    }

    mutating func findOrMake(_ id: UnsafeRawBufferPointer) -> UInt32 {
        let hash = index.hash(id)
        if let slot = find(id, hash) { return slot }
        let slot = slab.insert(ClientRecord(id: ids.store(id))).number
        insert(slot, hash)
        return slot
    }
    private mutating func insert(_ slot: UInt32, _ hash: UInt64) {
        // The index asks for hashes while it changes itself: they come from a copy of its seed, not from it.
        let seed = index.seed
        withRecords { records, ids, index in
            index.insert(slot, hash) { IdIndex.hash(ids.bytes(records.pointer($0).pointee.id), seed: seed) }
        }
    }
    @inline(__always)
    private mutating func withRecords(
        _ body: (borrowing Slab<ClientRecord>, borrowing ByteStore, inout IdIndex) -> Void
    ) {
        body(slab, ids, &index)
    }

    /// The record is in no list and has no mailbox.
    mutating func forget(_ slot: UInt32) {
        index.remove(slot, index.hash(id(slot)))
        ids.release(slab.pointer(slot).pointee.id)
        slab.remove(slot)
    }

    mutating func makeMailbox(_ slot: UInt32) -> UnsafeMutablePointer<Mailbox> {
        let record = slab.pointer(slot)
        if record.pointee.mailbox == none { record.pointee.mailbox = mailboxes.insert(Mailbox()).number }
        return mailboxes.pointer(record.pointee.mailbox)
    }
    /// Where nothing is left in it.
    mutating func dropEmptyMailbox(_ slot: UInt32) {
        let record = slab.pointer(slot)
        guard record.pointee.mailbox != none else { return }
        let mailbox = mailboxes.pointer(record.pointee.mailbox).pointee
        guard mailbox.count == 0, mailbox.lost == 0 else { return }
        mailboxes.remove(record.pointee.mailbox)
        record.pointee.mailbox = none
    }

    // MARK: lists

    func append(_ slot: UInt32, to list: inout ClientList) {
        let record = slab.pointer(slot)
        record.pointee.previous = list.last
        record.pointee.next = none
        if list.last == none { list.first = slot } else { slab.pointer(list.last).pointee.next = slot }
        list.last = slot
    }
    func remove(_ slot: UInt32, from list: inout ClientList) {
        let record = slab.pointer(slot).pointee
        if record.previous == none {
            list.first = record.next
        } else {
            slab.pointer(record.previous).pointee.next = record.next
        }
        if record.next == none {
            list.last = record.previous
        } else {
            slab.pointer(record.next).pointee.previous = record.previous
        }
    }
}
