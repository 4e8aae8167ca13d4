import Stats
import Supervision
import Watch

extension Columns {
    static let overview: [Column] = [
        id, state, pid(from: 112), up, conns, growth, delivered, percentile(0.99, "p99", "p99", from: 86),
        waiting("queue", "QUEUE", width: 6, from: 30),
        oldest("OLD", width: 5, from: 40), expired(from: 52), out, lag, cpu, rss, descriptors, heartbeat, restarts,
        streams(from: 160), sockets(from: 160),
        connections10(from: 124),
    ]
    static func connections10(from: Int) -> Column {
        .history("conns10", "CONNS", from: from, "At mgr, on its own scale: workers and apps.", connectionHistory)
    }
    /// The same as in the column CONNS.
    private static func connectionHistory(_ process: ProcessModel, _ context: Context) -> [Double?] {
        let connections = process.connections.values(now: context.now)
        guard process.id == .manager else { return connections }
        let apps = process.apps.values(now: context.now)
        // Both end at the same second, and may begin at different ones.
        return zip(connections.suffix(apps.count), apps.suffix(connections.count)).map { workers, apps in
            workers.flatMap { workers in apps.map { workers + $0 } }
        }
    }

    private static let growth = Column.quantity(
        "grow", "+/-s", width: 4, from: 64, metric: .connsOpen, "How fast the connections grow, a second.",
        { process, context in
            guard process.id.isWorker else { return .absent }
            if let missing = process.missing(context.now) { return missing }
            let freshness = process.own.freshness(context.now)
            let ends = process.connections.values(seconds: 2)
            guard ends.count == 2, let before = ends[0], let after = ends[1], freshness != .old else {
                return Quantity(nil, .old)
            }
            return Quantity(after - before, freshness)
        }, format: { ($0 > 0 ? "+" : "") + Format.short($0) })

    private static let descriptors = Column.quantity(
        "fd", "FD%", width: 4, from: 104, metric: .fdsOpen, "Descriptors open, of those it may open.",
        { process, context in
            guard let limit = process.own.value(.fdLimit), limit > 0 else {
                return process.gauge(.fdLimit, context.now)
            }
            return process.gauge(.fdsOpen, context.now).map { $0 / limit }
        }, format: Format.percent, level: { value, _, _ in Level(value, Metric[.fdsOpen].threshold) })

    private static let restarts = Column.count(
        "exits", "RST", width: 3, from: 40, metric: .childExits24h, "Ends that nobody ordered, in the last 24 hours.",
        { $0.told(.childExits24h, $1.now) },
        level: { value, process, _ in
            max(
                Level(value, Metric[.childExits24h].threshold),
                Level(process.child.value(.childExits60s), Metric[.childExits60s].threshold))
        },
        total: { context in context.totals.exits24h.map { Quantity($0, .fresh) } ?? Quantity(nil, .old) })
}
