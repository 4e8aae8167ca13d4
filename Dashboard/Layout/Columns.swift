import Wire

/// The columns of each screen's table, in their order, with the width from which on each is shown.
package enum Columns {
    package static func of(_ screen: Screen) -> [Column] {
        switch screen {
        case .overview: overview
        case .queues: queues
        case .delivery: delivery
        case .procs: procs
        case .events, .host: []
        }
    }
    package static func defaultSort(_ screen: Screen) -> Sort { Sort("id", descending: false) }

    // MARK: shared by several screens

    static let id = Column(
        "id", "ID", width: 3, from: 0, left: true, "The process: mgr is the manager, w0, w1 .. the workers.",
        cell: { process, _ in Cell(process.id.short) },
        value: { process, _ in if case .worker(let number) = process.id { Double(number) } else { -1 } },
        total: { _ in Cell("ALL") })
    static let state = Column(
        "state", "STATE", width: 9, from: 0, left: true, metric: .childState,
        "What the supervisor sees: STARTING READY SUSPECT (sends no reports) DRAINING STOPPING; BACKOFF and CRASHLOOP (it dies, and is started again), HELD (waits for you), STOPPED.",
        cell: { process, context in
            let state = process.state(context.now)
            return Cell(state.text, state.role)
        },
        value: { process, context in Double(process.child.count(.childState) ?? 0) + (process.state(context.now).isReady ? -100 : 0) },
        total: { Cell("\($0.totals.readyCount)/\($0.model.processes.count) ok") })
    static let up = Column(
        "up", "UP", width: 6, from: 60, metric: .childUptime, "Since its start. In BACKOFF and CRASHLOOP: until it is started again.",
        cell: { process, context in
            let state = process.state(context.now)
            if !state.isRunning {
                if let retry = process.child.value(.childRetryIn), retry > 0 { return Cell(Format.span(retry / 1000), .warning) }
                return Cell("-", .dim)
            }
            return Cell(upSeconds(process, context).map(Format.span) ?? "?")
        },
        value: upSeconds)
    static func upSeconds(_ process: ProcessModel, _ context: Context) -> Double? {
        guard process.state(context.now).isRunning else { return nil }
        if let told = process.child.value(.childUptime), told > 0, let age = process.child.age(context.now) { return told / 1000 + age }
        guard process.startTime > 0, context.model.wall >= process.startTime else { return nil }
        return Double(context.model.wall - process.startTime) / 1000
    }
    /// The manager's own connections are its workers and apps.
    static func connections(_ process: ProcessModel, _ context: Context) -> Quantity {
        guard process.id == .manager else { return process.gauge(.connsOpen, context.now) }
        return process.gauge(.workersConnected, context.now) + process.gauge(.appsConnected, context.now)
    }
    static let conns = Column.count(
        "conns", "CONNS", width: 8, from: 24, metric: .connsOpen, "Clients connected. At mgr: workers and apps.", connections,
        level: { value, process, _ in process.id == .manager ? .fine : .share(.connsOpen, value, process.own.value(.connLimit)) },
        total: { $0.totals.connections })
    static let queue = Column.count(
        "queue", "QUEUE", width: 6, from: 30, metric: .queueMessages,
        "Messages that wait for the clients that were last on this worker, also while it is down: the manager keeps them. At mgr: for clients that were on none.",
        { $0.waiting(.queueMessages, $1.now) }, level: { value, _, context in .share(.queueMessages, value, context.model.queue.value(.queueLimitMessages)) },
        total: { $0.totals.waiting(.queueMessages) })
    static let old = Column.quantity(
        "old", "OLD", width: 5, from: 40, metric: .queueOldest, "Age of the oldest of them. At the time to live it expires undelivered.",
        { process, context in
            let oldest = process.waiting(.queueOldest, context.now)
            return oldest.value != nil && process.queue.value(.queueMessages) == 0 ? Quantity(nil, .absent) : oldest
        },
        format: { Format.age($0 / 1000) }, level: { value, _, context in .share(.queueOldest, value, context.model.queue.value(.queueTTL)) },
        total: { $0.totals.waiting(.queueMessages).value == 0 ? .absent : $0.totals.waiting(.queueOldest) })
    static let restarts = Column.count(
        "exits", "RST", width: 3, from: 40, metric: .childExits24h, "How often it ended in the last 24 hours.", { $0.told(.childExits24h, $1.now) },
        level: { value, process, _ in
            max(Level(value, Metric[.childExits24h].threshold), Level(process.child.value(.childExits60s), Metric[.childExits60s].threshold))
        }, total: { context in context.totals.exits24h.map { Quantity($0, .fresh) } ?? Quantity(nil, .old) })
    static let delivered = Column.quantity(
        "dlv", "DLV/s", width: 5, from: 52, metric: .delivered, "Messages written to clients, a second. At mgr: handed to workers.",
        { process, context in
            let metric: MetricID = process.id == .manager ? .handed : .delivered
            return context.session.showsTotals ? process.gauge(metric, context.now) : process.rate(metric, context.now, seconds: context.seconds)
        },
        format: Format.rate, total: { $0.session.showsTotals ? $0.totals.sum(.delivered) : $0.totals.deliveries(seconds: $0.seconds) })
    static let expired = Column.flow(
        "exp", "EXP/s", width: 5, from: 52, .expired, isQueue: true, "Messages whose time to live was over before their client came, a second.",
        level: { value, _, context in
            guard let published = context.totals.manager(.publishes, seconds: context.seconds).value, published > 0 else { return value > 0 ? .warning : .fine }
            return Level(value / published, Metric[.expired].threshold)
        },
        total: { $0.session.showsTotals ? $0.totals.waiting(.expired) : $0.totals.waitingRate(.expired, seconds: $0.seconds) })
    static let lag = Column.quantity(
        "lag", "LAGms", width: 5, from: 70, metric: .loopLagMax, "The worst delay of its event loop in the last report, in ms.",
        { $0.gauge(.loopLagMax, $1.now).map { $0 / 1000 } }, format: { Format.number($0, width: 4) }, level: { value, _, _ in Level(value * 1000, Metric[.loopLagMax].threshold) })
    static let cpu = Column.quantity(
        "cpu", "CPU", width: 4, from: 80, metric: .cpuUser, "Of one core, user and system. A process is one thread: 100% is all it can.", cpuOf,
        format: Format.percent, level: { value, _, _ in Level(value * 1e6, Metric[.cpuUser].threshold) },
        total: { context in context.model.ordered.reduce(.absent) { $0 + cpuOf($1, context) } })
    static func cpuOf(_ process: ProcessModel, _ context: Context) -> Quantity {
        guard process.state(context.now).isRunning else { return .absent }
        let freshness = process.own.freshness(context.now)
        return Quantity(freshness == .old ? nil : process.cpuShare, freshness)
    }
    static let heartbeat = Column(
        "hb", "HB", width: 4, from: 75, metric: .childReportAge, "Age of its last report: of all the figures of this row.",
        cell: { process, context in
            guard process.state(context.now).isRunning, let age = process.own.age(context.now) else { return Cell("-", .dim) }
            let level = process.own.freshness(context.now)
            return Cell(Format.span(age), level == .fresh ? .normal : level == .stale ? .warning : .critical)
        },
        value: { process, context in process.own.age(context.now) })
    static let pid = Column.quantity(
        "pid", "PID", width: 7, from: 112, "Its process id.", { process, context in
            guard process.state(context.now).isRunning else { return .absent }
            return process.pid > 0 ? Quantity(Double(process.pid), .fresh) : process.told(.childPid, context.now)
        }, format: { String(Int($0)) })
    static let rss = Column.quantity(
        "rss", "RSS", width: 5, from: 99, metric: .rss, "", { $0.gauge(.rss, $1.now) }, format: Format.bytes,
        total: { context in context.model.ordered.reduce(.absent) { $0 + $1.gauge(.rss, context.now) } })
    static let out = Column.flow("out", "OUT/s", width: 6, from: 93, .bytesOut, isBytes: true, total: { $0.totals.sumRate(.bytesOut, seconds: $0.seconds) })

    static func percentile(_ share: Double, _ id: String, _ title: String, from: Int) -> Column {
        Column.quantity(
            id, title, width: 5, from: from, metric: .latencyUnder1, "Under this time \(title.dropFirst())% of the messages of the last minute were written, counted from the manager's turn.",
            { process, context in
                guard process.state(context.now).isRunning, process.id != .manager else { return .absent }
                return Quantity(process.latency.counts().flatMap { Latency.percentile(share, $0) }, process.own.freshness(context.now))
            },
            format: Latency.text, level: { value, _, _ in value >= 500 ? .critical : value >= 100 ? .warning : .fine },
            total: { context in Quantity(context.totals.latency.flatMap { Latency.percentile(share, $0) }, .fresh) })
    }

    // MARK: the screens

    static let overview: [Column] = [
        id, state, pid, up, conns,
        .quantity(
            "grow", "+/-s", width: 4, from: 64, metric: .connsOpen, "How fast the connections grow, a second.",
            { process, context in
                let ends = process.connections.values(seconds: 2)
                guard process.id != .manager, process.state(context.now).isRunning else { return .absent }
                guard ends.count == 2, let before = ends[0], let after = ends[1] else { return Quantity(nil, .old) }
                return Quantity(process.own.freshness(context.now) == .old ? nil : after - before, process.own.freshness(context.now))
            }, format: { ($0 > 0 ? "+" : "") + Format.number($0, width: 3) }),
        delivered, percentile(0.99, "p99", "p99", from: 86), queue, old, expired, out, lag, cpu, rss,
        .quantity(
            "fd", "FD%", width: 4, from: 104, metric: .fdsOpen, "Descriptors open, of those it may open.",
            { process, context in
                guard let limit = process.own.value(.fdLimit), limit > 0 else { return process.gauge(.fdLimit, context.now) }
                return process.gauge(.fdsOpen, context.now).map { $0 / limit }
            }, format: Format.percent, level: { value, _, _ in Level(value, Metric[.fdsOpen].threshold) }),
        heartbeat, restarts, .history("conns10", "CONNS, 10 MIN", from: 124) { $0.id == .manager ? $0.deliveries : $0.connections },
    ]

    static let queues: [Column] = [
        id,
        .count("depth", "DEPTH", width: 8, from: 0, metric: .queueMessages, queue.meaning, { $0.waiting(.queueMessages, $1.now) }, level: { value, _, context in
            .share(.queueMessages, value, context.model.queue.value(.queueLimitMessages))
        }, total: { $0.totals.waiting(.queueMessages) }),
        .quantity("bytes", "BYTES", width: 6, from: 40, metric: .queueBytes, "", { $0.waiting(.queueBytes, $1.now) }, format: Format.bytes, total: { $0.totals.waiting(.queueBytes) }),
        .count("clients", "CLIENTS", width: 8, from: 60, metric: .queueClients, "", { $0.waiting(.queueClients, $1.now) }, total: { $0.totals.waiting(.queueClients) }),
        .quantity("old", "OLDEST", width: 6, from: 30, metric: .queueOldest, old.meaning, { process, context in
            process.queue.value(.queueMessages) == 0 ? .absent : process.waiting(.queueOldest, context.now)
        }, format: { Format.age($0 / 1000) }, level: { value, _, context in .share(.queueOldest, value, context.model.queue.value(.queueTTL)) },
            total: { $0.totals.waiting(.queueMessages).value == 0 ? .absent : $0.totals.waiting(.queueOldest) }),
        .quantity("ttl", "TTL%", width: 5, from: 50, metric: .queueOldest, "Age of the oldest message, of the time to live: at 100% it expires.", { process, context in
            guard let ttl = context.model.queue.value(.queueTTL), ttl > 0, process.queue.value(.queueMessages) != 0 else { return .absent }
            return process.waiting(.queueOldest, context.now).map { $0 / ttl }
        }, format: Format.percent, level: { value, _, _ in Level(value, Metric[.queueOldest].threshold) }),
        .flow("enq", "ENQ/s", width: 6, from: 64, .enqueued, isQueue: true, total: { $0.totals.waitingRate(.enqueued, seconds: $0.seconds) }),
        .flow("deq", "DEQ/s", width: 6, from: 64, .dequeued, isQueue: true, total: { $0.totals.waitingRate(.dequeued, seconds: $0.seconds) }),
        .flow("exp", "EXP/s", width: 5, from: 44, .expired, isQueue: true, expired.meaning, total: { $0.totals.waitingRate(.expired, seconds: $0.seconds) }),
        .flow("drop", "DROP/s", width: 6, from: 72, .droppedFull, isQueue: true, level: { value, _, _ in Level(value, Metric[.droppedFull].threshold) }, total: { $0.totals.waitingRate(.droppedFull, seconds: $0.seconds) }),
        Column("trend", "TREND", width: 6, from: 78, left: true, "Whether its queue grew or shrank over the last half minute.", cell: { process, context in Cell(trend(process, context)) }, value: { _, _ in nil }),
        .count("expired", "EXPIRED", width: 9, from: 100, metric: .expired, "Messages that expired since the manager started.", { $0.waiting(.expired, $1.now) }, total: { $0.totals.waiting(.expired) }),
        .count("dropped", "DROPPED", width: 9, from: 100, metric: .droppedFull, "Messages dropped since the manager started.", { $0.waiting(.droppedFull, $1.now) }, total: { $0.totals.waiting(.droppedFull) }),
        .count("balance", "BALANCE", width: 7, from: 116, "enqueued - delivered - expired - dropped - depth: 0, or messages were lost without a trace.", { process, _ in Quantity(process.imbalance.map { Double($0) }, .fresh) }),
        .history("depth10", "DEPTH, 10 MIN", from: 128) { $0.depth },
    ]
    private static func trend(_ process: ProcessModel, _ context: Context) -> String {
        if process.queue.freshness(context.now) != .fresh { return "stale" }
        let values = process.depth.values(seconds: 30).compactMap(\.self)
        guard let first = values.first, let last = values.last, values.count > 3 else { return "?" }
        let change = last - first
        return abs(change) < max(2, first * 0.05) ? "flat" : change > 0 ? "up" : "down"
    }

    static let delivery: [Column] = [
        id, percentile(0.5, "p50", "p50", from: 40), percentile(0.9, "p90", "p90", from: 86), percentile(0.99, "p99", "p99", from: 0), percentile(0.999, "p999", "p99.9", from: 92),
        delivered, out,
        .flow("polls", "POLLS/s", width: 7, from: 44, .polls, total: { $0.totals.sumRate(.polls, seconds: $0.seconds) }),
        .quantity("empty", "EMPTY%", width: 6, from: 62, metric: .pollsEmpty, "Polls answered empty because their time was over, of all answered.", { process, context in
            let empty = process.rate(.pollsEmpty, context.now, seconds: 10), full = process.rate(.pollsAnswered, context.now, seconds: 10)
            guard let a = empty.value, let b = full.value else { return empty }
            return Quantity(a + b > 0 ? a / (a + b) : nil, empty.freshness)
        }, format: Format.percent),
        .flow("repl", "REPL/s", width: 6, from: 68, .pollsReplaced, total: { $0.totals.sumRate(.pollsReplaced, seconds: $0.seconds) }),
        .flow("slow", "SLOW/s", width: 6, from: 74, .closesSlow, total: { $0.totals.sumRate(.closesSlow, seconds: $0.seconds) }),
        .flow("refused", "4xx/s", width: 5, from: 78, .httpRefused, total: { $0.totals.sumRate(.httpRefused, seconds: $0.seconds) }),
        .flow("accept", "ACC/s", width: 6, from: 56, .accepts, total: { $0.totals.sumRate(.accepts, seconds: $0.seconds) }),
        .history("dlv10", "DELIVERIES, 10 MIN", from: 116) { $0.deliveries },
    ]

    static let procs: [Column] = [
        id, state, .quantity("pid", "PID", width: 7, from: 32, pid.meaning, { pid.value($0, $1).map { Quantity($0, .fresh) } ?? .absent }, format: { String(Int($0)) }),
        .quantity("gen", "GEN", width: 3, from: 44, metric: .childGeneration, "", { $0.told(.childGeneration, $1.now) }, format: { String(Int($0)) }), up,
        .quantity("ready", "READY", width: 5, from: 68, metric: .childReadyIn, "", { process, context in
            let ready = process.told(.childReadyIn, context.now)
            return ready.value == 0 ? .absent : ready
        }, format: { Format.milliseconds($0) }),
        Column("exits", "EXIT 1m/24h", width: 11, from: 40, metric: .childExits24h, "How often it ended in the last minute and in 24 hours.", cell: { process, context in
            guard let minute = process.child.value(.childExits60s), let day = process.child.value(.childExits24h) else { return Cell("?", .dim) }
            return Cell("\(Int(minute))/\(Int(day))", max(Level(minute, Metric[.childExits60s].threshold), Level(day, Metric[.childExits24h].threshold)).role)
        }, value: { process, _ in process.child.value(.childExits24h) }),
        Column("last", "LAST EXIT", width: 18, from: 76, left: true, metric: .childLastExitCode, "How it last ended: signal or exit code, and after how long.", cell: { process, context in
            Cell(context.model.lastExit(process))
        }, value: { process, _ in process.child.value(.childLastExitAge).map { -$0 } }),
        Column("next", "NEXT", width: 12, from: 96, left: true, metric: .childRetryIn, "What the supervisor does next with it.", cell: { process, context in context.model.next(process) },
            value: { process, _ in process.child.value(.childRetryIn) }),
        .count("conns", "CONNS", width: 8, from: 106, metric: .connsOpen, conns.meaning, connections), rss, .quantity("lost", "LOST", width: 5, from: 118, metric: .childReportsLost, "", { $0.told(.childReportsLost, $1.now) }, format: Format.short), heartbeat,
        .history("conns10", "CONNS, 10 MIN", from: 132) { $0.connections },
    ]
}

extension Model {
    /// `SIGSEGV 3.1s`, `code 70`; `-` where it never ended.
    package func lastExit(_ process: ProcessModel) -> String {
        if let text = children[process.id]?.lastExit, !text.isEmpty { return text }
        guard let kind = process.child.count(.childLastExitKind).flatMap(ExitKind.init(rawValue:)), let code = process.child.count(.childLastExitCode) else { return "?" }
        switch kind {
        case .none: return "-"
        case .code: return "code \(code)"
        case .signal: return Signals.name(Int(code))
        case .unknown: return "unknown"
        }
    }
    func next(_ process: ProcessModel) -> Cell {
        if let retry = process.child.value(.childRetryIn), retry > 0 { return Cell("start \(Format.span(retry / 1000))", .warning) }
        switch process.state(now).word {
        case "HELD": return Cell("U starts it", .warning)
        case "STOPPED": return Cell("stays down")
        case "SUSPECT":
            if process.child.count(.childWatchdogHeld) == 1 { return Cell("watchdog held") }
            return Cell("abort " + Format.span(max(0, server.policy.watchdog - (process.own.age(now) ?? 0))), .critical)
        default: return Cell(process.child.count(.childWatchdogHeld) == 1 ? "watchdog held" : "-")
        }
    }
}

package enum Signals {
    /// `SIGSEGV`.
    package static func name(_ number: Int) -> String {
        let names = [1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM"]
        return names[number] ?? "signal \(number)"
    }
}
