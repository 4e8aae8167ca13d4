import ArgumentParser
import Base
import Crypto
import Reactor
import TLS

/// The load generator and benchmark.
struct Megabench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "megabench",
        abstract:
            "Puts clients (polls, event streams or WebSockets) and publishers on MegaComet, and says what it costs.",
        subcommands: [
            ScenarioCommand.self, CompareCommand.self, MillionCommand.self, WorkersCommand.self, StatsCommand.self,
            JournalCommand.self, HandshakesCommand.self, ClusterCommand.self,
            LimitCommand.self, ClientProcessCommand.self,
        ])
}

/// The bare epoll loop that everything is compared with.
struct LimitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit",
        abstract:
            "Run the limit: one bare epoll loop that holds polls and streams. To measure with; it checks nothing."
    )

    @Option(help: "Address of both ports; only loopback is sensible.") var address = "127.0.0.1"
    @Option(help: "Port for clients.") var port: UInt16 = 8000
    @Option(help: "Port for publishers (lines of JSON).") var publishPort: UInt16 = 9001
    @Option(help: "Client numbers go up to this.") var clients = 1_100_000
    @Option(help: "Clients speak TLS with this certificate.") var tlsCertificate: String?
    @Option(help: "The key of it.") var tlsKey: String?
    @Option(help: .hidden) var control: Int32?

    func run() throws {
        guard let host = IPv4.number(address) else { throw ValidationError("`\(address)` is not an IPv4 address") }
        let loop = try LimitLoop(
            host: host, port: port, publishPort: publishPort, clients: clients, control: control)
        if let tlsCertificate, let tlsKey {
            let context = try TLSContext(
                certificate: Files.bytes(tlsCertificate, most: 1 << 20), key: Files.bytes(tlsKey, most: 1 << 20))
            // Its clients come back with tickets.
            TLSContext.useTicketKeys([randomBytes(TLSContext.ticketKeyBytes) ?? []].filter { !$0.isEmpty })
            loop.speak(context)
        }
        loop.run()
    }
}

/// A process of clients; the coordinator starts as many as it needs.
struct ClientProcessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "client-process", shouldDisplay: false)
    @Argument var words: [String]

    func run() throws {
        guard let plan = LoadPlan(words: words) else { throw ValidationError("a word of the plan is not known") }
        Generator(plan: plan, control: 3).run()
    }
}
