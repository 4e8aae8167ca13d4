import Stats
import Testing

@testable import Supervision

/// A worker without its link to the manager serves polls that no message reaches.
@Suite struct LinkTests {
    private func scene() -> Scene {
        let scene = Scene()
        scene.begin()
        scene.wait(1000)
        report(scene, w0, true)
        report(scene, w1, true)
        return scene
    }
    @discardableResult private func report(_ scene: Scene, _ name: ProcessName, _ isLinked: Bool) -> [FleetAction] {
        guard let copy = scene.main(name) else { return [] }
        return scene.perform(scene.fleet.reported(copy, isLinked: isLinked, now: scene.now))
    }

    @Test func workerWithoutALink_isNotReadyAfterFiveSeconds_untilItIsLinked() {
        let scene = scene()
        report(scene, w0, false)
        scene.wait(4500)
        #expect(scene.fleet.isAllReady && scene.told("NO_LINK") == 0)
        scene.wait(1500)
        #expect(!scene.fleet.isAllReady && scene.told("NO_LINK") == 1)
        #expect(scene.state(w0) == .ready, "it is not restarted for it: its clients keep their connections")
        scene.wait(60_000)
        #expect(scene.told("NO_LINK") == 1)
        report(scene, w0, true)
        #expect(scene.fleet.isAllReady && scene.told("RECOVERED") == 1)
    }
    @Test func restartOfTheManager_isNoAlarmForTheWorkers() {
        let scene = scene()
        scene.becomesReady = false
        scene.crash(.manager)
        for name in [w0, w1] { report(scene, name, false) }
        scene.wait(9000)
        #expect(scene.state(.manager) == .starting && scene.told("NO_LINK") == 0)
        if let copy = scene.main(.manager) { scene.perform(scene.fleet.becameReady(copy, now: scene.now)) }
        scene.wait(4500)
        #expect(scene.told("NO_LINK") == 0, "they have five seconds from then")
        for name in [w0, w1] { report(scene, name, true) }
        scene.wait(10_000)
        #expect(scene.told("NO_LINK") == 0 && scene.fleet.isAllReady)
    }
    @Test func replacement_takesOverWhenItIsLinked() throws {
        let scene = scene()
        #expect(scene.perform(try scene.fleet.rolling(w0, by: "x", now: scene.now)) == [.start(CopyName(w0, 2))])
        #expect(scene.main(w0)?.generation == 1, "it is ready, and the old one serves on")
        let orders = scene.perform(scene.fleet.reported(CopyName(w0, 2), isLinked: true, now: scene.now))
        #expect(orders == [.drain(CopyName(w0, 1), over: 60_000)])
        scene.exit(CopyName(w0, 1), code: 0)
        scene.wait(20_000)
        #expect(scene.fleet.rolling == nil && scene.main(w0)?.generation == 2 && scene.state(w0) == .ready)
    }
    @Test func replacementThatIsLinkedBeforeItIsReady_takesOverAtOnce() throws {
        let scene = scene()
        scene.becomesReady = false
        scene.perform(try scene.fleet.rolling(w0, by: "x", now: scene.now))
        scene.perform(scene.fleet.reported(CopyName(w0, 2), isLinked: true, now: scene.now))
        #expect(scene.main(w0)?.generation == 1)
        scene.perform(scene.fleet.becameReady(CopyName(w0, 2), now: scene.now))
        #expect(scene.main(w0)?.generation == 2)
    }
    @Test func replacementThatGetsNoLink_endsTheRollingRestart_andTheOldOneServesOn() throws {
        let scene = scene()
        scene.perform(try scene.fleet.rolling(by: "x", now: scene.now))
        scene.perform(scene.fleet.reported(CopyName(w0, 2), isLinked: false, now: scene.now))
        #expect(scene.wait(11_000) == [.stop(CopyName(w0, 2))])
        scene.exit(CopyName(w0, 2), code: 0)
        #expect(scene.fleet.rolling == nil && scene.told("ROLLING_FAILED") == 1)
        #expect(scene.main(w0)?.generation == 1 && scene.state(w0) == .ready && scene.main(w1)?.generation == 1)
    }
    /// Reports may be off, or not come through. Then nothing is known of links, and nothing waits for them.
    @Test func workersThatSayNothing_areReplacedAsBefore() throws {
        let scene = Scene()
        scene.begin()
        scene.wait(1000)
        scene.perform(try scene.fleet.rolling(w0, by: "x", now: scene.now))
        #expect(scene.main(w0)?.generation == 2)
    }
    @Test func oldOneThatDies_leavesItsPlaceToTheReplacement_linkedOrNot() throws {
        let scene = scene()
        scene.perform(try scene.fleet.rolling(w0, by: "x", now: scene.now))
        scene.exit(CopyName(w0, 1), signal: 9)
        #expect(scene.main(w0)?.generation == 2)
        scene.wait(20_000)
        #expect(scene.state(w0) == .ready && scene.main(w0)?.generation == 2)
    }
}
