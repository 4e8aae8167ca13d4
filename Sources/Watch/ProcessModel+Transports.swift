import Stats

// How the clients of a worker get their messages: polls that wait, event streams and WebSockets.
extension ProcessModel {
    /// Polls that wait. The worker counts all that wait for messages, and of these the streams and WebSockets.
    package func polls(_ now: UInt64) -> Quantity {
        let waiting = gauge(.connsParked, now)
        let others = (own.value(.streams) ?? 0) + (own.value(.sockets) ?? 0)
        return waiting.map { max(0, $0 - others) }
    }
    /// Event streams and WebSockets. Absent where the worker knows neither.
    package func stays(_ now: UInt64) -> Quantity { gauge(.streams, now) + gauge(.sockets, now) }
    package func behindLevel(_ now: UInt64) -> Level { .behind(gauge(.streamsBehind, now), of: stays(now)) }
    package var missedLevel: Level {
        .missed(
            own.rate(.heartbeatsMissed, seconds: Level.missedSeconds),
            of: own.rate(.heartbeats, seconds: Level.missedSeconds))
    }
}

extension Totals {
    package var polls: Quantity { workers.reduce(.absent) { $0 + $1.polls(now) } }
    package var stays: Quantity { sum(.streams) + sum(.sockets) }
    package var behindLevel: Level { .behind(sum(.streamsBehind), of: stays) }
    package var missedLevel: Level {
        .missed(
            sumRate(.heartbeatsMissed, seconds: Level.missedSeconds).value,
            of: sumRate(.heartbeats, seconds: Level.missedSeconds).value)
    }
}

extension Level {
    /// The time over which missed heartbeats are counted.
    package static let missedSeconds = 10.0
    /// Fewer streams that are behind, or fewer heartbeats missed in that time, say nothing about the whole.
    private static let fewest = 10.0
    /// A socket that is full for a moment is usual. If many of them are, messages are more than the lines take.
    package static func behind(_ behind: Quantity, of all: Quantity) -> Level {
        guard let behind = behind.value, let all = all.value, behind >= fewest, all > 0 else { return .fine }
        return behind / all >= 0.20 ? .critical : behind / all >= 0.05 ? .warning : .fine
    }
    /// Both are rates. A few clients always vanish without a word.
    package static func missed(_ missed: Double?, of sent: Double?) -> Level {
        guard let missed, missed * missedSeconds >= fewest, let sent else { return .fine }
        return Level(missed / max(sent, 1), Metric[.heartbeatsMissed].threshold)
    }
}
