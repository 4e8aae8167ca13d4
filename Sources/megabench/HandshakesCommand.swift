import ArgumentParser
import Histogram

/// How many handshakes one core of a server can do, new ones and resumed ones, beside nginx in the same run.
struct HandshakesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handshakes",
        abstract: "Measure new and resumed TLS handshakes a second of one core, of MegaComet beside nginx.",
        discussion:
            "Each connection shakes hands, sends one small request, reads the answer and closes. The servers take "
            + "turns on one core, and the clients have the others.")

    @Option(help: "Rounds; the table gives their median.") var rounds = 5
    @Option(help: "Seconds of each measurement.") var seconds = 2.0
    @Option(help: "Connections at a time.") var connections = 64
    @Option(parsing: .upToNextOption, help: "Only these servers: megacomet, daemons, nchan (nginx).")
    var servers: [Server.Kind] = []
    @Flag(help: "Print every measurement as a line of JSON.") var json = false

    func validate() throws {
        guard (1...50).contains(rounds), (0.1...600).contains(seconds), (1...4_096).contains(connections),
            !servers.contains(.limit)
        else { throw ValidationError("a number is out of its range, or the limit is asked, which answers no request") }
        if servers.contains(.megacomet), servers.contains(.daemons) {
            throw ValidationError("megacomet and daemons have the same column of the table: ask for one of them")
        }
    }

    func run() throws {
        let interrupt = Interrupt()
        var kinds = servers.isEmpty ? [.nchan, .megacomet] : servers
        if !Server.hasNchan { kinds.removeAll { $0 == .nchan } }
        var settings = BenchSettings()
        (settings.clients, settings.workers, settings.seconds, settings.isTLS) = (connections, 1, seconds, true)
        // Each connection leaves a port behind for a minute.
        settings.keepAlive = false
        let cores = Cores.allowed
        if cores.count > 1 {
            settings.serverCore = cores[0]
            settings.processes = min(connections, cores.count - 1)
            try Cores.hold(to: Array(cores.dropFirst()))
        }
        var measurements: [Measurement] = []
        for _ in 1...rounds {
            for kind in kinds { measurements.append(try measure(kind, settings, interrupt)) }
        }
        if json { for measurement in measurements { print(measurement.json) } } else { print(Self.table(measurements)) }
        let complaints = measurements.flatMap { one in one.complaints.map { "\(one.server): \($0)" } }
        for complaint in complaints { print("NOT RIGHT: " + complaint) }
        if !complaints.isEmpty { throw ExitCode(1) }
    }

    private func measure(_ kind: Server.Kind, _ settings: BenchSettings, _ interrupt: Interrupt) throws -> Measurement {
        let server = try Server.start(
            kind, clients: settings.clients, processes: settings.processCount, workers: 1, options: settings.options)
        defer { server.stop() }
        let bench = try Bench(settings: settings, server: server, interrupt: interrupt, progress: ProgressLine())
        defer { bench.stop() }
        return try bench.handshakes()
    }

    /// The columns are those of `compare`: what was measured of nginx stands under nchan.
    static func table(_ measurements: [Measurement]) -> String {
        func values(_ isOurs: Bool, _ number: String) -> [Double] {
            measurements.filter { ($0.server != Server.Kind.nchan.rawValue) == isOurs }.compactMap { $0[number] }
        }
        let rows = ["new", "resumed"].flatMap { kind in
            [
                ("\(kind) handshakes a second of one core", "\(kind)_per_core_second"),
                ("  a second, with these clients", "\(kind)_per_second"),
                ("  the core was busy, %", "\(kind)_server_core_percent"),
                ("  p99 ms until the answer", "\(kind)_p99_ms"),
            ].map { what, number in
                Comparison.Row(
                    what: what, nchan: values(false, number), megacomet: values(true, number),
                    target: number.hasSuffix("_per_core_second") ? .atLeast(ofLimit: nil, ofNchan: 1) : .none)
            }
        }
        return Comparison(rows: rows).text
    }
}

extension Bench {
    /// New handshakes, and then resumed ones.
    func handshakes() throws -> Measurement {
        var result = Measurement(scenario: "handshakes", server: server.name, clients: settings.clients)
        for isResumed in [false, true] {
            let name = isResumed ? "resumed" : "new"
            phase("\(name) handshakes")
            try fleet.carryOut(.reset, limit: 10)
            let (before, counts) = (server.usage().cpuSeconds, fleet.counts)
            let seconds = try fleet.carryOut(
                share {
                    .handshakes(
                        connections: max(1, Int(Double(settings.clients) * $0)), seconds: settings.seconds,
                        isResumed: isResumed)
                }, limit: settings.seconds + settings.limitSeconds)
            let used = server.usage().cpuSeconds - before
            let all = try fleet.report()
            let (done, resumed) = (all.delivered - counts.delivered, all.resumed - counts.resumed)
            result.add("\(name)_per_second", Double(done) / seconds)
            result.add("\(name)_server_core_percent", 100 * used / seconds)
            result.add("\(name)_server_cpu_us", 1e6 * used / Double(max(1, done)))
            result.add("\(name)_per_core_second", used > 0 ? Double(done) / used : 0)
            result.add("\(name)_p50_ms", Double(fleet.latencies.valueAtPercentile(50)) / 1e6)
            result.add("\(name)_p99_ms", Double(fleet.latencies.valueAtPercentile(99)) / 1e6)
            if done == 0 { result.complaints.append("no \(name) handshake was done") }
            if isResumed ? resumed < done : resumed > 0 {
                result.complaints.append("\(resumed) of \(done) \(name) handshakes were resumed")
            }
        }
        result.check(try fleet.report())
        return result
    }
}
