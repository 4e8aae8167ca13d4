import Testing

/// Each run is a seed: `World(seed: 17, ..)` plays it again.
@Suite struct SimulationTests {
    func play(_ seeds: Range<UInt64>, _ settings: World.Settings) {
        var (received, refusals, granted) = (0, 0, 0)
        for seed in seeds {
            let world = World(seed: seed, settings)
            world.run()
            #expect(world.problems.isEmpty, "\(world.problems.prefix(3))")
            if !world.problems.isEmpty { return }
            received += world.clients.reduce(0) { $0 + $1.received.count }
            refusals += world.refusals
            granted += world.granted
        }
        #expect(received > 0, "a simulation in which nothing arrives proves nothing")
        if settings.tokens { #expect(refusals > 0 && granted > 0, "nor one without tokens that are refused") }
    }

    @Test func whenNothingBreaks_everythingArrives() {
        var settings = World.Settings()
        (settings.vanish, settings.breakLink, settings.killWorker, settings.killManager) = (0, 0, 0, 0)
        settings.timeToLive = 3_600_000
        for seed: UInt64 in 0..<6 {
            let world = World(seed: seed, settings)
            world.run()
            #expect(world.problems.isEmpty, "\(world.problems.prefix(3))")
            let received = world.clients.reduce(0) { $0 + $1.received.count }
            #expect(received == world.published.count)
        }
    }
    @Test func whenClientsVanish_nothingIsMisdeliveredOrLostUntold() {
        var settings = World.Settings()
        (settings.breakLink, settings.killWorker, settings.killManager) = (0, 0, 0)
        play(100..<112, settings)
    }
    @Test func whenWorkersAndLinksDie_nothingIsMisdeliveredOrLostUntold() {
        var settings = World.Settings()
        (settings.breakLink, settings.killWorker, settings.killManager) = (10, 10, 0)
        play(200..<212, settings)
    }
    @Test func whenTheManagerDiesToo_nothingIsMisdelivered() {
        var settings = World.Settings()
        settings.killManager = 4
        play(300..<312, settings)
    }
    @Test func whenTheManagerDies_andItsMemoryStays_nothingIsLostUntold() {
        var settings = World.Settings()
        (settings.killManager, settings.journal) = (10, true)
        play(500..<508, settings)
    }
    @Test func channels_users_andEveryone_reachAllWhoReadThem_inOrder() {
        var settings = World.Settings()
        (settings.killManager, settings.channels) = (0, true)
        play(600..<608, settings)
    }
    @Test func channels_whenTheManagerDies_loseNothingUntold() {
        var settings = World.Settings()
        (settings.killManager, settings.journal, settings.channels) = (10, true, true)
        play(700..<708, settings)
    }
    @Test func streams_getEverythingInOrderOnce_whateverDies() {
        var settings = World.Settings()
        (settings.streams, settings.channels, settings.journal) = (true, true, true)
        (settings.breakLink, settings.killWorker, settings.killManager) = (10, 10, 5)
        play(800..<812, settings)
    }
    @Test func slowStreams_andSockets_getEverythingInOrderOnce_andHeartbeatsClaimNoMore() {
        var settings = World.Settings()
        (settings.streams, settings.sockets, settings.channels, settings.journal) = (true, true, true, true)
        (settings.breakLink, settings.killWorker, settings.killManager) = (10, 10, 3)
        (settings.slow, settings.stuck, settings.heartbeat, settings.pace) = (400, 800, 1500, 200)
        play(900..<912, settings)
    }
    @Test func revokedTokens_openNothing_andNewerOnesMissNothing() {
        var settings = World.Settings()
        (settings.tokens, settings.channels, settings.streams, settings.sockets) = (true, true, true, true)
        (settings.breakLink, settings.killWorker, settings.killManager) = (10, 10, 0)
        play(1000..<1012, settings)
    }
    @Test func revokedTokens_whenTheManagerDies_openNothing() {
        var settings = World.Settings()
        (settings.tokens, settings.channels, settings.streams, settings.sockets) = (true, true, true, true)
        (settings.breakLink, settings.killManager, settings.journal) = (5, 10, true)
        play(1100..<1112, settings)
    }
    @Test func receipts_tellEachEndOnce_andTheTruth() {
        var settings = World.Settings()
        (settings.receipts, settings.channels, settings.streams, settings.sockets) = (true, true, true, true)
        (settings.breakLink, settings.killWorker, settings.killManager) = (10, 10, 0)
        play(1200..<1212, settings)
    }
    @Test func receipts_whenTheManagerDies_tellEachEndOnce() {
        var settings = World.Settings()
        (settings.receipts, settings.channels, settings.streams, settings.journal) = (true, true, true, true)
        (settings.breakLink, settings.killWorker, settings.killManager) = (10, 5, 10)
        play(1300..<1312, settings)
    }
    @Test func receipts_whenQueuesOverflowAndExpire_tellEachEndOnce() {
        var settings = World.Settings()
        (settings.receipts, settings.timeToLive, settings.maxPerClient, settings.vanish) = (true, 3_000, 4, 100)
        (settings.publish, settings.killManager, settings.journal) = (700, 5, true)
        play(1400..<1412, settings)
    }
    @Test func whenQueuesOverflowAndExpire_theGapIsTold() {
        var settings = World.Settings()
        (settings.timeToLive, settings.maxPerClient, settings.vanish, settings.publish) = (3_000, 4, 100, 700)
        settings.killManager = 0
        play(400..<412, settings)
    }
}
