import ArgumentParser
import Glibc

/// What two machines with a Redis deliver to each other's clients, beside two nginx with nchan and a Redis, and beside
/// one machine alone.
struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract:
            "Publish at one of two machines for clients of the other, through a Redis: MegaComet beside nchan.",
        discussion:
            "The machines and a Redis of their own run on this host. The servers take turns, with the same clients. "
            + "The limit is one bare loop without Redis.")

    @Option(help: "Runs of each; the table gives their median.") var runs = 3
    @Option(help: "Clients, all at the second machine.") var clients = 2_000
    @Option(help: "json, jsonp or bare (polls), events or ws (streams).") var form = LoadPlan.Form.json
    @Option(help: "Seconds of each measurement.") var seconds = 3.0
    @Option(help: "Messages a second whose latency is measured.") var rate = 1_000.0
    @Option(help: "Messages under way at most, one for each client.") var window = 512
    @Option(help: "Connections that publish lines, to MegaComet and to the limit.") var publishers = 4
    @Option(
        help: "Connections that publish to nchan. It answers one request of each at a time, when Redis has answered.")
    var requests = 64
    @Option(help: "Workers of each machine.") var workers = 1
    @Option(help: "Bytes of a message's text, at least.") var bytes = 100
    @Option(parsing: .upToNextOption, help: "Numbers of machines to measure: 1 (without Redis), 2, or both.")
    var machines = [1, 2]
    @Option(parsing: .upToNextOption, help: "Only these servers: limit, nchan, megacomet.")
    var servers: [Server.Kind] = []
    @Flag(help: "Print every measurement as a line of JSON, and the table as the last line.") var json = false

    func validate() throws {
        guard (1...50).contains(runs), (1...100_000).contains(clients), (0.1...600).contains(seconds), rate > 0,
            window > 0, (1...1_000).contains(publishers), (1...1_000).contains(requests), (1...64).contains(workers),
            (48...100_000).contains(bytes), !machines.isEmpty, machines.allSatisfy({ $0 == 1 || $0 == 2 })
        else { throw ValidationError("a number is out of its range") }
        if servers.contains(.daemons) {
            throw ValidationError("daemons have no configuration, so they can't be machines of a cluster")
        }
    }

    func run() throws {
        let interrupt = Interrupt()
        var kinds = servers.isEmpty ? [.limit, .nchan, .megacomet] : servers
        if servers.isEmpty, !Server.hasNchan { kinds.removeAll { $0 == .nchan } }
        var measurements: [Measurement] = []
        for _ in 1...runs {
            if machines.contains(2) { measurements.append(try RedisAppends.measure(seconds: seconds)) }
            for kind in kinds {
                for count in kind == .limit ? [1] : machines {
                    measurements += try measure(kind, machines: count, interrupt)
                }
            }
        }
        let table = table(measurements)
        if json { for measurement in measurements { print(measurement.json) } }
        print(json ? table.json : table.text)
        let complaints = measurements.flatMap { one in
            one.complaints.map { "\(one.server), \(one.scenario): \($0)" }
        }
        for complaint in complaints { writeError("NOT RIGHT: \(complaint)\n") }
        // nchan's mistakes are told, and are not ours.
        if measurements.contains(where: { $0.server != Server.Kind.nchan.rawValue && !$0.complaints.isEmpty }) {
            throw ExitCode(1)
        }
    }

    private func measure(_ kind: Server.Kind, machines: Int, _ interrupt: Interrupt) throws -> [Measurement] {
        var settings = BenchSettings()
        (settings.clients, settings.workers, settings.form) = (clients, workers, form)
        (settings.seconds, settings.perSecond, settings.window) = (seconds, rate, window)
        (settings.publishers, settings.messageBytes) = (kind == .nchan ? requests : publishers, bytes)
        let server = try Server.startMachines(
            kind, isPair: machines == 2, processes: settings.processCount, workers: workers, options: settings.options)
        defer { server.stop() }
        let bench = try Bench(settings: settings, server: server, interrupt: interrupt, progress: ProgressLine())
        defer { bench.stop() }
        return try [Scenario.steady, .unicast].map { scenario in
            var measurement = try bench.run(scenario)
            measurement.scenario += machines == 2 ? " cluster" : ""
            return measurement
        }
    }

    func table(_ measurements: [Measurement]) -> Comparison {
        func values(_ server: String, _ scenario: String, _ number: String) -> [Double] {
            measurements.filter { $0.server == server && $0.scenario == scenario }.compactMap { $0[number] }
        }
        func row(
            _ what: String, _ scenario: Scenario, _ number: String, pair: Bool, _ target: Comparison.Target = .none
        ) -> Comparison.Row {
            let name = scenario.rawValue + (pair ? " cluster" : "")
            return Comparison.Row(
                what: what, limit: values("limit", scenario.rawValue, number), nchan: values("nchan", name, number),
                megacomet: values("megacomet", name, number), target: target)
        }
        let at = "at \(Measurement.plain(rate))/s"
        var rows: [Comparison.Row] = []
        if machines.contains(2) {
            rows += [
                row(
                    "delivered a second, two machines", .unicast, "delivered_per_second", pair: true,
                    .atLeast(ofLimit: nil, ofNchan: 3)),
                row("p50 ms \(at), two machines", .steady, "latency_p50_ms", pair: true),
                row("p99 ms \(at), two machines", .steady, "latency_p99_ms", pair: true, .below(5)),
                row("servers' CPU us a message, with Redis", .unicast, "server_cpu_us_per_message", pair: true),
                row("of it Redis", .unicast, "redis_cpu_us_per_message", pair: true),
            ]
            for (batch, number) in RedisAppends.numbers {
                rows.append(
                    Comparison.Row(
                        what: "Redis alone: records a second, \(batch) an entry",
                        limit: values(RedisServer.name, RedisAppends.name, number), target: .none))
            }
        }
        if machines.contains(1) {
            rows += [
                row("delivered a second, one machine", .unicast, "delivered_per_second", pair: false),
                row("p50 ms \(at), one machine", .steady, "latency_p50_ms", pair: false),
                row("p99 ms \(at), one machine", .steady, "latency_p99_ms", pair: false),
                row("server's CPU us a message, one machine", .unicast, "server_cpu_us_per_message", pair: false),
            ]
        }
        return Comparison(rows: rows)
    }

    private func writeError(_ text: String) { _ = write(2, text, text.utf8.count) }
}

/// The bound of a cluster: what the core of Redis does if it does nothing but append records to a stream, by a script
/// that takes the next id as the one of a cluster does. Pipelined, over one connection.
enum RedisAppends {
    static let name = "appends"
    /// Records of one entry, and the name of its figure.
    static let numbers = [1, 16, 64].map { (batch: $0, number: "records_per_second_by_\($0)") }
    private static let recordBytes = 100
    private static let script = """
        local time = redis.call('TIME')
        local id = math.max(time[1] * 1000000 + time[2], (tonumber(redis.call('HGET', KEYS[2], 'last')) or 0) + 1)
        redis.call('XADD', KEYS[1], 'MAXLEN', '~', 10000, string.format('%.0f-0', id), 'r', ARGV[1])
        redis.call('HSET', KEYS[2], 'last', string.format('%.0f', id))
        redis.call('PEXPIRE', KEYS[1], 600000)
        redis.call('PEXPIRE', KEYS[2], 600000)
        return 1
        """

    static func measure(seconds: Double) throws -> Measurement {
        let folder = try PrivateFolder()
        defer { folder.remove() }
        let redis = try RedisServer(in: folder)
        defer { redis.process.stop() }
        let client = try RedisClient(port: redis.port)
        let digest = try client.command(["SCRIPT", "LOAD", script])
        var result = Measurement(scenario: name, server: RedisServer.name, clients: 1)
        for (batch, number) in numbers {
            let record = String(repeating: "x", count: recordBytes * batch)
            let one = RedisClient.bytes(["EVALSHA", digest, "2", "log", "life", record])
            let pipelined = 64
            let appends = try client.flood(
                Array((0..<pipelined).map { _ in one }.joined()), batch: pipelined, seconds: seconds / 3)
            result.add(number, appends * Double(batch))
        }
        return result
    }
}
