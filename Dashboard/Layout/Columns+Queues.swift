import Stats
import Watch

extension Columns {
    static let queues: [Column] = [
        id, waiting("depth", "DEPTH", width: 8, from: 0), bytes, clients, oldest("OLDEST", width: 6, from: 30), ttl,
        .flow("enq", "ENQ/s", width: 6, from: 64, .enqueued, isQueue: true),
        .flow("deq", "DEQ/s", width: 6, from: 64, .dequeued, isQueue: true),
        expired(from: 44),
        .flow(
            "drop", "DROP/s", width: 6, from: 72, .droppedFull, isQueue: true,
            level: { value, _, _ in Level(value, Metric[.droppedFull].threshold) }),
        full, trend,
        sum("expired", "EXPIRED", .expired, "Messages that expired since the manager started."),
        sum("dropped", "DROPPED", .droppedFull, "Messages dropped since the manager started."),
        balance,
        depthHistory,
    ]
    private static let depthHistory = {
        var column = Column.history("depth10", "DEPTH", from: 128, "So does mgr.") { $0.depth.values(now: $1.now) }
        column.sharesScale = { _ in true }
        return column
    }()

    private static let bytes = Column.quantity(
        "bytes", "BYTES", width: 6, from: 40, metric: .queueBytes, "", { $0.waiting(.queueBytes, $1.now) },
        format: Format.bytes,
        total: { $0.totals.waiting(.queueBytes) })

    private static let clients = Column.count(
        "clients", "CLIENTS", width: 7, from: 60, metric: .queueClients, "", { $0.waiting(.queueClients, $1.now) },
        total: { $0.totals.waiting(.queueClients) })

    private static let ttl = Column.quantity(
        "ttl", "TTL%", width: 5, from: 50, metric: .queueOldest,
        "Age of the oldest message, as a share of the time to live. At 100% it expires.",
        { process, context in
            guard let ttl = context.model.queue.value(.queueTTL), ttl > 0, process.queue.value(.queueMessages) != 0
            else { return .absent }
            return process.waiting(.queueOldest, context.now).map { $0 / ttl }
        }, format: Format.percent, level: { value, _, _ in Level(value, Metric[.queueOldest].threshold) })

    private static let full = Column.quantity(
        "full", "FULL%", width: 5, from: 84, metric: .queueMessages,
        "Share of the queue's bound that waits here, by messages or by bytes, whichever is more.",
        { process, context in
            let queue = context.model.queue
            guard let messages = queue.value(.queueLimitMessages), let bytes = queue.value(.queueLimitBytes),
                messages > 0, bytes > 0
            else { return Quantity(nil, .old) }
            let share = process.queue.value(.queueBytes).map { $0 / bytes } ?? 0
            return process.waiting(.queueMessages, context.now).map { max($0 / messages, share) }
        }, format: Format.percent, level: { value, _, _ in Level(value, Metric[.queueMessages].threshold) },
        total: { context in context.model.queueShare })

    private static let trend = Column(
        "trend", "TREND", width: 6, from: 78, left: true, "Whether its queue grew or shrank over the last half minute.",
        cell: { process, context in
            if process.queue.freshness(context.now) != .fresh { return Cell("stale", .dim) }
            let values = process.depth.values(seconds: 30).compactMap(\.self)
            guard let first = values.first, let last = values.last, values.count > 3 else { return Cell("?", .dim) }
            let change = last - first
            return Cell(abs(change) < max(2, first * 0.05) ? "flat" : change > 0 ? "rising" : "down")
        },
        value: { process, _ in
            let values = process.depth.values(seconds: 30).compactMap(\.self)
            return values.last.flatMap { last in values.first.map { last - $0 } }
        })

    private static func sum(_ id: String, _ title: String, _ metric: MetricID, _ meaning: String) -> Column {
        .count(
            id, title, width: 9, from: 100, metric: metric, meaning, { $0.waiting(metric, $1.now) },
            total: { $0.totals.waiting(metric) })
    }

    private static let balance = Column.count(
        "balance", "BALANCE", width: 7, from: 116,
        "enqueued - delivered - expired - dropped - depth: 0, or messages were lost without a trace.",
        { process, _ in Quantity(process.imbalance.map { Double($0) }, .fresh) },
        level: { value, _, _ in value == 0 ? .fine : .critical })
}
