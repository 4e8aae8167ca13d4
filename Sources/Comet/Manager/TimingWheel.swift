import Store

/// Whether the moment is `now` or before it, on a clock of milliseconds that wraps every 49 days.
@inline(__always) func isOver(_ deadline: UInt32, _ now: UInt32) -> Bool { Int32(bitPattern: now &- deadline) >= 0 }

/// Finds the messages whose time is over.
///
/// The wheel is a ring of lists, each for 128 ms of deadlines: putting in and taking out are O(1), and a turn of the
/// ring (131 s) visits a message that lives longer once. A message expires up to 128 ms late, never early.
struct TimingWheel {
    typealias Bucket = SlotList<Message.ByDeadline>
    private static let tickShift: UInt32 = 7
    private static let ring: UInt32 = 1024

    private var buckets = ContiguousArray(repeating: Bucket(), count: Int(TimingWheel.ring))
    private var lastTick: UInt32

    init(now: UInt32) { lastTick = now >> TimingWheel.tickShift }

    private func bucket(_ deadline: UInt32) -> Int { Int((deadline >> TimingWheel.tickShift) & (TimingWheel.ring - 1)) }

    /// What came last stands first: where short lives follow long ones, the short ones are found at once.
    @inline(__always)
    mutating func add(_ message: Slot<Message>, _ deadline: UInt32, in slab: borrowing Slab<Message>) {
        buckets[bucket(deadline)].prepend(message, in: slab)
    }
    @inline(__always)
    mutating func remove(_ message: Slot<Message>, _ deadline: UInt32, in slab: borrowing Slab<Message>) {
        buckets[bucket(deadline)].remove(message, in: slab)
    }

    /// The next message whose time is over, or nil when there is none; the caller removes it before it asks again.
    mutating func nextExpired(now: UInt32, in slab: borrowing Slab<Message>) -> Slot<Message>? {
        let tick = now >> TimingWheel.tickShift
        // Where the clock jumped over more than the ring, one turn of it sees every list.
        if (tick &- lastTick) & (1 << 25 - 1) > TimingWheel.ring { lastTick = tick &- TimingWheel.ring }
        while lastTick & (1 << 25 - 1) != tick {
            var next = buckets[Int(lastTick & (TimingWheel.ring - 1))].first
            while let message = next {
                if isOver(slab.pointer(message).pointee.deadline, now) { return message }
                next = Bucket.next(message, in: slab)
            }
            lastTick &+= 1
        }
        return nil
    }
}
