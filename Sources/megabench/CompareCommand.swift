import ArgumentParser
import Glibc

/// Runs the short scenarios against each server in turn, several times, and prints their table. `make bench` runs it.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Put the same load on the limit, on nchan where it is installed, and on MegaComet; print the table.")

    @Option(help: "Runs of each; the table gives their median.") var runs = 3
    @Option(help: "Clients of the rate and latency rows.") var clients = 8_000
    @Option(help: "Clients of the rate rows of event streams and of WebSockets (0: no rows of either).")
    var streams = 4_000
    @Option(help: "Clients of the memory and connect rows.") var many = 100_000
    @Option(help: "Workers of MegaComet for the many.") var workers = 8
    @Option(help: "Seconds of each measurement.") var seconds = 3.0
    @Option(help: "Messages a second in steady.") var rate = 5_000.0
    @Option(help: "Messages queued.") var messages = 600_000
    @Flag(help: "Also over TLS: rates beside those without, and the memory of idle connections.") var tls = false
    @Flag(help: "Also with a receipt for every publish, and an app that reads all events: rates beside those without.")
    var receipts = false
    @Option(help: "Clients of the memory row over TLS, on one worker.") var idle = 15_000
    @Option(help: "Clients that come and go before it is measured again.") var churn = 100_000
    @Option(parsing: .upToNextOption, help: "Only these servers.") var servers: [Server.Kind] = []
    @Option(help: "Also write every measurement, as lines of JSON, to this file.", completion: .file()) var output:
        String?

    /// Clients that get single messages while a channel's subscribers are told, and how many a second.
    static let others = 200
    static let othersPerSecond = 1_000.0

    func validate() throws {
        guard (1...50).contains(runs), (1...1_000_000).contains(clients), (0...1_000_000).contains(many), seconds > 0,
            (0...1_000_000).contains(streams), rate > 0, messages > 0, (0...Server.clientsPerProcess).contains(idle),
            (0...10_000_000).contains(churn)
        else { throw ValidationError("a number is out of its range") }
    }

    func run() throws {
        let interrupt = Interrupt()
        var session = CompareSession(command: self, interrupt: interrupt)
        var kinds = servers.isEmpty ? [.limit, .nchan, .megacomet] : servers
        if servers.isEmpty, !Server.hasNchan {
            print(
                "nginx with nchan is not installed (apt-get install nginx libnginx-mod-nchan): its column stays empty")
            kinds.removeAll { $0 == .nchan }
        }
        // Servers take turns, so that other load on the machine affects all alike.
        for number in 1...runs {
            for kind in kinds { try session.measure(kind, run: number) }
        }
        print(session.comparison.text)
        for complaint in session.complaints { print("NOT RIGHT: " + complaint) }
        if let output {
            let descriptor = try Socket.check(
                open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644), "open \(output)")
            defer { close(descriptor) }
            let lines = session.measurements.map { $0.json + "\n" }.joined() + session.comparison.json + "\n"
            _ = write(descriptor, lines, lines.utf8.count)
        }
        if !session.complaints.isEmpty { throw ExitCode(1) }
    }
}
