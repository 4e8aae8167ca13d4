/// Clients that rest until a time, in slots of 32 ms, 64 s around. A later time waits at the last slot: a generator
/// needs no more.
final class Wheel {
    private static let slotNanoseconds: UInt64 = 32_000_000
    private var slots: [[UInt32]] = Array(repeating: [], count: 2_048)
    private var count = 0
    /// The slot of the last `expire`, counted from the start of time.
    private var position: UInt64 = 0

    var isEmpty: Bool { count == 0 }

    func add(_ client: Int, now: UInt64, afterMilliseconds delay: UInt64) {
        if position == 0 { position = now / Self.slotNanoseconds }
        let slot = max(position + 1, (now + delay * 1_000_000) / Self.slotNanoseconds + 1)
        let within = min(slot, position + UInt64(slots.count) - 1)
        slots[Int(within % UInt64(slots.count))].append(UInt32(client))
        count += 1
    }

    /// Calls `due` with every client whose time has come.
    func expire(now: UInt64, _ due: (Int) -> Void) {
        let end = now / Self.slotNanoseconds
        guard count > 0 else {
            position = end
            return
        }
        while position < end {
            position += 1
            let index = Int(position % UInt64(slots.count))
            guard !slots[index].isEmpty else { continue }
            let clients = slots[index]
            slots[index] = []
            count -= clients.count
            for client in clients { due(Int(client)) }
        }
    }
}
