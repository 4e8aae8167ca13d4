import Store
import Wire

/// A worker that is leaving. It accepts nothing new. It answers the polls that it holds one after the other over a
/// window, each with an empty envelope and `retry`, so that its clients don't all come back at once.
package struct Drain: Equatable, Sendable {
    package internal(set) var isOn = false
    /// Polls that are answered in each step of `stepMilliseconds`.
    package internal(set) var perStep = 0
    package static let stepMilliseconds = 100
    /// At least so many polls are answered in a step. A worker with few clients need not take its time.
    static let leastPerStep = 100
}

extension Worker {
    /// Starts to drain over `seconds`.
    package mutating func startDrain(seconds: Double) {
        guard !drain.isOn else { return }
        let steps = max(1, Int(seconds * 1000) / Drain.stepMilliseconds)
        drain = Drain(isOn: true, perStep: max(Drain.leastPerStep, (waiting + steps - 1) / steps))
    }

    /// Answers one more poll, the one whose time is over first. Call it `drain.perStep` times in each step. False if no
    /// poll is held.
    package mutating func drainNext(now: UInt64) -> Bool {
        guard
            let slot = deadlines.nextPoll(now: UInt32(truncatingIfNeeded: now)) ?? deadlines.first(.proof)
                ?? deadlines.first(.heartbeat)
        else { return false }
        timeOut(slot, retry: drainRetry())
        return true
    }
    /// No poll is held, and no poll or answer is on its way any more.
    package func isDrained(now: UInt64) -> Bool {
        let now = UInt32(truncatingIfNeeded: now)
        return waiting == 0 && deadlines.count(.write) == 0 && deadlines.count(.linger) == 0
            && !mayBePolled(.header, now) && !mayBePolled(.idle, now)
    }

    /// Gives up one answer that is still being written, before the process ends. Its messages go back. False if there
    /// is none.
    package mutating func abandonNext() -> Bool {
        guard let slot = deadlines.first(.write) else { return false }
        close(slot, .drain)
        return true
    }

    /// The client has just connected, or was just told that its connection is kept. It polls at once.
    private func mayBePolled(_ kind: Deadlines.Kind, _ now: UInt32) -> Bool {
        guard let since = deadlines.sinceLast(kind, now: now, in: slab) else { return false }
        return since < Limits.drainCourtesyMilliseconds
    }

    /// Milliseconds until the client should poll again. The pace of the drain spreads the clients; this keeps the
    /// clients of one step apart.
    mutating func drainRetry() -> Int { 10 + randomNumber(below: 1000) }
}
