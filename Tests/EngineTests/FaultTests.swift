import Base
import Engine
import Glibc
import Reactor
import TestSupport
import Testing

/// Servers that can't be used, or not now, and what is said of them.
@Suite struct FaultTests {
    @Test func nobodyThere_isSaid_andTriedAgain() throws {
        let server = try RedisServer()
        server.kill()
        let desk = try Desk(server)
        guard case .unreachable(server.address, let reason) = try desk.fault() else {
            throw Failure("\(desk.faults)")
        }
        #expect(reason.contains("refused"))
        try server.start()
        try desk.run(until: "it is there") { desk.engine.isUp }
        #expect(desk.faults.count == 1, "the same reason is told once")
        #expect(desk.told.count == 2 && desk.told[1].hasPrefix("info RECOVERED the engine is there: Redis "))
    }

    @Test func unknownName_isSaid() throws {
        let address = try RedisAddress.parse("redis://no-such-host.invalid:6379")
        let desk = Desk(EngineSettings(redis: address, name: "a"))
        guard case .unreachable("no-such-host.invalid:6379", _) = try desk.fault() else {
            throw Failure("\(desk.faults)")
        }
    }

    @Test func passwords_areGiven_andWrongOnesSaid() throws {
        let server = try RedisServer(RedisServer.Options(password: "sesame"))
        let desk = try Desk(server)
        try desk.start()
        desk.append("x")
        try desk.run(until: "it is read") { desk.entries.count == 1 }

        for signIn in ["", ":wrong@", "nobody:sesame@"] {
            let other = Desk(
                EngineSettings(redis: try RedisAddress.parse("redis://\(signIn)\(server.address)"), name: "b"))
            guard case .wrongPassword(let text) = try other.fault() else { throw Failure("\(other.faults)") }
            #expect(text.hasPrefix(signIn.isEmpty ? "NOAUTH" : "WRONGPASS"))
            #expect(!other.told.joined().contains("sesame"))
        }
    }

    @Test func userWithoutRights_isSaid() throws {
        let server = try RedisServer()
        try server.command("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@read", "+auth", "+info", "+role")
        let address = try RedisAddress.parse("redis://reader:pw@\(server.address)")
        let desk = Desk(EngineSettings(redis: address, name: "a"))
        guard case .noPermission = try desk.fault() else { throw Failure("\(desk.faults)") }
    }

    @Test func replica_isNoServerToWriteTo() throws {
        let primary = try RedisServer()
        let replica = try RedisServer(RedisServer.Options(replicaOf: primary.port))
        try primary.waitForReplicas(1)
        #expect(try Desk(replica).fault() == .notMaster(replica.address, role: "replica"))

        // One that becomes a replica is left at once.
        let desk = try Desk(primary)
        try desk.start()
        try replica.command("REPLICAOF", "NO", "ONE")
        try primary.command("REPLICAOF", "127.0.0.1", "\(replica.port)")
        try desk.run(until: "it is told") { !desk.faults.isEmpty }
        #expect(desk.faults.allSatisfy { $0 == .notMaster(primary.address, role: "replica") || $0 == .loading })
    }

    @Test func socketsAndDatabases_areServers() throws {
        let server = try RedisServer(RedisServer.Options(hasSocket: true))
        let address = try RedisAddress.parse("unix://\(server.socketPath)?db=3")
        let desk = Desk(EngineSettings(redis: address, prefix: "other", name: "a"))
        try desk.start()
        desk.append("x")
        try desk.run(until: "it is read") { desk.entries.count == 1 }
        #expect(
            try server.command("-n", "3", "KEYS", "*").split(separator: "\n").sorted() == ["other:life", "other:log"])
        let none = Desk(
            EngineSettings(redis: try RedisAddress.parse("unix://\(server.socketPath).none"), name: "a"))
        guard case .unreachable(_, let reason) = try none.fault() else { throw Failure("\(none.faults)") }
        #expect(reason.contains("No such file"))
    }

    @Test func fullServer_refusesInWords_andGoesOnWhenThereIsRoom() throws {
        let server = try RedisServer(RedisServer.Options(memory: 8 << 20))
        let desk = try Desk(server)
        try desk.start()
        let text = String(repeating: "x", count: 100_000)
        while desk.refused.isEmpty {
            let number = desk.append(text)
            try desk.run(until: "an answer") { desk.appended[number] != nil || !desk.refused.isEmpty }
        }
        #expect(desk.refused[0].fault == .outOfMemory && desk.faults.isEmpty && desk.engine.isUp)

        // A machine that comes now joins nevertheless, and can take the lease and make room.
        let other = try Desk(server, name: "b")
        try other.start(head: desk.head)
        var has: Bool?
        other.engine.takeKeeper { has = $0 }
        try other.run(until: "the keeper is known") { has != nil }
        #expect(has == true && other.faults.isEmpty)
        other.engine.trim(upTo: .max >> 2)
        try other.run(until: "there is room") { (try? server.command("XLEN", "megacomet:log")) == "0\n" }
        let number = desk.append("again")
        try desk.run(until: "it is told") { desk.appended[number] != nil }
        let refused = Set(desk.refused.map(\.sequence))
        try desk.run(until: "all that was told is read") { desk.entries.last?.sequence == number }
        #expect(desk.entries.allSatisfy { !refused.contains($0.sequence) })
    }

    @Test func serverThatEvicts_isWarnedOf() throws {
        let server = try RedisServer(RedisServer.Options(words: ["--maxmemory-policy", "allkeys-lru"]))
        let desk = try Desk(server)
        try desk.start()
        #expect(desk.told.contains { $0.hasPrefix("warning ENGINE") && $0.contains("allkeys-lru") })
    }

    @Test func serverThatStandsStill_isAway_andNothingIsLost() throws {
        let server = try RedisServer()
        let desk = try Desk(server)
        try desk.start()
        for _ in 0..<10 { desk.append("before") }
        // The answers come on another connection than the entries.
        try desk.run(until: "they are read and answered") { desk.entries.count == 10 && desk.appended.count == 10 }
        server.pause()
        defer { server.resume() }
        for _ in 0..<10 { desk.append("meanwhile") }
        try desk.run(until: "it is away") { !desk.faults.isEmpty }
        guard case .timeout(server.address, _) = desk.faults[0] else { throw Failure("\(desk.faults)") }
        #expect(desk.appended.count == 10)
        server.resume()
        try desk.run(until: "it is up") { desk.joins.count == 2 && desk.engine.isUp }
        // What had reached the server's socket was taken after all: reading tells, by sender and number.
        try desk.run(until: "they are read") { desk.entries.count == 20 }
        #expect(desk.entries.map(\.sequence) == Array(1...20) && desk.joins[1].life == desk.joins[0].life)
        desk.append("after")
        try desk.run(until: "it is read") { desk.entries.count == 21 && desk.appended[21] != nil }
        expectChain(desk.entries)
    }

    @Test func killedServer_comesBackWithAllThatWasTold() throws {
        let server = try RedisServer(RedisServer.Options(keepsAll: true))
        let desk = try Desk(server)
        try desk.start()
        for round in 0..<3 {
            for _ in 0..<50 { desk.append("x") }
            try desk.run(until: "some are told") { desk.appended.count > 10 * (round + 1) }
            server.kill()
            try desk.run(until: "it is away") { desk.faults.count > round || !desk.engine.isUp }
            try server.start()
            try desk.run(until: "it is up") { desk.engine.isUp && desk.joins.count == round + 2 }
            let join = desk.joins[round + 1]
            try desk.run(until: "all is read") { desk.head == join.end }
            #expect(join.life == desk.joins[0].life && !join.isNewLife)
        }
        // The first id of another run of the server is a minute further on.
        let before = desk.head
        let number = desk.append("after")
        try desk.run(until: "it is read") { desk.entries.last?.sequence == number }
        #expect(desk.head > before + 60_000_000)
        for (sequence, id) in desk.appended {
            #expect(desk.entries.filter { $0.sequence == sequence }.map(\.id) == [id])
        }
        #expect(Set(desk.entries.map(\.sequence)).count == desk.entries.count)
        expectChain(desk.entries)
    }

    @Test func cutConnections_appendEachBatchOnce_orTellIt() throws {
        let server = try RedisServer()
        let desk = try Desk(server)
        try desk.start()
        var random = SeededRandom(7)
        for _ in 0..<40 {
            let (before, count) = (desk.appended.count, 1 + random.below(200))
            for _ in 0..<count { desk.append("x") }
            let wanted = before + random.below(count)
            try desk.run(until: "some are told") { desk.appended.count >= wanted || !desk.engine.isUp }
            try server.command("CLIENT", "KILL", "TYPE", "normal")
            try desk.run(until: "the loss is seen") { !desk.engine.isUp }
            try desk.run(until: "it is up") { desk.engine.isUp }
        }
        let last = desk.append("the last")
        try desk.run(until: "all is read") { desk.entries.last?.sequence == last && desk.appended[last] != nil }
        #expect(Set(desk.entries.map(\.sequence)).count == desk.entries.count, "a batch is in the stream once")
        #expect(desk.entries.map(\.sequence) == desk.entries.map(\.sequence).sorted())
        let ids = Dictionary(uniqueKeysWithValues: desk.entries.map { ($0.sequence, $0.id) })
        for (sequence, id) in desk.appended { #expect(ids[sequence] == id) }
        #expect(desk.appended.count > 500 && desk.refused.isEmpty && desk.engine.takeFigures().losses == 40)
        expectChain(desk.entries)
    }
}
