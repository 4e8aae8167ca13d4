import Base
package import Store
import Wire

package typealias LinkSlot = Slot<WorkerLink>

/// What a link is.
///
///     new --hello, accepted--> worker         new --01 n--> seed worker         new --02 c m--> seed app
package enum LinkKind: Equatable { case new, worker(Int), seedWorker(Int), seedApp }

/// One connection on the workers' port. What it is, its first byte tells.
///
/// An outbox is bounded by holding back, not by dropping: over `Limits.outboxBytes` messages stay in the mailboxes, and
/// the clients that wait for them in `blocked`, until the worker has read.
package struct WorkerLink: ~Copyable {
    var kind = LinkKind.new
    /// Said by the hello.
    var version = LinkVersion.two
    let mayBeSeed: Bool
    /// It stands in the list of links to be flushed.
    var isDirty = false
    /// The turn that was last told to it.
    var turn: UInt64 = 0
    /// Frames. The first `sent` bytes have been written, but stay until their frame is out whole: what a worker's death
    /// leaves here goes back into the mailboxes.
    var outbox = Buffer()
    private var sent = 0

    init(mayBeSeed: Bool) { self.mayBeSeed = mayBeSeed }

    var isFull: Bool { outbox.count >= Limits.outboxBytes }
    /// The number of the worker at the other end; nil where there is none.
    var number: Int? {
        switch kind {
        case .worker(let number), .seedWorker(let number): number
        case .new, .seedApp: nil
        }
    }
    var isWorker: Bool { if case .worker = kind { true } else { false } }

    /// What is to be written next.
    var unsent: UnsafeRawBufferPointer { outbox.bytes.part(sent, outbox.count - sent) }

    /// `count` more bytes were written.
    mutating func written(_ count: Int) {
        sent += count
        precondition(sent <= outbox.count, "wrote more than the outbox holds")
        if sent == outbox.count {
            outbox.clear()
            outbox.shrink(over: 1024 * 1024)
            sent = 0
            return
        }
        guard isWorker else {
            outbox.consume(sent)
            sent = 0
            return
        }
        while case .frame(_, let bytes) = Frame.parse(outbox.bytes, version), bytes <= sent {
            outbox.consume(bytes)
            sent -= bytes
        }
    }

    /// The frames that its worker has not read whole.
    func forEachFrame(_ body: (Frame) -> Void) {
        guard isWorker else { return }
        var at = 0
        while case .frame(let frame, let bytes) = Frame.parse(outbox.bytes.part(at, outbox.count - at), version) {
            body(frame)
            at += bytes
        }
    }
}
