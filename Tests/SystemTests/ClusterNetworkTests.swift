import FreePorts
import Glibc
import TestSupport
import Testing

/// The network between machines and their Redis server.
@Suite(.serialized) struct ClusterNetworkTests {
    @Test func slowNetwork_isSlow_andNothingElse() throws {
        let redis = try RedisServer()
        let relay = try RedisRelay(to: redis, delaySeconds: 0.1)
        let cluster = try ClusterFixture(redis, address: { _ in relay.address })
        try cluster.traffic.begin()
        try cluster.traffic.run(answers: 40)
        #expect(cluster.traffic.refusals == [[:], [:]], "\(cluster.traffic)")
        try cluster.expectNothingLost()
    }

    @Test func machineWithoutRedis_holdsItsClients_andTheOtherGoesOn() throws {
        let redis = try RedisServer()
        let relay = try RedisRelay(to: redis)
        let cluster = try ClusterFixture(redis, address: { $0 == 0 ? relay.address : nil })
        let traffic = cluster.traffic
        try traffic.begin()
        try traffic.run(answers: 50)
        relay.stop()
        try traffic.run(until: "publishes at the one are refused") {
            traffic.refusals(with: "503 engine", machine: 0) > 2
        }
        try traffic.run(answers: 50)
        #expect(traffic.refusals[1].isEmpty && traffic.clientCuts == 0, "\(traffic)")
        relay.goOn()
        try traffic.run(answers: 50)
        try cluster.expectNothingLost()
    }

    /// A machine whose connection ended does not know whether its last entries have arrived, so it sends them again. If
    /// they come after that, they are not there twice.
    @Test func entryThatComesLate_isNotThereTwice() throws {
        let redis = try RedisServer()
        let relay = try RedisRelay(to: redis)
        let cluster = try ClusterFixture(redis, address: { $0 == 0 ? relay.address : nil })
        let traffic = cluster.traffic
        try traffic.begin()
        for _ in 0..<3 {
            try traffic.run(answers: 30)
            try relay.hold()
            let answered = traffic.answered.count
            // Those of the machine behind the relay are on their way now.
            try traffic.run(until: "others are answered") { traffic.answered.count > answered + 20 }
            try relay.cut()
            try traffic.run(answers: 30)
            try relay.letGo()
        }
        try traffic.run(answers: 30)
        try cluster.expectNothingLost()
    }
}
