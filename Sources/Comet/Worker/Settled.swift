import Base
import Store
import Wire

/// The manager's word on what does not wait. All messages up to `id` came before it on the link, for each receiver that
/// was announced before the worker's time `stamp` (in milliseconds), or there are none for it.
///
/// Without it a client to which nothing was sent would keep an old cursor, and would be told of a gap when a message
/// that was never for it is over.
struct Settled: Equatable {
    var id: UInt64 = 0
    var stamp: UInt64 = 0
    /// A client whose cursor is below this id may be owed news of a gap, which only its cursor tells a manager that has
    /// forgotten it. So it keeps its cursor. If `id` is below it, no message was given out yet.
    var since: UInt64 = 0

    init() {}
    /// `nil` if the body is none of a manager.
    init?(_ frame: Frame) {
        guard frame.body.count == 16 else { return nil }
        (id, stamp, since) = (frame.number, frame.body.bigEndian(at: 0), frame.body.bigEndian(at: 8))
    }

    /// Whether a client with this cursor may be told `id`.
    func passes(_ cursor: UInt64) -> Bool { id > cursor && id >= since && (cursor == 0 || cursor >= since) }
}

extension Worker {
    /// Asks the manager, at most once in `Limits.settledMilliseconds`, up to which id nothing waits. Call it at the end
    /// of each turn, before requests that are here already are taken up.
    package mutating func askSettled(now: UInt64) {
        guard isLinked, waiting > 0, now >= lastStamp &+ Limits.settledMilliseconds else { return }
        lastStamp = now
        Frame(op: .settled, number: now).write(to: &toManager)
        counters.managerFramesOut += 1
    }

    /// The cursor of an empty answer to this poll. It is the poll's own, or the id up to which nothing waits for it. A
    /// poll that was put into another list since counts as announced then, so it may keep its own cursor once more.
    func emptyCursor(_ slot: ConnectionSlot) -> UInt64 {
        let receiver = slab.pointer(slot).pointee.receiver
        let stamp = UInt32(truncatingIfNeeded: settled.stamp)
        guard receiver.acknowledges, settled.passes(receiver.cursor), shared.isEmpty,
            Int32(bitPattern: deadlines.began(slot, in: slab) &- stamp) < 0
        else { return receiver.cursor }
        return settled.id
    }
}
