import Stats
import Watch

extension Views {
    /// The main screen: how many clients, how fast, how much waits, and what is wrong.
    static func overview(_ context: Context, _ size: Size) -> Page {
        let model = context.model
        let totals = context.totals
        let seconds = context.seconds
        let wide = size.width >= 120
        var page = Page(
            keys: Frame.keys(
                context,
                [
                    "Enter detail", "/ filter", "s sort", "p pause", "e explain", "t totals", "+ - speed", "w save",
                    "g d graphs", "b addresses",
                ], actions: ["R restart", "D drain", "X rolling"]))

        page.header.append(.init(line: connectionsLine(context, wide: wide), from: 0))
        if size.width >= 60 {
            let line = historyLine(.connections, context, wide: wide)
            page.header.append(.init(line: line, from: 18, standsForGraphs: true))
        }
        if context.session.graph != .none { page.graphs = graphs(context) }
        var delivered = Line(" DELIV", .title)
        delivered.add(totals.deliveries(seconds: seconds).text(Format.rate) + "/s")
        let counts = totals.latency
        let mark = totals.freshness == .fresh ? "" : "~"
        func percentile(_ share: Double, _ name: String, leaves: Int) {
            delivered.add(
                "\(name) "
                    + (counts.map { Latency.percentile(share, $0).map { Latency.text($0) + mark } ?? "-" } ?? "?"),
                leaves: leaves, gap: name == "p50" ? 1 : 2)
        }
        // The rates beside them are of the last second.
        delivered.add("in 60s", role: .dim, leaves: 7)
        percentile(0.5, "p50", leaves: 5)
        if wide { percentile(0.9, "p90", leaves: 6) }
        percentile(0.99, "p99", leaves: 2)
        if wide { percentile(0.999, "p99.9", leaves: 7) }
        delivered.addRight("PUB " + totals.published(seconds: seconds).text(Format.rate) + "/s", leaves: 3)
        let errors = totals.errors(seconds: seconds)
        delivered.addRight(
            "ERR " + errors.text(Format.rate) + "/s", role: (errors.value ?? 0) > 0 ? .warning : .normal, leaves: 6)
        let dropped = totals.waitingRate(.droppedFull, seconds: seconds)
        let dropLevel = Level(dropped.value, Metric[.droppedFull].threshold)
        delivered.addRight("DROP " + dropped.text(Format.rate) + "/s" + dropLevel.mark, role: dropLevel.role, leaves: 4)
        page.header.append(.init(line: delivered, from: 0))
        page.header.append(.init(line: queueLine(context), from: 0))
        if wide {
            page.header.append(.init(line: transportsLine(context), from: 28))
            page.header.append(.init(line: flowLine(context), from: 26))
        }
        page.header.append(.init(line: processesLine(context, wide: wide), from: 20))
        if let line = securedLine(context) { page.header.append(.init(line: line, from: 22)) }
        if let line = lossLine(context) { page.header.append(.init(line: line, from: hasLosses(context) ? 24 : 30)) }
        if wide { page.header.append(.init(line: hostLine(context), from: 30)) }
        page.header += Frame.alerts(context, size)

        page.table = Table(.overview, context, width: size.width, hasTotal: size.height >= 16)
        let shown = max(3, size.height - 12)
        page.sections.append(
            .init(
                title: "INCIDENTS (5 shows all, Enter unfolds there)", note: wide ? "\(model.events.count) kept" : "",
                lines: Frame.happenings(context, most: shown, width: size.width),
                least: 1, grows: true))
        return page
    }

    static func connectionsLine(_ context: Context, wide: Bool) -> Line {
        let totals = context.totals
        let connections = totals.connections
        var line = Line(" CONNS", .title)
        let limit = totals.connectionLimit
        let level = Level.share(.connsOpen, connections.value, limit)
        line.add(context.number(connections, width: 12))
        if let limit, limit > 0 {
            line.add("of " + (wide ? Format.grouped(limit) : Format.short(limit)), leaves: 6, gap: 1)
            let share = (connections.value ?? 0) / limit
            line.addBar(share, most: wide ? 42 : 22, role: level.role, leaves: 5)
            line.add(Format.percent(share) + level.mark, role: level.role, leaves: 1)
        }
        let ends = context.model.connections.values(seconds: 2, now: context.now)
        if ends.count == 2, let before = ends[0], let after = ends[1], connections.freshness == .fresh {
            let change = after - before
            line.add((change > 0 ? "+" : "") + Format.short(change) + "/s", leaves: 4)
        } else {
            line.add("?/s", leaves: 4)
        }
        if wide {
            line.add(
                "accepts " + totals.sumRate(.accepts, seconds: context.seconds).text(Format.rate) + "/s", leaves: 7,
                gap: 3)
            let polls = totals.sumRate(.polls, seconds: context.seconds)
            line.add("polls " + polls.text(Format.rate) + "/s", leaves: 8)
        }
        line.addRight("peak " + Format.grouped(context.model.peakConnections), leaves: 7)
        return line
    }
    /// How the clients get their messages.
    private static func transportsLine(_ context: Context) -> Line {
        var line = Line(" WAIT", .title)
        line.add("polls " + context.number(context.totals.polls, width: 11), gap: 3)
        addStreams(to: &line, context, width: 11)
        addMissed(to: &line, context)
        return line
    }
    /// The last minute (on a wide terminal ten), or the last hour or 24 hours.
    static func historyLine(_ total: StatsDay.Total, _ context: Context, wide: Bool) -> Line {
        // Three numbers of a whole day would leave no room on a narrow line.
        let span = context.session.span
        let isShort = span != .minutes && !wide
        func format(_ value: Double) -> String {
            total == .delivered ? Format.rate(value) : Format.number(value, width: 9, full: !isShort)
        }
        if span != .minutes {
            let day = context.model.days[total] ?? Day()
            let minutes = span.seconds / 60
            var line = Line(" " + Format.left(span.rawValue, 3))
            line.addHistory(Array(day.values(now: context.now).suffix(minutes)), most: 200, leaves: 0, gap: 4)
            if let (least, mean, most) = day.range(minutes: minutes, now: context.now) {
                line.addRight("min " + format(least), leaves: 3)
                line.addRight("avg " + format(mean), leaves: 4)
                line.addRight("max " + format(most), leaves: 2)
            }
            return line
        }
        let values = context.model[total].values(seconds: wide ? History.kept : 60, now: context.now)
        var line = Line(wide ? " 10min" : " 60s")
        let silent = context.totals.silent
        if !silent.isEmpty, total != .queued, !context.model.isLost {
            let names = silent.prefix(3).map(\.id.short).joined(separator: " ")
            line.addRight("~ without " + names + (silent.count > 3 ? " .." : ""), role: .warning, leaves: 1)
        }
        line.addHistory(values, most: 200, leaves: 0, gap: wide ? 2 : 4)
        let known = values.compactMap(\.self)
        if let least = known.min(), let most = known.max() {
            line.addRight("min " + format(least), leaves: 3)
            line.addRight("max " + format(most), leaves: 2)
        }
        return line
    }
    static func queueLine(_ context: Context) -> Line {
        let totals = context.totals
        let waiting = totals.waiting(.queueMessages)
        var line = Line(" QUEUE", .title)
        let full = Level.share(.queueMessages, waiting.value, context.model.queue.value(.queueLimitMessages))
        line.add(context.number(waiting, width: 11) + " msgs" + full.mark, role: full.role)
        line.add(totals.waiting(.queueBytes).text(Format.bytes), leaves: 5, gap: 1)
        if let limit = context.model.queue.value(.queueLimitMessages), limit > 0, let value = waiting.value {
            line.addBar(value / limit, most: 14, role: full.role, leaves: 8)
            line.add(Format.percent(value / limit), leaves: 7)
        }
        let oldest = totals.waiting(.queueOldest)
        let level = Level.share(.queueOldest, oldest.value, context.model.queue.value(.queueTTL))
        if waiting.value != 0 {
            line.add(
                "oldest " + oldest.text { Format.age($0 / 1000) }
                    + (context.model.queue.value(.queueTTL).map { "/" + Format.age($0 / 1000) } ?? "") + level.mark,
                role: level.role, leaves: 1)
        }
        line.add("waiting clients " + totals.waiting(.queueClients).text { Format.number($0, width: 7) }, leaves: 4)
        line.addRight(
            "EXPIRE " + totals.waitingRate(.expired, seconds: context.seconds).text(Format.rate) + "/s", leaves: 3)
        return line
    }
    /// The ways that published messages took. The sums agree, or messages are lost without a trace.
    static func flowLine(_ context: Context, withBalance: Bool = true) -> Line {
        let totals = context.totals
        func rate(_ id: MetricID) -> Quantity { totals.waitingRate(id, seconds: context.seconds) }
        var line = Line(" FLOW/s", .title)
        line.add(
            "in \(rate(.enqueued).text(Format.rate)) = out \(rate(.dequeued).text(Format.rate))", leaves: 2, gap: 1)
        line.add(
            "+ expired \(rate(.expired).text(Format.rate)) + dropped \(rate(.droppedFull).text(Format.rate)) + growth "
                + "\(growth(context).text(Format.rate))",
            leaves: 3, gap: 1)
        let (text, role) = balance(context)
        if withBalance { line.add(text, role: role, leaves: 1, gap: 3) }
        return line
    }
    /// By how many messages per second the queue grows.
    static func growth(_ context: Context) -> Quantity {
        func rate(_ id: MetricID) -> Quantity { context.totals.waitingRate(id, seconds: context.seconds) }
        let enqueued = rate(.enqueued)
        guard let come = enqueued.value, let dequeued = rate(.dequeued).value, let expired = rate(.expired).value,
            let dropped = rate(.droppedFull).value
        else {
            return Quantity(nil, enqueued.freshness)
        }
        return Quantity(come - dequeued - expired - dropped, enqueued.freshness)
    }
    static func balance(_ context: Context) -> (String, Role) {
        let (wrong, checked) = context.totals.balance
        if checked == 0 { return ("balance ?", .dim) }
        let isOld = context.model.queue.freshness(context.now) != .fresh
        return wrong.isEmpty
            ? ("balance ok on \(checked) of \(checked)" + (isOld ? "~" : ""), isOld ? .dim : .normal)
            : ("balance " + wrong.prefix(4).map { "\($0.0.short) \($0.1)" }.joined(separator: ", ") + " C", .critical)
    }
    static func processesLine(_ context: Context, wide: Bool) -> Line {
        let totals = context.totals
        var line = Line(" PROCS", .title)
        for (index, group) in totals.states.enumerated() {
            line.add("\(group.count) \(group.word)", role: group.state.role, leaves: index < 3 ? 0 : 4)
        }
        line.add("restarts " + (totals.exits24h.map { Format.short($0) } ?? "?") + " in 24h", leaves: 3, gap: 4)
        if wide {
            let kills = context.totals.ordered.compactMap { $0.child.value(.childHangKills) }
            line.add("hang kills " + (kills.isEmpty ? "?" : Format.short(kills.reduce(0, +))), leaves: 5)
        }
        if let rolling = context.model.told.rolling {
            line.add(
                "ROLLING \(rolling.done) of \(rolling.total)" + (rolling.current.map { ", now \($0.short)" } ?? ""),
                role: .warning, leaves: 1)
        }
        let health = context.model.health
        line.add(
            "lost packets \(health.lost)"
                + (wide ? "  late \(health.late)  frames skipped \(health.framesSkipped)" : ""),
            role: health.lost > 0 ? .warning : .dim, leaves: 4)
        return line
    }
    static func hostLine(_ context: Context) -> Line {
        let own = context.model.supervisor.own
        var line = Line(" HOST", .title)
        let mark = own.freshness(context.now) == .fresh ? "" : "~"
        func add(_ name: String, _ id: MetricID, _ format: (Double) -> String) {
            if let value = own.value(id) { line.add("\(name) " + format(value) + mark, leaves: 3) }
        }
        add("load", .loadAverage) {
            Format.decimals($0 / 1000, 1) + (own.value(.cpuCount).map { " on \(Format.whole($0)) cpus" } ?? "")
        }
        add("mem free", .memoryAvailable) {
            Format.bytes($0) + (own.value(.memoryTotal).map { " of " + Format.bytes($0) } ?? "")
        }
        add("sockets", .tcpInUse, Format.grouped)
        add("time-wait", .tcpTimeWait, Format.grouped)
        if let used = own.value(.tcpMemory), let limit = own.value(.tcpMemoryLimit), limit > 0 {
            line.add("tcp mem " + Format.percent(used / limit) + mark, leaves: 3)
        }
        if let drops = own.rate(.listenDrops) {
            line.add(
                "listen drops " + Format.rate(drops) + "/s" + mark, role: drops > 0 ? .warning : .normal, leaves: 3)
        }
        return line
    }
}
