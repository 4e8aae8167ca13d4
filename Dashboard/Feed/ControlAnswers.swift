import Configuration
import FoundationEssentials
import Supervision

extension ControlRequest {
    var line: String { (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? "{}\n" }
}

/// What the supervisor's control socket answers, as far as the dashboard needs it.
struct ControlAnswer: Decodable {
    struct Why: Decodable {
        var code: String
        var message: String
    }
    struct Exit: Decodable {
        var text: String
        var signal: Int?
        var uptime: Double
        var short: String { signal.map(Signals.name) ?? text }
    }
    struct Copy: Decodable {
        var left: Double?
    }
    struct Row: Decodable {
        var name: String
        var hold: Bool?
        var last_exit: Exit?
        var beside: [Copy]?
    }
    struct Rolling: Decodable {
        var by: String
        var total: Int
        var done: Int
        var current: String?
        var left: [String]?
    }
    struct Line: Decodable {
        var time: UInt64
        var text: String
    }
    struct Event: Decodable {
        var number: UInt64?
        var time: UInt64
        var severity: String
        var name: String?
        var kind: String
        var text: String
        var pid: Int?
    }
    struct Crash: Decodable {
        struct Line: Decodable {
            var text: String
        }
        var id: String
        var at: String?
        var pid: Int?
        var boot: String?
        var generation: Int?
        var text: String?
        var core: Bool?
        var uptime: Double?
        var peak_bytes: Double?
        var last_report: [String: Double]?
        var lines: [Line]?
    }
    var ok: Bool?
    var error: Why?
    var processes: [Row]?
    var rolling: Rolling?
    var lines: [Line]?
    var crashes: [String]?
    var crash: Crash?
    var rows: [Doctor.Row]?

    init?(_ line: String) {
        guard let answer = try? JSONDecoder().decode(ControlAnswer.self, from: Data(line.utf8)) else { return nil }
        self = answer
    }
}

/// The answer to `events`: all that are kept. (In `status` the same name is a count.)
struct ControlEvents: Decodable {
    var events: [ControlAnswer.Event]

    init?(_ line: String) {
        guard let answer = try? JSONDecoder().decode(ControlEvents.self, from: Data(line.utf8)) else { return nil }
        self = answer
    }
}

/// The app port's answer to GET /clients.
struct ClientsAnswer: Decodable {
    struct Row: Decodable {
        var client: String
        var worker: Int?
        var queued: Double
        var bytes: Double
        var oldest_seconds: Double
    }
    struct Why: Decodable {
        var message: String?
    }
    var clients: [Row]?
    var error: Why?
}

/// The app port's answer to GET /apps.
struct AppsAnswer: Decodable {
    struct Row: Decodable {
        var peer: String
        var form: String?
        var connected_seconds: Double
        var publishes: Double
        var bytes: Double
        var errors: Double
        var idle_seconds: Double
        var backlog_bytes: Double
    }
    var apps: [Row]?
    var more: Double?
    var error: ClientsAnswer.Why?
}

extension Told.Apps {
    package mutating func take(json: String, time: UInt64) {
        let answer = try? JSONDecoder().decode(AppsAnswer.self, from: Data(json.utf8))
        guard let apps = answer?.apps else {
            problem = "the manager says: " + (answer?.error?.message ?? "what can't be read")
            return
        }
        let rows = apps.map {
            Row(
                peer: $0.peer, form: $0.form, connectedSeconds: $0.connected_seconds, publishes: $0.publishes,
                bytes: $0.bytes, errors: $0.errors,
                idleSeconds: $0.idle_seconds, backlogBytes: $0.backlog_bytes)
        }
        take(rows, more: answer?.more ?? 0, time: time)
    }
}

extension Told.Clients {
    package init(json: String) {
        let answer = try? JSONDecoder().decode(ClientsAnswer.self, from: Data(json.utf8))
        guard let clients = answer?.clients else {
            problem = "the manager says: " + (answer?.error?.message ?? "what can't be read")
            return
        }
        rows = clients.map {
            Row(
                id: $0.client, worker: $0.worker.map { .worker($0) } ?? .manager, queued: $0.queued, bytes: $0.bytes,
                oldestSeconds: $0.oldest_seconds)
        }
        problem = ""
    }
}

extension Event {
    init(_ event: ControlAnswer.Event) {
        let who = event.name.flatMap { ProcessName($0)?.short ?? $0 } ?? "cmt"
        self.init(
            number: event.number ?? 0, time: event.time, severity: Severity(rawValue: event.severity) ?? .info,
            who: who, kind: event.kind, text: event.text, pid: event.pid)
    }
    /// From an EVENT datagram.
    package init?(json: String) {
        guard let event = try? JSONDecoder().decode(ControlAnswer.Event.self, from: Data(json.utf8)) else { return nil }
        self.init(event)
    }
}

extension ControlAnswer.Crash {
    /// For people, as lines.
    var report: [String] {
        var lines = ["\(id)", " how      " + (text ?? "?") + (core == true ? ", core left" : "")]
        lines.append(" when     " + (at ?? "?") + ", after " + (uptime.map(Format.span) ?? "?"))
        lines.append(
            " pid      \(pid.map(String.init) ?? "?")  boot \((boot ?? "").prefix(8))  generation "
                + "\(generation.map(String.init) ?? "?")"
                + (peak_bytes.map { "  peak memory \(Format.bytes($0))" } ?? ""))
        if let last = last_report, !last.isEmpty {
            lines.append(" last report")
            for name in last.keys.sorted() {
                lines.append("   " + Format.left(name, 30) + " " + Format.grouped(last[name] ?? 0))
            }
        }
        lines.append(" last lines")
        lines += (self.lines ?? []).map { "   " + $0.text }
        return lines
    }
}
