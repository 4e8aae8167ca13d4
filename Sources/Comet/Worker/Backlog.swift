import Base

/// What a receiver that stays was sent in one write: up to which id, how many messages, and how much credit they took.
struct StreamWrite {
    var id: UInt64
    var messages: UInt64 = 0
    var credit = 0
    /// It answers a ping. That is nothing for the page, so silence goes on.
    var isPong = false
}

/// A receiver that is behind: the writes that its socket has not taken whole, first in, first out. Their bytes are in
/// the connection's output.
struct Backlog {
    /// Each write, the bytes of output up to its end, counted from when the receiver fell behind, and the ids of its
    /// messages whose delivery the manager wants to know.
    private var writes: ContiguousArray<(end: Int, write: StreamWrite, told: [UInt64])> = []
    private var first = 0
    private var taken = 0
    private var bytes = 0
    /// The time when it fell behind.
    let since: UInt32
    /// The highest id that the socket has taken whole.
    private(set) var written: UInt64
    /// Credit of writes that were taken, which is owed to the manager. It is counted to the byte here: a receiver that
    /// is given more than it took would be sent more and more.
    var owed = 0

    /// Credit of the writes that were not taken whole.
    var credit: Int { writes[first...].reduce(0) { $0 + $1.write.credit } }

    init(since: UInt32, written: UInt64) {
        self.since = since
        self.written = written
    }

    mutating func add(_ count: Int, _ write: StreamWrite, told: [UInt64]) {
        bytes += count
        writes.append((bytes, write, told))
    }
    /// The socket took so many bytes more. The result is the number of messages that it has whole by that. `told` gets
    /// the ids of those whose delivery the manager wants to know.
    mutating func took(_ count: Int, _ told: inout [UInt64]) -> UInt64 {
        taken += count
        var messages: UInt64 = 0
        while first < writes.count, writes[first].end <= taken {
            written = max(written, writes[first].write.id)
            messages += writes[first].write.messages
            owed += writes[first].write.credit
            told += writes[first].told
            first += 1
        }
        if first > 64, first * 2 > writes.count {
            writes.removeFirst(first)
            first = 0
        }
        return messages
    }
}
