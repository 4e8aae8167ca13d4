import Base
import Store
import Wire

/// Messages that have one body for many receivers, and that are still to be written to some of them. They are written
/// one after the other, so that each receiver gets them in the order in which they came.
///
/// Only receivers that acknowledge are named so. The manager keeps their messages, and nothing has to be given back if
/// a receiver has ended since.
struct SharedMessages: ~Copyable {
    struct Named {
        let slot: UInt32
        let tag: UInt16
    }

    /// For each message the time of the manager's turn (8 bytes), and its frame as it came.
    private var waiting = Buffer()
    private static let timeBytes = 8
    /// The first message: its bytes in `waiting`, and the places there of the next receiver and of the end of the
    /// receivers. All are 0 until `next` has opened it.
    private var length = 0
    private var place = 0
    private var end = 0
    /// By slot, how many of the messages are still to be written to it.
    private var left: ContiguousArray<UInt32> = []
    /// Memory that is kept although nothing waits.
    private static let keptBytes = 256 * 1024
    /// An entry that was taken out of turn.
    private static let taken = UInt32.max

    var bytes: Int { waiting.count }
    var isEmpty: Bool { waiting.isEmpty }

    /// Receivers that the slab never had are passed over.
    mutating func add(_ frame: UnsafeRawBufferPointer, turnStart: UInt64, in slab: borrowing Slab<Connection>) {
        waiting.append(bigEndian: turnStart)
        waiting.append(frame)
        let receivers = Frame.receivers(of: frame)
        var at = 0
        while at < receivers.count {
            let slot = receivers.bigEndian(at: at, as: UInt32.self)
            at += Frame.receiverBytes
            guard slab.remains(ConnectionSlot(slot)) != nil else { continue }
            while left.count <= Int(slot) { left.append(0) }
            left[Int(slot)] &+= 1
        }
    }
    mutating func clear() {
        waiting.release()
        left = []
        (length, place, end) = (0, 0, 0)
    }

    /// Some of the messages are still to be written to this slot.
    @inline(__always) func waits(for slot: UInt32) -> Bool { slot < left.count && left[Int(slot)] > 0 }
    /// Takes the next message for this receiver out of turn: its frame, which is valid until the messages are changed.
    /// `from` is where the search goes on; it is 0 at first.
    mutating func take(for slot: UInt32, _ tag: UInt16, from: inout Int) -> UnsafeRawBufferPointer? {
        while waits(for: slot), let message = message(at: from) {
            var at = from == 0 && length > 0 ? place : message.entries
            from = message.end
            while at < message.body {
                if waiting.bytes.bigEndian(at: at, as: UInt32.self) == slot {
                    let isThis = waiting.bytes.bigEndian(at: at + 4, as: UInt16.self) == tag
                    told(slot)
                    for byte in 0..<4 { waiting.overwrite(0xFF, at: at + byte) }
                    if isThis { return message.frame }
                }
                at += Frame.receiverBytes
            }
        }
        return nil
    }

    /// The next receiver of the first message. `nil` if nothing waits. The message stays until the call after its last
    /// receiver.
    mutating func next() -> Named? {
        while true {
            while place == end {
                waiting.consume(length)
                (length, place, end) = (0, 0, 0)
                guard open() else {
                    waiting.shrink(over: SharedMessages.keptBytes)
                    if left.count * MemoryLayout<UInt32>.size > SharedMessages.keptBytes { left = [] }
                    return nil
                }
            }
            let bytes = waiting.bytes
            let named = Named(slot: bytes.bigEndian(at: place), tag: bytes.bigEndian(at: place + 4))
            place += Frame.receiverBytes
            guard named.slot != SharedMessages.taken else { continue }
            told(named.slot)
            return named
        }
    }
    private mutating func told(_ slot: UInt32) { if waits(for: slot) { left[Int(slot)] -= 1 } }
    private mutating func open() -> Bool {
        guard let first = message(at: 0) else { return false }
        (length, place, end) = (first.end, first.entries, first.body)
        return true
    }
    /// The message at this place, and the places of its receivers, its body and its end. `nil` at the end.
    private func message(at start: Int) -> (frame: UnsafeRawBufferPointer, entries: Int, body: Int, end: Int)? {
        guard start < waiting.count else { return nil }
        let bytes = waiting.bytes.part(
            start + SharedMessages.timeBytes, waiting.count - start - SharedMessages.timeBytes)
        guard case .frame(let frame, let count) = Frame.parse(bytes) else {
            preconditionFailure("a fan-out of a frame that is not whole")
        }
        let end = start + SharedMessages.timeBytes + count
        let body = end - frame.body.count
        return (bytes.part(0, count), body - Frame.receivers(of: bytes).count, body, end)
    }

    /// The frame of the message whose receiver `next` gave last, and the time of its manager's turn.
    var frame: UnsafeRawBufferPointer {
        waiting.bytes.part(SharedMessages.timeBytes, length - SharedMessages.timeBytes)
    }
    var turnStart: UInt64 { waiting.bytes.bigEndian(at: 0) }
}
