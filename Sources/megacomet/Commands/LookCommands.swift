import ArgumentParser
import Base
import Configuration
import ConfigurationFile
import ControlLines
import DashboardCommand
import FoundationEssentials
import Glibc
import Reactor
import Stats
import Supervision

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks the configuration. Names every mistake with its line, and exits with 78 if there is one.")
    @Flag(help: "Print the values in force, as a file.") var show = false
    @Flag(help: "Say nothing if all is well.") var quiet = false
    @OptionGroup var config: ConfigurationOption
    @OptionGroup var overrides: Overrides

    func run() throws {
        var source = config.source()
        source.workers = overrides.workers
        source.basePort = overrides.basePort
        let settings = try config.load(source)
        try WebhookKey.demand(settings)
        try TokenKeys.demand(settings)
        try WorkersCertificate.demand(settings)
        let notes =
            source.notes + settings.notes() + (try config.appKeys(settings)).warnings + WebhookKey.warnings(settings)
            + TokenKeys.warnings(settings) + WorkersCertificate.notes(settings)
        if show {
            print(notes.map { "# \($0)\n" }.joined() + settings.fileText(comments: false))
        } else if !quiet {
            print((["\(source.file ?? "the defaults"): ok"] + notes).joined(separator: "\n"))
        }
    }
}

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The table of processes.",
        discussion:
            "Exit code 0: every process is ready; 3: nothing runs; 1: nothing runs, and the last supervisor died; 4: "
            + "not everything is ready."
    )
    @Flag(help: "As JSON, in one line.") var json = false
    @Flag(help: "Also the machines of the cluster, and the engine that they share.") var all = false
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        let client = try config.client()
        let line: String
        do {
            line = try client.exchange(ControlRequest("status"))
        } catch let error as NotAnswered where error.isDenied {
            throw client.refused(error)
        } catch {
            let isStale = access(client.folder.children, F_OK) == 0
            print(
                json
                    ? "{\"ready\":false,\"state\":\"\(isStale ? "dead" : "stopped")\",\"processes\":[]}"
                    : isStale ? client.folder.death : "not running")
            throw ExitCode(isStale ? 1 : 3)
        }
        let status = try ControlAnswer<StatusAnswer>(json: line).body()
        let cluster = all ? try ClusterTable(config) : nil
        if json {
            let text = line.replacing("{\"ok\":true,", with: "{", maxReplacements: 1)
            print(cluster.map { "\(text.dropLast()),\"cluster\":\($0.json)}" } ?? text)
        } else {
            table(status)
            if let cluster { print(cluster.text) }
        }
        if !status.ready { throw ExitCode(4) }
    }

    private func table(_ status: StatusAnswer) {
        let isColoured =
            isatty(1) == 1 && (Environment["NO_COLOR"] ?? "").isEmpty && Environment["TERM"] != "dumb"
        func colour(_ row: StatusAnswer.Row, _ text: String) -> String {
            guard isColoured else { return text }
            let code =
                switch row.state {
                case .ready: row.overloaded ? "33" : "32"
                case .starting, .draining, .stopping, .suspect: "33"
                case .stopped: "2"
                case .backoff, .crashloop, .held: "1;31"
                }
            return "\u{1B}[\(code)m\(text)\u{1B}[0m"
        }
        print(
            "supervisor  pid \(status.pid)  up \(Status.time(status.uptime))  \(status.runDirectory)  \(status.state)")
        if let certificate = status.certificate {
            let left = certificate.daysLeft
            let when = left < 0 ? "over" : left == 1 ? "in 1 day" : "in \(left) days"
            let names = certificate.names.joined(separator: ", ")
            print("certificate  ends \(certificate.ends) (\(when))  \(plainText(names, most: 200))")
        }
        if let run = status.rolling {
            print("rolling     \(run.done) of \(run.total) done\(run.current.map { ", \($0)" } ?? "") by \(run.by)")
        }
        if let alerts = status.alerts { Status.show(alerts, colour: isColoured) }
        if let losses = status.losses, losses.messagesToday > 0 {
            let rows = losses.rows.filter { $0.today > 0 }
            print("lost today  " + rows.map { "\($0.today) \($0.way.words)" }.joined(separator: ", "))
        }
        if let last = status.lastRolling { print("rolling     \(plainText(last.text, most: 300))") }
        print(
            "NAME".leftAligned(11) + "STATE".leftAligned(11) + "PID".rightAligned(8) + "UP".rightAligned(9)
                + "CONNS".rightAligned(9)
                + "RESTARTS".rightAligned(10) + "60s".rightAligned(5) + "24h".rightAligned(5) + "  LAST EXIT")
        for row in status.processes {
            let state = row.state == .ready && row.overloaded ? "overloaded" : row.state.rawValue
            var line =
                row.name.leftAligned(11) + colour(row, state.uppercased().leftAligned(11))
                + (row.pid.map(String.init) ?? "-").rightAligned(8)
            line +=
                (row.uptime.map(Status.time) ?? "-").rightAligned(9)
                + (row.connections.map(String.init) ?? "-").rightAligned(9)
                + "\(row.restarts)".rightAligned(10)
            line += "\(row.exits60s)".rightAligned(5) + "\(row.exits24h)".rightAligned(5) + "  "
            line +=
                row.lastExit.map { "\($0.text) after \(Status.time($0.uptime)), \(Status.time($0.age ?? 0)) ago" }
                ?? "-"
            if let retry = row.retryIn { line += "; again in \(Status.time(retry))" }
            if row.deaf { line += "; not linked to the manager" }
            if row.desired == .down { line += "; wished down" }
            if row.hold { line += "; watchdog held" }
            if let failed = row.failedReplacement {
                line += "; a replacement failed: \(failed.text), \(Status.time(failed.age ?? 0)) ago"
            }
            for other in row.beside { line += "; generation \(other.generation) \(other.state.rawValue) beside it" }
            print(line)
        }
    }
    /// The verdict, and the alerts with it, the worst first.
    private static func show(_ alerts: [Alert], colour: Bool) {
        let verdict = Verdict(alerts)
        let code = verdict == .act ? "1;31" : verdict == .look ? "33" : "32"
        func painted(_ text: String) -> String { colour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
        let since = verdict.since(alerts).map { " since \(UTC.clock($0)) UTC" } ?? ""
        print("verdict     " + painted(verdict.word) + since)
        for alert in alerts {
            let mark = alert.over != nil ? "over" : alert.acknowledged != nil ? "seen" : alert.level.rawValue
            print(
                "  " + mark.leftAligned(10) + "since \(UTC.clock(alert.since))  " + plainText(alert.sentence, most: 400)
                    + "  [\(alert.key)]")
        }
    }
    static func time(_ seconds: Double) -> String {
        if seconds < 100 { return decimals(seconds, 1) + "s" }
        let whole = Int(min(seconds, 1e12))
        if whole < 6000 { return "\(whole / 60)m\(whole % 60)s" }
        return whole < 172_800 ? "\(whole / 3600)h\(whole / 60 % 60)m" : "\(whole / 86_400)d\(whole / 3600 % 24)h"
    }
}

struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The events: the last thousand.")
    @Flag(name: [.short, .long], help: "Go on with each new event.") var follow = false
    @Flag(help: "A JSON object on each line.") var json = false
    @OptionGroup var config: ConfigurationOption

    func run() throws {
        var client = try config.client()
        var request = ControlRequest("events")
        request.follow = follow
        let answer = try client.order(request, EventsAnswer.self)
        for event in answer.events { try show(event) }
        fflush(nil)
        guard follow else { return }
        var last = answer.events.last?.number ?? 0
        repeat {
            while let line = try client.nextLine(seconds: 0) {
                let event = try Event(json: line)
                try show(event)
                fflush(nil)
                last = event.number
            }
        } while try goOn(&client, request, &last)
        complain("the supervisor ended")
        throw ExitCode(StartFailure.unavailable)
    }
    /// Goes on after an upgrade, or with the next supervisor. Its events have the numbers that follow.
    private func goOn(_ client: inout ControlClient, _ request: ControlRequest, _ last: inout UInt64) throws -> Bool {
        let deadline = Clock.monotonicMilliseconds + Events.patienceMilliseconds
        while Clock.monotonicMilliseconds < deadline {
            usleep(50_000)
            client = ControlClient(folder: client.folder)
            guard let answer = try? client.ask(request, EventsAnswer.self) else { continue }
            let isSame = answer.events.last?.number ?? 0 >= last
            for event in answer.events where !isSame || event.number > last { try show(event) }
            fflush(nil)
            last = answer.events.last?.number ?? 0
            return true
        }
        return false
    }
    private static let patienceMilliseconds: UInt64 = 5000
    private func show(_ event: Event) throws {
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(event), as: UTF8.self))
        } else {
            let mark = event.severity.letter
            print(
                "\(event.at) \(mark) \(event.name ?? "-") \(event.kind)\(event.pid.map { " [\($0)]" } ?? "") "
                    + "\(event.text)"
            )
        }
    }
}

struct Log: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The last 200 lines that a process wrote, also those of its earlier copies.")
    @Argument(help: "manager, webhook, worker-0 ..", completion: .processName) var name: String
    @OptionGroup var config: ConfigurationOption
    func run() throws {
        for line in try config.client().order(ControlRequest("log", name), LogAnswer.self).lines {
            print("\(UTC.text(Int64(clamping: line.time))) [\(line.pid)] \(line.text)")
        }
    }
}

struct Crashes: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The crash reports, the oldest first. With an id, that report.")
    @Argument(help: "One of the list.", completion: .crashReport) var id: String?
    @OptionGroup var config: ConfigurationOption
    func run() throws {
        let folder = CrashFolder(path: try config.folder().crashes)
        if let denied = PermissionDenied(folder.path, R_OK | X_OK) { throw complaint(denied) }
        guard let id else {
            let ids = folder.ids()
            ids.forEach { print($0) }
            if ids.isEmpty { sayError("no crash reports in \(folder.path)") }
            return
        }
        guard folder.ids().contains(id), let text = try? Files.text("\(folder.path)/\(id).txt") else {
            complain("no crash report \(id) in \(folder.path)")
            throw ExitCode(66)
        }
        print(text, terminator: "")
    }
}

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows the dashboard (megatop).")
    @OptionGroup var config: ConfigurationOption
    @Argument(parsing: .captureForPassthrough, help: "Passed on to megatop.") var rest: [String] = []
    func run() {
        Megatop.main((config.file.map { ["-c", $0] } ?? []) + rest)
    }
}
