import TestSupport
import Testing

@testable import megabench

/// A small run of each scenario against each server, with the real programs: nothing is lost, twice, out of order or
/// misread. Only counts are judged. Speed is for `make bench`, on a quiet machine.
@Suite(.serialized) struct ScenarioTests {
    /// Runs `megabench` to its end. Returns its output if it found nothing wrong.
    private func run(_ scenario: Scenario, _ server: Server.Kind, clients: Int = 300, _ more: String...) throws -> JSON
    {
        let words = [
            "run", scenario.rawValue, "--against", server.rawValue, "--clients", "\(clients)", "--seconds", "0.4",
            "--hold", "0.1",
        ]
        return try json(words + more, seconds: 180)
    }

    /// The output of `megabench --json`. Its complaints go to standard error (most containers can't make a memory
    /// cgroup).
    private func json(_ words: [String], seconds: Double) throws -> JSON {
        let folder = try Folder()
        defer { withExtendedLifetime(folder) {} }
        let program = try Program("megabench", words + ["--json"], in: folder, keepsErrorsApart: true)
        let end = try program.waitForExit(seconds: seconds)
        guard end == .exited(0) else {
            throw Failure("megabench \(words.joined(separator: " ")): \(end)\n\(program.output)\(program.errors)")
        }
        return try JSON.parse(program.output)
    }

    static let servers: [Server.Kind] = [.limit, .daemons] + (Server.hasNchan ? [.nchan] : [])

    @Test(arguments: servers) func idleClients_areAllHeld(server: Server.Kind) throws {
        let result = try run(.idle, server)
        #expect(result["clients"]?.int == 300)
        #expect(result["numbers"]?["private_bytes"]?.int ?? 0 > 0)
    }

    /// The memory of the server's processes for each waiting browser: 215 bytes, of which the last few are whole pages.
    @Test func idleClients_costLittleMemory() throws {
        let result = try run(.idle, .daemons, clients: 8000, "--workers", "1")
        #expect(result["clients"]?.int == 8000)
        #expect(1..<225 ~= result["numbers"]?["user_bytes_per_client"]?.int ?? 0)
    }

    @Test(arguments: servers) func unicast_deliversWhatItPublishes(server: Server.Kind) throws {
        let result = try run(.unicast, server)
        #expect(result["numbers"]?["messages_measured"]?.int ?? 0 > 0)
        #expect(result["numbers"]?["lost"]?.int == 0)
    }

    /// Each way to receive goes over TLS as it does without.
    @Test(arguments: serversOfTLS + [.daemons], [LoadPlan.Form.json, .events, .ws])
    func unicast_overTLS(server: Server.Kind, form: LoadPlan.Form) throws {
        let numbers = try run(.unicast, server, "--tls", "--form", form.rawValue)["numbers"]
        #expect(numbers?["messages_measured"]?.int ?? 0 > 0)
        #expect(numbers?["lost"]?.int == 0)
        #expect(numbers?["tls_handshakes"]?.int == 300)
    }
    /// All come back with tickets.
    @Test(arguments: serversOfTLS + [.daemons]) func storm_overTLS(server: Server.Kind) throws {
        let numbers = try run(.storm, server, "--tls")["numbers"]
        #expect(numbers?["lost"]?.int == 0)
        #expect(numbers?["tls_resumed"]?.int == 300)
    }
    static let serversOfTLS: [Server.Kind] = [.limit] + (Server.hasNchan ? [.nchan] : [])

    /// The herd comes with tickets to the worker of others, and nothing to them is lost.
    @Test func herd_overTLS() throws {
        let numbers = try run(.herd, .megacomet, "--tls", "--others", "20", "--rate", "200")["numbers"]
        #expect(numbers?["quiet_messages"]?.int == 80)
        #expect(numbers?["back_seconds"]?.double ?? -1 > 0)
        #expect(numbers?["back_with_ticket"]?.int == 300)
        #expect(numbers?["lost"]?.int == 0)
    }

    /// It complains if a new handshake was resumed, or a resumed one was new.
    @Test(arguments: ["megacomet", "daemons"]) func handshakes_areNewAndThenResumed(server: String) throws {
        let words = "handshakes --servers \(server) --rounds 1 --seconds 0.3 --connections 16"
        let numbers = try json(words.split(separator: " ").map(String.init), seconds: 180)["numbers"]
        #expect(numbers?["new_per_core_second"]?.double ?? 0 > 0)
        #expect(numbers?["resumed_per_core_second"]?.double ?? 0 > 0)
    }

    /// Commands for which TLS means nothing refuse the option, with the reason.
    @Test(arguments: [("stats", "has no clients"), ("journal", "publishes, which are never over TLS")])
    func otherCommands_refuseTLS(command: String, why: String) throws {
        let refused = try Program.run("megabench", [command, "--tls"], in: Folder())
        #expect(refused.end == .exited(64) && refused.output.contains(why), "\(refused)")
    }

    /// A handshake that is under way takes 42 KB. What is left of 3,000 is some 400 bytes for each of the clients that
    /// are there, and whole pages.
    @Test func idleOverTLS_givesTheMemoryOfHandshakesBack() throws {
        let numbers = try run(.idle, .daemons, clients: 1000, "--workers", "1", "--tls", "--churn", "2000")["numbers"]
        #expect(numbers?["tls_handshakes"]?.int ?? 0 >= 3000)
        #expect(1..<1500 ~= numbers?["user_bytes_per_client_after_churn"]?.int ?? 0)
    }

    @Test(arguments: servers) func steady_deliversWhatItPublishes(server: Server.Kind) throws {
        let result = try run(.steady, server, "--rate", "1000")
        #expect(result["numbers"]?["messages_measured"]?.int ?? 0 > 0)
        #expect(result["numbers"]?["lost"]?.int == 0)
    }

    /// Each message has one end, which its event tells: it was acknowledged, or, without a cursor, handed over.
    @Test(arguments: [LoadPlan.Form.json, .ws, .bare])
    func receipts_tellOneEndOfEachMessage(form: LoadPlan.Form) throws {
        let numbers = try run(.unicast, .daemons, "--receipts", "--form", form.rawValue)["numbers"]
        let messages = numbers?["messages_with_receipt"]?.int ?? 0
        // The first turn publishes a whole window, and some clients were proved by a message before.
        #expect(messages > 256)
        #expect(numbers?[form == .bare ? "handed" : "acknowledged"]?.int == messages)
        #expect(numbers?["without_end"]?.int == 0)
    }
    @Test func receipts_overHTTP_andAtASteadyRate() throws {
        let more = ["--receipts", "--publish", "http", "--rate", "1000"]
        let words = ["run", "steady", "--against", "megacomet", "--clients", "300", "--seconds", "0.4"]
        let numbers = try json(words + more, seconds: 180)["numbers"]
        #expect(numbers?["messages_with_receipt"]?.int ?? 0 > 300)
        #expect(numbers?["without_end"]?.int == 0)
    }
    @Test(arguments: [
        ("idle", "only unicast and steady"), ("unicast --against limit", "has no receipts"),
        ("steady --form events", "acknowledge nothing"),
    ])
    func receipts_areRefused_whereThereAreNone(words: String, why: String) throws {
        let refused = try Program.run(
            "megabench", ["run"] + words.split(separator: " ").map(String.init) + ["--receipts"], in: Folder())
        #expect(refused.end == .exited(64) && refused.output.contains(why), "\(refused)")
    }

    @Test(arguments: servers) func storm_bringsAllBack(server: Server.Kind) throws {
        #expect(try run(.storm, server)["numbers"]?["lost"]?.int == 0)
    }

    @Test(arguments: servers) func channel_comesToEverySubscriberOnce(server: Server.Kind) throws {
        let numbers = try run(.channel, server, "--rounds", "3", "--rate", "300", "--others", "20")["numbers"]
        #expect(numbers?["rounds"]?.int == 3)
        #expect(numbers?["messages_measured"]?.int ?? 0 > 0)
        #expect(numbers?["lost"]?.int == 0)
    }

    static let streams: [LoadPlan.Form] = [.events, .ws]

    @Test(arguments: servers, streams) func streams_deliverWhatIsPublished(server: Server.Kind, form: LoadPlan.Form)
        throws
    {
        let result = try run(.unicast, server, "--form", form.rawValue)
        #expect(result["numbers"]?["messages_measured"]?.int ?? 0 > 0)
        #expect(result["numbers"]?["lost"]?.int == 0)
    }

    @Test(arguments: servers, streams) func channel_comesToEveryStreamOnce(server: Server.Kind, form: LoadPlan.Form)
        throws
    {
        let more = ["--form", form.rawValue, "--rounds", "2", "--rate", "300", "--others", "20"]
        let words = ["run", "channel", "--against", server.rawValue, "--clients", "300", "--seconds", "0.4"]
        let numbers = try json(words + more, seconds: 180)["numbers"]
        #expect(numbers?["rounds"]?.int == 2)
        #expect(numbers?["lost"]?.int == 0)
    }

    @Test(arguments: streams) func storm_bringsAllStreamsBack(form: LoadPlan.Form) throws {
        #expect(try run(.storm, .daemons, "--form", form.rawValue)["numbers"]?["lost"]?.int == 0)
    }

    /// The manager, a worker, and all workers in turn: what was answered is seen once, since streams have a cursor.
    @Test(arguments: Victim.allCases) func kill_losesNothingOfStreams(victim: Victim) throws {
        let more = ["--kills", "1", "--rate", "300", "--form", "events", "--victim", victim.rawValue]
        let numbers = try json(["run", "kill", "--clients", "300"] + more, seconds: 180)["numbers"]
        #expect(numbers?["answered"]?.int ?? 0 > 100)
        #expect(numbers?["answered_and_lost"]?.int == 0)
        #expect(numbers?["twice"]?.int == 0)
    }

    /// The clients of a worker that is killed come back over TLS, with tickets.
    @Test func kill_losesNothing_overTLS() throws {
        let words = "run kill --clients 300 --kills 1 --rate 300 --form events --victim worker --tls"
        let numbers = try json(words.split(separator: " ").map(String.init), seconds: 180)["numbers"]
        #expect(numbers?["answered"]?.int ?? 0 > 100)
        #expect(numbers?["answered_and_lost"]?.int == 0)
        #expect(numbers?["tls_handshakes"]?.int ?? 0 > 300)
        #expect(numbers?["tls_resumed"]?.int ?? 0 > 0)
    }

    @Test func broadcast_comesToEveryoneOnce() throws {
        let numbers = try run(.broadcast, .daemons, "--rounds", "3", "--processes", "2")["numbers"]
        #expect(numbers?["rounds"]?.int == 3)
        #expect(numbers?["lost"]?.int == 0)
    }

    /// Every publish that was answered is seen exactly once, though the manager is killed twice.
    @Test func kill_losesNothingThatWasAnswered() throws {
        let numbers = try run(.kill, .megacomet, "--kills", "2", "--rate", "300")["numbers"]
        #expect(numbers?["answered"]?.int ?? 0 > 300)
        #expect(numbers?["answered_and_lost"]?.int == 0)
        #expect(numbers?["twice"]?.int == 0)
    }

    @Test(arguments: LoadPlan.PublishForm.allCases) func queue_isGivenToThoseWhoComeLater(form: LoadPlan.PublishForm)
        throws
    {
        let result = try run(.queue, .daemons, "--messages", "6000", "--publish", form.rawValue)
        #expect(result["numbers"]?["lost"]?.int == 0)
        #expect(result["numbers"]?["refused"]?.int == 0)
    }

    @Test(arguments: LoadPlan.Form.allCases.filter { !$0.stays }, [true, false]) func everyForm_keepAliveOrNot(
        form: LoadPlan.Form, keepAlive: Bool
    ) throws {
        let result = try run(.unicast, .daemons, "--form", form.rawValue, keepAlive ? "--publish=lines" : "--close")
        #expect(result["numbers"]?["messages_measured"]?.int ?? 0 > 0)
    }

    /// The scenario of a million with 400 clients: they are held through a poll timeout, a worker is killed, all come
    /// back, and nothing is lost.
    @Test func million_losesNothing_whenAWorkerDies() throws {
        let words = "million --clients 400 --workers 2 --processes 2 --rate 200 --poll-timeout 2 --timeouts 1.2"
        let numbers = try json(words.split(separator: " ").map(String.init), seconds: 180)["numbers"]
        #expect(numbers?["cut_by_the_kill"]?.int == 200)
        #expect(numbers?["lost"]?.int == 0)
    }

    @Test func comparison_fillsItsTable() throws {
        let folder = try Folder()
        let (end, output) = try Program.run(
            "megabench",
            ("compare --runs 1 --clients 200 --streams 150 --many 300 --workers 2 --seconds 0.3 --rate 500 "
                + "--messages 2000 --receipts --servers limit megacomet").split(separator: " ").map(String.init),
            in: folder, seconds: 600)
        guard end == .exited(0) else { throw Failure("\(end)\n\(output)") }
        let lines = output.split(separator: "\n")
        #expect(lines.count == 33)
        #expect(lines.allSatisfy { !$0.contains("NOT RIGHT") })
    }

    @Test func manyProcesses_shareTheClients() throws {
        #expect(try run(.unicast, .daemons, "--processes", "3", "--workers", "2")["numbers"]?["lost"]?.int == 0)
        #expect(try run(.unicast, .limit, "--processes", "3")["numbers"]?["lost"]?.int == 0)
    }
}
