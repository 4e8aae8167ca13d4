import Reactor
import Stats
import Supervision
import Wire

// The memory that this supervisor takes up from the one before it, and hands on to the next.
extension Supervisor {
    /// By how much the wall clock is ahead of the fleet's clock.
    var wallAhead: Milliseconds { Int64(Clock.wallMilliseconds) - Supervisor.now }

    /// Takes up the history. Call it before anything is adopted or told.
    func takeUpHistory() {
        let kept = history.read()
        events.takeUp(kept.events.map(\.plain))
        for process in kept.processes { fleet.takeUp(process, wallAhead: wallAhead) }
        keptLosses = kept.losses
        for (name, line) in kept.output where fleet[name] != nil { output.takeUp(line, of: name) }
        writeHistory()
    }
    /// `withOutput` also writes the output, for the program that this one becomes.
    func writeHistory(withOutput: Bool = false) {
        history.write(
            events: events.newest, fleet, wallAhead: wallAhead, losses: hub?.watchman.losses ?? keptLosses,
            output: withOutput ? output.newest(bytes: Limits.memoryOutputBytes) : [])
    }
    /// Adds the processes that have changed since the last time. (Events are added as they are told.)
    func remember() {
        history.remember(fleet, wallAhead: wallAhead)
        if history.isLong { writeHistory() }
        if let failure = history.takeFailure() {
            events.tell(.warning, .memory, "what happens is not kept for the next supervisor: \(failure)")
        }
    }
}
