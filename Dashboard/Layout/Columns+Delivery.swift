import Stats
import Supervision
import Watch

extension Columns {
    static let delivery: [Column] = [
        id, percentile(0.5, "p50", "p50", from: 40), percentile(0.9, "p90", "p90", from: 86),
        percentile(0.99, "p99", "p99", from: 0),
        percentile(0.999, "p999", "p99.9", from: 92),
        delivered, out,
        .flow("polls", "POLLS/s", width: 7, from: 44, .polls),
        empty,
        .flow("repl", "REPL/s", width: 6, from: 68, .pollsReplaced),
        .flow("slow", "SLOW/s", width: 6, from: 74, .closesSlow),
        .flow("refused", "4xx/s", width: 5, from: 78, .httpRefused),
        closes,
        .flow("accept", "ACC/s", width: 6, from: 56, .accepts),
        polls(from: 144), streams(from: 100), sockets(from: 100), behind(from: 108), missed(from: 150),
        .history(
            "dlv10", "DELIVERIES", from: 120,
            "At mgr, on its own scale: messages handed to workers. At hook: events that the app took."
        ) { $0.deliveries.history.values(now: $1.now) },
    ]

    private static let empty = Column.quantity(
        "empty", "EMPTY%", width: 6, from: 62, metric: .pollsEmpty,
        "Share of the answered polls that were empty because their time was over.",
        { process, context in
            let empty = process.rate(.pollsEmpty, context.now, seconds: context.seconds),
                full = process.rate(.pollsAnswered, context.now, seconds: context.seconds)
            guard let a = empty.value, let b = full.value else { return empty }
            return a + b > 0 ? Quantity(a / (a + b), empty.freshness) : .absent
        }, format: Format.percent)

    private static let closes = Column.quantity(
        "close", "CLOSE/s", width: 7, from: 96, metric: .closesClient,
        "Connections that ended, for any reason, over the same time as ACC/s.",
        { process, context in
            guard process.id.isWorker else { return .absent }
            if let missing = process.missing(context.now) { return missing }
            return Closes.reasons.reduce(.absent) { sum, reason in
                sum
                    + (context.session.showsTotals
                        ? process.gauge(reason.id, context.now)
                        : process.rate(reason.id, context.now, seconds: context.seconds))
            }
        }, format: Format.rate)
}
