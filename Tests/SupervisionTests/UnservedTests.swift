import Stats
import Testing

@testable import Supervision

/// Connections to a process that is down wait in the kernel for a while, and are turned away after it.
@Suite struct UnservedTests {
    private func turned(_ orders: [FleetAction]) -> [FleetAction] {
        orders.filter { if case .turnAway = $0 { true } else { false } }
    }

    @Test func restartOfASecond_waitsInTheKernel() {
        let scene = Scene()
        scene.begin()
        scene.wait(1000)
        #expect(turned(scene.crash(w0) + scene.wait(5000)).isEmpty)
        #expect(scene.state(w0) == .ready)
        #expect(turned((try? scene.perform(scene.fleet.restart(.manager, by: "x", now: scene.now))) ?? []).isEmpty)
        #expect(turned((scene.main(.manager).map { scene.exit($0, code: 0) } ?? []) + scene.wait(5000)).isEmpty)
    }
    @Test func stoppedOnPurpose_isTurnedAwayAtOnce_untilItIsStarted() throws {
        let scene = Scene()
        scene.begin()
        scene.wait(1000)
        #expect(
            turned(scene.perform(try scene.fleet.stop(w0, by: "x", now: scene.now))) == [.turnAway(w0, true)],
            "it accepts nothing while it drains")
        let copy = try #require(scene.main(w0))
        #expect(turned(scene.exit(copy, code: 0) + scene.wait(600_000)).isEmpty)
        let orders = scene.perform(try scene.fleet.start(w0, by: "x", now: scene.now))
        #expect(
            orders == [.turnAway(w0, false), .start(CopyName(w0, 2))],
            "in this order: nobody else accepts when it starts")
        #expect(turned(scene.wait(5000)).isEmpty)
    }
    @Test func stoppedInHaste_isTurnedAwayWhenItIsGone() throws {
        let scene = Scene()
        scene.begin()
        scene.wait(1000)
        #expect(
            turned(scene.perform(try scene.fleet.stop(w0, isHasty: true, by: "x", now: scene.now))).isEmpty,
            "it still accepts")
        let copy = try #require(scene.main(w0))
        #expect(turned(scene.exit(copy, code: 0)) == [.turnAway(w0, true)])
    }
    @Test func drainThatTakesLong_isTurnedAwayAfterTwoSeconds() throws {
        let scene = Scene()
        scene.begin()
        scene.wait(1000)
        #expect(turned(scene.perform(try scene.fleet.drain(w0, by: "x", now: scene.now)) + scene.wait(1500)).isEmpty)
        #expect(turned(scene.wait(1000)) == [.turnAway(w0, true)])
        let copy = try #require(scene.main(w0))
        #expect(turned(scene.exit(copy, code: 0)) == [.turnAway(w0, false)])
    }
    /// During each try connections are left to the worker. Between the tries they are turned away.
    @Test func crashLoop_isTurnedAwayBetweenItsTries() throws {
        let scene = Scene(workers: 1)
        scene.begin()
        scene.wait(1000)
        for _ in 1..<4 {
            #expect(turned(scene.crash(w0) + scene.wait(1200)).isEmpty)
            #expect(scene.state(w0) == .ready)
        }
        #expect(turned(scene.crash(w0)) == [.turnAway(w0, true)], "the next try is 2.7 s away: nobody waits that long")
        while scene.state(w0) != .ready { scene.wait(50) }
        #expect(turned(scene.crash(w0)) == [.turnAway(w0, true)])
        #expect(scene.state(w0) == .crashloop)
        let orders = scene.wait(75_000)
        #expect(orders.first == .turnAway(w0, false) && orders.contains(.start(CopyName(w0, 6))))
    }
    @Test func heldWorker_isTurnedAwayAtOnce() throws {
        let scene = Scene(workers: 1)
        scene.begin()
        scene.wait(1000)
        let copy = try #require(scene.main(w0))
        #expect(turned(scene.exit(copy, code: 78)) == [.turnAway(w0, true)])
    }
    @Test func startThatTakesLong_isLeftToTheWorker_andTheTimeBetweenIsNot() {
        let scene = Scene(workers: 1)
        scene.becomesReady = false
        scene.begin()
        #expect(turned(scene.wait(1500)).isEmpty)
        #expect(turned(scene.wait(1000)) == [.turnAway(w0, true)], "it waits for the manager, which takes its time")
    }
    @Test func workerThatTheOperatorHadStopped_isTurnedAwayFromTheBeginning() {
        let scene = Scene()
        scene.fleet.wish(w1, .down)
        #expect(turned(scene.perform(scene.fleet.begin(now: scene.now))) == [.turnAway(w1, true)])
    }
    @Test func shutdown_turnsClientsAwayWhileItDrains() {
        let scene = Scene()
        scene.begin()
        scene.wait(1000)
        let orders = turned(scene.perform(scene.fleet.shutDown(isHasty: false, by: "x", now: scene.now)))
        #expect(orders == [.turnAway(w0, true), .turnAway(w1, true)], "the manager serves until they are gone")
    }
    @Test func rollingRestart_turnsNobodyAway() throws {
        let scene = Scene()
        scene.begin()
        scene.wait(1000)
        var orders = scene.perform(try scene.fleet.rolling(by: "x", now: scene.now))
        for _ in 0..<2 {
            let old = try #require(scene.fleet.rolling?.current.map { CopyName($0, 1) })
            orders += scene.wait(20_000) + scene.exit(old, code: 0)
        }
        #expect(turned(orders).isEmpty && scene.fleet.rolling == nil)
    }

    /// The ports that all workers share are served while one of them lives.
    @Test func sharedPorts_areLeftToTheWorkers_untilNoneServes() throws {
        let scene = Scene()
        scene.begin()
        scene.wait(1000)
        scene.perform(try scene.fleet.stop(w0, by: "x", now: scene.now))
        #expect(!scene.fleet.turnsAwayAllWorkers)
        scene.perform(try scene.fleet.stop(w1, by: "x", now: scene.now))
        #expect(scene.fleet.turnsAwayAllWorkers, "and nobody asks for the manager")
        for name in [w0, w1] { scene.exit(try #require(scene.main(name)), code: 0) }
        let orders = try scene.fleet.start(w1, by: "x", now: scene.now)
        #expect(orders.contains(.turnAway(w1, false)) && !scene.fleet.turnsAwayAllWorkers)
    }
}
