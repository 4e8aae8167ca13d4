import Wire

/// Gives out the ids of messages. They are below 2^53 and grow over the restarts of a manager, since each manager
/// begins at the wall clock.
struct IdSource {
    /// The first id of this manager, and the next one.
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

    /// This manager gave the id out.
    func isOfThisLife(_ id: UInt64) -> Bool { id >= first && id < next }
    /// Nobody has given the id out yet, neither this manager nor an earlier one.
    func isOfTheFuture(_ id: UInt64) -> Bool { id >= next }
}
