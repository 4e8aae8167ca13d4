import Base
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
    /// Memory that is kept although nothing waits.
    private static let keptBytes = 256 * 1024

    var bytes: Int { waiting.count }
    var isEmpty: Bool { waiting.isEmpty }

    mutating func add(_ frame: UnsafeRawBufferPointer, turnStart: UInt64) {
        waiting.append(bigEndian: turnStart)
        waiting.append(frame)
    }
    mutating func clear() {
        waiting.release()
        (length, place, end) = (0, 0, 0)
    }

    /// The next receiver of the first message. `nil` if nothing waits. The message stays until the call after its last
    /// receiver.
    mutating func next() -> Named? {
        while place == end {
            waiting.consume(length)
            (length, place, end) = (0, 0, 0)
            guard open() else {
                waiting.shrink(over: SharedMessages.keptBytes)
                return nil
            }
        }
        let bytes = waiting.bytes
        let named = Named(slot: bytes.bigEndian(at: place), tag: bytes.bigEndian(at: place + 4))
        place += Frame.receiverBytes
        return named
    }
    private mutating func open() -> Bool {
        let bytes = waiting.bytes
        guard bytes.count > SharedMessages.timeBytes else { return false }
        let frames = bytes.part(SharedMessages.timeBytes, bytes.count - SharedMessages.timeBytes)
        guard case .frame(let frame, let count) = Frame.parse(frames) else {
            preconditionFailure("a fan-out of a frame that is not whole")
        }
        length = SharedMessages.timeBytes + count
        end = length - frame.body.count
        place = end - Frame.receivers(of: frames).count
        return true
    }

    /// The frame of the message whose receiver `next` gave last, and the time of its manager's turn.
    var frame: UnsafeRawBufferPointer {
        waiting.bytes.part(SharedMessages.timeBytes, length - SharedMessages.timeBytes)
    }
    var turnStart: UInt64 { waiting.bytes.bigEndian(at: 0) }
}
