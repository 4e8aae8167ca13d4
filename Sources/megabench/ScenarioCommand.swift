import ArgumentParser
import Glibc

extension LoadPlan.Form: ExpressibleByArgument {}
extension LoadPlan.PublishForm: ExpressibleByArgument {}
extension Server.Kind: ExpressibleByArgument {}
extension Scenario: ExpressibleByArgument {}
extension Victim: ExpressibleByArgument {}

/// One scenario against one server.
struct ScenarioCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run one scenario against a server that it starts itself, or against one that runs.")

    @Argument(help: "idle, unicast, steady, queue, storm, channel, broadcast, kill or herd.") var scenario: Scenario
    @Option(help: "Start this server for the run: megacomet, daemons (its manager and workers alone), limit or nchan.")
    var against = Server.Kind.megacomet
    @Option(help: "Clients in all.") var clients = 8_000
    @Option(help: "Client processes (0: as many as the descriptors ask for).") var processes = 0
    @Option(help: "Workers of MegaComet (0: as many as the descriptors ask for).") var workers = 0
    @Option(help: "json, jsonp or bare (polls), events or ws (streams).") var form = LoadPlan.Form.json
    @Option(help: "lines or http.") var publish = LoadPlan.PublishForm.lines
    @Flag(help: "Every poll on a connection of its own.") var close = false
    @Flag(inversion: .prefixedNo, help: "Polls carry a cursor.") var acknowledge = true
    @Option(help: "Publishing connections of each client process.") var publishers = 1
    @Option(help: "Bytes of a message's text, at least.") var bytes = 48
    @Option(help: "Seconds of unicast and steady.") var seconds = 5.0
    @Option(help: "Messages a second in steady.") var rate = 5_000.0
    @Option(help: "Messages under way in unicast.") var window = 256
    @Option(help: "Messages in queue.") var messages = 600_000
    @Option(help: "Clients beside those of the channel, or beside the herd.") var others = 200
    @Option(help: "Messages of channel and broadcast.") var rounds = 9
    @Option(help: "How often kill kills.") var kills = 50
    @Option(help: "What kill kills: manager, worker, or rolling (a rolling restart in place of a kill).")
    var victim = Victim.manager
    @Option(help: "queue.journal of the MegaComet that is started.") var journal: String?
    @Option(
        help:
            "A JWK set (megacomet keys new): each client has a token, and the MegaComet that is started verifies it."
    ) var tokenKeys: String?
    @Flag(help: "Clients speak TLS 1.3, under a certificate made for the run.") var tls = false
    @Flag(help: "Every publish asks for a receipt, and an app reads all events (unicast and steady).")
    var receipts = false
    @Option(help: "Clients that come and go before idle measures again.") var churn = 0
    @Option(help: "Seconds that idle holds.") var hold = 2.0
    @Option(help: "Seconds after which a poll is answered empty, of the MegaComet that is started.") var pollTimeout =
        50.0
    @Option(help: "Seconds without a message after which a stream is sent a heartbeat, of the same.") var heartbeat =
        25.0
    @Flag(help: "Print JSON.") var json = false

    @Option(
        help:
            "Load a MegaComet that runs: the port (of TLS, with --tls) of its first worker on 127.0.0.1."
    ) var port: UInt16?
    @Option(help: "Its app port.") var publishPort: UInt16 = 9001
    @Option(help: "The process whose family's memory is read (its supervisor).") var pid: Int32?

    var settings: BenchSettings {
        var settings = BenchSettings()
        (settings.clients, settings.processes, settings.workers) = (clients, processes, workers)
        (settings.form, settings.publishForm, settings.keepAlive, settings.acknowledges) = (
            form, publish, !close, acknowledge
        )
        (settings.publishers, settings.messageBytes, settings.window) = (publishers, bytes, window)
        (settings.seconds, settings.perSecond, settings.messages) = (seconds, rate, messages)
        (settings.holdSeconds, settings.pollTimeoutSeconds) = (hold, pollTimeout)
        settings.others = scenario == .channel || scenario == .herd ? others : 0
        (settings.isHerd, settings.churn) = (scenario == .herd, churn)
        if scenario == .herd { settings.workers = 2 }
        (settings.rounds, settings.kills, settings.victim) = (rounds, kills, victim)
        settings.heartbeatSeconds = heartbeat
        (settings.keepsLedger, settings.journal) = (scenario == .kill, journal)
        (settings.tokenKeys, settings.isTLS, settings.hasReceipts) = (tokenKeys, tls, receipts)
        if scenario == .broadcast { settings.limitSeconds = 900 }
        return settings
    }

    func validate() throws {
        guard (1...1_100_000).contains(clients), rate > 0, (0...3_600).contains(seconds), window > 0, messages > 0,
            (1...64).contains(publishers), (1...10_000).contains(others), (1...1_000).contains(rounds),
            (1...1_000).contains(kills), heartbeat > 0, (0...10_000_000).contains(churn)
        else { throw ValidationError("a number is out of its range") }
        if scenario == .herd, against == .limit || against == .nchan || port != nil {
            throw ValidationError("herd needs a MegaComet, which it starts")
        }
        if scenario == .kill, against != .megacomet || port != nil {
            throw ValidationError("kill needs a MegaComet with a supervisor, which it starts")
        }
        if receipts { try validateReceipts() }
        if scenario == .storm, against == .nchan, form == .ws {
            throw ValidationError("nchan's WebSockets don't say where they resume")
        }
        if scenario == .broadcast, against == .limit || against == .nchan {
            throw ValidationError("\(against) has no message to everyone")
        }
    }

    private func validateReceipts() throws {
        if scenario != .unicast, scenario != .steady {
            throw ValidationError("only unicast and steady look at receipts")
        }
        if against == .limit || against == .nchan { throw ValidationError("\(against) has no receipts") }
        if form == .events {
            throw ValidationError("event streams of clients here acknowledge nothing, so there is no end to wait for")
        }
    }

    func run() throws {
        let interrupt = Interrupt()
        let settings = settings
        let server =
            if let port { running(port) } else {
                try Server.start(
                    against, clients: clients, processes: settings.processCount, workers: settings.workers,
                    options: settings.options)
            }
        defer { server.stop() }
        let bench = try Bench(settings: settings, server: server, interrupt: interrupt, progress: ProgressLine())
        defer { bench.stop() }
        let result = try bench.run(scenario)
        bench.stop()
        print(json ? result.json : result.text)
        if !result.complaints.isEmpty { throw ExitCode(1) }
    }

    private func running(_ port: UInt16) -> Server {
        var plan = LoadPlan()
        (plan.port, plan.ports, plan.publishPort, plan.isTLS) = (port, max(1, workers), publishPort, tls)
        return Server(.megacomet, name: "running", plan: plan, roots: pid.map { [$0] } ?? [])
    }
}
