import Store
import Wire

/// Whether the moment is `now` or before it, on a clock of milliseconds that wraps every 49 days.
@inline(__always) func isOver(_ deadline: UInt32, _ now: UInt32) -> Bool { Int32(bitPattern: now &- deadline) >= 0 }

/// Finds the messages whose time is over.
///
/// The wheel is a ring of lists, one for each 128 ms of deadlines. Adding and removing are O(1). A turn of the ring
/// takes 131 s and visits a message that lives longer once. A message expires up to 128 ms late, never early.
struct TimingWheel {
    typealias Bucket = SlotList<Message.ByDeadline>
    private static let tickShift: UInt32 = 7
    private static let ring: UInt32 = 1024

    private var buckets = ContiguousArray(repeating: Bucket(), count: Int(TimingWheel.ring))
    private var lastTick: UInt32
    /// The list of `lastTick` was left in the middle, and is read on from here.
    private var isInside = false
    private var next = Slot<Message>.none

    init(now: UInt32) { lastTick = now >> TimingWheel.tickShift }

    private func bucket(_ deadline: UInt32) -> Int { Int((deadline >> TimingWheel.tickShift) & (TimingWheel.ring - 1)) }

    /// The newest message is put first. If short lives follow long ones, the short ones are then found at once.
    @inline(__always)
    mutating func add(_ message: Slot<Message>, _ deadline: UInt32, in slab: borrowing Slab<Message>) {
        buckets[bucket(deadline)].prepend(message, in: slab)
    }
    @inline(__always)
    mutating func remove(_ message: Slot<Message>, _ deadline: UInt32, in slab: borrowing Slab<Message>) {
        if message == next { next = Bucket.next(message, in: slab) ?? .none }
        buckets[bucket(deadline)].remove(message, in: slab)
    }

    /// It gave up in the middle of a long list, so it is to be asked again soon.
    var isUnfinished: Bool { isInside }
    /// The next message whose time is over. `nil` if there is none, or if too many whose time is not over were looked
    /// at. The caller removes it before it asks again.
    mutating func nextExpired(now: UInt32, in slab: borrowing Slab<Message>) -> Slot<Message>? {
        var looks = Limits.wheelLooks
        let tick = now >> TimingWheel.tickShift
        // If the clock jumped over more than the ring, one turn of the ring visits every list.
        if (tick &- lastTick) & (1 << 25 - 1) > TimingWheel.ring {
            lastTick = tick &- TimingWheel.ring
            isInside = false
        }
        while lastTick & (1 << 25 - 1) != tick {
            if !isInside { next = buckets[Int(lastTick & (TimingWheel.ring - 1))].first ?? .none }
            isInside = true
            while let message = next.known {
                guard looks > 0 else { return nil }
                looks -= 1
                next = Bucket.next(message, in: slab) ?? .none
                if isOver(slab.pointer(message).pointee.deadline, now) { return message }
            }
            isInside = false
            lastTick &+= 1
        }
        return nil
    }
}
