import TestSupport
import Testing

/// A machine that was alone comes to a cluster with a queue of its own.
@Suite(.serialized) struct ClusterJoiningTests {
    /// Gives an appliance that runs a cluster, as an operator does.
    private func join(_ appliance: Appliance, _ redis: RedisServer, _ name: String) throws {
        let text = contents(ofFile: appliance.configuration)
        let section = "\n[cluster]\nredis = \"redis://\(redis.address)\"\nname = \"\(name)\"\n"
        _ = try appliance.folder.write("megacomet.toml", text + section)
        #expect(try appliance.command("reload").end == .exited(0))
        _ = try appliance.command("restart", "manager")
    }
    private func waiting(_ client: String, on appliance: Appliance) throws -> Int? {
        let answer = try HTTP.request("GET", "/clients/\(client)", port: appliance.appPort)
        return answer.status == 200 ? try answer.json()["queued"]?.int : nil
    }
    private func startAlone() throws -> Appliance {
        var settings = SupervisionDeathTests.quick
        settings["queue"] = "ttl = 3600"
        return try Appliance(workers: 1, settings)
    }

    @Test func firstMachine_bringsItsQueueAlong() throws {
        let redis = try RedisServer()
        let first = try startAlone()
        try first.app.publish("ann", "from before")
        try join(first, redis, "a")
        try eventually("it is in the cluster", seconds: 60) { try first.events().contains("was alone before") }
        #expect(try !first.events().contains("ENGINE_LOST"))
        try ClusterFixture.waitUntilJoined(first)
        #expect(try waiting("ann", on: first) == 1)
        var settings = SupervisionDeathTests.quick
        settings["queue"] = "ttl = 3600"
        settings["cluster"] = "redis = \"redis://\(redis.address)\"\nname = \"b\""
        let second = try Appliance(workers: 1, settings)
        try eventually("the second machine has it", seconds: 60) { try waiting("ann", on: second) == 1 }
    }

    @Test func laterMachine_givesItsQueueUp_andKnowsTheClusters() throws {
        let redis = try RedisServer()
        var settings = SupervisionDeathTests.quick
        settings["queue"] = "ttl = 3600"
        settings["cluster"] = "redis = \"redis://\(redis.address)\"\nname = \"a\""
        let first = try Appliance(workers: 1, settings)
        try ClusterFixture.waitUntilJoined(first)
        #expect(try first.app.publish("ann", "of the cluster").status == "queued")
        let later = try startAlone()
        try later.app.publish("bob", "of the machine")
        try join(later, redis, "b")
        // Its manager ends after this event, with the connections that it has accepted by then.
        try eventually("an event says that it begins anew", seconds: 60) { try later.events().contains("RESYNC") }
        try eventually("it knows what is in the cluster", seconds: 60) { try waiting("ann", on: later) == 1 }
        #expect(try waiting("bob", on: later) == 0 && waiting("bob", on: first) == 0)
    }
}
