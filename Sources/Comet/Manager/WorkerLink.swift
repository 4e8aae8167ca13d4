import Base
package import Store
import Wire

package typealias LinkSlot = Slot<WorkerLink>

/// The kind of a link.
///
///     new --hello, accepted--> worker         new --01 n--> seed worker         new --02 c m--> seed app
package enum LinkKind: Equatable { case new, worker(Int), seedWorker(Int), seedApp }

/// One connection on the workers' port. Its first byte tells its kind.
///
/// An outbox is bounded by holding messages back, not by dropping them. If it is over `Limits.outboxBytes`, messages
/// stay in the mailboxes and their clients are `blocked`, until the worker has read.
package struct WorkerLink: ~Copyable {
    var kind = LinkKind.new
    /// The version that the hello tells.
    var version = LinkVersion.two
    let mayBeSeed: Bool
    /// The link is in the list of links to be flushed.
    var isDirty = false
    /// The turn that the worker was last told.
    var turn: UInt64 = 0
    /// Frames. The first `sent` bytes have been written, but stay until their frame is written whole. If the worker
    /// dies, the messages of the frames that are left go back into the mailboxes.
    var outbox = Buffer()
    private var sent = 0
    /// The place of the frame that was written last.
    var lastFrame = 0
    /// The receivers of the next shared frame, as they stand in it.
    var gathered = Buffer()

    init(mayBeSeed: Bool) { self.mayBeSeed = mayBeSeed }

    var isFull: Bool { outbox.count >= Limits.outboxBytes }
    /// The number of the worker at the other end. `nil` if there is none.
    var number: Int? {
        switch kind {
        case .worker(let number), .seedWorker(let number): number
        case .new, .seedApp: nil
        }
    }
    var isWorker: Bool { if case .worker = kind { true } else { false } }

    /// No more frames follow the one that was written last.
    mutating func endAnswer() {
        let more = Frame.moreByte(version)
        outbox.overwrite(outbox.bytes[lastFrame + more.at] & ~more.bit, at: lastFrame + more.at)
    }
    /// The bytes to write next.
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

    /// The frames that have not been written whole to its worker.
    var unwritten: Frames { Frames(isWorker ? outbox.bytes : outbox.bytes.part(0, 0), version) }
}
