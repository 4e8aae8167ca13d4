import Stats
import Testing

@testable import Supervision

@Suite struct CommandTests {
    func running(workers: Int = 2) -> Scene {
        let scene = Scene(workers: workers)
        scene.begin()
        scene.wait(1000)
        return scene
    }

    @Test func problems_areThoseThatNobodyHasWished() throws {
        let scene = running()
        #expect(scene.fleet.problems.isEmpty)
        scene.crash(w0)
        #expect(scene.fleet.problems == ["worker-0 is backoff"])
        scene.perform(try scene.fleet.stop(w0, by: "test", now: scene.now))
        #expect(scene.fleet.problems.isEmpty && scene.state(w0) == .stopped)
        scene.perform(scene.fleet.shutDown(isHasty: false, by: "test", now: scene.now))
        #expect(scene.fleet.problems == ["the appliance is stopping"])
    }

    @Test func stop_drainsThenStops_andItStaysStopped() throws {
        let scene = running()
        #expect(
            scene.perform(try scene.fleet.stop(w0, by: "test", now: scene.now)) == [
                .drain(CopyName(w0, 1), over: 60_000), .turnAway(w0, true),
            ])
        #expect(scene.state(w0) == .draining)
        #expect(scene.wait(70_500).contains(.stop(CopyName(w0, 1))), "the drain is over and it is still there")
        #expect(scene.wait(5000).contains(.kill(CopyName(w0, 1))))
        scene.exit(CopyName(w0, 1), signal: 9)
        #expect(scene.state(w0) == .stopped)
        #expect(scene.fleet[w0]?.desired == .down)
        scene.wait(300_000)
        #expect(scene.state(w0) == .stopped)
        scene.perform(try scene.fleet.start(w0, by: "test", now: scene.now))
        #expect(scene.state(w0) == .ready)
    }
    @Test func stopAtOnce_doesNotDrain() throws {
        let scene = running()
        #expect(
            scene.perform(try scene.fleet.stop(w0, isHasty: true, by: "test", now: scene.now)) == [
                .stop(CopyName(w0, 1))
            ])
    }
    @Test func drain_isFollowedByAFreshCopy_withoutAPenalty() throws {
        let scene = running()
        scene.perform(try scene.fleet.drain(w0, by: "test", now: scene.now))
        scene.exit(CopyName(w0, 1), code: 0)
        #expect(scene.main(w0) == CopyName(w0, 2))
        #expect(scene.state(w0) == .ready)
    }
    @Test func restart_ofAWorker_hasTheNewOneReadyBeforeTheOldOneDrains() throws {
        let scene = running()
        scene.becomesReady = false
        #expect(scene.perform(try scene.fleet.restart(w0, by: "test", now: scene.now)) == [.start(CopyName(w0, 2))])
        #expect(scene.state(w0) == .ready, "the old one serves")
        #expect(
            scene.perform(scene.fleet.becameReady(CopyName(w0, 2), now: scene.now)) == [
                .drain(CopyName(w0, 1), over: 60_000)
            ])
        #expect(scene.main(w0) == CopyName(w0, 2))
        scene.exit(CopyName(w0, 1), code: 0)
        scene.wait(500)
        #expect(scene.fleet.rolling == nil)
        #expect(scene.fleet[w0]?.copies.count == 1)
    }
    @Test func restart_ofTheManager_stopsAndStartsIt() throws {
        let scene = running()
        #expect(
            scene.perform(try scene.fleet.restart(.manager, by: "test", now: scene.now)) == [
                .stop(CopyName(.manager, 1))
            ])
        #expect(scene.exit(CopyName(.manager, 1), code: 0) == [.start(CopyName(.manager, 2))])
    }
    @Test func restartOfAll_startsAlsoWhatWaitsAfterAnExit() throws {
        let scene = running(workers: 3)
        scene.exit(CopyName(w1, 1), code: 78)
        #expect(scene.state(w1) == .held)
        scene.perform(try scene.fleet.stop(.worker(2), isHasty: true, by: "test", now: scene.now))
        scene.exit(CopyName(.worker(2), 1), code: 0)
        scene.perform(try scene.fleet.restartAll(by: "test", now: scene.now))
        #expect(scene.state(w1) == .ready && scene.main(w0) == CopyName(w0, 2))
        #expect(scene.state(.manager) == .stopping && scene.fleet.rolling?.total == 1)
        #expect(scene.state(.worker(2)) == .stopped, "what is wished down stays down")
        #expect(throws: Refusal.self) { try scene.fleet.restartAll(by: "test", now: scene.now) }
    }
    @Test func drainOfTheManager_isRefused_sinceItsQueueWouldBeLost() {
        let scene = running()
        #expect(throws: Refusal.self) { try scene.fleet.drain(.manager, by: "test", now: scene.now) }
        #expect(scene.state(.manager) == .ready)
    }
    @Test func rolling_isRefused_whileTheManagerTakesNoNewWorkers() throws {
        let scene = running()
        let manager = try #require(scene.main(.manager))
        _ = scene.fleet.reported(manager, takesWorkers: false, now: scene.now)
        #expect {
            try scene.fleet.rolling(by: "test", now: scene.now)
        } throws: {
            ($0 as? Refusal)?.code == "old_manager"
        }
        #expect(scene.fleet.rolling == nil)
        _ = scene.fleet.reported(manager, takesWorkers: true, now: scene.now)
        _ = try scene.fleet.rolling(by: "test", now: scene.now)
    }
    @Test func rolling_replacesEachWorkerInTurn() throws {
        let scene = running(workers: 3)
        scene.perform(try scene.fleet.rolling(by: "test", now: scene.now))
        for number in 0..<3 {
            #expect(scene.fleet.rolling?.current == .worker(number))
            #expect(scene.fleet.slots.values.count { $0.copies.count > 1 } == 1)
            scene.exit(CopyName(.worker(number), 1), code: 0)
            scene.wait(500)
        }
        #expect(scene.fleet.rolling == nil)
        #expect((0..<3).allSatisfy { scene.main(.worker($0)) == CopyName(.worker($0), 2) })
        #expect(scene.events.last?.text.hasPrefix("complete: 3 of 3") == true)
        // An ordered end is no sign of trouble. Any other end is.
        #expect(
            (0..<3).allSatisfy {
                scene.fleet[.worker($0)]?.exitsTotal == 1 && scene.fleet[.worker($0)]?.exits(since: 0) == 0
            })
        scene.crash(w0)
        #expect(scene.fleet[w0]?.exits(since: 0) == 1)
    }
    @Test func rolling_endsAtTheFirstFailure_andTheOldOneServesOn() throws {
        let scene = running(workers: 3)
        scene.becomesReady = false
        scene.perform(try scene.fleet.rolling(by: "test", now: scene.now))
        scene.now += 1500
        scene.perform(
            scene.fleet.exited(
                CopyName(w0, 2), Ending(code: 127), lastLine: "cannot load libfoo.so.3", now: scene.now))
        #expect(scene.fleet.rolling == nil)
        #expect(
            scene.events.last { $0.kind == "ROLLING_FAILED" }?.text == "exit 127 \"cannot load libfoo.so.3\": the new "
                + "generation 2 ended before it was ready; 0 of 3 replaced, 3 left as they were; the old one serves on")
        let last = try #require(scene.fleet.lastRolling)
        #expect(last.outcome == .failed && last.failedAt == w0 && last.done == 0 && last.total == 3)
        #expect(last.reason == "exit 127 \"cannot load libfoo.so.3\"" && last.isOldServing && last.number == 1)
        #expect(scene.main(w0) == CopyName(w0, 1))
        #expect(scene.state(w0) == .ready)
        #expect(scene.main(w1) == CopyName(w1, 1))
        scene.wait(60_000)
        #expect(scene.main(w0) == CopyName(w0, 1))
        // The copy that failed is told apart: the process that serves has not ended.
        let row = StatusAnswer.Row(try #require(scene.fleet[w0]), now: scene.now)
        #expect(row.restarts == 0 && row.exits == 0 && row.exits24h == 0 && row.lastExit == nil)
        #expect(row.failedReplacement?.text == "exit 127" && scene.told("EXIT") == 0 && scene.told("NOT_READY") == 1)
    }
    @Test func rollingThatSucceeds_orIsEnded_isKeptWithItsOutcome() throws {
        let scene = running(workers: 2)
        scene.perform(try scene.fleet.rolling(w1, by: "test", now: scene.now))
        scene.exit(CopyName(w1, 1), code: 0)
        #expect(scene.fleet.lastRolling?.outcome == .complete && scene.fleet.lastRolling?.done == 1)
        scene.perform(try scene.fleet.rolling(by: "test", now: scene.now))
        scene.perform(try scene.fleet.endRolling(by: "test", now: scene.now))
        scene.exit(CopyName(w0, 1), code: 0)
        let last = try #require(scene.fleet.lastRolling)
        #expect(last.outcome == .ended && last.done == 1 && last.total == 2 && last.number == 2)
        let told = RollingAnswer.Last(last, wallAhead: 1_795_442_551_000)
        #expect(told.text == "ended by an operator: 1 of 2 replaced" && told.failedAt == nil)
        #expect(told.time == UInt64(last.endedAt + 1_795_442_551_000 + 500) / 1000)
    }
    @Test func rolling_endsWhereTheNewOneIsNotReadyInTime() throws {
        let scene = running()
        scene.becomesReady = false
        scene.perform(try scene.fleet.rolling(by: "test", now: scene.now))
        #expect(scene.wait(10_500).contains(.stop(CopyName(w0, 2))))
        scene.exit(CopyName(w0, 2), code: 0)
        #expect(scene.fleet.rolling == nil)
        #expect(scene.main(w0) == CopyName(w0, 1))
    }
    @Test func oldCopyThatDiesWhileItsReplacementStarts_isReplacedByIt() throws {
        let scene = running()
        scene.becomesReady = false
        scene.perform(try scene.fleet.rolling(by: "test", now: scene.now))
        #expect(!scene.crash(w0).contains(.start(CopyName(w0, 3))))
        #expect(scene.main(w0) == CopyName(w0, 2))
        #expect(scene.fleet[w0]?.copies.count == 1)
    }
    @Test func rollingTwice_isRefused() throws {
        let scene = running()
        scene.perform(try scene.fleet.rolling(by: "one", now: scene.now))
        #expect(throws: Refusal("busy", "a rolling restart is running already, by one")) {
            try scene.fleet.rolling(by: "two", now: scene.now)
        }
    }
    @Test func rollingThatIsEnded_finishesThePairThatIsUnderWay() throws {
        let scene = running(workers: 3)
        scene.perform(try scene.fleet.rolling(by: "test", now: scene.now))
        scene.perform(try scene.fleet.endRolling(by: "test", now: scene.now))
        scene.exit(CopyName(w0, 1), code: 0)
        scene.wait(500)
        #expect(scene.fleet.rolling == nil)
        #expect(scene.main(w0) == CopyName(w0, 2))
        #expect(scene.main(w1) == CopyName(w1, 1))
    }
    @Test func unknownName_isRefused() {
        let scene = running()
        #expect(throws: Refusal.self) { try scene.fleet.start(.worker(9), by: "test", now: 0) }
    }

    @Test func shutdown_drainsTheWorkers_andTheManagerGoesLast() {
        let scene = running()
        let orders = scene.perform(scene.fleet.shutDown(isHasty: false, by: "test", now: scene.now))
        let drains: [FleetAction] = [.drain(CopyName(w0, 1), over: 60_000), .drain(CopyName(w1, 1), over: 60_000)]
        #expect(orders == drains + [.turnAway(w0, true), .turnAway(w1, true)])
        scene.exit(CopyName(w0, 1), code: 0)
        #expect(scene.exit(CopyName(w1, 1), code: 0) == [.stop(CopyName(.manager, 1))])
        #expect(scene.exit(CopyName(.manager, 1), code: 0) == [.finished])
    }
    @Test func secondShutdown_doesNotWait() {
        let scene = running()
        scene.perform(scene.fleet.shutDown(isHasty: false, by: "test", now: scene.now))
        let orders = scene.perform(scene.fleet.shutDown(isHasty: true, by: "test", now: scene.now))
        #expect(
            Set(orders.map { "\($0)" })
                == Set([
                    "\(FleetAction.stop(CopyName(.manager, 1)))", "\(FleetAction.stop(CopyName(w0, 1)))",
                    "\(FleetAction.stop(CopyName(w1, 1)))",
                ]))
    }

    @Test func adopted_areNotStartedAgain() {
        let scene = Scene()
        scene.perform(scene.fleet.adopted(CopyName(.manager, 4), pid: 50, state: .ready, startedAt: 0, now: scene.now))
        scene.perform(scene.fleet.adopted(CopyName(w0, 3), pid: 51, state: .ready, startedAt: 0, now: scene.now))
        scene.begin()
        #expect(scene.done == [.start(CopyName(w1, 1))])
        scene.crash(w0)
        scene.wait(150)
        #expect(scene.main(w0) == CopyName(w0, 4))
    }
    @Test func adoptedPair_keepsTheNewerAndDrainsTheOlder() {
        let scene = Scene(workers: 1)
        scene.perform(scene.fleet.adopted(CopyName(w0, 3), pid: 50, state: .ready, startedAt: 0, now: scene.now))
        scene.perform(scene.fleet.adopted(CopyName(w0, 2), pid: 51, state: .ready, startedAt: 0, now: scene.now))
        #expect(scene.done == [.drain(CopyName(w0, 2), over: 60_000)])
        #expect(scene.main(w0) == CopyName(w0, 3))
    }
    @Test func adoptedWorkerThatTheConfigurationHasNoMore_isDrained() {
        let scene = Scene(workers: 1)
        scene.perform(scene.fleet.adopted(CopyName(w1, 1), pid: 50, state: .ready, startedAt: 0, now: scene.now))
        #expect(scene.state(w1) == .draining)
        scene.exit(CopyName(w1, 1))
        #expect(scene.state(w1) == .stopped)
    }
    /// The generation is read from a file, which may hold anything.
    @Test func generation_hasANextOne_whateverWasRead() throws {
        for wild in [Int.max, .min] {
            var fleet = Scene().fleet
            fleet.continueAfter(.manager, wild)
            let started = fleet.begin(now: 0).contains { action in
                if case .start(let copy) = action { copy.name == .manager && copy.generation > 0 } else { false }
            }
            #expect(started)
        }
    }
    @Test func names_areReadInBothForms() {
        #expect(ProcessName("manager") == .manager)
        #expect(ProcessName("mgr") == .manager)
        #expect(ProcessName("worker-3") == w(3))
        #expect(ProcessName("w3") == w(3))
        for wrong in ["", "w", "worker-", "worker--1", "w300", "manager-1", "x3"] { #expect(ProcessName(wrong) == nil) }
    }
    private func w(_ number: Int) -> ProcessName { .worker(number) }
}
