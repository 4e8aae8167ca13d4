import Base
import Engine
import Glibc
import Reactor
import TestSupport
import Testing

/// One machine and two with one real server.
@Suite struct EngineTests {
    @Test func batches_areReadBack_inTheirOrder() throws {
        let server = try RedisServer()
        let desk = try Desk(server)
        try desk.start()
        let join = try #require(desk.joins.first)
        #expect(join.isNewLife && join.end == 0 && !join.lacksBeginning && join.last + 1 == join.first)
        #expect(join.version >= EngineBounds.oldestVersion && join.address == server.address)
        let now = Clock.wallMicroseconds
        #expect(join.first > now - 60_000_000 && join.first < now + 60_000_000)

        let texts = (0..<100).map { "\u{0}record \($0)\r\n" }
        for (place, text) in texts.enumerated() { desk.append(text, ids: 1 + place % 3) }
        try desk.run(until: "all are read and told") { desk.entries.count == 100 && desk.appended.count == 100 }
        #expect(desk.entries.map { String(decoding: $0.records, as: UTF8.self) } == texts)
        #expect(desk.entries.map(\.sequence) == Array(1...100) && desk.appendedOrder == Array(1...100))
        #expect(desk.entries.allSatisfy { $0.sender == "a" && $0.epoch == 1 && desk.appended[$0.sequence] == $0.id })
        #expect(desk.entries.map(\.count) == (0..<100).map { UInt64(1 + $0 % 3) })
        #expect(desk.entries[0].previous == 0 && desk.entries[0].id >= join.first)
        expectChain(desk.entries)
        #expect(desk.faults.isEmpty && desk.refused.isEmpty)
        #expect(desk.engine.takeFigures().bytesInFlight == 0)

        // All keys have a time to live.
        for key in ["log", "life"] {
            let rest = Int(try server.command("PTTL", "megacomet:\(key)").dropLast()) ?? 0
            #expect(rest > 8 * 86_400_000 - 600_000 && rest <= 8 * 86_400_000)
        }
    }

    @Test func secondJoin_knowsWhereTheLogIs() throws {
        let server = try RedisServer()
        var desk = try Desk(server)
        try desk.start()
        for number in 0..<10 { desk.append("\(number)", ids: 5) }
        try desk.run(until: "all are read") { desk.entries.count == 10 }
        let (first, entries) = (desk.joins[0], desk.entries)
        desk.engine.stop()

        desk = try Desk(server, epoch: 2)
        try desk.start(head: entries[6].end)
        let join = desk.joins[0]
        #expect(!join.isNewLife && join.life == first.life && join.first == first.first)
        #expect(join.end == entries[9].end && join.last == join.end && !join.isBehind)
        try desk.run(until: "the rest is read") { desk.entries.count == 3 }
        #expect(desk.entries == Array(entries[7...]))
    }

    @Test func ids_areAboveTheClock_andAboveAllThatWasSeen() throws {
        let server = try RedisServer()
        let far = Clock.wallMicroseconds + 3600_000_000
        var desk = try Desk(server)
        try desk.start(head: far)
        // Others may have seen more than the machine that begins the life, and those that come late, too.
        let first = far + 120_000_001
        #expect(desk.joins[0].first == far + 60_000_001)
        desk.append("x", ids: 10)
        try desk.run(until: "it is told") { desk.appended[1] != nil }
        #expect(try #require(desk.appended[1]) == first)

        // A machine that has seen more moves the floor for all.
        desk = try Desk(server, name: "b")
        try desk.start(head: first + 1000)
        #expect(desk.joins[0].last == first + 9 && desk.joins[0].end == first + 9 && desk.joins[0].isBehind)
        desk.append("y")
        try desk.run(until: "it is told") { desk.appended[1] != nil }
        #expect(desk.appended[1] == first + 1001)
    }

    @Test func twoMachines_readTheSame() throws {
        let server = try RedisServer()
        let (one, two) = (try Desk(server, name: "one"), try Desk(server, name: "two", epoch: .max))
        try one.start()
        try two.start()
        #expect(two.joins[0].life == one.joins[0].life && !two.joins[0].isNewLife)
        for round in 0..<20 {
            one.append("one \(round)", ids: 2)
            two.append("two \(round)", ids: 7)
            try one.run(until: "its own is told") { one.appended.count == round + 1 }
            try two.run(until: "its own is told") { two.appended.count == round + 1 }
        }
        try one.run(until: "all are read") { one.entries.count == 40 }
        try two.run(until: "all are read") { two.entries.count == 40 }
        #expect(one.entries == two.entries)
        expectChain(one.entries)
        #expect(one.entries.filter { $0.sender == "two" && $0.epoch == .max }.map(\.sequence) == Array(1...20))
    }

    @Test func forgottenScripts_areLoadedAgain_andTheOrderStays() throws {
        let server = try RedisServer()
        let desk = try Desk(server)
        try desk.start()
        for round in 0..<5 {
            try server.command("SCRIPT", "FLUSH")
            for number in 0..<50 { desk.append("\(round) \(number)") }
            try desk.run(until: "all are told") { desk.appended.count == 50 * (round + 1) }
        }
        try desk.run(until: "all are read") { desk.entries.count == 250 }
        #expect(desk.entries.map(\.sequence) == Array(1...250) && desk.faults.isEmpty && desk.refused.isEmpty)
        expectChain(desk.entries)
    }

    @Test func emptiedStore_isAnotherLife_withWhatWasRead() throws {
        let server = try RedisServer()
        let desk = try Desk(server)
        try desk.start()
        for _ in 0..<3 { desk.append("before") }
        try desk.run(until: "they are read") { desk.entries.count == 3 }
        try server.command("FLUSHALL")
        desk.append("lost")
        try desk.run(until: "it joins anew") { desk.joins.count == 2 }
        #expect(desk.faults == [.lifeChanged] && desk.appended.count == 3 && desk.refused.isEmpty)
        let (old, new, read) = (desk.joins[0], desk.joins[1], desk.entries)
        #expect(new.isNewLife && new.life != old.life && new.first == old.first && new.end == read[2].end)
        #expect(new.givenBack == 3 && !new.isBehind && !new.lacksBeginning)
        desk.append("after")
        try desk.run(until: "it is read") { desk.entries.count == 4 }
        #expect(desk.entries[3].records == Array("after".utf8) && desk.entries[3].id > new.last + 60_000_000)
        expectChain(desk.entries)
        desk.engine.stop()

        let other = try Desk(server, name: "b")
        try other.start()
        try other.run(until: "all are read") { other.entries.count == 4 }
        #expect(other.entries == desk.entries)
    }

    @Test func machinesGiveBack_whatTheStoreHasLost() throws {
        let server = try RedisServer()
        let (one, two) = (try Desk(server, name: "one"), try Desk(server, name: "two"))
        try one.start()
        try two.start()
        let texts = (0..<30).map { "\($0)" }
        for text in texts { one.append(text, ids: 3) }
        try one.run(until: "all are read") { one.entries.count == 30 }
        try two.run(until: "all are read") { two.entries.count == 30 }
        two.engine.stop()
        one.append("for one alone")
        try one.run(until: "it is read") { one.entries.count == 31 }
        let all = one.entries
        // As a replica that was behind takes over: another run, without the newest.
        for entry in all[20...] { try server.command("XDEL", "megacomet:log", "\(entry.id)-0") }
        try server.command("HDEL", "megacomet:life", "begun")
        try server.command("HSET", "megacomet:life", "run", "another", "end", "\(all[19].end)")
        try server.command("XSETID", "megacomet:log", "\(all[19].id)-0")
        try server.command("CLIENT", "KILL", "TYPE", "normal")
        // The one that comes first has less than the other one.
        two.engine.start(head: two.head)
        try one.run(until: "both have joined") {
            two.turn()
            return two.joins.count == 2 && one.joins.count == 2
        }
        try two.run(until: "all are read") { two.entries.count == 31 }
        #expect(two.entries == all && one.joins[1].givenBack + two.joins[1].givenBack >= 11)
        #expect(!one.joins[1].isBehind && !two.joins[1].isBehind && one.joins[1].life == one.joins[0].life)
        one.append("after")
        try one.run(until: "it is read") { one.entries.count == 32 }
        expectChain(one.entries)
    }

    /// A machine that comes too late is told that the store lacks what it has read.
    @Test func machineThatComesLate_isBehind() throws {
        let server = try RedisServer()
        let (one, two) = (try Desk(server, name: "one"), try Desk(server, name: "two"))
        try one.start()
        try two.start()
        one.append("for both")
        try one.run(until: "it is read") { one.entries.count == 1 }
        two.append("lost")
        try two.run(until: "it is read") { two.entries.count == 2 }
        one.engine.stop()
        two.engine.stop()
        let lost = two.entries[1]
        try server.command("XDEL", "megacomet:log", "\(lost.id)-0")
        try server.command("HDEL", "megacomet:life", "begun")
        try server.command("HSET", "megacomet:life", "run", "another", "end", "\(lost.previous)")
        try server.command("XSETID", "megacomet:log", "\(lost.previous)-0")
        one.engine.start(head: lost.previous)
        try one.run(until: "the other one has not come") { one.joins.count == 2 }
        one.append("meanwhile")
        try one.run(until: "it is told") { one.appended[2] != nil }
        two.engine.start(head: two.head)
        try two.run(until: "it has come") { two.joins.count == 2 }
        #expect(two.joins[1].isBehind && two.joins[1].givenBack == 0 && !one.joins[1].isBehind)
    }

    @Test func lostLife_takesTheRestOfItsLogAlong() throws {
        let server = try RedisServer()
        var desk = try Desk(server)
        try desk.start()
        for _ in 0..<3 { desk.append("old", ids: 1_000_000_000) }
        try desk.run(until: "they are read") { desk.entries.count == 3 }
        let old = desk.entries
        try server.command("DEL", "megacomet:life")
        desk = try Desk(server)
        try desk.start()
        #expect(desk.joins[0].isNewLife && desk.joins[0].end == 0 && desk.joins[0].first > old[2].end)
        #expect(try server.command("XLEN", "megacomet:log") == "0\n")
    }

    @Test func trim_keepsWhatIsNewer_andKeeperIsOne() throws {
        let server = try RedisServer(RedisServer.Options(words: ["--stream-node-max-entries", "10"]))
        let (one, two) = (try Desk(server, name: "one"), try Desk(server, name: "two"))
        try one.start()
        try two.start()
        for _ in 0..<500 { one.append("x") }
        try one.run(until: "all are read") { one.entries.count == 500 }
        one.engine.trim(upTo: one.entries[400].id)
        var length = 500
        try one.run(until: "the old ones are gone") {
            length = Int((try? server.command("XLEN", "megacomet:log").dropLast()) ?? "") ?? 0
            return length < 112
        }
        #expect(length >= 100)

        var has: [Bool] = []
        one.engine.takeKeeper { has.append($0) }
        try one.run(until: "the keeper is known") { has.count == 1 }
        two.engine.takeKeeper { has.append($0) }
        try two.run(until: "it is taken") { has.count == 2 }
        one.engine.takeKeeper { has.append($0) }
        try one.run(until: "it is renewed") { has.count == 3 }
        #expect(has == [true, false, true])
        try server.command("DEL", "megacomet:keeper")
        two.engine.takeKeeper { has.append($0) }
        try two.run(until: "it changes hands") { has.count == 4 }
        #expect(has[3])
    }

    @Test func largeBatches_areReadInParts() throws {
        let server = try RedisServer()
        let desk = try Desk(server)
        try desk.start()
        let text = String(repeating: "0123456789abcdef", count: 8192)
        var isFullSeen = false
        for _ in 0..<300 {
            desk.append(text)
            if desk.engine.isFull {
                isFullSeen = true
                try desk.run(until: "there is room again") { !desk.engine.isFull }
            }
        }
        try desk.run(until: "all are read", seconds: 60) { desk.entries.count == 300 }
        #expect(isFullSeen, "39 MB are more than may be under way")
        #expect(desk.entries.allSatisfy { $0.records.count == text.utf8.count })
        expectChain(desk.entries)
    }
}
