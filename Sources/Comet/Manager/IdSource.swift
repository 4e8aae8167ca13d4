import Wire

/// Where the ids of messages come from: below 2^53, and growing over the restarts of a manager, since each of its lives
/// begins at the wall clock.
struct IdSource {
    /// The first id of this manager's life, and the one that comes next.
    private let first: UInt64
    private var next: UInt64

    init(wallMicroseconds: UInt64) {
        precondition(wallMicroseconds < Limits.idEnd, "the wall clock is past the year 2255")
        first = max(1, wallMicroseconds)
        next = first
    }

    mutating func take() -> UInt64 {
        precondition(next < Limits.idEnd, "message ids stay under 2^53")
        defer { next += 1 }
        return next
    }

    /// This manager gave it out.
    func isOfThisLife(_ id: UInt64) -> Bool { id >= first && id < next }
    /// Nobody has given it out yet, in this life or in one before.
    func isOfTheFuture(_ id: UInt64) -> Bool { id >= next }
}
