/// All deadlines of a worker's connections: one list for each kind of wait. Each kind lasts equally long for everyone, so a list in order of
/// arrival is in order of deadline too: adding, removing and finding the next are O(1), and one timer serves all.
struct Deadlines {
    enum Kind: UInt8, CaseIterable { case header, poll, idle, write, linger }

    struct List {
        var first = UInt32.max
        var last = UInt32.max
        var count = 0
        /// Milliseconds.
        var duration: UInt32
    }
    private var lists: (header: List, poll: List, idle: List, write: List, linger: List)

    /// In milliseconds each.
    init(header: UInt32, poll: UInt32, idle: UInt32, write: UInt32, linger: UInt32) {
        lists = (List(duration: header), List(duration: poll), List(duration: idle), List(duration: write), List(duration: linger))
    }

    subscript(kind: Kind) -> List {
        get {
            switch kind {
            case .header: lists.header
            case .poll: lists.poll
            case .idle: lists.idle
            case .write: lists.write
            case .linger: lists.linger
            }
        }
        set {
            switch kind {
            case .header: lists.header = newValue
            case .poll: lists.poll = newValue
            case .idle: lists.idle = newValue
            case .write: lists.write = newValue
            case .linger: lists.linger = newValue
            }
        }
    }

    /// Puts a connection at the end of a list; it is in none.
    mutating func add(_ slot: UInt32, to kind: Kind, now: UInt32, in slab: borrowing Slab<Connection>) {
        var list = self[kind]
        let connection = slab.pointer(slot)
        connection.pointee.list = kind
        connection.pointee.deadline = now &+ list.duration
        connection.pointee.previous = list.last
        connection.pointee.next = .max
        if list.last == .max { list.first = slot } else { slab.pointer(list.last).pointee.next = slot }
        list.last = slot
        list.count += 1
        self[kind] = list
    }
    mutating func remove(_ slot: UInt32, in slab: borrowing Slab<Connection>) {
        let connection = slab.pointer(slot)
        var list = self[connection.pointee.list]
        let (previous, next) = (connection.pointee.previous, connection.pointee.next)
        if previous == .max { list.first = next } else { slab.pointer(previous).pointee.next = next }
        if next == .max { list.last = previous } else { slab.pointer(next).pointee.previous = previous }
        list.count -= 1
        self[connection.pointee.list] = list
    }
    mutating func move(_ slot: UInt32, to kind: Kind, now: UInt32, in slab: borrowing Slab<Connection>) {
        remove(slot, in: slab)
        add(slot, to: kind, now: now, in: slab)
    }

    /// A connection whose time is over.
    func expired(now: UInt32, in slab: borrowing Slab<Connection>) -> UInt32? {
        for kind in Kind.allCases {
            let first = self[kind].first
            if first != .max, Int32(bitPattern: now &- slab.pointer(first).pointee.deadline) >= 0 { return first }
        }
        return nil
    }
    /// Milliseconds until the next deadline; nil where there is none.
    func untilNext(now: UInt32, in slab: borrowing Slab<Connection>) -> Int? {
        var least: Int?
        for kind in Kind.allCases {
            let first = self[kind].first
            guard first != .max else { continue }
            let left = max(0, Int(Int32(bitPattern: slab.pointer(first).pointee.deadline &- now)))
            least = min(least ?? left, left)
        }
        return least
    }
}
