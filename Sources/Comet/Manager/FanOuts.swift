import Store

/// The channels whose readers are being told of new messages, in turn. A channel is in it once: if another message comes
/// meanwhile, all readers are visited once more, and each gets all that waits for it. So fan-outs need a bounded time
/// and memory, however many messages come.
struct FanOuts {
    private var queue: ContiguousArray<Slot<Channel>> = []
    private var head = 0

    var isEmpty: Bool { head == queue.count }
    var count: Int { queue.count - head }

    mutating func add(_ channel: Slot<Channel>) { queue.append(channel) }
    mutating func next() -> Slot<Channel>? {
        guard head < queue.count else { return nil }
        defer {
            head += 1
            if head == queue.count {
                queue.removeAll(keepingCapacity: true)
                head = 0
            } else if head > 1024, head > queue.count / 2 {
                queue.removeFirst(head)
                head = 0
            }
        }
        return queue[head]
    }
}
