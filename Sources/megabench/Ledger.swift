/// What became of every publish of a run whose server is killed.
///
/// A publish that was answered is owed to its client, exactly once. A publish whose connection broke before its answer
/// came may have been taken or not: its client may see it, but not twice. `SequenceCheck` can't tell the two apart, and
/// it remembers 64 messages of a client, so this keeps a byte for each publish.
struct Ledger {
    private static let answered: UInt8 = 1
    private static let seen: UInt8 = 2

    private var publishes: [[UInt8]]
    /// The sequence number of each client's next publish that is answered. The answers of a client come in order.
    private var next: [Int]
    /// Publishes that were answered and not seen yet.
    private(set) var owed = 0
    /// Publishes whose answer never came.
    private(set) var unknown = 0
    /// Those of them that were seen.
    private(set) var unknownSeen = 0

    init(clients: Int) {
        publishes = Array(repeating: [], count: clients)
        next = Array(repeating: 0, count: clients)
    }

    mutating func published(_ client: Int) { publishes[client].append(0) }

    /// The oldest publish of this client without an answer got one.
    mutating func answered(_ client: Int, isTaken: Bool) {
        let sequence = next[client]
        next[client] += 1
        guard isTaken else { return }
        publishes[client][sequence] |= Self.answered
        if publishes[client][sequence] & Self.seen == 0 { owed += 1 }
    }

    /// The answer of the oldest publish of this client without one will never come.
    mutating func broke(_ client: Int) {
        let sequence = next[client]
        next[client] += 1
        unknown += 1
        if publishes[client][sequence] & Self.seen != 0 { unknownSeen += 1 }
    }

    /// The client has a message. False if it had it before, or if nobody published it.
    mutating func received(_ client: Int, _ sequence: UInt32) -> Bool {
        let sequence = Int(sequence)
        guard sequence < publishes[client].count, publishes[client][sequence] & Self.seen == 0 else { return false }
        publishes[client][sequence] |= Self.seen
        if publishes[client][sequence] & Self.answered != 0 {
            owed -= 1
        } else if sequence < next[client] {
            unknownSeen += 1
        }
        return true
    }
}
