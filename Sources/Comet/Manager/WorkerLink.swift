import Base
import Wire

/// One connection on the workers' port. What it is, its first byte tells.
///
///     new --hello, accepted--> worker         new --01 n--> seed worker         new --02 c m--> seed app
///
/// An outbox is bounded by holding back, not by dropping: over `Limits.outboxBytes` messages stay in the mailboxes, and
/// the clients that wait for them in `blocked`, until the worker has read.
struct WorkerLink: ~Copyable {
    enum Kind: UInt8 { case new, worker, seedWorker, seedApp }

    var kind = Kind.new
    /// Said by the hello.
    var version = LinkVersion.two
    var number: UInt16 = 0
    var mayBeSeed: Bool
    /// It stands in the list of links to be flushed.
    var isDirty = false
    /// The turn that was last told to it.
    var turn: UInt64 = 0
    /// Frames. The first `sent` bytes have been written, but stay until their frame is out whole: what a worker's death
    /// leaves here goes back into the mailboxes.
    var outbox = Buffer()
    var sent = 0
    /// Its clients, by poll.
    var waiting = ClientList()
    var blocked = ClientList()

    init(mayBeSeed: Bool) { self.mayBeSeed = mayBeSeed }

    /// `count` more bytes were written.
    mutating func written(_ count: Int) {
        sent += count
        precondition(sent <= outbox.count, "wrote more than the outbox holds")
        if sent == outbox.count {
            outbox.clear()
            sent = 0
            return
        }
        guard kind == .worker else {
            outbox.consume(sent)
            sent = 0
            return
        }
        while case .frame(_, let bytes) = Frame.parse(outbox.bytes, version), bytes <= sent {
            outbox.consume(bytes)
            sent -= bytes
        }
    }
}
