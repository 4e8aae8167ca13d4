import Base
import Stats
import Supervision
import Watch
import Wire

extension KeyHandler {
    /// The chosen row as one line for a ticket: which server, when, and every value with its column's name.
    func copy(_ session: inout Session) -> [Effect] {
        let context = Context(model, session, Capabilities(isUTF8: true))
        guard let (name, text) = chosen(context) else { return toast("nothing to copy here", &session) }
        return [.copy(name, "\(model.server.host) \(text)")]
    }
    /// The name of the chosen row, and its text.
    private func chosen(_ context: Context) -> (name: String, text: String)? {
        let session = context.session
        let time = UTC.text(model.wall, milliseconds: false)
        func row(_ id: ProcessName) -> (name: String, text: String)? {
            model.processes[id].map { (id.short, "\(time) " + BatchText.row($0, context)) }
        }
        switch session.overlay {
        case .detail(let id, _)?: return row(id)
        case nil: break
        default: return nil
        }
        switch session.screen {
        case .events:
            let rows = Views.eventRows(model, session)
            guard let at = Views.cursor(rows, session) else { return nil }
            guard case .incident(let incident, _) = rows[at] else { return ("the event", rows[at].event.line) }
            return ("the incident", incident.events.map(\.line).joined(separator: "\n"))
        case .host:
            let counters = Views.kernelCounters(model)
            guard !counters.isEmpty else { return nil }
            let counter = counters[Views.cursor(counters.count, session)]
            func text(_ id: MetricID?) -> String {
                id.flatMap { model.supervisor.own.value($0) }.map(BatchText.number) ?? "-"
            }
            return (counter.name, "\(time) \(counter.name): \(text(counter.id)), limit \(text(counter.limit))")
        case .nodes:
            let nodes = Views.shownNodes(model, session)
            guard !nodes.isEmpty else { return nil }
            let node = nodes[Views.cursor(nodes.count, session)]
            return (plainText(node.node), "\(time) \(JSONLine.text(node))")
        default: return selected(session).flatMap(row)
        }
    }
}

extension Event {
    /// The event in one line, also in batch output and reports.
    var line: String {
        "\(UTC.text(time)) \(severity.letter) "
            + plainText("\(who) \(kind)" + (pid.map { " pid \($0)" } ?? "") + " \(text)")
    }
}
