import ArgumentParser
import Glibc

/// What the journal costs, and how soon a manager is back with all that waits.
struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract:
            "Queue messages for absent clients with queue.journal off, process and disk in turn; then kill a manager "
            + "with many that wait, and say when the next one serves them.")

    @Option(help: "Clients for whom messages wait.") var clients = 8_000
    @Option(help: "Messages queued in each run.") var messages = 600_000
    @Option(help: "Runs of each; the figures are medians.") var runs = 3
    @Option(help: "Messages of 100 bytes that wait when the manager is killed (0: no kill).") var waiting = 1_000_000
    @Flag(help: "Print JSON.") var json = false
    /// It is an option of the other commands, so the refusal says why.
    @Flag(help: .hidden) var tls = false

    func validate() throws {
        guard (1...100_000).contains(clients), (1...20_000_000).contains(messages), (1...50).contains(runs),
            (0...1_900_000).contains(waiting), waiting / clients < 1_000, messages / clients < 1_000
        else { throw ValidationError("a number is out of its range; at most 1,000 messages may wait for a client") }
        if tls {
            throw ValidationError(
                "journal measures publishes, which are never over TLS. run queue --tls and run kill --tls have the "
                    + "clients over TLS")
        }
    }

    func run() throws {
        let interrupt = Interrupt()
        var settings = BenchSettings()
        (settings.clients, settings.messages) = (clients, messages)
        var result = Measurement(scenario: "journal", server: "megacomet", clients: clients)
        var rates: [String: [Double]] = [:]
        for _ in 1...runs {
            for journal in JournalCommand.kinds {
                settings.journal = journal
                let measurement = try with(settings, interrupt) { try $0.run(.queue) }
                rates[journal, default: []].append(measurement["queued_per_second"] ?? 0)
                result.complaints += measurement.complaints.map { "journal \(journal): \($0)" }
            }
        }
        for journal in JournalCommand.kinds {
            result.add("queued_per_second_\(journal)", Comparison.Row.median(rates[journal] ?? []) ?? 0)
        }
        let off = result["queued_per_second_off"] ?? 0
        for journal in JournalCommand.kinds.dropFirst() where off > 0 {
            result.add("\(journal)_of_off", (result["queued_per_second_\(journal)"] ?? 0) / off)
        }
        if waiting > 0 {
            settings.messages = waiting
            settings.messageBytes = 100
            settings.keepsLedger = true
            for journal in JournalCommand.kinds.dropFirst() {
                settings.journal = journal
                try with(settings, interrupt) { try $0.restart(&result) }
            }
        }
        print(json ? result.json : result.text)
        if !result.complaints.isEmpty { throw ExitCode(1) }
    }

    /// The first is what the others are compared with.
    static let kinds = ["off", "process", "disk"]

    private func with<Result>(_ settings: BenchSettings, _ interrupt: Interrupt, _ body: (Bench) throws -> Result)
        throws -> Result
    {
        let server = try Server.start(
            .megacomet, clients: settings.clients, processes: settings.processCount, workers: settings.workers,
            options: settings.options)
        defer { server.stop() }
        let bench = try Bench(settings: settings, server: server, interrupt: interrupt, progress: ProgressLine())
        defer { bench.stop() }
        return try body(bench)
    }
}

extension Bench {
    /// Queues messages, kills the manager, waits for the next one, and lets the clients come for what waits.
    func restart(_ result: inout Measurement) throws {
        let journal = settings.journal ?? "process"
        phase("queue for the kill")
        try fleet.carryOut(
            share { .queue(window: max(1, Int(8_192 * $0)), count: Int(Double(settings.messages) * $0)) },
            limit: settings.limitSeconds)
        guard let manager = server.usage().first(where: { $0.name == "megamanager" }) else {
            throw Fleet.Trouble(description: "no manager was found among the server's processes")
        }
        phase("restart")
        let killedAt = monotonicNanoseconds()
        Glibc.kill(manager.pid, SIGKILL)
        try waitForManager(probe: "\(tag)probe", seconds: 60)
        result.add("back_after_kill_\(journal)_seconds", Double(monotonicNanoseconds() - killedAt) / 1e9)
        phase("come for what waits")
        try fleet.carryOut(.connect(window: 1_024), limit: settings.limitSeconds)
        try fleet.carryOut(.settle(seconds: 20), limit: settings.limitSeconds)
        let counts = try fleet.report()
        result.add("answered_\(journal)", counts.sent + counts.queued)
        result.add("delivered_\(journal)", counts.delivered)
        for (what, count) in [("lost", counts.owed), ("twice", counts.doubles), ("gaps", counts.gaps)] where count != 0
        {
            result.complaints.append("journal \(journal), after the kill: \(count) \(what)")
        }
    }
}
