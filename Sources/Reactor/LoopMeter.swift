import Glibc
package import Stats

/// Measures how busy the loop is, and how late. An event may have to wait from a waking of the loop to its next sleep.
/// A timer that comes late shows delays that the loop can't see itself: the process was stopped, or got no CPU. The
/// meter wakes nothing.
package final class LoopMeter {
    private let loop: Loop
    private var turnStart: TurnStart?
    private var turnEnd: TurnEnd?
    private var woke: UInt64 = 0
    package private(set) var busyNanoseconds: UInt64 = 0
    private var longestTurn: UInt64 = 0
    private var latestTimer: UInt64 = 0
    private static let pageBytes = UInt64(getpagesize())
    private let memory = ProcFile("/proc/self/statm", most: 128)
    /// Resident bytes at the last reading, and the page faults until then. Memory grows only by faults, so without a
    /// new fault nothing has to be read. Memory that the kernel takes back is noticed at every tenth report.
    private var resident: (bytes: UInt64, faults: UInt64, age: Int)?

    package init(_ loop: Loop) {
        self.loop = loop
        turnStart = TurnStart(loop) { [unowned self] in woke = Clock.monotonicNanoseconds }
        turnEnd = TurnEnd(loop) { [unowned self] in sleep() }
    }
    private func sleep() {
        guard woke > 0 else { return }
        let turn = Clock.monotonicNanoseconds &- woke
        busyNanoseconds += turn
        longestTurn = max(longestTurn, turn)
        woke = 0
    }
    /// Notes that a timer came too late by so much.
    package func timerWasLate(by nanoseconds: UInt64) { latestTimer = max(latestTimer, nanoseconds) }

    package var turns: UInt64 { loop.turns }
    /// The longest turn since the last call, and the longest that an event or timer may have waited, in nanoseconds.
    package func takeMaxima() -> (turn: UInt64, lag: UInt64) {
        defer { (longestTurn, latestTimer) = (0, 0) }
        return (longestTurn, max(longestTurn, latestTimer))
    }
}

extension LoopMeter {
    /// Sets the metrics that every process reports: its loop and its costs. The maxima begin anew. Returns the loop's
    /// lag in microseconds.
    @discardableResult
    package func fill(_ report: inout StatsWriter) -> UInt64 {
        let usage = ProcessUsage.usage()
        let (turn, lag) = takeMaxima()
        report.set(.loopIterations, turns)
        report.set(.loopBusy, busyNanoseconds / 1000)
        report.set(.loopLagMax, lag / 1000)
        report.set(.turnBusyMax, turn / 1000)
        report.set(.cpuUser, usage.userMicroseconds)
        report.set(.cpuSystem, usage.systemMicroseconds)
        if let bytes = residentBytes(faults: usage.minorFaults) { report.set(.rss, bytes) }
        report.set(.minorFaults, usage.minorFaults)
        return lag / 1000
    }

    /// `nil` if /proc is hidden.
    private func residentBytes(faults: UInt64) -> UInt64? {
        if let known = resident, known.faults == faults, known.age < 10 {
            resident?.age += 1
            return known.bytes
        }
        // The file says "size resident shared ..", in pages.
        guard let pages = memory.read({ $0.number(at: 1) }) else { return nil }
        resident = (pages * LoopMeter.pageBytes, faults, 1)
        return resident?.bytes
    }
}
