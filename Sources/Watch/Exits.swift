import Stats
package import Supervision

// The end of a process, and what the supervisor does next with it.
extension Model {
    /// `SIGSEGV after 3.1s`, `code 70`, or `-` if it never ended.
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

    /// The supervisor's next step for it, in few words for the table, and how much that matters.
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
        guard let rolling = told.rolling, process.id.isWorker else { return ("-", .fine) }
        if rolling.current == process.id { return ("now", .warning) }
        return (rolling.left.first == process.id ? "next" : rolling.left.contains(process.id) ? "waits" : "done", .fine)
    }

    /// The exits of the last 24 hours in so many columns, the newest last: how many were failures, and whether one was
    /// ordered. They come from the events that are kept.
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
