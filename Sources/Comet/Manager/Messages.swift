import Store
import Wire

/// A queued message. It hangs in two lists: its client's mailbox, by id, and the wheel's, by deadline.
struct Message {
    var id: UInt64
    var body: UnsafeRawPointer
    var bodyBytes: UInt32
    /// The record of its client.
    var client: UInt32
    var next: UInt32 = none
    var previous: UInt32 = none
    var wheelNext: UInt32 = none
    var wheelPrevious: UInt32 = none
    /// When its time to live is over: milliseconds, wrapping.
    var deadline: UInt32
    /// The second in which it was queued.
    var second: UInt32

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: body, count: Int(bodyBytes)) }
}

/// No slot.
let none = UInt32.max

/// Whether the moment is `now` or before it, on a clock of milliseconds that wraps every 49 days.
@inline(__always) func isOver(_ deadline: UInt32, _ now: UInt32) -> Bool { Int32(bitPattern: now &- deadline) >= 0 }

/// All queued messages, and the timing wheel that finds those whose time is over.
///
/// The wheel is a ring of lists, each for 128 ms of deadlines: putting in and taking out are O(1), and a turn of the
/// ring (131 s) visits a message that lives longer once. A message expires up to 128 ms late, never early.
struct Messages: ~Copyable {
    private static let tickShift: UInt32 = 7
    private static let ring: UInt32 = 1024

    private(set) var slab = Slab<Message>()
    private var heads = ContiguousArray(repeating: none, count: Int(Messages.ring))
    private var lastTick: UInt32

    init(now: UInt32) { lastTick = now >> Messages.tickShift }

    deinit {
        for head in heads {
            var slot = head
            while slot != none {
                BodyStore.free(self[slot].pointee.body)
                slot = self[slot].pointee.wheelNext
            }
        }
    }

    var count: Int { slab.count }
    subscript(_ slot: UInt32) -> UnsafeMutablePointer<Message> { @inline(__always) get { slab.pointer(slot) } }

    private func bucket(_ deadline: UInt32) -> Int { Int((deadline >> Messages.tickShift) & (Messages.ring - 1)) }

    mutating func insert(id: UInt64, body: UnsafeRawBufferPointer, client: UInt32, deadline: UInt32, second: UInt32)
        -> UInt32
    {
        let bucket = bucket(deadline)
        let slot = slab.insert(
            Message(
                id: id, body: BodyStore.copy(body), bodyBytes: UInt32(body.count), client: client,
                wheelNext: heads[bucket],
                deadline: deadline, second: second)
        ).number
        if heads[bucket] != none { self[heads[bucket]].pointee.wheelPrevious = slot }
        heads[bucket] = slot
        return slot
    }

    /// Its owner has taken it out of the mailbox.
    mutating func remove(_ slot: UInt32) {
        let message = self[slot].pointee
        if message.wheelNext != none { self[message.wheelNext].pointee.wheelPrevious = message.wheelPrevious }
        if message.wheelPrevious != none {
            self[message.wheelPrevious].pointee.wheelNext = message.wheelNext
        } else {
            heads[bucket(message.deadline)] = message.wheelNext
        }
        BodyStore.free(message.body)
        slab.remove(slot)
    }

    /// The next message whose time is over, or nil when there is none; the caller removes it before it asks again.
    mutating func nextExpired(now: UInt32) -> UInt32? {
        let tick = now >> Messages.tickShift
        // Where the clock jumped over more than the ring, one turn of it sees every list.
        if (tick &- lastTick) & (1 << 25 - 1) > Messages.ring { lastTick = tick &- Messages.ring }
        while lastTick & (1 << 25 - 1) != tick {
            var slot = heads[Int(lastTick & (Messages.ring - 1))]
            while slot != none {
                if isOver(self[slot].pointee.deadline, now) { return slot }
                slot = self[slot].pointee.wheelNext
            }
            lastTick &+= 1
        }
        return nil
    }

    /// Some client that has messages, for each message (rare: it walks them all).
    func forEachClient(_ body: (UInt32) -> Void) {
        for head in heads {
            var slot = head
            while slot != none {
                body(self[slot].pointee.client)
                slot = self[slot].pointee.wheelNext
            }
        }
    }
}
