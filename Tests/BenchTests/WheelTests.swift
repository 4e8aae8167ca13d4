import Testing

@testable import megabench

/// Resting clients wake at their time, and not before.
struct WheelTests {
    private func woken(_ wheel: Wheel, at milliseconds: UInt64) -> [Int] {
        var clients: [Int] = []
        wheel.expire(now: milliseconds * 1_000_000) { clients.append($0) }
        return clients
    }

    @Test func client_wakesAfterItsTime() {
        let wheel = Wheel()
        wheel.add(7, now: 1_000_000_000, afterMilliseconds: 100)
        #expect(woken(wheel, at: 1_090).isEmpty)
        #expect(woken(wheel, at: 1_200) == [7])
        #expect(wheel.isEmpty)
    }

    @Test func longestTime_isTheEndOfTheRound() {
        let wheel = Wheel()
        wheel.add(7, now: 1_000_000_000, afterMilliseconds: 10_000_000)
        #expect(woken(wheel, at: 30_000).isEmpty)
        #expect(woken(wheel, at: 70_000) == [7])
    }

    @Test func ringGrows_andKeepsItsOrder() {
        var ring = Ring(capacity: 2)
        for item in 0..<3 { ring.push(UInt32(item)) }
        #expect(ring.pop() == 0)
        for item in 3..<9 { ring.push(UInt32(item)) }
        #expect((1..<9).allSatisfy { ring.pop() == UInt32($0) })
        #expect(ring.pop() == nil)
    }
}
