import Base
import Engine
import Glibc
import Reactor
import TestSupport
import Testing

/// Replicas that must have a batch, and sentinels that make one of them the primary.
@Suite(.serialized) struct ReplicaTests {
    @Test func batches_waitForTheirReplicas() throws {
        let primary = try RedisServer()
        let replica = try RedisServer(RedisServer.Options(replicaOf: primary.port))
        try primary.waitForReplicas(1)
        let desk = try Desk(primary, replicas: 1)
        try desk.start()
        // On a busy machine a replica may be late for some.
        try desk.run(until: "many are told", seconds: 60) {
            let isFew = desk.sequence < UInt64(desk.appended.count + desk.refused.count + 50)
            if isFew, desk.engine.isUp { desk.append("safe") }
            return desk.appended.count >= 200
        }
        try desk.run(until: "all are told") { desk.appended.count + desk.refused.count == desk.sequence }
        #expect(desk.appendedOrder == desk.appendedOrder.sorted())

        replica.pause()
        defer { replica.resume() }
        let (first, refused) = (desk.sequence + 1, desk.refused.count)
        for _ in 0..<200 { desk.append("not safe") }
        try desk.run(until: "all are refused") { desk.refused.count == refused + 200 }
        let late = desk.refused[refused...]
        #expect(late.allSatisfy { $0.fault == .tooFewReplicas(wanted: 1, found: 0) })
        #expect(late.map(\.sequence) == Array(first..<first + 200) && desk.engine.isUp && desk.faults.isEmpty)

        let safe = desk.appended.count
        replica.resume()
        try desk.run(until: "one is safe again", seconds: 60) {
            let isAnswered = desk.appended.count + desk.refused.count == Int(desk.sequence)
            if isAnswered, desk.engine.isUp { desk.append("again") }
            return desk.appended.count > safe
        }
        #expect(desk.engine.takeFigures().bytesInFlight <= 1024)
    }

    @Test func failover_losesNothingThatWasSafe() throws {
        let primary = try RedisServer()
        let replica = try RedisServer(RedisServer.Options(replicaOf: primary.port))
        try primary.waitForReplicas(1)
        let sentinels = try Sentinels("main", watching: primary)
        let settings = EngineSettings(
            redis: RedisAddress(.tcp(Endpoint("127.0.0.1", 1))),
            sentinels: sentinels.ports.map { Endpoint("127.0.0.1", UInt16($0)) }, sentinelMaster: "main", name: "a",
            replicas: 1)
        let desk = Desk(settings)
        try desk.start()
        #expect(desk.joins[0].address == primary.address)
        try desk.run(until: "a load of batches", seconds: 60) {
            // On a busy machine the replica may be late for some.
            if desk.engine.isUp, desk.sequence < UInt64(desk.appended.count + desk.refused.count + 50) {
                desk.append("x")
            }
            return desk.appended.count > 300
        }
        let before = desk.appended
        primary.kill()
        try desk.run(until: "the replica is the server", seconds: 60) {
            desk.joins.last?.address == replica.address && desk.engine.isUp
        }
        let (old, new) = (desk.joins[0], try #require(desk.joins.last))
        #expect(new.life == old.life && !new.isNewLife)
        try desk.run(until: "all is read") { desk.head >= new.end }
        for (sequence, id) in before { #expect(desk.entries.contains { $0.sequence == sequence && $0.id == id }) }
        // There is no other replica now.
        let number = desk.append("alone")
        try desk.run(until: "it is refused") { desk.refused.contains { $0.sequence == number } }
        try desk.run(until: "it is read") { desk.entries.last?.sequence == number }
        #expect(desk.head > new.last + 60_000_000)
        expectChain(desk.entries)

        // One sentinel is enough to find the server, and none is a fault.
        sentinels.kill(0)
        sentinels.kill(1)
        let other = Desk(settings)
        try other.start()
        #expect(other.joins[0].address == replica.address)
        other.engine.stop()
        sentinels.kill(2)
        let third = Desk(settings)
        guard case .noSentinel(let reasons) = try third.fault() else { throw Failure("\(third.faults)") }
        #expect(reasons.contains("refused"))
    }

    @Test func unknownMaster_isSaid() throws {
        let primary = try RedisServer()
        let replica = try RedisServer(RedisServer.Options(replicaOf: primary.port))
        defer { replica.kill() }
        let sentinels = try Sentinels("main", watching: primary)
        let desk = Desk(
            EngineSettings(
                redis: RedisAddress(.tcp(Endpoint("127.0.0.1", 1))),
                sentinels: sentinels.ports.map { Endpoint("127.0.0.1", UInt16($0)) }, sentinelMaster: "mian", name: "a")
        )
        #expect(try desk.fault() == .unknownMaster("mian"))
    }
}
