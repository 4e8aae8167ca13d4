import Base
import CHiredis
import Engine
import TestSupport
import Testing

/// What is read from addresses and from servers' answers.
@Suite struct ParserTests {
    private func mistake(_ text: String) -> String? {
        do {
            _ = try RedisAddress.parse(text)
            return nil
        } catch { return error.description }
    }

    @Test func addresses_areRead() throws {
        func tcp(_ host: String, _ port: UInt16 = 6379) -> RedisAddress.Place { .tcp(Endpoint(host, port)) }
        let cases: [(String, RedisAddress)] = [
            ("redis://10.0.0.1", RedisAddress(tcp("10.0.0.1"))),
            ("redis://cache.internal:7000/", RedisAddress(tcp("cache.internal", 7000))),
            ("redis://[::1]/2", RedisAddress(tcp("::1"), database: 2)),
            ("redis://[2001:db8::7]:7000", RedisAddress(tcp("2001:db8::7", 7000))),
            ("redis://:pw@h", RedisAddress(tcp("h"), password: "pw")),
            ("redis://ann:p%40%2f%25:w@h:1/3", RedisAddress(tcp("h", 1), database: 3, user: "ann", password: "p@/%:w")),
            ("redis://:a@b/c@h", RedisAddress(tcp("h"), password: "a@b/c")),
            ("unix:///run/a@b.sock?db=1", RedisAddress(.unix("/run/a@b.sock"), database: 1)),
            ("unix://ann:pw@/s", RedisAddress(.unix("/s"), user: "ann", password: "pw")),
        ]
        for (text, address) in cases { #expect(try RedisAddress.parse(text) == address, "\(text)") }
        #expect(try RedisAddress.parse("redis://ann:pw@h:1/3").description == "redis://ann:***@h:1/3")
        #expect(try RedisAddress.parse("unix:///s?db=1").description == "unix:///s?db=1")
    }
    @Test func badAddresses_areRefusedInWords() {
        let cases = [
            ("", "must begin"), ("h:6379", "must begin"), ("http://h", "must begin"), ("rediss://h", "stunnel"),
            ("redis://", "no host"), ("redis:///1", "no host"), ("redis://::1", "brackets"),
            ("redis://h:", "no host"),
            ("redis://h:0", "no host"), ("redis://h:65536", "no host"), ("redis://h/x", "database"),
            ("redis://h/-1", "database"), ("redis://ann@h", "USER:PASSWORD"), ("redis://ann:@h", "empty"),
            ("redis://:%4@h", "hexadecimal"), ("redis://:%ff@h", "hexadecimal"), ("unix://", "whole path"),
            ("unix://run/s", "whole path"), ("unix:///s?x=1", "db="),
            ("unix:///" + String(repeating: "x", count: 200), "107"),
        ]
        for (text, words) in cases {
            #expect(mistake(text)?.contains(words) == true, "\(text): \(mistake(text) ?? "")")
        }
        #expect(mistake("redis://:secret@")?.contains("secret") == false)
    }

    /// Calls `body` with hiredis' reading of these bytes. False if they are no whole answer.
    private func read(_ bytes: [UInt8], _ body: (Reply) -> Void) -> Bool {
        let reader = redisReaderCreate()
        defer { redisReaderFree(reader) }
        let isFed = bytes.withUnsafeBytes {
            redisReaderFeed(reader, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        var answer: UnsafeMutableRawPointer?
        guard isFed == REDIS_OK, redisReaderGetReply(reader, &answer) == REDIS_OK, let answer else { return false }
        body(Reply(answer.assumingMemoryBound(to: redisReply.self)))
        freeReplyObject(answer)
        return true
    }
    private func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }
    private func array(_ elements: [String]) -> String { "*\(elements.count)\r\n" + elements.joined() }
    private func answer(
        id: String = "1700000000000000-0",
        fields: [String] = ["f", "a/1f/3", "t", "5", "n", "2", "p", "9", "r", "\0\r\n"]
    ) -> [UInt8] {
        let entry = array([bulk(id), array(fields.map(bulk))])
        return Array(array([array([bulk("x:log"), array([entry])])]).utf8)
    }

    @Test func entries_areRead() throws {
        var found: [EngineEntry] = []
        var records: [UInt8] = []
        let isRead = read(answer()) {
            found = (try? EntryParser.entries($0)) ?? []
            records = found.first.map { Array($0.records) } ?? []
        }
        let entry = try #require(found.first)
        #expect(isRead && entry.id == 1_700_000_000_000_000 && entry.count == 2 && entry.end == entry.id + 1)
        #expect(
            entry.previous == 9 && entry.time == 5 && entry.sender == "a" && entry.epoch == 0x1F && entry.sequence == 3)
        #expect(records == [0, 13, 10])
        var none: Int?
        #expect(read(Array("*-1\r\n".utf8)) { none = try? EntryParser.entries($0).count })
        #expect(none == 0)
    }
    @Test func strangeEntries_areRefused() {
        let good = ["f", "a/1f/3", "t", "5", "n", "2", "p", "9", "r", "x"]
        func with(_ place: Int, _ text: String) -> [String] {
            var fields = good
            fields[place] = text
            return fields
        }
        let strange =
            [answer(id: "5"), answer(id: "5-1"), answer(id: "0-0"), answer(id: "x-0"), answer(fields: [])]
            + [answer(fields: Array(good.dropLast(2))), answer(fields: with(0, "g")), answer(fields: with(5, "0"))]
            + ["", "a", "a/", "a/1", "/1/1", "a//1", "a/g/1", "a/1/x", "a/11112222333344445/1"].map {
                answer(fields: with(1, $0))
            } + [answer(fields: with(3, "-1")), answer(fields: with(7, ""))]
            + [":1\r\n", "+OK\r\n", "*0\r\n", "*1\r\n*0\r\n"].map { Array($0.utf8) }
        for bytes in strange {
            var isRefused = false
            let isRead = read(bytes) { reply in
                #expect(throws: EntryParser.Mistake.self) { try EntryParser.entries(reply) }
                isRefused = true
            }
            #expect(isRead && isRefused)
        }
    }
    @Test func mutatedEntries_crashNothing() {
        var random = SeededRandom(11)
        for _ in 0..<3000 {
            var bytes = answer()
            for _ in 0..<1 + random.below(3) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            _ = read(bytes) { _ = try? EntryParser.entries($0) }
        }
    }

    @Test func sentinelsVote() {
        let (one, two) = (Endpoint("10.0.0.1", 1), Endpoint("10.0.0.2", 1))
        func result(_ answers: [SentinelVote.Answer]) -> [Result<Endpoint, EngineFault>?] {
            var vote = SentinelVote(name: "m", count: answers.count)
            return answers.indices.map { vote.take(answers[$0], from: $0) }
        }
        #expect(result([.address(one), .address(one), .address(two)])[..<2] == [nil, .success(one)])
        #expect(result([.address(two), .address(one), .address(one)]).last == .success(one))
        #expect(result([.none("x"), .address(one), .none("y")]) == [nil, nil, .success(one)])
        #expect(result([.address(one), .address(two)]) == [nil, .success(one)])
        #expect(result([.unknown, .none("x")]) == [nil, .failure(.unknownMaster("m"))])
        #expect(result([.none("x"), .none("y")]) == [nil, .failure(.noSentinel(reasons: "x; y"))])
    }
    @Test func errors_haveTheirFaults() {
        func fault(_ text: String) -> EngineFault { EngineFault.answered(text, by: "h:1", replicas: 2) }
        #expect(fault("READONLY You can't write") == .notMaster("h:1", role: "replica"))
        #expect(fault("LOADING Redis is loading") == .loading && fault("LIFE x") == .lifeChanged)
        #expect(fault("OOM command not allowed") == .outOfMemory && fault("MOVED 1 h:2") == .shards)
        #expect(fault("MISCONF x") == .cannotSave("MISCONF x") && fault("ERR x") == .refused("ERR x"))
        for text in ["NOPERM x", "ERR The user executing the script can't run x", "ERR ACL failure in script: x"] {
            #expect(fault(text) == .noPermission(text))
        }
        #expect(fault("NOREPLICAS x") == .tooFewReplicas(wanted: 2, found: 0))
        #expect(fault("ERR AUTH <password> called without") == .wrongPassword("ERR AUTH <password> called without"))
        let ofOneBatch: [EngineFault] = [
            .outOfMemory, .cannotSave(""), .noPermission(""), .refused(""), .tooFewReplicas(wanted: 1, found: 0),
        ]
        #expect(ofOneBatch.allSatisfy(\.isOfOneBatch) && !EngineFault.lifeChanged.isOfOneBatch)
        #expect("\(EngineFault.tooOld(ServerVersion(6, 2, 1)))".contains("6.2.1, and MegaComet needs Redis 7.0.0"))
    }
}
