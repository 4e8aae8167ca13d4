import Stats
import Testing

@testable import Supervision

@Suite struct RestartTests {
    @Test func delays_growThreefoldToTheirMost_andAreForgottenAfterCalm() {
        var policy = RestartPolicy()
        var settings = RestartPolicy.Settings()
        settings.crashLoopExits = 1000
        var delays: [Milliseconds] = []
        for step in 0..<8 {
            if case .backoff(let delay) = policy.failed(now: Milliseconds(step), settings, jitter: 0) {
                delays.append(delay)
            }
        }
        #expect(delays == [100, 300, 900, 2700, 8100, 24_300, 30_000, 30_000])
        let endedACrashLoop = policy.forget()
        #expect(!endedACrashLoop)
        let first = policy.failed(now: 10, settings, jitter: 0)
        #expect(first == .backoff(100))
    }
    @Test(arguments: [(-1.0, 80), (0.0, 100), (1.0, 120), (9.0, 120)]) func jitter_isAFifthAtMost(
        jitter: Double, delay: Int64
    ) {
        var policy = RestartPolicy()
        let verdict = policy.failed(now: 0, .init(), jitter: jitter)
        #expect(verdict == .backoff(delay))
    }

    @Test func workerThatDies_isBackInATenthOfASecond_andNoOtherProcessIsTouched() {
        let scene = Scene()
        scene.begin()
        scene.wait(1000)
        let others = [scene.main(.manager), scene.main(w1)]
        let orders = scene.crash(w0) + scene.wait(120)
        #expect(orders.contains(.start(CopyName(w0, 2))))
        #expect(scene.state(w0) == .ready)
        #expect([scene.main(.manager), scene.main(w1)] == others)
    }
    @Test func managerThatDies_isBack_andNoWorkerIsTouched() {
        let scene = Scene()
        scene.begin()
        scene.wait(1000)
        #expect(
            scene.crash(.manager).allSatisfy {
                if case .keepCrash(let copy, _, _) = $0 { copy.name == .manager } else { false }
            })
        scene.wait(120)
        #expect(scene.state(.manager) == .ready)
        #expect(scene.main(w0)?.generation == 1)
        #expect(scene.main(w1)?.generation == 1)
    }
    @Test func fifthExitInAMinute_isACrashLoop_triedOnceAMinuteForEver_andRecoversAfterCalm() {
        let scene = Scene(workers: 1)
        scene.begin()
        for exit in 1...4 {
            scene.wait(1500)
            scene.crash(w0)
            #expect(scene.state(w0) == .backoff, "exit \(exit)")
            while scene.state(w0) != .ready { scene.wait(50) }
        }
        scene.wait(1500)
        scene.crash(w0)
        #expect(scene.state(w0) == .crashloop)
        #expect(scene.events.last?.severity == .critical)
        var starts = 0
        for _ in 0..<600 {  // an hour
            starts += scene.wait(6000).count { $0 == .start(CopyName(w0, scene.fleet[w0]?.generation ?? 0)) }
            scene.crash(w0)
        }
        #expect((45...75).contains(starts), "\(starts) tries in an hour")
        #expect(scene.state(w0) == .crashloop)
        while scene.state(w0) != .ready { scene.wait(1000) }
        #expect(scene.fleet[w0]?.isCrashLooping == true)
        scene.wait(61_000)
        #expect(scene.fleet[w0]?.isCrashLooping == false)
        #expect(scene.events.count { $0.kind == "RECOVERED" && $0.name == "worker-0" } == 1)
        scene.crash(w0)
        #expect(scene.state(w0) == .backoff)
    }
    @Test(arguments: [64, 77, 78]) func configurationExits_areHeldUntilAnOperatorActs(code: Int) throws {
        let scene = Scene(workers: 1)
        scene.begin()
        let copy = try #require(scene.main(w0))
        scene.exit(copy, code: code)
        #expect(scene.state(w0) == .held)
        #expect(!scene.wait(300_000).contains(.start(CopyName(w0, 2))))
        scene.perform(try scene.fleet.start(w0, by: "test", now: scene.now))
        #expect(scene.state(w0) == .ready)
    }
    @Test func reload_triesWhatWasHeld() throws {
        let scene = Scene(workers: 1)
        scene.begin()
        scene.exit(try #require(scene.main(w0)), code: 78)
        scene.perform(scene.fleet.reloaded(scene.fleet.settings, by: "test", now: scene.now))
        #expect(scene.state(w0) == .ready)
    }
    @Test func processThatIsNotReadyInTime_isStoppedKilledAndCountsAsAnExit() {
        let scene = Scene(workers: 1)
        scene.becomesReady = false
        scene.begin()
        let first = CopyName(.manager, 1)
        #expect(scene.wait(10_000).contains(.stop(first)))
        #expect(scene.state(.manager) == .stopping)
        #expect(scene.wait(5000).contains(.kill(first)))
        scene.exit(first, signal: 9)
        #expect(scene.state(.manager) == .backoff)
        #expect(scene.state(w0) == .starting, "the manager's start is decided, so the workers are not kept waiting")
    }
    @Test func workersOfAFreshStart_waitForTheManager() {
        let scene = Scene(workers: 1)
        scene.becomesReady = false
        scene.begin()
        scene.wait(500)
        #expect(scene.state(w0) == .stopped)
        scene.perform(scene.fleet.becameReady(CopyName(.manager, 1), now: scene.now))
        #expect(scene.state(w0) == .starting)
    }
    @Test func programThatCantBeStarted_isTriedAgain_orHeldWhereItMayNot() {
        for (code, state) in [(69, ProcessState.backoff), (77, .held)] {
            var fleet = Fleet(FleetSettings(), seed: 1)
            _ = fleet.begin(now: 0)
            _ = fleet.startFailed(CopyName(.manager, 1), code: code, reason: "no", now: 1)
            #expect(fleet[.manager]?.state == state)
        }
    }

    @Test func noWorkerThatStays_for5Minutes_isSaidOnce_andOverWhenOneIsCalm() {
        let scene = Scene(workers: 2)
        scene.becomesReady = false
        scene.begin()
        scene.perform(scene.fleet.becameReady(CopyName(.manager, 1), now: scene.now))
        /// Every copy of these processes ends a second after its start.
        func fail(_ names: Set<ProcessName>, for time: Milliseconds) -> [FleetAction] {
            let end = scene.now + time
            var orders: [FleetAction] = []
            while scene.now < end {
                orders += scene.wait(1000)
                for name in names { orders += scene.crash(name) }
            }
            return orders
        }
        func announced(_ orders: [FleetAction]) -> Int {
            orders.count { if case .announce = $0 { true } else { false } }
        }
        #expect(announced(fail([w0, w1], for: 20_000)) == 0)
        #expect(scene.state(w0) == .crashloop && scene.state(w1) == .crashloop)
        #expect(announced(fail([w0, w1], for: 270_000)) == 0, "not yet")
        #expect(announced(fail([w0, w1], for: 60_000)) == 1)
        #expect(scene.events.last { $0.kind == "NO_WORKER" }?.severity == .critical)
        #expect(announced(fail([w0, w1], for: 3_600_000)) == 0, "once")
        #expect(scene.told("NO_WORKER") == 1)
        scene.becomesReady = true
        #expect(announced(fail([w1], for: 200_000)) == 1, "one is repaired")
        #expect(scene.events.contains { $0.kind == "RECOVERED" && $0.name == nil })
    }
}
