import FreePorts
import Glibc
import TestSupport
import Testing

/// Two machines and their Redis server under traffic, while something breaks. Whatever it is: no answered message is
/// lost, none comes twice or out of order, and all clients go on afterwards.
@Suite(.serialized) struct ClusterFaultTests {
    @Test func killedRedis_isBackWithAllThatItHad() throws {
        let cluster = try ClusterFixture(keepsAll: true)
        try cluster.traffic.begin()
        try cluster.traffic.run(answers: 100)
        for _ in 0..<2 {
            cluster.redis.kill()
            try cluster.redis.start()
            try cluster.traffic.run(answers: 100)
        }
        try cluster.expectNothingLost()
    }

    @Test func machine_isKilledWhole_andItsClientsGoOnAtTheOther() throws {
        let cluster = try ClusterFixture(keepsAll: true)
        try cluster.traffic.begin()
        try cluster.traffic.run(answers: 100)
        try cluster.kill(0)
        try cluster.traffic.run(answers: 100)
        try cluster.start(0)
        try cluster.traffic.run(answers: 100)
        try cluster.expectNothingLost()
    }

    @Test func killedManager_isFollowedByOneThatKnowsAll() throws {
        let cluster = try ClusterFixture()
        try cluster.traffic.begin()
        try cluster.traffic.run(answers: 100)
        for machine in [0, 1] {
            end(try cluster.appliances[machine].pid("manager"), with: SIGKILL)
            try cluster.traffic.run(answers: 100)
        }
        try cluster.expectNothingLost()
    }

    /// The manager that has read the entries is gone, too. The next one has what they made.
    @Test func emptiedRedis_isToldWhatTheNextManagerKnows() throws {
        let cluster = try ClusterFixture(RedisServer(), machines: 1)
        try cluster.traffic.begin()
        try cluster.traffic.run(answers: 100)
        cluster.redis.kill()
        end(try cluster.appliances[0].pid("manager"), with: SIGKILL)
        try cluster.redis.start()
        try cluster.traffic.run(answers: 100)
        try cluster.expectEvent("the engine was emptied", on: 0)
        try cluster.expectNothingLost()
    }

    @Test func emptiedRedis_isToldAgainWhatTheMachinesKnow() throws {
        let cluster = try ClusterFixture(RedisServer(), machines: 3)
        try cluster.traffic.begin()
        try cluster.traffic.run(answers: 100)
        cluster.redis.kill()
        try cluster.redis.start()
        try cluster.traffic.run(answers: 100)
        // The machine that comes first may give all back.
        try cluster.expectEvent("ENGINE_LOST")
        try cluster.expectNothingLost()
    }

    @Test func rolling_onOneMachine_whileTheOtherServes() throws {
        let cluster = try ClusterFixture()
        try cluster.traffic.begin()
        try cluster.traffic.run(answers: 50)
        let appliance = cluster.appliances[0]
        let rolling = try Program("megacomet", ["rolling", "-c", appliance.configuration], in: appliance.folder)
        try cluster.traffic.run(until: "the workers are replaced", seconds: 60) { !rolling.isRunning }
        #expect(try rolling.waitForExit() == .exited(0), "\(rolling.output)")
        try cluster.traffic.run(answers: 50)
        try cluster.expectNothingLost()
    }
}
