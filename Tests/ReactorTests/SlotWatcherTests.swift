import Glibc
import Reactor
import Testing

/// Watchers in memory of the test, one for each end of a socket pair.
@Suite struct SlotWatcherTests {
    private let loop = Loop()
    private let memory = UnsafeMutableRawPointer.allocate(byteCount: 4 * SlotWatchers.bytes, alignment: 16)
    private func at(_ slot: UInt32) -> UnsafeMutableRawPointer { memory + Int(slot) * SlotWatchers.bytes }

    private func pair() -> (Int32, Int32) {
        var ends: (Int32, Int32) = (-1, -1)
        withUnsafeMutableBytes(of: &ends) {
            _ = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, $0.baseAddress?.assumingMemoryBound(to: Int32.self))
        }
        return ends
    }

    @Test func anEvent_isToldWithItsSlot_untilItIsNotWatchedFor() {
        let watchers = SlotWatchers(loop)
        let (first, second) = (pair(), pair())
        var told: [String] = []
        watchers.handler = { slot, ready in
            told.append("\(slot) \(ready.rawValue)")
            switch (slot, told.count) {
            case (3, 1): watchers.watch(at: at(3), for: .write)
            case (3, 2):
                watchers.watch(at: at(3), for: [])
                _ = write(first.1, "x", 1)
            default: for slot in [UInt32(1), 3] { watchers.stop(at: at(slot)) }
            }
        }
        watchers.start(at: at(1), first.0, slot: 1)
        watchers.start(at: at(3), second.0, slot: 3)
        #expect(watchers.descriptor(at: at(3)) == second.0)
        _ = write(second.1, "x", 1)
        loop.run()
        #expect(told == ["3 1", "3 2", "1 1"])
        for descriptor in [first.0, first.1, second.0, second.1] { close(descriptor) }
        memory.deallocate()
    }
}
