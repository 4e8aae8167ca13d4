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

    @Test func emptiedRedis_isToldAgainWhatTheMachinesKnow() throws {
        let cluster = try ClusterFixture()
        try cluster.traffic.begin()
        try cluster.traffic.run(answers: 100)
        cluster.redis.kill()
        try cluster.redis.start()
        try cluster.traffic.run(answers: 100)
        try cluster.expectEvent("ENGINE_LOST", on: 0)
        try cluster.expectNothingLost(hasLostEntries: true)
    }
}
