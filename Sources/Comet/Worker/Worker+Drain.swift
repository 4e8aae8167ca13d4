import Store
import Wire

/// A worker that is leaving: it accepts nothing new, and answers the polls that it holds one after the other over a
/// window, each with an empty envelope and `retry`, so that its clients don't all come back at once.
package struct Drain: Equatable, Sendable {
    package internal(set) var isOn = false
    /// Polls answered in each step of `stepMilliseconds`.
    var perStep = 0
    package static let stepMilliseconds = 100
    /// A worker with few clients need not take its time: at least so many go in a step.
    static let leastPerStep = 100
}

extension Worker {
    /// Starts to drain over `seconds`.
    package func startDrain(seconds: Double) {
        guard !drain.isOn else { return }
        let steps = max(1, Int(seconds * 1000) / Drain.stepMilliseconds)
        drain = Drain(isOn: true, perStep: max(Drain.leastPerStep, (waiting + steps - 1) / steps))
    }

    /// Answers the next part of the polls, first those whose time is over first. True: no poll is held, and neither a
    /// poll nor an answer is on its way any more.
    package func drainStep(now: UInt64) -> Bool {
        self.now = UInt32(truncatingIfNeeded: now)
        for _ in 0..<drain.perStep {
            guard let slot = deadlines.nextPoll(now: self.now) else { break }
            timeOut(slot, retry: drainRetry())
        }
        return waiting == 0 && deadlines.count(.write) == 0 && deadlines.count(.linger) == 0 && !mayBePolled(.header)
            && !mayBePolled(.idle)
    }

    /// Gives up the answers that are being written still, before the process ends: their messages go back.
    package func abandonAnswers() {
        while let slot = deadlines.first(.write) { close(slot, .drain) }
    }

    /// A client that has just connected, or was just told that its connection is kept, polls at once.
    private func mayBePolled(_ kind: Deadlines.Kind) -> Bool {
        guard let since = deadlines.sinceLast(kind, now: now, in: slab) else { return false }
        return since < Limits.drainCourtesyMilliseconds
    }

    /// Milliseconds until the client should poll again: the pace of the drain spreads the clients, this keeps those of
    /// one step apart.
    func drainRetry() -> Int { 10 + randomNumber(below: 1000) }
}
