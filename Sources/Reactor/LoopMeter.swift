import Glibc
package import Stats

/// How busy the loop is, and how late. Measured from within: the time from each waking to the next sleep is what an
/// event may have to wait, and a timer that comes late shows what the loop can't see itself (the process was stopped,
/// or got no CPU). It wakes nothing.
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
    /// What it was when it was last read, and the faults until then: memory grows by faults alone, so without one there
    /// is nothing to read. What the kernel takes back is seen with the tenth report.
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
    /// A timer came so much later than it should have.
    package func timerWasLate(by nanoseconds: UInt64) { latestTimer = max(latestTimer, nanoseconds) }

    package var turns: UInt64 { loop.turns }
    /// The longest turn since this was last asked, and the worst that an event or timer may have waited. Nanoseconds.
    package func takeMaxima() -> (turn: UInt64, lag: UInt64) {
        defer { (longestTurn, latestTimer) = (0, 0) }
        return (longestTurn, max(longestTurn, latestTimer))
    }
}

extension LoopMeter {
    /// What every process reports of itself: its loop and what it costs. The maxima begin anew. The loop's lag, in
    /// microseconds.
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

    /// nil where /proc is hidden.
    private func residentBytes(faults: UInt64) -> UInt64? {
        if let known = resident, known.faults == faults, known.age < 10 {
            resident?.age += 1
            return known.bytes
        }
        // "size resident shared ..", in pages.
        guard let pages = memory.read({ $0.number(at: 1) }) else { return nil }
        resident = (pages * LoopMeter.pageBytes, faults, 1)
        return resident?.bytes
    }
}
