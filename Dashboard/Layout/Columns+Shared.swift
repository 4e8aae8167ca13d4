import Stats
import Supervision
import Watch

// Columns of several screens, and the functions that they share.
extension Columns {
    static let id = Column(
        "id", "ID", width: 3, from: 0, left: true,
        "The process: mgr is the manager, hook the webhook, w0, w1 .. the workers.",
        cell: { process, _ in Cell(process.id.short) },
        value: { process, _ in Double(process.id.order) },
        total: { _ in Cell("ALL") })

    static let state = Column(
        "state", "STATE", width: 9, from: 0, left: true, metric: .childState,
        "The supervisor's view: STARTING READY OVERLOAD (full or late) SUSPECT (sends no reports) DRAINING STOPPING; "
            + "BACKOFF and CRASHLOOP (it dies, and is started again), HELD (waits for you), STOPPED. FAILING: the "
            + "webhook runs, and the app does not take what it posts.",
        cell: { process, context in
            let state = process.state(context.now)
            if state.isPlain, process.failing(context.now) != nil { return Cell("FAILING", process.failingLevel.role) }
            // The sign of an old state stands for the last letter of a long word: CRASHLOO~.
            let text = state.text
            return Cell(text.count > 9 ? String(text.prefix(8)) + "~" : text, state.role)
        },
        value: { process, context in
            Double(process.child.count(.childState) ?? 0) + (process.state(context.now).isReady ? -100 : 0)
        },
        total: { Cell($0.totals.readyText) })

    static let up = Column(
        "up", "UP", width: 6, from: 60, metric: .childUptime,
        "Time since its start. In BACKOFF and CRASHLOOP: `in 52s`, the time until it is started again.",
        cell: { process, context in
            if process.state(context.now).isRunning { return Cell(upSeconds(process, context).map(Format.span) ?? "?") }
            guard let retry = process.child.value(.childRetryIn), retry > 0 else { return Cell("-", .dim) }
            // The time to come is not taken for the time that it is up.
            return Cell("in " + Format.fitted(Format.span(retry / 1000), 3), .warning)
        },
        value: upSeconds)

    static func upSeconds(_ process: ProcessModel, _ context: Context) -> Double? {
        guard process.state(context.now).isRunning else { return nil }
        if let told = process.child.value(.childUptime), told > 0, let age = process.child.age(context.now) {
            return told / 1000 + age
        }
        guard process.startTime > 0, context.model.wall >= process.startTime else { return nil }
        return Double(context.model.wall - process.startTime) / 1000
    }

    static let conns = Column.count(
        "conns", "CONNS", width: 8, from: 24, metric: .connsOpen,
        "Clients that are served, at most the limit: a connection above it is only told 503, and is counted by "
            + "rejected_limit_total and ERR. At mgr: workers and apps.",
        connections,
        level: { value, process, _ in
            !process.id.isWorker ? .fine : .share(.connsOpen, value, process.own.value(.connLimit))
        },
        total: { $0.totals.connections })

    /// The manager's own connections are its workers and apps.
    static func connections(_ process: ProcessModel, _ context: Context) -> Quantity {
        guard process.id == .manager else { return process.served(context.now) }
        return process.gauge(.workersConnected, context.now) + process.gauge(.appsConnected, context.now)
    }

    /// Messages that wait. The two screens that have this column give it different names.
    static func waiting(_ id: String, _ title: String, width: Int, from: Int) -> Column {
        .count(
            id, title, width: width, from: from, metric: .queueMessages,
            "Messages that wait for the clients that were last on this worker, also while it is down: the manager "
                + "keeps them. At mgr they are for clients that were on no worker. At hook they are "
                + "events that the app has not taken.",
            { $0.id == .webhook ? $0.gauge(.webhookWaiting, $1.now) : $0.waiting(.queueMessages, $1.now) },
            level: { value, process, context in
                process.id == .webhook
                    ? .fine : .share(.queueMessages, value, context.model.queue.value(.queueLimitMessages))
            },
            total: { $0.totals.waiting(.queueMessages) })
    }

    static func oldest(_ title: String, width: Int, from: Int) -> Column {
        .quantity(
            "old", title, width: width, from: from, metric: .queueOldest,
            "Age of the oldest message that waits. At the time to live it expires undelivered. At hook: how long "
                + "the app has not taken what is posted.",
            { process, context in
                if process.id == .webhook {
                    return process.failing(context.now).map { Quantity($0, process.own.freshness(context.now)) }
                        ?? .absent
                }
                return process.queue.value(.queueMessages) == 0 ? .absent : process.waiting(.queueOldest, context.now)
            },
            format: { Format.age($0 / 1000) },
            level: { value, process, context in
                process.id == .webhook
                    ? process.failingLevel : .share(.queueOldest, value, context.model.queue.value(.queueTTL))
            },
            total: { $0.totals.waiting(.queueMessages).value == 0 ? .absent : $0.totals.waiting(.queueOldest) })
    }

    static func expired(from: Int) -> Column {
        .flow(
            "exp", "EXP/s", width: 5, from: from, .expired, isQueue: true,
            "Messages whose time to live was over before their client came, a second.",
            level: { value, _, context in
                guard let published = context.totals.manager(.publishes, seconds: context.seconds).value, published > 0
                else { return value > 0 ? .warning : .fine }
                return Level(value / published, Metric[.expired].threshold)
            })
    }

    static let delivered = Column.quantity(
        "dlv", "DLV/s", width: 5, from: 52, metric: .delivered,
        "Messages written to clients, a second. At mgr: messages handed to workers. At hook: events that the app took.",
        { process, context in
            let metric = process.id.delivered
            return context.session.showsTotals
                ? process.gauge(metric, context.now) : process.rate(metric, context.now, seconds: context.seconds)
        },
        format: Format.rate,
        total: { $0.session.showsTotals ? $0.totals.sum(.delivered) : $0.totals.deliveries(seconds: $0.seconds) })

    static let out = Column.flow("out", "OUT/s", width: 6, from: 93, .bytesOut, isBytes: true)

    static func percentile(_ share: Double, _ id: String, _ title: String, from: Int) -> Column {
        .quantity(
            id, title, width: 5, from: from, metric: .latencyUnder1,
            "The time within which \(title.dropFirst())% of the messages of the last minute were written, counted from "
                + "the manager's turn.",
            { process, context in
                guard process.id.isWorker else { return .absent }
                if let missing = process.missing(context.now) { return missing }
                guard let counts = process.latency.counts() else { return Quantity(nil, .old) }
                guard let time = Latency.percentile(share, counts) else { return .absent }
                return Quantity(time, process.own.freshness(context.now))
            },
            format: Latency.text, level: { value, _, _ in value >= 500 ? .critical : value >= 100 ? .warning : .fine },
            total: { context in
                guard let counts = context.totals.latency else { return Quantity(nil, .old) }
                return Latency.percentile(share, counts).map { Quantity($0, context.totals.freshness) } ?? .absent
            })
    }

    static let lag = Column.quantity(
        "lag", "LAGms", width: 5, from: 70, metric: .loopLagMax,
        "The worst delay of its event loop in the last report, in ms.",
        { $0.gauge(.loopLagMax, $1.now).map { $0 / 1000 } }, format: { Format.number($0, width: 4) },
        level: { value, _, _ in Level(value * 1000, Metric[.loopLagMax].threshold) })

    static let cpu = Column.quantity(
        "cpu", "CPU", width: 4, from: 80, metric: .cpuUser,
        "Share of one core, user and system. A process is one thread, so 100% is the most.", cpuOf,
        format: Format.percent, level: { value, _, _ in Level(value * 1e6, Metric[.cpuUser].threshold) },
        total: { context in context.totals.sumOfRates(context.totals.ordered) { cpuOf($0, context) } })

    static func cpuOf(_ process: ProcessModel, _ context: Context) -> Quantity {
        if let missing = process.missing(context.now) { return missing }
        let freshness = process.own.freshness(context.now)
        return Quantity(freshness == .old ? nil : process.cpuShare, freshness)
    }

    static let rss = Column.quantity(
        "rss", "RSS", width: 5, from: 99, metric: .rss, "", { $0.gauge(.rss, $1.now) }, format: Format.bytes,
        total: { context in context.totals.ordered.reduce(.absent) { $0 + $1.gauge(.rss, context.now) } })

    static let heartbeat = Column(
        "hb", "HB", width: 4, from: 75, metric: .childReportAge,
        "Age of its last report, and so of all figures in this row.",
        cell: { process, context in
            guard process.state(context.now).isRunning, let age = process.own.age(context.now) else {
                return Cell("-", .dim)
            }
            let level = process.own.freshness(context.now)
            return Cell(Format.span(age), level == .fresh ? .normal : level == .stale ? .warning : .critical)
        },
        value: { process, context in process.own.age(context.now) })

    static func pid(from: Int) -> Column {
        .quantity(
            "pid", "PID", width: 7, from: from, "Its process id.",
            { process, context in
                if let missing = process.missing(context.now) { return missing }
                return process.pid > 0 ? Quantity(Double(process.pid), .fresh) : process.told(.childPid, context.now)
            }, format: Format.whole)
    }
}
