import Store
import Wire

/// The manager's knowledge of one client: 56 bytes, and its id.
///
///     (unknown) --polls--> waiting(link) <--link full / read--> blocked(link)
///     waiting --answered or timed out--> grace, present   --polls--> waiting
///     waiting --connection closed--> grace, absent
///     grace --10 s--> forgotten; with a lost mark: lost (600 s); with messages: loose, until the last is gone;
///                     with subscriptions: lingering, until `channels.linger` after it was last connected
///     waiting(a receiver that stays) --answered--> waiting   --closed, or its worker is gone--> grace, absent
///     (unknown) --publish--> loose        (unknown) --subscribe--> grace, absent
struct ClientRecord {
    /// The list that the record is in.
    enum Place: UInt8 {
        /// In no list: only its messages keep it.
        case loose
        /// Its receiver is held by the worker on `link`.
        case waiting
        /// The same, but messages wait and the link's outbox is full.
        case blocked
        /// Its receiver ended less than `Limits.graceMilliseconds` ago.
        case grace
        /// Nothing but the mark of a loss keeps it.
        case lost
        /// It is absent, and its subscriptions wait for it to come back.
        case lingering
        /// Another machine of the cluster has it: it holds its receiver there, or did until moments ago.
        case elsewhere
    }

    /// The client has all messages up to this id, or was never to get them: what it acknowledged, or, without a cursor,
    /// what it was handed. No log but its own gives it an older message. It never goes back.
    var position: UInt64 = 0
    /// The client's receiver begins after this id, or was sent all up to it, or was told that they are lost. It is kept
    /// only if the client acknowledges (see there), and outlives the receiver: one that stays and has no cursor begins
    /// here. It goes back when a worker says what the socket did not take. 0 if there is none, and `.max` before its
    /// first receiver. What lies between `position` and this id stays in the logs: it was not acknowledged.
    var sent = UInt64.max
    var id: ByteStore.Handle
    /// Its messages, and the mark of its losses. `none` if it has neither.
    var log = Slot<Log>.none
    /// Its neighbours in the list of its place.
    var neighbours = Neighbours<ClientRecord>()
    private var deadlineOrSlot: UInt32 = 0
    /// The first of its subscriptions. That to its user's log, if there is one, is the first.
    var subscription = Slot<Subscription>.none
    /// The time when the time to live of the last handed message is over. A message that comes back undelivered keeps
    /// it.
    var handedDeadline: UInt32 = 0
    /// The number of the worker that it was last on. `.max` if it was on none.
    var worker: UInt16 = .max
    private var linkNumber: UInt16 = .max
    /// Waiting and blocked: bytes of messages that its receiver takes before it gives more credit.
    var credit: UInt32 = 0
    /// The tag of its last receiver.
    var tag: UInt16 = 0
    var place = Place.loose
    private var marks: Marks = []

    private struct Marks: OptionSet {
        let rawValue: UInt8
        static let present = Marks(rawValue: 1)
        static let acknowledges = Marks(rawValue: 2)
        static let stays = Marks(rawValue: 4)
        static let single = Marks(rawValue: 8)
        static let owesGap = Marks(rawValue: 16)
        static let handedForGood = Marks(rawValue: 32)
        static let wasHandedForGood = Marks(rawValue: 64)
        static let isCounted = Marks(rawValue: 128)
    }

    init(id: ByteStore.Handle) { self.id = id }

    enum ByPlace: ListField {
        @inline(__always)
        static func neighbours(_ record: UnsafeMutablePointer<ClientRecord>)
            -> UnsafeMutablePointer<Neighbours<ClientRecord>>
        { withUnsafeMutablePointer(to: &record.pointee.neighbours) { $0 } }
    }

    /// A worker holds its receiver, as far as the manager knows.
    var isHeld: Bool { place == .waiting || place == .blocked }
    /// It has had no receiver yet, as far as the manager knows.
    var isNew: Bool { sent == .max }
    /// Waiting and blocked: the link of the worker that holds its receiver.
    var link: LinkSlot {
        get { LinkSlot(UInt32(linkNumber)) }
        set { linkNumber = UInt16(truncatingIfNeeded: newValue.number) }
    }
    /// Elsewhere: the number of the machine (`Peers`).
    var node: Int {
        get { Int(linkNumber) }
        set { linkNumber = UInt16(truncatingIfNeeded: newValue) }
    }
    /// Grace: the app ended the client's receiver while it was between two polls. Its next poll is ended, too, if it
    /// comes within `Limits.transientMilliseconds` of its last one. Set it only in this place.
    var isToBeDisconnected: Bool {
        get { place == .grace && linkNumber == .max - 1 }
        set { linkNumber = newValue ? .max - 1 : .max }
    }
    /// Grace, lost and lingering: the time when the place ends.
    var deadline: UInt32 {
        get { deadlineOrSlot }
        set { deadlineOrSlot = newValue }
    }
    /// Waiting and blocked: the worker's slot for its receiver.
    var slot: UInt32 {
        get { deadlineOrSlot }
        set { deadlineOrSlot = newValue }
    }
    @inline(__always) private subscript(_ mark: Marks) -> Bool {
        get { marks.rawValue & mark.rawValue != 0 }
        set { marks = Marks(rawValue: marks.rawValue & ~mark.rawValue | (newValue ? mark.rawValue : 0)) }
    }

    /// A worker holds its receiver, or did until moments ago, and the client did not close its connection.
    var isPresent: Bool {
        get { self[.present] }
        set { self[.present] = newValue }
    }
    /// Its last receiver came with a cursor, or stays. Messages are kept until the client has acknowledged them.
    var acknowledges: Bool {
        get { self[.acknowledges] }
        set { self[.acknowledges] = newValue }
    }
    /// Its receiver stays after an answer, as long as it has credit.
    var stays: Bool {
        get { self[.stays] }
        set { self[.stays] = newValue }
    }
    /// Its receiver takes one message in an answer (the seed's bare form).
    var isSingle: Bool {
        get { self[.single] }
        set { self[.single] = newValue }
    }
    /// Its cursor is from an earlier manager, whose queue died with it. The next answer says that there is a gap.
    var owesGap: Bool {
        get { self[.owesGap] }
        set { self[.owesGap] = newValue }
    }
    /// The last answer was handed over for good. If it comes back, its messages go into the log again.
    var handedForGood: Bool {
        get { self[.handedForGood] }
        set { self[.handedForGood] = newValue }
    }
    /// An answer before the last one was handed over for good, but the last one was not. Messages that come back may be
    /// of the earlier one.
    var wasHandedForGood: Bool {
        get { self[.wasHandedForGood] }
        set { self[.wasHandedForGood] = newValue }
    }
    /// Its channels count it as connected.
    var isCounted: Bool {
        get { self[.isCounted] }
        set { self[.isCounted] = newValue }
    }
}
