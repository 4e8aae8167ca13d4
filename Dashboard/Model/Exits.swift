import Stats
package import Supervision

// How a process ended, and what the supervisor does next with it.
extension Model {
    /// `SIGSEGV after 3.1s`, `code 70`; `-` where it never ended.
    package func lastExit(_ process: ProcessModel) -> String {
        if let text = told.children[process.id]?.lastExit, !text.isEmpty { return text }
        guard let kind = process.child.count(.childLastExitKind).flatMap(ExitKind.init(rawValue:)),
            let code = process.child.count(.childLastExitCode)
        else { return "?" }
        switch kind {
        case .none: return "-"
        case .code: return "code \(code)"
        case .signal: return Ending.short(signal: Int(code))
        case .unknown: return "unknown"
        }
    }

    /// What the supervisor does next with it, in few words for the table, and how much that matters.
    package func next(_ process: ProcessModel) -> (text: String, level: Level) {
        let isHeld = process.child.count(.childWatchdogHeld) == 1
        if let retry = process.child.value(.childRetryIn), retry > 0 {
            return ("start \(Format.span(retry / 1000))", .warning)
        }
        switch process.state(now).condition {
        case .told(.held): return ("U starts", .warning)
        case .told(.stopped): return ("stays down", .fine)
        case .told(.suspect) where !isHeld:
            return ("abort " + Format.span(max(0, server.policy.watchdog - (process.own.age(now) ?? 0))), .critical)
        default: break
        }
        if isHeld { return ("hold", .warning) }
        if let left = told.children[process.id]?.drainsBeside { return ("old " + Format.span(left), .warning) }
        guard let rolling = told.rolling, process.id != .manager else { return ("-", .fine) }
        if rolling.current == process.id { return ("now", .warning) }
        return (rolling.left.first == process.id ? "next" : rolling.left.contains(process.id) ? "waits" : "done", .fine)
    }

    /// When it ended in the last 24 hours, in so many columns, the newest last: how often unasked, and whether on
    /// order. From the events that are kept.
    package func exits(of id: ProcessName, columns: Int) -> [(failed: Int, wasOrdered: Bool)] {
        let day: UInt64 = 86_400_000
        var result = [(failed: Int, wasOrdered: Bool)](repeating: (0, false), count: columns)
        for event in events
        where event.kind == "EXIT" && event.isOf(id) && event.time <= wall && wall - event.time < day {
            let column = columns - 1 - Int((wall - event.time) * UInt64(columns) / day)
            if event.severity == .info { result[column].wasOrdered = true } else { result[column].failed += 1 }
        }
        return result
    }
}
