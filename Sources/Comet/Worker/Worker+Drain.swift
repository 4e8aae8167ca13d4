import Store
import Wire

/// A worker that is leaving: it accepts nothing new, and answers the polls that it holds one after the other over a
/// window, each with an empty envelope and `retry`, so that its clients don't all come back at once.
package struct Drain: Equatable, Sendable {
    package internal(set) var isOn = false
    /// Polls answered in each step of `stepMilliseconds`.
    package internal(set) var perStep = 0
    package static let stepMilliseconds = 100
    /// A worker with few clients need not take its time: at least so many go in a step.
    static let leastPerStep = 100
}

extension Worker {
    /// Starts to drain over `seconds`.
    package mutating func startDrain(seconds: Double) {
        guard !drain.isOn else { return }
        let steps = max(1, Int(seconds * 1000) / Drain.stepMilliseconds)
        drain = Drain(isOn: true, perStep: max(Drain.leastPerStep, (waiting + steps - 1) / steps))
    }

    /// Answers one poll more, of those whose time is over first: so often in each step as `drain.perStep` says. False:
    /// none is held.
    package mutating func drainNext(now: UInt64) -> Bool {
        guard let slot = deadlines.nextPoll(now: UInt32(truncatingIfNeeded: now)) else { return false }
        timeOut(slot, retry: drainRetry())
        return true
    }
    /// No poll is held, and neither a poll nor an answer is on its way any more.
    package func isDrained(now: UInt64) -> Bool {
        let now = UInt32(truncatingIfNeeded: now)
        return waiting == 0 && deadlines.count(.write) == 0 && deadlines.count(.linger) == 0
            && !mayBePolled(.header, now) && !mayBePolled(.idle, now)
    }

    /// Gives up an answer that is being written still, before the process ends: its messages go back. False: there is
    /// none.
    package mutating func abandonNext() -> Bool {
        guard let slot = deadlines.first(.write) else { return false }
        close(slot, .drain)
        return true
    }

    /// A client that has just connected, or was just told that its connection is kept, polls at once.
    private func mayBePolled(_ kind: Deadlines.Kind, _ now: UInt32) -> Bool {
        guard let since = deadlines.sinceLast(kind, now: now, in: slab) else { return false }
        return since < Limits.drainCourtesyMilliseconds
    }

    /// Milliseconds until the client should poll again: the pace of the drain spreads the clients, this keeps those of
    /// one step apart.
    mutating func drainRetry() -> Int { 10 + randomNumber(below: 1000) }
}
