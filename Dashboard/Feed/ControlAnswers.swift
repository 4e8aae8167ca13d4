import Configuration
import FoundationEssentials
package import Stats
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
        var short: String { signal.map(Ending.short) ?? text }
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
    var events: [Event]

    init?(_ line: String) {
        guard let answer = try? JSONDecoder().decode(ControlEvents.self, from: Data(line.utf8)) else { return nil }
        self = answer
    }
}

extension Event {
    /// From an EVENT datagram, or a line of the events.
    package init?(json: String) {
        guard let event = try? JSONDecoder().decode(Event.self, from: Data(json.utf8)) else { return nil }
        self = event
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
