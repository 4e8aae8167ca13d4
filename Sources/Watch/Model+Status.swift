package import Supervision

extension Model {
    /// Takes up the supervisor's table: what it knows beside its numbers.
    package mutating func take(_ status: StatusAnswer) {
        for row in status.processes {
            guard let id = ProcessName(row.name) else { continue }
            var child = Told.Child()
            child.isHeld = row.hold
            child.lastExit = row.lastExit.map { "\($0.short) after \(Format.span($0.uptime))" } ?? ""
            child.drainsBeside = row.beside.compactMap(\.left).max()
            child.output = told.children[id]?.output
            child.diagnosis = row.diagnosis
            told.children[id] = child
        }
        told.alerts = status.alerts
        told.losses = status.losses
        told.rolling = status.rolling.map { run in
            Told.Rolling(
                by: run.by, total: run.total, done: run.done, current: run.current.flatMap { ProcessName($0) },
                left: (run.left ?? []).compactMap { ProcessName($0) })
        }
    }
}
