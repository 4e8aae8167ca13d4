import Base
import Stats
import Supervision
import Watch

extension Verdict {
    /// `ACT since 08:33:37 (0:56)`, or the word alone.
    static func text(_ model: Model, long: Bool) -> (text: String, role: Role) {
        if model.processes.isEmpty { return ("", .normal) }
        let verdict = model.verdict
        let role: Role = verdict == .act ? .critical : verdict == .look ? .warning : .normal
        // Without a supervisor nobody judges anew.
        let old = model.isLost ? "~" : ""
        guard long, let since = verdict.since(model.alerts) else { return (verdict.word + old, role) }
        let age = Format.age(Double(model.wall - min(since, model.wall)) / 1000)
        return ("\(verdict.word)\(old) since \(UTC.clock(since)) (\(age))", role)
    }
}

extension Alert {
    var role: Role { !isOpen ? .dim : isCritical ? .critical : .warning }
    /// `!` for an open alert, `.` for one that is over, `a` for one that is acknowledged.
    var mark: String { over != nil ? "." : acknowledged != nil ? "a" : "!" }
    /// `over 08:31:07`, or nothing.
    var when: String { over.map { "over since \(UTC.clock($0)): " } ?? "" }
}

// The alerts on the screens, the worst first.
extension Frame {
    /// The worst alerts, a line each: what, how much, for how long, and the key of the screen that shows more.
    static func alerts(_ context: Context, _ size: Size) -> [Page.HeaderLine] {
        let most = size.height >= 30 ? 3 : size.height >= 20 ? 2 : 1
        let alerts = context.model.alerts
        return alerts.prefix(most).enumerated().map { index, alert in
            let rest = alerts.count - most
            let more = index == most - 1 && rest > 0 ? " +\(rest) on 5" : ""
            return Page.HeaderLine(line: line(alert, context, more: more, width: size.width), from: 9)
        }
    }
    private static func line(_ alert: Alert, _ context: Context, more: String, width: Int) -> Line {
        let age = Format.age(Double(context.model.wall - min(alert.since, context.model.wall)) / 1000)
        let key = alert.screen == context.session.screen.rawValue ? "" : " [\(alert.screen)]"
        let right = "\(age)\(key)\(more)"
        let text = context.capabilities.clean("\(alert.mark) \(alert.when)\(alert.sentence)")
        var line = Line(Format.cut(text, width - right.count - 2), alert.role)
        line.addRight(right, role: .dim)
        return line
    }
    /// All alerts with their whole texts, as many as fit into so many lines.
    static func wholeAlerts(_ context: Context, width: Int, most: Int) -> [Line] {
        var lines: [Line] = []
        let alerts = context.model.alerts
        for (index, alert) in alerts.enumerated() {
            let began = "\(alert.mark) \(UTC.clock(alert.since)) \(alert.when)"
            let seen = alert.acknowledged.map { " (acknowledged by \($0))" } ?? ""
            let text = context.capabilities.clean(began + alert.sentence + seen)
            let wrapped = Paragraph.lines(text, width: width - 2)
            let room = most - lines.count - (index < alerts.count - 1 ? 1 : 0)
            guard wrapped.count <= room else {
                lines.append(Line("  +\(alerts.count - index) more: megacomet status", .dim))
                break
            }
            for (number, part) in wrapped.enumerated() {
                lines.append(Line((number == 0 ? "" : "  ") + part, alert.role))
            }
        }
        return lines
    }
}
