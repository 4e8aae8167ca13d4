import ArgumentParser
import Base
import Glibc

/// Measures what the stats channel costs: an idle MegaComet that reports every second, in turn with one that hardly
/// reports.
struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract:
            "Measure what the stats channel costs: processor time with a report a second, less that with one a minute.")

    @Option(help: "Workers.") var workers = 64
    @Option(help: "Seconds of each measurement.") var seconds = 10.0
    @Option(help: "Rounds; the table gives their median.") var rounds = 3
    /// It is an option of the other commands, so the refusal says why.
    @Flag(help: .hidden) var tls = false

    /// Seconds until the work of starting is over, and the first report of every process is sent.
    private static let settlingSeconds = 3.0
    /// The interval that is measured, and the longest that the settings allow: with it hardly a report falls into a
    /// measurement.
    private static let intervals = [1.0, 60]

    func validate() throws {
        guard (1...128).contains(workers), (0.1...600).contains(seconds), (1...50).contains(rounds) else {
            throw ValidationError("a number is out of its range")
        }
        if tls { throw ValidationError("stats has no clients, so --tls would change nothing") }
    }

    func run() throws {
        let interrupt = Interrupt()
        var shares: [[Shares]] = [[], []]
        for _ in 1...rounds {
            for (at, interval) in Self.intervals.enumerated() { shares[at].append(try measure(interval, interrupt)) }
        }
        let rows: [(String, (Shares) -> Double)] = [
            ("supervisor", { $0.supervisor }), ("manager", { $0.manager }), ("\(workers) workers", { $0.workers }),
            ("all", { $0.supervisor + $0.manager + $0.workers }),
        ]
        print(Self.line("% of a core", ["a report a second", "one a minute", "the channel"]))
        for (name, share) in rows {
            let (often, seldom) = (shares[0].map(share), shares[1].map(share))
            // The rounds are pairs, so that other load on the machine affects both alike.
            print(Self.line(name, [often, seldom, zip(often, seldom).map { $0 - $1 }].map(Comparison.Row.text)))
        }
    }

    /// Shares in percent of one core.
    private struct Shares {
        var supervisor = 0.0
        var manager = 0.0
        var workers = 0.0
    }

    private func measure(_ interval: Double, _ interrupt: Interrupt) throws -> Shares {
        let server = try Server.start(
            .megacomet, clients: workers, processes: 1, workers: workers,
            options: Server.Options(reportEverySeconds: interval))
        defer { server.stop() }
        try wait(Self.settlingSeconds, interrupt)
        let begin = monotonicNanoseconds()
        let before = server.usage()
        try wait(seconds, interrupt)
        let after = server.usage()
        let percent = 100 / (Double(monotonicNanoseconds() - begin) / 1e9)
        var shares = Shares()
        for process in after {
            guard let earlier = before.first(where: { $0.pid == process.pid }) else {
                throw Fleet.Trouble(description: "\(process.name) was started anew while it was measured")
            }
            let share = (process.cpuSeconds - earlier.cpuSeconds) * percent
            if process.name.hasPrefix("worker-") {
                shares.workers += share
            } else if process.name == "megamanager" {
                shares.manager += share
            } else {
                shares.supervisor += share
            }
        }
        guard after.count == workers + 2 else {
            throw Fleet.Trouble(description: "\(after.count) processes instead of \(workers + 2)")
        }
        return shares
    }
    private func wait(_ seconds: Double, _ interrupt: Interrupt) throws {
        let deadline = monotonicNanoseconds() + UInt64(seconds * 1e9)
        while monotonicNanoseconds() < deadline {
            if interrupt.hasCome { throw ExitCode(130) }
            usleep(20_000)
        }
    }

    private static func line(_ first: String, _ cells: [String]) -> String {
        first.leftAligned(13) + " " + cells.map { $0.leftAligned(25) + " " }.joined()
    }
}
