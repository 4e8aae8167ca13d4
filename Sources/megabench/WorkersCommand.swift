import ArgumentParser
import Base

/// Finds the best number of workers: the same load on a MegaComet of one worker, of two, and so on.
struct WorkersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Put the same load on MegaComets of different numbers of workers, and print what each costs.")

    @Option(parsing: .upToNextOption, help: "Numbers of workers.") var counts = [1, 2, 8, 32, 64, 128]
    @Option(help: "Clients in all; one worker must be able to hold them.") var clients = 8_000
    @Option(help: "Seconds of each measurement.") var seconds = 3.0
    @Option(help: "Messages a second in steady.") var rate = 5_000.0
    @Flag(help: "Clients speak TLS 1.3, under a certificate made for the run.") var tls = false
    @Option(help: "Runs of each; the table gives their median.") var runs = 3

    func validate() throws {
        guard counts.allSatisfy({ (1...128).contains($0) }), (1...16_000).contains(clients), seconds > 0, rate > 0,
            (1...50).contains(runs)
        else { throw ValidationError("a number is out of its range") }
    }

    func run() throws {
        let interrupt = Interrupt()
        var measurements: [Int: [Measurement]] = [:]
        for _ in 1...runs {
            for count in counts { measurements[count, default: []] += try measure(workers: count, interrupt) }
        }
        let columns: [(head: String, scenario: Scenario, number: String)] = [
            ("private MB idle", .idle, "private_before_megabytes"), ("bytes/client", .idle, "user_bytes_per_client"),
            ("connected/s", .idle, "connected_per_second"), ("idle CPU %", .idle, "idle_cpu_percent"),
            ("p50 ms", .steady, "latency_p50_ms"),
            ("p99 ms", .steady, "latency_p99_ms"), ("delivered/s", .unicast, "delivered_per_second"),
            ("manager us", .unicast, "manager_cpu_us_per_message"),
            ("workers us", .unicast, "workers_cpu_us_per_message"),
        ]
        print(Self.line("workers", columns.map(\.head)))
        for count in counts {
            let cells = columns.map { column in
                let values = (measurements[count] ?? []).filter { $0.scenario == column.scenario.rawValue }.compactMap {
                    $0[column.number]
                }
                return Comparison.Row.median(values).map(Measurement.plain) ?? "-"
            }
            print(Self.line(String(count), cells))
        }
        let complaints = measurements.values.joined().flatMap(\.complaints)
        for complaint in complaints { print("NOT RIGHT: " + complaint) }
        if !complaints.isEmpty { throw ExitCode(1) }
    }

    private func measure(workers: Int, _ interrupt: Interrupt) throws -> [Measurement] {
        var settings = BenchSettings()
        (settings.clients, settings.workers, settings.seconds, settings.perSecond) = (clients, workers, seconds, rate)
        settings.isTLS = tls
        let server = try Server.start(
            .megacomet, clients: clients, processes: settings.processCount, workers: workers, options: settings.options)
        defer { server.stop() }
        let bench = try Bench(settings: settings, server: server, interrupt: interrupt, progress: ProgressLine())
        defer { bench.stop() }
        return try [Scenario.idle, .steady, .unicast].map { try bench.run($0) }
    }

    private static func line(_ first: String, _ cells: [String]) -> String {
        first.rightAligned(7) + cells.map { $0.rightAligned(17) }.joined()
    }
}
