import Stats
import Supervision
import Testing
import Watch

/// An appliance in reports, second by second, and what the watcher makes of it.
private struct Scene {
    static let second: UInt64 = 1_000_000_000
    static let midnight: UInt64 = 1_795_392_000_000
    var watcher = Watcher()
    var time: UInt64 = 1_000_000 * second
    var wall = midnight + 43_200_000
    var manager: [MetricID: UInt64] = [
        .publishes: 0, .queueMessages: 0, .queueClients: 0, .queueBytes: 0, .queueLimitMessages: 1_000_000,
        .queueLimitBytes: 1 << 30, .expired: 0, .droppedFull: 0, .queueOldest: 0, .queueTTL: 60_000, .gaps: 0,
        .refusedFull: 0, .journalReplayed: 0,
    ]
    var managerBoot: UInt64 = 1
    var connections: [UInt64] = [100, 100, 100, 100]
    var workerBoots: [UInt64] = [11, 12, 13, 14]
    var states: [ProcessName: ProcessState] = [:]
    var changes: [AlertBook.Change] = []

    /// Lets some seconds pass. `each` is called in each of them, before its reports.
    mutating func run(_ seconds: Int, _ each: (inout Scene) -> Void = { _ in }) {
        for _ in 0..<seconds {
            time += Scene.second
            wall += 1000
            each(&self)
            var report = Report(.manager, boot: managerBoot, time: time)
            report.pid = 10
            for (id, value) in manager { report.values[raw: id.rawValue] = value }
            watcher.take(report, wall: wall)
            for worker in connections.indices {
                var report = Report(.worker, worker, boot: workerBoots[worker], time: time)
                report.pid = UInt32(20 + worker)
                report.generation = UInt16(workerBoots[worker])
                report.values[raw: MetricID.connsOpen.rawValue] = connections[worker]
                report.values[raw: MetricID.connLimit.rawValue] = 10_000
                watcher.take(report, wall: wall)
            }
            var own = Report(.supervisor, boot: 1, time: time)
            for name in [.manager] + connections.indices.map(ProcessName.worker) {
                var values = MetricValues()
                values[raw: MetricID.childState.rawValue] = (states[name] ?? .ready).code
                own.subjects[name.subject] = values
            }
            watcher.take(own, wall: wall)
            changes += watcher.tick(now: time, wall: wall)
        }
    }
    func alert(_ key: String) -> Alert? { watcher.alerts.first { $0.key == key } }
    func lost(_ way: LossWay) -> UInt64 { watcher.losses[way].today }
}

struct WatcherTests {
    @Test func calmAppliance_hasNoAlerts_andLosesNothing() {
        var scene = Scene()
        scene.run(60) { $0.manager[.publishes]! += 500 }
        #expect(scene.watcher.alerts.isEmpty && scene.changes.isEmpty)
        #expect(scene.watcher.losses.messagesToday == 0)
    }

    /// The drill: 308 of 475 messages a second expired for 90 seconds without an alert.
    @Test func expiry_isAnAlertWithinFiveSeconds_withWhatItCosts() throws {
        var scene = Scene()
        scene.run(5) { $0.manager[.publishes]! += 475 }
        let began = scene.wall
        scene.run(5) {
            $0.manager[.publishes]! += 475
            $0.manager[.expired]! += 308
            $0.manager[.queueClients] = 250
        }
        let alert = try #require(scene.alert("expiry"))
        #expect(alert.isCritical && alert.since - began <= 2000)
        #expect(alert.text.contains("308/s, 65% of what is published"), "\(alert.text)")
        #expect(alert.text.contains("250 clients stay away") && alert.text.contains("so far"), "\(alert.text)")
        #expect(scene.lost(.expired) == 5 * 308)
        #expect(Verdict(scene.watcher.alerts) == .act)
        scene.run(2) { $0.manager[.publishes]! += 475 }
        #expect(scene.alert("expiry")?.over == nil, "the rate is of three seconds")
        scene.run(3) { $0.manager[.publishes]! += 475 }
        #expect(scene.alert("expiry")?.over != nil)
        scene.run(10) { $0.manager[.publishes]! += 475 }
        #expect(scene.alert("expiry") == nil)
        #expect(scene.changes.count == 2)
    }
    @Test func messagesThatAreAboutToExpire_areAWarningWithTheTime() throws {
        var scene = Scene()
        scene.run(4) {
            $0.manager[.queueMessages] = 100
            $0.manager[.queueOldest] = 50_000
        }
        let alert = try #require(scene.alert("oldest"))
        #expect(
            !alert.isCritical && alert.text.hasPrefix("the oldest waits 0:50 of 1:00: the first expires at 12:00:14"))
    }

    /// The drill: kill -9 with 18,058 messages waiting, and three seconds later all was green.
    @Test func managersDeath_tellsWhatItTookAlong() throws {
        var scene = Scene()
        scene.run(5) {
            $0.manager[.queueMessages] = 18_058
            $0.manager[.queueClients] = 250
            $0.manager[.queueBytes] = 1_400_000
            $0.manager[.expired] = 77
        }
        let before = scene.manager
        scene.run(1) {
            $0.managerBoot = 2
            for id in before.keys where id != .queueTTL && id != .queueLimitMessages && id != .queueLimitBytes {
                $0.manager[id] = 0
            }
            $0.manager[.queueMessages] = 58
        }
        let alert = try #require(scene.alert("mgr died"))
        #expect(alert.isCritical && alert.text.hasPrefix("18,000 (1.3M) of 250 clients, by its last report"))
        #expect(scene.lost(.died) == 18_000 && scene.watcher.losses[.died].estimated)
        #expect(scene.lost(.expired) == 0, "what an earlier life counted is not counted again")
        scene.run(60)
        #expect(scene.alert("mgr died")?.isOpen == true, "it stays")
        let count = scene.watcher.acknowledge("mgr died", by: "ann")
        #expect(count == 1 && scene.alert("mgr died")?.isOpen == false)
    }
    @Test func messagesThatTheJournalBrought_areNotLost() {
        var scene = Scene()
        scene.run(5) { $0.manager[.queueMessages] = 18_058 }
        scene.run(2) {
            $0.managerBoot = 2
            $0.manager[.journalReplayed] = 18_060
        }
        #expect(scene.alert("mgr died") == nil && scene.lost(.died) == 0)
    }

    @Test func clientsThatLeaveTogether_areAnAlert_untilHalfAreBack() throws {
        var scene = Scene()
        scene.run(15)
        scene.run(1) { $0.connections = [37, 37, 38, 38] }
        let alert = try #require(scene.alert("left"))
        #expect(alert.isCritical && alert.text.hasPrefix("250 of 400 at 12:00:16, 0 are back"), "\(alert.text)")
        scene.run(60)
        #expect(scene.alert("left")?.isOpen == true)
        scene.run(15) { $0.connections = [80, 80, 80, 80] }
        #expect(scene.alert("left") == nil)
        #expect(scene.changes.count == 2, "that they come back is no departure")
    }
    @Test func clientsOfAWorkerThatEndsOrDrains_haveNotLeft() {
        var scene = Scene()
        scene.run(15)
        scene.run(5) {  // w0 is replaced: its clients come to the others one after the other
            $0.workerBoots[0] = 99
            $0.connections = [0, 110, 110, 110]
        }
        scene.run(5) {
            $0.states[.worker(1)] = .draining
            $0.connections = [40, max(0, $0.connections[1] - 22), 120, 120]
        }
        #expect(scene.alert("left") == nil, "\(scene.watcher.alerts)")
    }
    @Test func steppedClock_isAWarning() throws {
        var scene = Scene()
        scene.run(5)
        scene.run(1) { $0.wall += 3_600_000 }
        let alert = try #require(scene.alert("clock"))
        #expect(!alert.isCritical && alert.text.hasPrefix("forward by 1h00m"))
    }
    @Test func failedRollingRestart_isAnAlert_untilOneSucceeds() throws {
        var scene = Scene()
        scene.run(2)
        scene.watcher.take(
            Event(
                time: scene.wall, severity: .error, name: "worker-0", kind: "ROLLING_FAILED",
                text: "0 of 4 done: exit 127"), wall: scene.wall)
        scene.run(1)
        let alert = try #require(scene.alert("failed"))
        #expect(alert.isOpen && alert.text == "rolling restart at w0: 0 of 4 done: exit 127")
        scene.watcher.take(
            Event(time: scene.wall, severity: .info, name: "worker-0", kind: "ROLLED", text: "1 of 4"), wall: scene.wall
        )
        scene.run(11)
        #expect(scene.alert("failed") == nil)
    }
    @Test func connectionsOfAWorkerThatDied_areCounted() {
        var scene = Scene()
        scene.run(3)
        func exit(_ generation: Int, _ severity: Severity) -> Event {
            Event(
                time: scene.wall, severity: severity, name: "worker-2", kind: "EXIT", text: "signal 11",
                generation: generation)
        }
        scene.watcher.take(exit(13, .info), wall: scene.wall)
        scene.watcher.take(exit(14, .error), wall: scene.wall)
        #expect(scene.lost(.cut) == 0, "an ordered end, and a copy that was to replace it, cut nobody")
        scene.watcher.take(exit(13, .error), wall: scene.wall)
        #expect(scene.lost(.cut) == 100)
    }
    @Test func ledger_beginsAnewAtMidnight_andKeepsTheTime() {
        var scene = Scene()
        scene.run(2)
        scene.run(1) { $0.manager[.droppedFull]! += 3 }
        let last = scene.wall
        #expect(scene.lost(.dropped) == 3)
        scene.run(1) { $0.wall = Scene.midnight + 86_400_000 }
        #expect(scene.lost(.dropped) == 0 && scene.watcher.losses[.dropped].last == last)
        #expect(scene.watcher.losses.day != "")
    }
    @Test func ledgerOfAnEarlierSupervisor_goesOn() {
        var scene = Scene()
        scene.run(2) { $0.manager[.expired] = 500 }
        scene.run(1) { $0.manager[.expired] = 510 }
        let kept = scene.watcher.losses
        scene.watcher = Watcher(losses: kept, policy: .init())
        scene.run(2)
        #expect(scene.lost(.expired) == 10, "what the manager counted before is not counted again")
        scene.run(1) { $0.manager[.expired]! += 1 }
        #expect(scene.lost(.expired) == 11)
    }
    /// The engine's figures of a manager in a cluster that is well.
    private var clustered: Scene {
        var scene = Scene()
        for (id, value) in [
            (MetricID.engineUp, 1), (.engineLatency, 400), (.engineLatencyMax, 900), (.engineMemory, 50),
            (.engineMemoryMax, 100), (.nodes, 3), (.nodesLost, 0),
        ] as [(MetricID, UInt64)] { scene.manager[id] = value }
        return scene
    }
    @Test func oneMachine_andAClusterThatIsWell_haveNoAlerts() {
        var scene = clustered
        scene.run(30)
        #expect(scene.watcher.alerts.isEmpty)
        scene.manager[.engineMemory] = 1 << 40
        scene.manager[.engineMemoryMax] = 0
        scene.run(10)
        #expect(scene.watcher.alerts.isEmpty, "a server without a bound is not full")
    }
    @Test func managersDeath_inACluster_takesNothingAlong() {
        var scene = clustered
        scene.run(5) { $0.manager[.queueMessages] = 18_058 }
        scene.run(2) {
            $0.managerBoot = 2
            $0.manager[.queueMessages] = 0
        }
        #expect(scene.alert("mgr died") == nil && scene.lost(.died) == 0)
    }
    @Test func engineThatIsAway_isCritical_andSaysWhy() throws {
        var scene = clustered
        scene.run(3)
        scene.watcher.take(
            Event(
                time: scene.wall, severity: .error, name: "manager", kind: "ENGINE",
                text: "the engine is away: no connection to h:6379: Connection refused"), wall: scene.wall)
        scene.run(2) { $0.manager[.engineUp] = 0 }
        #expect(scene.alert("engine away") == nil, "a failover may take a second or two")
        scene.run(1)
        let alert = try #require(scene.alert("engine away"))
        #expect(alert.isCritical && alert.text.contains("Connection refused; publishes are refused with 503"))
        #expect(alert.screen == 7)
        scene.run(1) { $0.manager[.engineUp] = 1 }
        #expect(scene.alert("engine away")?.over != nil)
    }
    @Test func engineThatFills_isAWarning_andThenCritical() throws {
        var scene = clustered
        scene.run(4) { $0.manager[.engineMemory] = 90 }
        #expect(try !(#require(scene.alert("engine full"))).isCritical)
        scene.run(4) { $0.manager[.engineMemory] = 98 }
        #expect(try #require(scene.alert("engine full")).isCritical)
    }
    @Test func engineThatIsSlow_isTold_afterTenSeconds() throws {
        var scene = clustered
        scene.run(20)
        scene.run(9) { $0.manager[.engineLatencyMax] = 100_000 }
        #expect(scene.alert("engine slow") == nil)
        scene.run(1)
        #expect(try !(#require(scene.alert("engine slow"))).isCritical)
        scene.run(1) { $0.manager[.engineLatencyMax] = 99_999 }
        #expect(scene.alert("engine slow")?.over != nil, "one second that was well ends it")
    }
    @Test func machineThatIsGone_isAWarning() throws {
        var scene = clustered
        scene.run(4) { $0.manager[.nodesLost] = 1 }
        let alert = try #require(scene.alert("node lost"))
        #expect(!alert.isCritical && alert.text.hasPrefix("1 of 3 machines"))
    }
}
