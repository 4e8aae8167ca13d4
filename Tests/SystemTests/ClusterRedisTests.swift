import FreePorts
import Glibc
import TestSupport
import Testing

/// The Redis server of a cluster is there and does not do what it should. Apps and operators are told in words, clients
/// are held, and all goes on when it does.
@Suite(.serialized) struct ClusterRedisTests {
    /// Twenty seconds without an answer, by CLIENT PAUSE and by a server that is stopped: two clusters at once.
    @Test func pausedRedis_refusesPublishes_andHoldsClients() throws {
        let (told, stopped) = (try ClusterFixture(), try ClusterFixture())
        let clusters = [told, stopped]
        /// Both have their traffic until the condition holds for each.
        func run(until what: String, _ condition: (ClusterFixture) throws -> Bool) throws {
            try told.traffic.run(until: what, seconds: 90) {
                stopped.traffic.step()
                return try clusters.allSatisfy(condition)
            }
        }
        for cluster in clusters { try cluster.traffic.begin() }
        try run(until: "publishes are answered") { $0.traffic.answered.count > 50 }
        let pause = Deadline(seconds: 20)
        try told.redis.command("CLIENT", "PAUSE", "20000", "ALL")
        stopped.redis.pause()
        try run(until: "publishes are refused") {
            $0.traffic.refusals(with: "503 engine", machine: 0) > 0
                && $0.traffic.refusals(with: "503 engine", machine: 1) > 0
        }
        try run(until: "the reason is told") { $0.traffic.refusals(with: "does not answer") > 0 }
        try run(until: "load balancers are told") { cluster in
            try !cluster.isHealthy(0) && !cluster.isHealthy(1)
        }
        try run(until: "20 s have passed") { _ in pause.isOver }
        stopped.redis.resume()
        let answered = clusters.map(\.traffic.answered.count)
        try run(until: "publishes are answered again") { cluster in
            cluster.traffic.answered.count > (cluster === told ? answered[0] : answered[1]) + 100
        }
        for cluster in clusters {
            #expect(cluster.traffic.clientCuts == 0, "\(cluster.traffic)")
            for machine in [0, 1] {
                try cluster.traffic.run(until: "the workers are healthy") { try cluster.isHealthy(machine) }
            }
            try cluster.expectNothingLost()
        }
    }

    @Test func fullRedis_refusesPublishesInWords() throws {
        let cluster = try ClusterFixture()
        let traffic = cluster.traffic
        try traffic.begin()
        try traffic.run(answers: 50)
        try cluster.redis.command("CONFIG", "SET", "maxmemory", "1")
        try traffic.run(until: "publishes are refused") {
            traffic.refusals(with: "memory is full", machine: 0) > 5
                && traffic.refusals(with: "memory is full", machine: 1) > 5
        }
        try cluster.redis.command("CONFIG", "SET", "maxmemory", "0")
        try traffic.run(answers: 100)
        #expect(traffic.clientCuts == 0, "\(traffic)")
        try cluster.expectNothingLost()
    }

    @Test func redisThatCannotSave_refusesPublishesInWords() throws {
        let cluster = try ClusterFixture()
        let traffic = cluster.traffic
        try traffic.begin()
        try traffic.run(answers: 50)
        // A folder stands where its file is to be, so that it can't save, also as root.
        let folder = try #require(try cluster.redis.command("CONFIG", "GET", "dir").split(separator: "\n").last)
        #expect(mkdir("\(folder)/dump.rdb", 0o700) == 0)
        try cluster.redis.command("CONFIG", "SET", "save", "3600 1000000")
        try cluster.redis.command("BGSAVE")
        try traffic.run(until: "publishes are refused") {
            traffic.refusals(with: "can't save its data", machine: 0) > 5
                && traffic.refusals(with: "can't save its data", machine: 1) > 5
        }
        #expect(rmdir("\(folder)/dump.rdb") == 0)
        try traffic.run(until: "it has saved", every: 0.2) {
            try cluster.redis.command("BGSAVE")
            return try cluster.redis.command("INFO", "persistence").contains("rdb_last_bgsave_status:ok")
        }
        try traffic.run(answers: 100)
        #expect(traffic.clientCuts == 0, "\(traffic)")
        try cluster.expectNothingLost()
    }

    @Test func wrongPassword_isNamed_andNotWrittenAnywhere() throws {
        let redis = try RedisServer(RedisServer.Options(password: "right"))
        let cluster = try ClusterFixture(redis, machines: 1, address: { _ in "redis://:wrongsecret@\(redis.address)" })
        let words = "the user or password in cluster.redis is wrong"
        try cluster.expectEvent(words, on: 0)
        let appliance = cluster.appliances[0]
        let response = try eventually("a publish is refused with the reason") {
            let response = try appliance.app.post(Publisher.body("c", json: "1"))
            return response.body.contains(words) ? response : nil
        }
        #expect(response.status == 503 && response.errorCode == "engine", "\(response.body)")
        let output = try appliance.events() + (appliance.supervisor?.output ?? "")
        #expect(output.contains(words) && !output.contains("wrongsecret"))
    }

    @Test func failover_bySentinels_underLoad() throws {
        let primary = try RedisServer()
        let replica = try RedisServer(RedisServer.Options(replicaOf: primary.port))
        try primary.waitForReplicas(1)
        let sentinels = try Sentinels("megacomet", watching: primary)
        let list = sentinels.ports.map { "\"127.0.0.1:\($0)\"" }.joined(separator: ", ")
        let cluster = try ClusterFixture(
            primary, address: { _ in "redis://localhost/0" },
            cluster: "sentinels = [\(list)]\nsentinel_master = \"megacomet\"")
        let traffic = cluster.traffic
        try traffic.begin()
        try traffic.run(answers: 50)
        primary.kill()
        try traffic.run(until: "the sentinels name the replica", seconds: 60, every: 0.2) {
            try sentinels.primary(by: 0) == replica.port
        }
        try traffic.run(answers: 100, seconds: 60)
        #expect(traffic.clientCuts == 0, "\(traffic)")
        try cluster.expectNothingLost()
    }

    @Test func tooFewReplicas_areToldToApps() throws {
        let primary = try RedisServer()
        let replica = try RedisServer(RedisServer.Options(replicaOf: primary.port))
        try primary.waitForReplicas(1)
        let cluster = try ClusterFixture(primary, cluster: "replicas = 1")
        let traffic = cluster.traffic
        try traffic.begin()
        try traffic.run(answers: 50)
        replica.pause()
        try traffic.run(until: "publishes are not safe") {
            traffic.refusals(with: "503 engine_unsafe", machine: 0) > 2
                && traffic.refusals(with: "503 engine_unsafe", machine: 1) > 2
        }
        replica.resume()
        try traffic.run(answers: 100)
        #expect(traffic.clientCuts == 0, "\(traffic)")
        try cluster.expectNothingLost()
    }

    @Test func redisThatBecomesAReplica_isNamed_andNothingIsLost() throws {
        let cluster = try ClusterFixture()
        let traffic = cluster.traffic
        try traffic.begin()
        try traffic.run(answers: 50)
        let other = try RedisServer()
        try cluster.redis.command("REPLICAOF", "127.0.0.1", "\(other.port)")
        try cluster.expectEvent("is a replica, and takes no writes", on: 0)
        try cluster.expectEvent("is a replica, and takes no writes", on: 1)
        // It has taken over the other one's data, which are none.
        try cluster.redis.command("REPLICAOF", "NO", "ONE")
        try traffic.run(answers: 100)
        #expect(traffic.clientCuts == 0, "\(traffic)")
        try cluster.expectNothingLost()
    }
}
