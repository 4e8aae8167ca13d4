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

    /// One machine alone has read what Redis then loses, and it comes too late to give it back. Nobody gets that
    /// message, so clients are told of a gap, at all machines.
    @Test func lossOfWhatALateMachineHad_isToldToClients() throws {
        let redis = try RedisServer()
        let relays = try (0..<2).map { _ in try RedisRelay(to: redis) }
        let cluster = try ClusterFixture(redis, clients: [], address: { relays[$0].address })
        let (late, other) = (cluster.appliances[0], cluster.appliances[1])
        func publish(_ text: String, at appliance: Appliance) throws -> Int {
            try eventually("a publish is taken", seconds: 60) {
                // One that was refused since Redis did not answer may have been taken all the same.
                let body = "{\"client\":\"c1\",\"message\":\(quoted(text)),\"ttl\":600,\"once\":\(quoted(text))}"
                let response = try appliance.app.post(body)
                return response.status == 202 ? try response.json()["id"]?.int : nil
            }
        }
        let known = try publish("known", at: late)
        try eventually("the other machine has it") { try other.app.presence("c1").queued == 1 }
        // What a machine tells of the engine may be a second old.
        try cluster.waitUntilJoined()
        // It has closed its connections, so what the relay still has in them does not come to it.
        relays[1].stop()
        try eventually("it says that the engine is away", seconds: 60) {
            try ClusterFixture.engine(of: other)?["up"]?.bool == false
        }
        _ = try publish("lost", at: late)
        relays[0].stop()
        redis.kill()
        try redis.start()
        relays[1].goOn()
        _ = try publish("later", at: other)
        relays[0].goOn()
        try cluster.expectEvent("the engine has lost what only this machine had", on: 0)
        try cluster.expectEvent("RESYNC", on: 0)
        for appliance in [other, late] {
            let poller = appliance.poller("c1", cursor: known)
            var (texts, hasGap) = ([String](), false)
            try eventually("a client is told of the gap, and gets what came later", seconds: 60) {
                let envelope = try poller.poll()
                texts += envelope.texts
                hasGap = hasGap || envelope.gap
                return hasGap && !texts.isEmpty
            }
            #expect(texts == ["later"])
        }
    }
}
