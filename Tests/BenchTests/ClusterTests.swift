import TestSupport
import Testing

@testable import megabench

/// Small runs of `megabench cluster` with the real programs and a real Redis: what is published at one machine comes to
/// the clients of the other, once.
@Suite(.serialized) struct ClusterTests {
    /// The measurements of a run, and at last its table. The run fails if something was not right.
    private func run(_ words: String) throws -> [JSON] {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        let common = "cluster --runs 1 --clients 200 --seconds 0.3 --rate 500 --json "
        let program = try Program(
            "megabench", (common + words).split(separator: " ").map(String.init), in: folder, keepsErrorsApart: true)
        let end = try program.waitForExit(seconds: 180)
        guard end == .exited(0) else { throw Failure("megabench cluster \(words): \(end)\n\(program.errors)") }
        return try program.output.split(separator: "\n").map { try JSON.parse(String($0)) }
    }

    private func expectDelivery(_ measurements: some Collection<JSON>, _ scenarios: [String]) {
        #expect(measurements.map { $0["scenario"]?.string } == scenarios)
        for measurement in measurements {
            #expect(measurement["numbers"]?["messages_measured"]?.int ?? 0 > 0)
            #expect(measurement["numbers"]?["lost"]?.int == 0)
            #expect(measurement["complaints"]?.array?.isEmpty == true)
        }
    }

    @Test(arguments: ["limit", "megacomet"]) func oneMachine_deliversWithoutRedis(server: String) throws {
        let lines = try run("--machines 1 --servers \(server)")
        expectDelivery(lines.dropLast(), ["steady", "unicast"])
        #expect(lines.last?.array?.count == 4)
        #expect(lines.allSatisfy { $0["numbers"]?["redis_cpu_us_per_message"] == nil })
    }

    @Test(.enabled(if: Server.hasNchan), arguments: ["json", "events"])
    func twoMachinesOfNchan_deliverThroughRedis(form: String) throws {
        let lines = try run("--machines 2 --servers nchan --form \(form)")
        expectDelivery(lines.dropFirst().dropLast(), ["steady cluster", "unicast cluster"])
        #expect(lines.dropFirst().dropLast().allSatisfy { $0["numbers"]?["redis_cpu_us_per_message"]?.double ?? 0 > 0 })
    }

    @Test(arguments: ["json", "events", "ws"]) func twoMachines_deliverThroughRedis(form: String) throws {
        let lines = try run("--machines 2 --servers megacomet --form \(form)")
        expectDelivery(lines.dropFirst().dropLast(), ["steady cluster", "unicast cluster"])
        #expect(lines.dropFirst().dropLast().allSatisfy { $0["numbers"]?["redis_cpu_us_per_message"]?.double ?? 0 > 0 })
    }

    /// What Redis appends alone is measured beside two machines, for entries of each size.
    @Test func redisAlone_appendsEntriesOfEachSize() throws {
        let result = try RedisAppends.measure(seconds: 0.15)
        for (_, number) in RedisAppends.numbers { #expect(result[number] ?? 0 > 0) }
    }

    /// A reply that is no number ends the measurement with what Redis said.
    @Test func redisThatRefuses_isTold() throws {
        let folder = try PrivateFolder()
        let redis = try RedisServer(in: folder)
        defer {
            redis.process.stop()
            folder.remove()
        }
        let client = try RedisClient(port: redis.port)
        #expect(try client.command(["SET", "word", "x"]) == "+OK")
        #expect(try client.command(["GET", "word"]) == "x")
        let refused = #expect(throws: Fleet.Trouble.self) {
            try client.flood(RedisClient.bytes(["INCR", "word"]), batch: 1, seconds: 20)
        }
        #expect(refused?.description == "Redis: -ERR value is not an integer or out of range")
    }

    @Test(arguments: [("--servers daemons", "no configuration"), ("--machines 3", "out of its range")])
    func mistakes_areTold(words: String, why: String) throws {
        let refused = try Program.run(
            "megabench", ["cluster"] + words.split(separator: " ").map(String.init), in: Folder())
        #expect(refused.end == .exited(64) && refused.output.contains(why), "\(refused)")
    }
}
