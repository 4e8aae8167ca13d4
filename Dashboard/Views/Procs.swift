import Stats
import Watch

extension Views {
    /// The processes, as the supervisor knows them.
    static func procs(_ context: Context, _ size: Size) -> Page {
        let model = context.model
        var page = Page(
            keys: Frame.keys(
                context, ["Enter detail", "l log", "c crash", "s sort", "e explain"],
                actions: ["R restart", "D drain", "S stop", "U start", "K kill", "H hold", "X rolling"]))
        page.header.append(.init(line: supervisorLine(context), from: 0))
        page.header.append(.init(line: policyLine(context), from: 16))
        page.header.append(
            .init(line: rollingLine(context), from: context.model.told.lastRolling?.isFailed == true ? 0 : 14))
        if model.told.rolling != nil { page.header.append(.init(line: reconnectLine(context), from: 24)) }
        page.header += Frame.alerts(context, size)
        let table = Table(.procs, context, width: size.width)
        page.table = table
        let columns = size.width >= wideFrom ? 96 : 48
        let exits = restarts(context, columns: columns)
        if !exits.isEmpty, size.width > columns + 12 {
            page.sections.append(
                .init(
                    title: "RESTARTS, 24h (each column \(24 * 60 / columns) min; digits are exits, u ordered)",
                    lines: exits, least: 1))
        }
        if let selected = Table.cursor(table.rows, context.session).map({ table.rows[$0] }),
            let output = model.told.children[selected.id]?.output, !output.isEmpty
        {
            page.sections.append(
                .init(
                    title: "\(selected.id.short) LAST OUTPUT", note: "l shows all",
                    lines: output.suffix(10).map { Line(" " + context.capabilities.clean($0)) }, least: 2, grows: true))
        }
        return page
    }

    private static func supervisorLine(_ context: Context) -> Line {
        let model = context.model
        var supervisor = Line(" SUPERVISOR", .title)
        supervisor.add(model.supervisor.pid > 0 ? "pid \(model.supervisor.pid)" : "pid ?")
        if model.supervisor.startTime > 0, model.wall > model.supervisor.startTime {
            supervisor.add("up " + Format.span(Double(model.wall - model.supervisor.startTime) / 1000), leaves: 3)
        }
        let own = model.supervisor.own
        if let good = own.count(.configOK) {
            supervisor.add(good == 1 ? "config ok" : "CONFIG BAD", role: good == 1 ? .normal : .warning, leaves: 2)
        }
        if let viewers = own.value(.subscribers) { supervisor.add("viewers \(Format.whole(viewers))", leaves: 4) }
        if let open = own.value(.fdsOpen), let most = own.value(.fdLimit) {
            supervisor.add(
                "descriptors \(Format.grouped(open)) of \(Format.grouped(most))",
                role: Level.share(.fdsOpen, open, most).role, leaves: 6)
        }
        if let age = own.age(context.now) { supervisor.add("heard " + Format.span(age) + " ago", leaves: 5) }
        let forged =
            (own.value(.hubBadToken) ?? 0) + (own.value(.hubBadMagic) ?? 0) + (own.value(.hubForeign) ?? 0)
            + (own.value(.hubTruncated) ?? 0)
        if forged > 0 { supervisor.add("foreign packets \(Format.short(forged))", role: .warning, leaves: 4) }
        return supervisor
    }
    private static func policyLine(_ context: Context) -> Line {
        let policy = context.model.server.policy
        var line = Line(" POLICY", .title)
        line.add("backoff \(Format.span(policy.restartDelay)) x3 to \(Format.span(policy.restartDelayMax))", leaves: 1)
        line.add(
            "crash loop \(policy.crashLoopExits) in \(Format.span(policy.crashLoopWindow)), then each 60s", leaves: 2)
        line.add("suspect after 3 reports", leaves: 4)
        line.add("hang \(Format.span(policy.watchdog))", leaves: 3)
        line.add("drain \(Format.span(policy.drain))", leaves: 3)
        return line
    }
    private static func rollingLine(_ context: Context) -> Line {
        var line = Line(" ROLLING", .title)
        guard let run = context.model.told.rolling else {
            if let past = context.model.past, !past.isWhole {
                line.add("?", role: .dim)
                return line
            }
            guard let last = context.model.told.lastRolling else {
                line.add("none (X starts one: new ready before old drains)", role: .dim)
                return line
            }
            let text = context.capabilities.clean(last.text)
            // It stays until another one ends.
            if last.isFailed {
                line.add("FAILED " + text, role: .critical, gap: 1)
            } else {
                line.add("none now; the last one: " + text, role: .dim)
            }
            return line
        }
        line.add("\(run.done) of \(run.total) done", role: .warning)
        if let now = run.current {
            line.add(
                "now \(now.short): "
                    + (context.model.told.children[now]?.drainsBeside.map { "old drains \(Format.span($0))" }
                        ?? "new starts"),
                leaves: 2)
        }
        line.addBar(Double(run.done) / Double(max(1, run.total)), most: 30, leaves: 3)
        line.add("by " + context.capabilities.clean(run.by), role: .dim, leaves: 4)
        line.addRight("P ends it after this one", role: .dim, leaves: 1)
        return line
    }
    /// The load of clients that were asked to connect again.
    private static func reconnectLine(_ context: Context) -> Line {
        let totals = context.totals
        var line = Line(" RECONNECT", .title)
        line.add("accepts " + totals.sumRate(.accepts, seconds: context.seconds).text(Format.rate) + "/s", gap: 1)
        line.add(
            "drained " + totals.sumRate(.closesDrain, seconds: context.seconds).text(Format.rate) + "/s", leaves: 2)
        let fullest = totals.workers.compactMap { $0.child.value(.listenQueueNow) }.max()
        line.add("accept queue " + (fullest.map(Format.grouped) ?? "?") + " at most", leaves: 3)
        line.add(
            "p99 "
                + (totals.latency.map { Latency.percentile(0.99, $0).map(Latency.text) ?? "-" } ?? "?")
                + (totals.freshness == .fresh ? "" : "~") + " in 60s", leaves: 1)
        return line
    }
    /// A strip for each process that ended unasked. It shows when, and how often.
    private static func restarts(_ context: Context, columns: Int) -> [Line] {
        context.totals.ordered.compactMap { process in
            let exits = context.model.exits(of: process.id, columns: columns)
            let count = exits.reduce(0) { $0 + $1.failed }
            guard count > 0 else { return nil }
            var line = Line(" " + Format.left(process.id.short, 4))
            line.add(
                String(
                    exits.map {
                        $0.failed > 9 ? "#" : $0.failed > 0 ? Character("\($0.failed)") : $0.wasOrdered ? "u" : "."
                    }), role: .warning, gap: 0)
            line.add(Format.right("\(count)", 4), gap: 1)
            return line
        }
    }
}
