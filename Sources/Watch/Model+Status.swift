import Base
package import Supervision

extension Model {
    /// Takes up the supervisor's table: what it knows beside its numbers.
    package mutating func take(_ status: StatusAnswer) {
        for row in status.processes {
            guard let id = ProcessName(row.name) else { continue }
            var child = Told.Child()
            child.isHeld = row.hold
            child.lastExit = row.lastExit.map { "\($0.short) after \(Format.span($0.uptime))" } ?? ""
            child.failedReplacement =
                row.failedReplacement.map { "\($0.short) after \(Format.span($0.uptime))" } ?? ""
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
        told.lastRolling = status.lastRolling.map { last in
            let time = min(last.time, 1 << 40) * 1000  // a recording may say anything
            let failedAt = last.failedAt.flatMap { ProcessName($0) }
            var text = UTC.clock(time) + " "
            switch last.outcome {
            case .complete: text += "\(last.done) of \(last.total) replaced in \(Format.span(last.took))"
            case .ended: text += "ended by an operator; \(last.done) of \(last.total) replaced"
            case .failed:
                text += "at \(failedAt?.short ?? "?"): \(last.reason ?? "?"); \(last.done) of \(last.total) replaced"
                if last.oldServes { text += ", nobody cut" }
            }
            return Told.LastRolling(
                number: last.number, isFailed: last.outcome == .failed, time: time, failedAt: failedAt, text: text)
        }
    }
}
