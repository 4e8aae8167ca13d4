import Comet
import Testing
import Wire

/// Polls that come all at once are not answered all at once.
@Suite struct HerdTests {
    let h = WorkerHarness { $0.pollTimeout = 32_000 }

    /// The number of polls that timed out in each second from now on.
    private func timeouts(seconds: Int) -> [Int] {
        (0..<seconds).map { _ in
            let before = h.worker.counters.pollsEmpty
            h.pass(1000)
            return Int(h.worker.counters.pollsEmpty - before)
        }
    }

    @Test func pollsThatComeTogether_endOneAfterTheOther() {
        for number in 0..<3264 { _ = h.poll("/c\(number).json") }
        let ended = timeouts(seconds: 32)
        #expect(ended[..<15].allSatisfy { $0 == 0 }, "none before half of its time")
        #expect(ended[15...30].allSatisfy { $0 == 200 }, "each step has as many")
        #expect(ended[31] == 64, "those that a worker takes for an even load")
        #expect(h.worker.waiting == 0)
    }

    /// Ten clients come a second, and each polls again at once. Their polls are even, so none is spread.
    @Test func pollsThatComeEvenly_areHeldForTheWholeTime() {
        var began: [ConnectionSlot: UInt64] = [:]
        for second in 0..<100 {
            for _ in 0..<10 where second < 32 { began[h.poll("/c\(second)-\(began.count).json")] = h.now }
            h.pass(1000)
            for (slot, start) in began where h.sent[slot] != "" {
                #expect(h.now - start == 32_000)
                h.sent[slot] = ""
                h.get(slot, "/again\(slot).json")
                began[slot] = h.now
            }
        }
        #expect(began.count == 320 && h.worker.waiting == 320)
    }

    /// A herd that polls again after each answer is spread further, and never comes together again.
    @Test func aHerd_staysApart() {
        let slots = (0..<1000).map { h.poll("/c\($0).json") }
        var most: [Int] = []
        for _ in 0..<6 {
            var worst = 0
            for _ in 0..<32 {
                worst = max(worst, timeouts(seconds: 1)[0])
                for slot in slots where h.sent[slot] != "" {
                    h.sent[slot] = ""
                    h.get(slot, "/c\(slot).json")
                }
            }
            most.append(worst)
        }
        #expect(most.allSatisfy { $0 <= 130 }, "\(most): an even load has 31 in a second")
        #expect(h.worker.waiting == 1000)
    }

    @Test func spreadPolls_areAnnounced_answered_andDrainedLikeAll() {
        for number in 0..<500 { _ = h.poll("/c\(number).json") }
        h.link()
        h.linkClosed()
        h.linkOpened()
        h.manager(.welcome)
        #expect(Set(h.frames().dropFirst()) == Set((0..<500).map { "connected 0 c\($0) 0" }))
        for number in stride(from: 0, to: 500, by: 2) { h.answer("c\(number)", [(UInt64(number + 1), "1")]) }
        #expect(h.worker.counters.delivered == 250 && h.worker.waiting == 250)
        h.startDrain(seconds: 0.2)
        for _ in 0..<3 { _ = h.drainStep() }
        #expect(h.worker.waiting == 0)
    }
}
