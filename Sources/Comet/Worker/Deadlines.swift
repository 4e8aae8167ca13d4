/// All deadlines of a worker's connections: one list for each kind of wait. Each kind lasts equally long for everyone, so a list in order of
/// arrival is in order of deadline too: adding, removing and finding the next are O(1), and one timer serves all.
struct Deadlines {
    /// The numbers of the lists.
    enum Kind: UInt8 { case header, poll, idle, write, linger }

    struct List {
        var first = UInt32.max
        var last = UInt32.max
        var count = 0
        /// Milliseconds.
        var duration: UInt32
    }
    private var lists: InlineArray<5, List>

    /// In milliseconds each.
    init(header: UInt32, poll: UInt32, idle: UInt32, write: UInt32, linger: UInt32) {
        lists = [List(duration: header), List(duration: poll), List(duration: idle), List(duration: write), List(duration: linger)]
    }

    subscript(kind: Kind) -> List { lists[Int(kind.rawValue)] }

    /// Puts a connection at the end of a list; it is in none.
    mutating func add(_ slot: UInt32, to kind: Kind, now: UInt32, in slab: borrowing Slab<Connection>) {
        let list = Int(kind.rawValue)
        let connection = slab.pointer(slot)
        let last = lists[list].last
        connection.pointee.list = kind
        connection.pointee.deadline = now &+ lists[list].duration
        connection.pointee.previous = last
        connection.pointee.next = .max
        if last == .max { lists[list].first = slot } else { slab.pointer(last).pointee.next = slot }
        lists[list].last = slot
        lists[list].count &+= 1
    }
    mutating func remove(_ slot: UInt32, in slab: borrowing Slab<Connection>) {
        let connection = slab.pointer(slot)
        let list = Int(connection.pointee.list.rawValue)
        let (previous, next) = (connection.pointee.previous, connection.pointee.next)
        if previous == .max { lists[list].first = next } else { slab.pointer(previous).pointee.next = next }
        if next == .max { lists[list].last = previous } else { slab.pointer(next).pointee.previous = previous }
        lists[list].count &-= 1
    }
    mutating func move(_ slot: UInt32, to kind: Kind, now: UInt32, in slab: borrowing Slab<Connection>) {
        remove(slot, in: slab)
        add(slot, to: kind, now: now, in: slab)
    }

    /// A connection whose time is over.
    func expired(now: UInt32, in slab: borrowing Slab<Connection>) -> UInt32? {
        for list in lists.indices {
            let first = lists[list].first
            if first != .max, Int32(bitPattern: now &- slab.pointer(first).pointee.deadline) >= 0 { return first }
        }
        return nil
    }
    /// Milliseconds until the next deadline; nil where there is none.
    func untilNext(now: UInt32, in slab: borrowing Slab<Connection>) -> Int? {
        var least: Int?
        for list in lists.indices {
            let first = lists[list].first
            guard first != .max else { continue }
            let left = max(0, Int(Int32(bitPattern: slab.pointer(first).pointee.deadline &- now)))
            least = min(least ?? left, left)
        }
        return least
    }
}
