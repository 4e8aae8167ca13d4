import Wire

/// Gives out the ids of messages. They are below 2^53 and grow over the restarts of a manager: each one begins at the
/// wall clock, or behind the last id of the one before, whichever is larger.
///
/// In a cluster ids come with the entries of the shared log (docs/cluster.txt). Each thing that is asked has its place
/// among an entry's ids, so that all machines give the same message the same id, whatever else they do.
struct IdSource {
    /// The first id of the life of the journal, and the next one.
    private var first: UInt64
    private var next: UInt64
    /// Ids below this are reserved: the next manager goes on from here. It is recorded before the ids are given out.
    private(set) var ceiling: UInt64
    private static let reserved: UInt64 = 65_536
    /// Cluster: the first id of the record that is being carried out, and of the part of it. `nil` between entries.
    private var record: UInt64?
    private var base: UInt64?
    /// Cluster: another machine may be ahead of this one, so its cursors may be up to so much larger than `last`.
    private var ahead: UInt64 = 0

    /// `firstOfLife` and `ceiling` are what the manager before recorded. 0 if there was none.
    init(wallMicroseconds: UInt64, firstOfLife: UInt64 = 0, ceiling: UInt64 = 0) {
        precondition(wallMicroseconds < Limits.idEnd, "the wall clock is past the year 2255")
        next = max(1, wallMicroseconds, ceiling)
        first = firstOfLife > 0 ? firstOfLife : next
        self.ceiling = next
    }

    /// The first id of the life of the journal.
    var firstOfLife: UInt64 { first }
    /// The next id would be over the reserved ones. The caller records the new ceiling.
    @inline(__always) mutating func take(_ record: (UInt64) -> Void) -> UInt64 {
        precondition(next < Limits.idEnd, "message ids stay under 2^53")
        if next >= ceiling {
            ceiling = next + IdSource.reserved
            record(ceiling)
        }
        defer { next += 1 }
        return next
    }

    /// The highest id given out. Every message of the future has a larger one.
    var last: UInt64 { next - 1 }
    /// The id was given out in this life of the journal.
    func isOfThisLife(_ id: UInt64) -> Bool { id >= first && id < next + ahead }
    /// Nobody has given the id out yet, neither this manager nor an earlier one.
    func isOfTheFuture(_ id: UInt64) -> Bool { id >= next + ahead }

    // MARK: ids of the shared log

    /// Ids come with the shared log from now on. Its life began with this id.
    mutating func share(firstOfLife id: UInt64) {
        if last == 0 { first = id }
        ahead = Limits.clusterIdsAhead
    }
    /// Something before this id was lost for good. A cursor below it is as one of an earlier life.
    mutating func loseLife(before id: UInt64) { first = max(first, id) }
    /// What follows has the ids from here on.
    mutating func begin(at id: UInt64) {
        (record, base) = (id, id)
        next = id
        ceiling = .max
    }
    /// The part of the record that follows has the ids from this one of the record's on.
    mutating func part(_ number: Int) {
        guard let record else { return }
        base = record + UInt64(number)
        next = record + UInt64(number)
    }
    /// What follows has this one of the part's ids, whether those before it were given out or not.
    mutating func place(_ number: Int) { if let base { next = base + UInt64(number) } }
    /// The entry that ends with this id was applied.
    mutating func end(at id: UInt64) {
        (record, base) = (nil, nil)
        next = id + 1
    }
}
