import Glibc
import Testing

/// Each run is a seed: `ClusterWorld(seed: 17, ..)` plays it again.
@Suite struct ClusterTests {
    func play(
        _ seeds: Range<UInt64>, machines: Int = 3, _ settings: World.Settings, _ chances: ClusterWorld.Chances
    ) {
        var (answered, received) = (0, 0)
        // CLUSTER_SEEDS=100 plays so many more of each test by hand.
        let factor = getenv("CLUSTER_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? UInt64(seeds.count)
        var failures = 0
        for seed in seeds.lowerBound..<seeds.lowerBound + factor {
            let world = ClusterWorld(seed: seed, machines: machines, settings, chances)
            world.run()
            #expect(world.problems.isEmpty, "\(world.problems.prefix(3))")
            if !world.problems.isEmpty { failures += 1 }
            if failures > 3 { return }
            answered += world.answered
            received += world.clients.reduce(0) { $0 + $1.received.count }
        }
        #expect(answered > 0 && received > 0, "a simulation in which nothing arrives proves nothing")
    }
    private var settings: World.Settings {
        var settings = World.Settings()
        (settings.workers, settings.steps, settings.journal, settings.isClustered) = (2, 1000, true, true)
        (settings.breakLink, settings.killWorker) = (0, 0)
        settings.timeToLive = 3_600_000
        return settings
    }

    @Test func whenNothingBreaks_clientsOfAllMachinesGetEverything() {
        play(0..<6, settings, ClusterWorld.Chances())
    }
    @Test func channels_users_andEveryone_reachAllWhoReadThem_onAllMachines() {
        var settings = settings
        settings.channels = true
        play(100..<106, settings, ClusterWorld.Chances())
    }
    @Test func streams_andSockets_getEverythingInOrderOnce_onAllMachines() {
        var settings = settings
        (settings.channels, settings.streams, settings.sockets) = (true, true, true)
        (settings.breakLink, settings.killWorker) = (5, 5)
        play(200..<206, settings, ClusterWorld.Chances())
    }
    @Test func whenManagersComeBack_nothingIsLost() {
        var settings = settings
        (settings.channels, settings.streams) = (true, true)
        var chances = ClusterWorld.Chances()
        chances.restartManager = 60
        play(300..<306, settings, chances)
    }
    @Test func whenMachinesDie_andComeBackWithNothing_nothingIsLost() {
        var settings = settings
        (settings.channels, settings.streams) = (true, true)
        var chances = ClusterWorld.Chances()
        (chances.killMachine, chances.restartFresh) = (40, 20)
        play(400..<406, settings, chances)
    }
    /// A machine that reads late came to a message that is for all but this client, and sent it an older one again.
    @Test func messageForAllOthers_takesNobodyBack() {
        var settings = settings
        (settings.channels, settings.streams) = (true, true)
        var chances = ClusterWorld.Chances()
        (chances.killMachine, chances.restartFresh) = (40, 20)
        play(453..<454, settings, chances)
    }
    @Test func whenTheEngineIsAway_nothingIsLost() {
        var settings = settings
        (settings.channels, settings.streams) = (true, true)
        var chances = ClusterWorld.Chances()
        (chances.engineAway, chances.restartManager) = (60, 10)
        play(600..<606, settings, chances)
    }
    @Test func whenTheEngineLosesItsNewest_machinesGiveItBack() {
        var settings = settings
        (settings.channels, settings.streams) = (true, true)
        var chances = ClusterWorld.Chances()
        (chances.loseEntries, chances.allowsGaps) = (30, false)
        play(700..<706, settings, chances)
    }
    @Test func whenTheEngineIsEmptied_machinesGiveAllBack() {
        var settings = settings
        (settings.channels, settings.streams) = (true, true)
        var chances = ClusterWorld.Chances()
        (chances.loseAll, chances.allowsGaps) = (30, false)
        play(800..<806, settings, chances)
    }
    /// A machine that goes in that moment may have been the only one that knew something.
    @Test func whenTheEngineLosesSomething_andMachinesBreak_nothingIsMissedWithoutAGap() {
        var settings = settings
        (settings.channels, settings.streams) = (true, true)
        var chances = ClusterWorld.Chances()
        (chances.loseEntries, chances.loseAll) = (20, 10)
        (chances.restartManager, chances.restartFresh, chances.killMachine) = (10, 10, 10)
        play(900..<906, settings, chances)
    }
    /// A message that only a late machine had is lost, and clients are told of a gap.
    @Test func whenMachinesComeTooLateToGiveBack_nothingIsMissedWithoutAGap() {
        var settings = settings
        (settings.channels, settings.streams) = (true, true)
        var chances = ClusterWorld.Chances()
        (chances.loseEntries, chances.loseAll, chances.late) = (20, 10, 3000)
        play(1000..<1006, settings, chances)
    }
    @Test func whenTheLogIsCarriedForward_nothingIsLost() {
        var settings = settings
        (settings.channels, settings.streams) = (true, true)
        var chances = ClusterWorld.Chances()
        (chances.keep, chances.killMachine, chances.restartFresh) = (60, 20, 20)
        play(500..<506, settings, chances)
    }
}
