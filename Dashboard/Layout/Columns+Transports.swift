import Stats
import Watch

// Columns of how clients get their messages.
extension Columns {
    static func polls(from: Int) -> Column {
        .count(
            "held", "HELD", width: 7, from: from, metric: .connsParked, "Polls that wait for a message.",
            { $0.polls($1.now) }, total: { $0.totals.polls })
    }
    static func streams(from: Int) -> Column {
        .count(
            "streams", "STREAMS", width: 7, from: from, metric: .streams, "", { $0.gauge(.streams, $1.now) },
            total: { $0.totals.sum(.streams) })
    }
    static func sockets(from: Int) -> Column {
        .count(
            "sockets", "SOCKETS", width: 7, from: from, metric: .sockets, "", { $0.gauge(.sockets, $1.now) },
            total: { $0.totals.sum(.sockets) })
    }
    static func behind(from: Int) -> Column {
        .count(
            "behind", "BEHIND", width: 6, from: from, metric: .streamsBehind,
            "Event streams and WebSockets whose socket has not taken all that they were sent. It is marked from 5% of "
                + "them on, and critical from 20%.",
            { $0.gauge(.streamsBehind, $1.now) },
            level: { _, process, context in process.behindLevel(context.now) },
            total: { $0.totals.sum(.streamsBehind) })
    }
    static func missed(from: Int) -> Column {
        .flow(
            "missed", "MISS/s", width: 6, from: from, .heartbeatsMissed, level: { _, process, _ in process.missedLevel }
        )
    }
}
