import Base
import Glibc
import Stats
import Supervision

// The process table: for `megacomet status`, GET /status and the dashboard.
extension Supervisor {
    var status: StatusAnswer {
        let now = Supervisor.now
        return StatusAnswer(
            fleet, pid: getpid(), uptime: (now - startedAt).asSeconds, runDirectory: folder.path,
            events: events.events.last?.number ?? 0, processes: fleet.names.compactMap { row($0, now) })
    }
    private func row(_ name: ProcessName, _ now: Milliseconds) -> StatusAnswer.Row? {
        guard let slot = fleet[name] else { return nil }
        var row = StatusAnswer.Row(slot, now: now)
        row.overloaded = hub?.isOverloaded(name, pid: slot.main?.pid) ?? false
        guard let copy = slot.main.map({ CopyName(name, $0.generation) }) else { return row }
        row.boot = children[copy]?.boot ?? ""
        row.adopted = children[copy]?.isAdopted ?? false
        row.connections = lastReports[copy]?.connections
        row.reportAge = lastReports[copy].map { (now - $0.at).asSeconds }
        return row
    }
}
