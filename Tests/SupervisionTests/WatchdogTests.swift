import Stats
import Testing

@testable import Supervision

@Suite struct WatchdogTests {
    func silent(_ names: Set<ProcessName>, workers: Int = 8) -> Scene {
        let scene = Scene(workers: workers)
        scene.begin()
        scene.wait(20_000)
        scene.reporting.subtract(names)
        return scene
    }

    @Test func silence_isSuspectAfterThreeReports_andAbortedAfterTheWatchdog() {
        let scene = silent([w0])
        #expect(scene.wait(2900).isEmpty)
        #expect(scene.state(w0) == .ready)
        scene.wait(700)
        #expect(scene.state(w0) == .suspect)
        #expect(!scene.wait(5900).contains(.abort(CopyName(w0, 1))))
        #expect(scene.wait(1100).contains(.abort(CopyName(w0, 1))))
        #expect(scene.wait(5000).contains(.kill(CopyName(w0, 1))))
        scene.exit(CopyName(w0, 1), signal: 9)
        scene.reporting.insert(w0)
        scene.wait(150)
        #expect(scene.state(w0) == .ready)
        #expect(scene.fleet[w0]?.hangKillsTotal == 1)
        #expect(scene.fleet[w0]?.lastExit?.wasHung == true)
    }
    @Test func reportThatComesAfterAll_makesItReadyAgain() {
        let scene = silent([w0])
        scene.wait(5000)
        #expect(scene.state(w0) == .suspect)
        scene.reporting.insert(w0)
        scene.wait(500)
        #expect(scene.state(w0) == .ready)
        #expect(scene.told("RECOVERED") == 1)
    }
    @Test func allHung_areKilledOneAtATime_withAPauseBetween() {
        let workers = Set((0..<8).map { ProcessName.worker($0) })
        let scene = silent(workers)
        var abortedAt: [Milliseconds] = []
        for _ in 0..<4000 {
            let aborts = scene.wait(100).compactMap { if case .abort(let copy) = $0 { copy } else { nil } }
            #expect(aborts.count <= 1)
            for copy in aborts {
                abortedAt.append(scene.now)
                scene.reporting.insert(copy.name)
                scene.exit(copy, signal: 6)
            }
        }
        #expect(abortedAt.count == 8)
        for (one, next) in zip(abortedAt, abortedAt.dropFirst()) { #expect(next - one >= 30_000) }
    }
    @Test func supervisorThatWasStoppedItself_killsNobody() {
        let scene = silent([])
        scene.now += 30_000  // nothing ran, and no report came
        scene.reporting = []
        #expect(scene.wait(9000).isEmpty)
        #expect(scene.told("LATE") == 1)
        scene.reporting = Set(scene.fleet.names)
        #expect(scene.wait(60_000).isEmpty)
    }
    @Test func tracedProcess_isNotKilled_andIsWhenTheDebuggerLeft() throws {
        let scene = silent([w0])
        let pid = try #require(scene.fleet[w0]?.main?.pid)
        scene.pulses[pid, default: Pulse()].isTraced = true
        #expect(scene.wait(60_000).isEmpty)
        scene.pulses = [:]
        #expect(scene.wait(600).contains(.abort(CopyName(w0, 1))))
    }
    /// On a machine with too much to do, a manager was silent and was taken for hung. Its queue goes with it.
    @Test func starvedProcess_isNotKilled_andToldOnce() throws {
        let scene = silent([w0])
        let pid = try #require(scene.fleet[w0]?.main?.pid)
        for _ in 0..<600 {
            scene.pulses[pid, default: Pulse()].isRunnable = true
            scene.pulses[pid]?.processorTime += 2  // of 100 ms
            #expect(scene.wait(100).isEmpty)
        }
        #expect(scene.state(w0) == .suspect && scene.told("STARVED") == 1)
        scene.reporting.insert(w0)
        scene.wait(500)
        #expect(scene.state(w0) == .ready)
        // A second silence is told again.
        scene.reporting.remove(w0)
        #expect(scene.wait(20_000).isEmpty)
        #expect(scene.told("STARVED") == 2)
    }
    /// When the processor is free again, the process reports and sleeps. The supervisor may see it sleep before it
    /// reads that report.
    @Test func starvedProcess_hasTimeToReport_andIsAbortedIfItDoesNot() throws {
        let scene = silent([w0])
        let pid = try #require(scene.fleet[w0]?.main?.pid)
        scene.pulses[pid, default: Pulse()].isRunnable = true
        while scene.told("STARVED") == 0 { #expect(scene.wait(100).isEmpty) }
        scene.pulses[pid]?.isRunnable = false
        #expect(scene.wait(9000).isEmpty)
        #expect(scene.wait(2000).contains(.abort(CopyName(w0, 1))))
    }
    @Test func processThatTurnsInCircles_isAborted_alsoWhereItMustShare() throws {
        for (share, seconds) in [(100, 11), (25, 24)] {
            let scene = silent([w0])
            let pid = try #require(scene.fleet[w0]?.main?.pid)
            var abortedAfter: Int?
            for tenth in 1...600 where abortedAfter == nil {
                scene.pulses[pid, default: Pulse()].isRunnable = true
                scene.pulses[pid]?.processorTime += Milliseconds(share)
                if scene.wait(100).contains(.abort(CopyName(w0, 1))) { abortedAfter = tenth / 10 }
            }
            #expect(
                abortedAfter.map { abs($0 - seconds) <= 1 } == true,
                "\(share) ms of each 100: \(String(describing: abortedAfter))")
        }
    }
    @Test func processThatWaitsForSomethingElse_isKilled() throws {
        let scene = silent([w0])
        let pid = try #require(scene.fleet[w0]?.main?.pid)
        scene.pulses[pid] = Pulse()  // it sleeps, or is stopped, or waits for a disk
        #expect(scene.wait(11_000).contains(.abort(CopyName(w0, 1))))
        #expect(scene.told("STARVED") == 0)
    }
    @Test func heldProcess_isNotKilled() throws {
        let scene = silent([w0])
        scene.perform(try scene.fleet.hold(w0, true, by: "test", now: scene.now))
        #expect(scene.wait(60_000).isEmpty)
        scene.perform(try scene.fleet.hold(w0, false, by: "test", now: scene.now))
        #expect(!scene.wait(9000).contains(.abort(CopyName(w0, 1))), "it is counted anew")
        #expect(scene.wait(1600).contains(.abort(CopyName(w0, 1))))
    }
    @Test func manyReports_doNotPutTheNextTickOff() {
        let scene = silent([])
        let due = scene.fleet.nextTick(now: scene.now)
        for _ in 0..<100 {
            scene.now += 1
            scene.perform(scene.fleet.reported(CopyName(w1, 1), now: scene.now))
        }
        #expect(scene.fleet.nextTick(now: scene.now) == due)
    }
    @Test func withoutReports_nobodyIsSuspect() {
        let scene = Scene(workers: 1) { $0.reportInterval = nil }
        scene.reporting = []
        scene.begin()
        #expect(!scene.wait(100_000).contains { if case .abort = $0 { true } else { false } })
        #expect(scene.state(w0) == .ready)
    }
}
