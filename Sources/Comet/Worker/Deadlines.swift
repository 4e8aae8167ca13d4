import Store
import Wire

/// All deadlines of a worker's connections. There is a list for each kind of wait, and some more for polls that are to
/// be spread. All entries of a list last equally long, so a list in order of arrival is in order of deadline, too.
/// Adding, removing and finding the next one are O(1), and one timer serves all lists.
struct Deadlines {
    enum Kind: UInt8 {
        case header, idle, linger, write
        /// Receivers that stay, when they are to be sent a heartbeat, and their first one.
        case heartbeat, proof
        case poll
    }

    /// The polls of a herd last from half the poll timeout to nearly all of it, in so many steps.
    static let spreadLists = 16
    /// Seconds for polls whose clients want them shorter than the poll timeout. Each poll lasts the longest of these
    /// times that is not longer than its client wants.
    static let holdSeconds: [UInt32] = [1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320]
    /// The lists of polls: first the polls that last the whole time, then the spread ones, then those of `holdSeconds`.
    private static let pollLists = Int(Kind.poll.rawValue)..<firstHold + holdSeconds.count
    private static let firstHold = Int(Kind.poll.rawValue) + 1 + spreadLists

    /// The neighbours of a connection in whichever of these lists it is in.
    enum Field: ListField {
        static func neighbours(_ record: UnsafeMutablePointer<Connection>)
            -> UnsafeMutablePointer<Neighbours<Connection>>
        { withUnsafeMutablePointer(to: &record.pointee.neighbours) { $0 } }
    }
    struct List {
        var slots = SlotList<Field>()
        /// The time when the first entry is due. It is valid only if there is an entry.
        var due: UInt32 = 0
        var count = 0
        /// Milliseconds.
        var duration: UInt32
    }
    /// The lists by kind, and then the spread lists.
    private var lists: [List]
    /// The spread list that was used last.
    private var turn: Int

    /// All times are in milliseconds. `turn` is where the spread begins, so that workers differ.
    init(
        header: UInt32, poll: UInt32, idle: UInt32, write: UInt32, linger: UInt32, heartbeat: UInt32 = 25_000,
        turn: Int = 0
    ) {
        self.turn = turn % Deadlines.spreadLists
        lists = (0..<Deadlines.pollLists.upperBound).map { at in
            switch Kind(rawValue: UInt8(at)) {
            case .header: List(duration: header)
            case .idle: List(duration: idle)
            case .write: List(duration: write)
            case .linger: List(duration: linger)
            case .heartbeat: List(duration: heartbeat)
            case .proof: List(duration: Limits.proofMilliseconds)
            case nil where at >= Deadlines.firstHold:
                List(duration: Deadlines.holdSeconds[at - Deadlines.firstHold] * 1000)
            case .poll, nil:
                List(
                    duration: max(
                        1,
                        UInt32(
                            UInt64(poll) * UInt64(2 * Deadlines.spreadLists - (at - Deadlines.pollLists.lowerBound))
                                / UInt64(2 * Deadlines.spreadLists))))
            }
        }
    }

    static func kind(_ list: UInt8) -> Kind { Kind(rawValue: min(list, Kind.poll.rawValue)) ?? .poll }

    /// The number of connections in the lists of this kind.
    func count(_ kind: Kind) -> Int {
        guard kind == .poll else { return lists[Int(kind.rawValue)].count }
        var count = 0
        for list in Deadlines.pollLists { count &+= lists[list].count }
        return count
    }

    /// The connection that has waited longest. `nil` if there is none.
    func first(_ kind: Kind) -> ConnectionSlot? { lists[Int(kind.rawValue)].slots.first }

    /// Puts a connection at the end of a list. It must not be in a list yet.
    mutating func add(_ slot: ConnectionSlot, to kind: Kind, now: UInt32, in slab: borrowing Slab<Connection>) {
        add(slot, list: Int(kind.rawValue), now: now, in: slab)
    }
    private mutating func add(_ slot: ConnectionSlot, list: Int, now: UInt32, in slab: borrowing Slab<Connection>) {
        let connection = slab.pointer(slot)
        let due = now &+ lists[list].duration
        connection.pointee.list = UInt8(truncatingIfNeeded: list)
        connection.pointee.deadline = due
        if lists[list].slots.isEmpty { lists[list].due = due }
        lists[list].slots.append(slot, in: slab)
        lists[list].count &+= 1
    }
    mutating func remove(_ slot: ConnectionSlot, in slab: borrowing Slab<Connection>) {
        let list = Int(slab.pointer(slot).pointee.list)
        lists[list].slots.remove(slot, in: slab)
        if let first = lists[list].slots.first { lists[list].due = slab.pointer(first).pointee.deadline }
        lists[list].count &-= 1
    }
    mutating func move(_ slot: ConnectionSlot, to kind: Kind, now: UInt32, in slab: borrowing Slab<Connection>) {
        remove(slot, in: slab)
        add(slot, to: kind, now: now, in: slab)
    }
    /// Puts a poll of a herd into the next of the spread lists.
    mutating func spread(_ slot: ConnectionSlot, now: UInt32, in slab: borrowing Slab<Connection>) {
        turn = turn + 1 < Deadlines.spreadLists ? turn + 1 : 0
        remove(slot, in: slab)
        add(slot, list: Deadlines.pollLists.lowerBound + 1 + turn, now: now, in: slab)
    }
    /// Holds a poll for at most so many seconds, at least 1.
    mutating func hold(_ slot: ConnectionSlot, seconds: UInt32, now: UInt32, in slab: borrowing Slab<Connection>) {
        let step = Deadlines.holdSeconds.lastIndex { $0 <= seconds } ?? 0
        remove(slot, in: slab)
        add(slot, list: Deadlines.firstHold + step, now: now, in: slab)
    }

    /// The time when this connection was put into its list.
    func began(_ slot: ConnectionSlot, in slab: borrowing Slab<Connection>) -> UInt32 {
        let connection = slab.pointer(slot)
        return connection.pointee.deadline &- lists[Int(connection.pointee.list)].duration
    }
    /// Milliseconds since this connection was put into its list.
    func since(_ slot: ConnectionSlot, now: UInt32, in slab: borrowing Slab<Connection>) -> UInt32 {
        now &- began(slot, in: slab)
    }

    /// Milliseconds since the last one was put into this list. `nil` if the list is empty.
    func sinceLast(_ kind: Kind, now: UInt32, in slab: borrowing Slab<Connection>) -> UInt32? {
        let list = lists[Int(kind.rawValue)]
        return list.slots.last.map { now &- (slab.pointer($0).pointee.deadline &- list.duration) }
    }

    /// A connection whose time is over.
    func expired(now: UInt32) -> ConnectionSlot? {
        let over = lists.first { !$0.slots.isEmpty && Int32(bitPattern: now &- $0.due) >= 0 }
        return over?.slots.first
    }
    /// Milliseconds until the next deadline. `nil` if there is none.
    func untilNext(now: UInt32) -> Int? {
        var least = Int32.max
        for list in lists.indices where !lists[list].slots.isEmpty {
            least = min(least, Int32(bitPattern: lists[list].due &- now))
        }
        return least == .max ? nil : Int(max(0, least))
    }

    /// The poll whose time is over first.
    func nextPoll(now: UInt32) -> ConnectionSlot? {
        var next: (slot: ConnectionSlot, left: Int32)?
        for list in Deadlines.pollLists {
            guard let first = lists[list].slots.first else { continue }
            let left = Int32(bitPattern: lists[list].due &- now)
            if left < next?.left ?? .max { next = (first, left) }
        }
        return next?.slot
    }
    /// The connection that may have a receiver after this one, list after list. After `nil` comes the first, after the
    /// last one `nil`.
    func mayReceive(after slot: ConnectionSlot?, in slab: borrowing Slab<Connection>) -> ConnectionSlot? {
        var list = Int(Kind.write.rawValue)
        if let slot {
            if let next = SlotList<Field>.next(slot, in: slab) { return next }
            list = Int(slab.pointer(slot).pointee.list) + 1
        }
        while list < Deadlines.pollLists.upperBound {
            if let first = lists[list].slots.first { return first }
            list += 1
        }
        return nil
    }
}
