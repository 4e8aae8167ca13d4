/// Checks the messages that one client has received: none may be missing, come twice or come out of order.
///
/// The last 64 messages are remembered. So a message that was overtaken by others can be told from one that came twice.
/// Older messages count as doubles.
struct SequenceCheck: Equatable {
    enum Verdict: Equatable {
        case inOrder
        /// So many messages before it have not come (yet).
        case skipped(UInt32)
        /// A message that had been skipped.
        case late
        case double
    }

    /// The sequence number of the next message if nothing is lost.
    private(set) var expected: UInt32 = 0
    /// Bit k: the message `expected - 1 - k` has come.
    private var seen: UInt64 = 0

    mutating func received(_ sequence: UInt32) -> Verdict {
        if sequence == expected {
            expected &+= 1
            seen = seen << 1 | 1
            return .inOrder
        }
        if sequence > expected {
            let skipped = sequence - expected
            seen = skipped < 63 ? seen << UInt64(skipped + 1) | 1 : 1
            expected = sequence &+ 1
            return .skipped(skipped)
        }
        let age = expected - 1 - sequence
        guard age < 64, seen & (1 << UInt64(age)) == 0 else { return .double }
        seen |= 1 << UInt64(age)
        return .late
    }
}
