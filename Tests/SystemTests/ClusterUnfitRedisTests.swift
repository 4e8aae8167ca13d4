import FreePorts
import Glibc
import TestSupport
import Testing

/// A Redis server that answers and is not one that MegaComet can use. Operators, apps and load balancers are told why,
/// in words, and the machine goes on by itself when the server is another one.
@Suite(.serialized) struct ClusterUnfitRedisTests {
    /// A publish is refused with these words, and an event and the health of the machine say so, too.
    private static func expectRefused(_ cluster: ClusterFixture, _ words: String) throws {
        let appliance = cluster.appliances[0]
        try cluster.expectEvent(words, on: 0)
        let response = try eventually("a publish is refused with the reason") {
            let response = try appliance.app.post(Publisher.body("c1", json: "1"))
            return response.body.contains(words) ? response : nil
        }
        #expect(response.status == 503 && response.errorCode == "engine", "\(response.body)")
        try eventually("the machine says so") {
            let engine = try ClusterFixture.engine(of: appliance)
            return engine?["up"]?.bool == false && engine?["why"]?.string?.contains(words) == true
        }
        #expect(try !cluster.isHealthy(0))
    }
    /// The machine publishes and delivers.
    private static func expectServing(_ cluster: ClusterFixture) throws {
        let appliance = cluster.appliances[0]
        try eventually("a publish is taken", seconds: 60) {
            try appliance.app.post(Publisher.body("c1", json: "2")).status == 202
        }
        let poller = appliance.poller("c1", cursor: 0)
        try eventually("clients are served", seconds: 60) { try cluster.isHealthy(0) }
        #expect(try poller.collect(1).map(\.data.int) == [2])
    }

    /// Its servers have only some of the keys each.
    @Test func redisCluster_isRefused_andAnotherServerAtItsPlaceIsTaken() throws {
        // Otherwise the port for others of the cluster is 10,000 above its own, and may be anybody's.
        let options = ["--cluster-enabled", "yes", "--cluster-port", "\(try Ports.free())"]
        let redis = try RedisServer(RedisServer.Options(words: options))
        try redis.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        try eventually("it serves all its keys") { try redis.command("SET", "x", "1") == "OK\n" }
        let cluster = try ClusterFixture(redis, machines: 1, clients: [])
        try Self.expectRefused(cluster, "the server is a part of a Redis Cluster")
        redis.kill()
        try redis.start(["--cluster-enabled", "no"])
        try Self.expectServing(cluster)
    }
}
