import Stats
import Testing

@testable import Supervision

/// The webhook's process: it is watched like a worker, and it serves nobody.
@Suite struct WebhookProcessTests {
    private let hook = CopyName(.webhook, 1)

    private func running() -> Scene {
        let scene = Scene(workers: 2) { $0.hasWebhook = true }
        scene.begin()
        scene.wait(1000)
        return scene
    }

    @Test func itHasNames_andAPlaceBetweenManagerAndWorkers() {
        #expect(Fleet.names(workers: 1, webhook: true) == [.manager, .webhook, .worker(0)])
        #expect(Fleet.names(workers: 1) == [.manager, .worker(0)])
        for name in ["webhook", "hook", "megahook"] { #expect(ProcessName(name) == .webhook) }
        #expect("\(ProcessName.webhook)" == "webhook" && [w0, .webhook, .manager].sorted()[1] == .webhook)
        for name in [ProcessName.manager, .webhook, .worker(0), .worker(127)] {
            #expect(ProcessName(subject: name.subject) == name)
        }
    }

    @Test func itStartsWhenTheManagerIsReady() {
        let scene = Scene(workers: 1) { $0.hasWebhook = true }
        scene.becomesReady = false
        #expect(scene.perform(scene.fleet.begin(now: scene.now)) == [.start(CopyName(.manager, 1))])
        let orders = scene.perform(scene.fleet.becameReady(CopyName(.manager, 1), now: scene.now))
        #expect(orders == [.start(hook), .start(CopyName(w0, 1))])
    }

    @Test func itIsPartOfTheWhole() {
        let scene = running()
        #expect(scene.fleet.isAllReady && scene.fleet.problems.isEmpty)
        scene.crash(.webhook)
        #expect(!scene.fleet.isAllReady && scene.fleet.problems == ["webhook is backoff"])
        scene.wait(1000)
        #expect(scene.state(.webhook) == .ready && scene.main(.webhook) == CopyName(.webhook, 2))
        #expect(!scene.done.contains { if case .turnAway = $0 { true } else { false } }, "it has no port")
    }

    @Test func ifItHangs_itIsAborted() {
        let scene = running()
        scene.reporting.remove(.webhook)
        #expect(scene.wait(12_000).contains(.abort(hook)))
    }

    @Test func rolling_leavesItAlone_andSoDoesDrain() throws {
        let scene = running()
        scene.perform(try scene.fleet.rolling(by: "test", now: scene.now))
        #expect(scene.fleet.rolling?.total == 2)
        #expect(throws: Refusal.self) { try scene.fleet.drain(.webhook, by: "test", now: scene.now) }
    }

    @Test func restart_letsItsRequestEnd() throws {
        let scene = running()
        #expect(
            scene.perform(try scene.fleet.restart(.webhook, by: "test", now: scene.now)) == [.drain(hook, over: 5000)])
        #expect(scene.exit(hook, code: 0) == [.start(CopyName(.webhook, 2))])
        #expect(
            scene.perform(try scene.fleet.restart(.webhook, isHasty: true, by: "test", now: scene.now)) == [
                .stop(CopyName(.webhook, 2))
            ])
    }
    @Test func restartOfAll_isAlsoIts() throws {
        let scene = running()
        let orders = scene.perform(try scene.fleet.restartAll(by: "test", now: scene.now))
        #expect(orders.contains(.stop(CopyName(.manager, 1))) && orders.contains(.drain(hook, over: 5000)))
    }
    @Test func aShortDrain_isAlsoIts() throws {
        let scene = Scene(workers: 1) {
            $0.hasWebhook = true
            $0.drain = 700
        }
        scene.begin()
        #expect(
            scene.perform(try scene.fleet.stop(.webhook, by: "test", now: scene.now)) == [.drain(hook, over: 700)])
        #expect(scene.fleet[.webhook]?.desired == .down)
    }

    @Test func atTheEnd_itGoesBeforeTheManager() {
        let scene = running()
        let orders = scene.perform(scene.fleet.shutDown(isHasty: false, by: "test", now: scene.now))
        #expect(orders.contains(.drain(hook, over: 5000)) && orders.contains(.drain(CopyName(w0, 1), over: 60_000)))
        scene.exit(CopyName(w0, 1), code: 0)
        scene.exit(CopyName(.worker(1), 1), code: 0)
        #expect(scene.state(.manager) == .ready)
        #expect(scene.exit(hook, code: 0) == [.stop(CopyName(.manager, 1))])
    }

    /// The workers decide whether clients are served, whatever the webhook does.
    @Test func itIsNoWorker_forTheAlarm() {
        let scene = running()
        for name in [w0, ProcessName.worker(1)] {
            scene.exit(scene.main(name) ?? hook, code: 78)
        }
        scene.wait(301_000)
        #expect(scene.events.contains { $0.kind == "NO_WORKER" })
    }

    @Test func onceItIsNoLongerConfigured_itIsLetGo() {
        let scene = Scene(workers: 1)
        let orders = scene.perform(
            scene.fleet.adopted(hook, pid: 77, state: .ready, startedAt: scene.now, now: scene.now))
        #expect(orders == [.drain(hook, over: 5000)])
    }
}
