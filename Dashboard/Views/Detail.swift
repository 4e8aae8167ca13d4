import Base
import Stats
import Supervision
import Watch

extension Views {
    /// Everything about one process. Its output and crash reports are in the lower half.
    static func drawDetail(_ id: ProcessName, _ pane: Overlay.Pane, _ context: Context, on grid: inout Grid) {
        let size = grid.size
        Frame.title(context, "\(id.short) (\(id.kind))", width: size.width).draw(
            on: &grid, row: 0, context.capabilities)
        guard let process = context.model.processes[id] else {
            Line(" \(id.short) is not known any more", .warning).draw(on: &grid, row: 2, context.capabilities)
            return
        }
        var row = 1
        let footer = size.height >= 16 ? 2 : 1
        let end = size.height - footer
        func put(_ line: Line) {
            guard row < end else { return }
            line.draw(on: &grid, row: row, context.capabilities)
            row += 1
        }
        for line in (Frame.past(context) + Frame.lost(context)).prefix(1) { put(line.line) }
        for line in facts(process, context) { put(line) }
        if let lower = lower(id, pane, context) {
            drawLines(lower.title, lower.lines, scroll: lower.scroll, &grid, row, end, context)
        } else {
            history(process, context, size, put) { title in
                guard row < end else { return }
                Page.rule(title, "", on: &grid, row, size.width)
                row += 1
            }
        }
        if footer == 2 {
            drawKeys(pane, context, on: &grid)
        } else {
            (Frame.editor(context) ?? Frame.tabs(context)).draw(on: &grid, row: size.height - 1, context.capabilities)
        }
    }
    private static func drawKeys(_ pane: Overlay.Pane, _ context: Context, on grid: inout Grid) {
        let find = pane == .history ? [] : ["/ n N find"]
        let hints = ["Esc back", "Tab next process", "l log", "c crash report"] + find + ["w save"]
        let actions = ["R restart", "D drain", "S stop", "U start", "K kill", "H hold"]
        Frame.footer(context, Frame.keys(context, hints, actions: actions), on: &grid)
    }
    /// The contents of the lower half instead of the history. `scroll` is the first line that is shown.
    private static func lower(
        _ id: ProcessName, _ pane: Overlay.Pane, _ context: Context
    ) -> (title: String, lines: [String], scroll: Int)? {
        switch pane {
        case .history: return nil
        case .output(let back):
            guard let lines = context.model.told.children[id]?.output else {
                return ("LAST OUTPUT", [waiting(context)], .max)
            }
            let below = back > 0 ? ", \(back) below" : ""
            let title = "LAST OUTPUT, \(lines.count) lines, newest at the bottom" + below
            return (title, lines.isEmpty ? ["nothing was written yet"] : lines.dropLast(back), .max)
        case .crash(let number, let scroll):
            guard let reports = context.model.told.crashes(of: id) else {
                return ("CRASH REPORTS", [waiting(context)], 0)
            }
            guard !reports.isEmpty else { return ("CRASH REPORTS: none", ["no crash report of \(id.short)"], scroll) }
            let title = "CRASH REPORT (\(min(number + 1, reports.count)) of \(reports.count), n next)"
            guard reports.indices.contains(number) else { return (title, ["no crash report of \(id.short)"], scroll) }
            return (title, reports[number].lines ?? [waiting(context)], scroll)
        }
    }
    /// The text while the supervisor has not answered yet.
    private static func waiting(_ context: Context) -> String {
        if let past = context.model.past, !past.isWhole { return "not known of the past: End returns to now" }
        return context.model.isLost ? "not known: no supervisor answers" : "asking the supervisor ..."
    }

    private static func facts(_ process: ProcessModel, _ context: Context) -> [Line] {
        let work =
            switch process.id {
            case .manager: [heldLine(process, context)]
            case .webhook: webhookLines(process, context)
            case .worker:
                [clientsLine(process, context), transportsLine(process, context)] + securedLines(process, context)
                    + [heldLine(process, context)]
            }
        return [stateLine(process, context), exitsLine(process, context)] + work + [costLine(process, context)]
    }
    private static func stateLine(_ process: ProcessModel, _ context: Context) -> Line {
        let state = process.state(context.now)
        var first = Line(" STATE", .title)
        first.add(state.text, role: state.role)
        if let retry = process.child.value(.childRetryIn), retry > 0 {
            first.add("retry in " + Format.span(retry / 1000), role: .warning, gap: 1)
        }
        let wish = process.child.count(.childDesired)
        first.add("wanted " + (wish == 0 ? "DOWN" : wish == 1 ? "UP" : "?"), leaves: 3)
        first.add("pid " + (state.isRunning ? process.pid > 0 ? "\(process.pid)" : "?" : "-"), leaves: 1)
        first.add("gen " + Format.whole(process.child.value(.childGeneration) ?? Double(process.generation)), leaves: 2)
        first.add(
            state.isRunning ? "up " + (Columns.upSeconds(process, context).map(Format.span) ?? "?") : "", leaves: 1)
        if let age = process.own.age(context.now), state.isRunning {
            first.add("heard " + Format.span(age) + " ago", leaves: 4)
        }
        return first
    }
    private static func exitsLine(_ process: ProcessModel, _ context: Context) -> Line {
        let now = context.now
        var exits = Line(" EXITS", .title)
        exits.add(
            "\(process.told(.childExits60s, now).text(Format.whole)) in 60s, "
                + "\(process.told(.childExits24h, now).text(Format.whole)) in 24h"
        )
        exits.add("last " + context.capabilities.clean(context.model.lastExit(process)), leaves: 1)
        if let age = process.child.value(.childLastExitAge), process.child.count(.childLastExitKind) ?? 0 > 0 {
            exits.add(Format.span(age / 1000) + " ago", leaves: 2, gap: 1)
        }
        if let failed = context.model.told.children[process.id]?.failedReplacement, !failed.isEmpty {
            exits.add("REPLACEMENT FAILED " + context.capabilities.clean(failed), role: .warning, leaves: 4)
        }
        exits.add("hang kills " + process.told(.childHangKills, now).text(Format.whole), leaves: 3)
        if process.child.count(.childWatchdogHeld) == 1 { exits.add("WATCHDOG HELD", role: .warning) }
        return exits
    }
    private static func clientsLine(_ process: ProcessModel, _ context: Context) -> Line {
        let now = context.now
        let state = process.state(now)
        var clients = Line(" CLIENTS", .title)
        clients.add(
            process.gauge(.connsOpen, now).text(Format.grouped) + " of "
                + process.gauge(.connLimit, now).text(Format.grouped), gap: 1)
        clients.add(
            "delivered " + process.rate(.delivered, now, seconds: context.seconds).text(Format.rate) + "/s",
            leaves: 2)
        if let queue = process.child.value(.listenQueueNow) {
            clients.add(
                "accept queue \(Format.grouped(queue))"
                    + (process.child.value(.listenQueueLimit).map { " of " + Format.grouped($0) } ?? ""), leaves: 4)
        }
        let counts = process.latency.counts()
        clients.add(
            "p99 "
                + (state.isRunning
                    ? counts.flatMap { Latency.percentile(0.99, $0) }.map(Latency.text) ?? "?" : "-"),
            leaves: 3)
        if process.own.count(.managerLinkUp) == 0, state.isRunning {
            clients.add("NOT LINKED to mgr", role: .critical)
        }
        return clients
    }
    /// How its clients get their messages.
    private static func transportsLine(_ process: ProcessModel, _ context: Context) -> Line {
        let now = context.now
        var line = Line(" WAIT", .title)
        line.add("polls " + process.polls(now).text(Format.grouped), gap: 4)
        line.add("streams " + process.gauge(.streams, now).text(Format.grouped), leaves: 1)
        line.add("WebSockets " + process.gauge(.sockets, now).text(Format.grouped), leaves: 2)
        let level = process.behindLevel(now)
        line.add(
            "behind " + process.gauge(.streamsBehind, now).text(Format.grouped) + level.mark, role: level.role,
            leaves: 3)
        let missed = process.rate(.heartbeatsMissed, now, seconds: context.seconds)
        line.add("missed " + missed.text(Format.rate) + "/s", leaves: 4)
        return line
    }
    private static func heldLine(_ process: ProcessModel, _ context: Context) -> Line {
        let now = context.now
        var held = Line(process.id == .manager ? " NEVER SEEN" : " HELD", .title)
        held.add(
            process.waiting(.queueMessages, now).text(Format.grouped) + " messages at mgr for "
                + process.waiting(.queueClients, now).text(Format.grouped) + " clients", gap: 2)
        if process.queue.value(.queueMessages) ?? 0 > 0 {
            held.add(
                "oldest " + process.waiting(.queueOldest, now).text { Format.age($0 / 1000) }
                    + (context.model.queue.value(.queueTTL).map { " of " + Format.age($0 / 1000) } ?? ""), leaves: 1)
        }
        if let wrong = process.imbalance {
            held.add(
                wrong == 0 ? "balance ok" : "balance \(wrong) C", role: wrong == 0 ? .normal : .critical, leaves: 2)
        }
        return held
    }
    private static func costLine(_ process: ProcessModel, _ context: Context) -> Line {
        let now = context.now
        var cost = Line(" COST", .title)
        cost.add("cpu " + Columns.cpuOf(process, context).text(Format.percent), gap: 4)
        cost.add("memory " + process.gauge(.rss, now).text(Format.bytes))
        cost.add(
            "descriptors " + process.gauge(.fdsOpen, now).text(Format.grouped) + " of "
                + process.gauge(.fdLimit, now).text(Format.grouped), leaves: 2)
        cost.add("loop lag " + process.gauge(.loopLagMax, now).text { Format.milliseconds($0 / 1000) }, leaves: 1)
        if process.lost > 0 { cost.add("packets lost \(process.lost)", role: .warning, leaves: 3) }
        return cost
    }

    private static func history(
        _ process: ProcessModel, _ context: Context, _ size: Size, _ put: (Line) -> Void, _ rule: (String) -> Void
    ) {
        rule("HISTORY, 10 min")
        let series: [(String, History)] = [
            ("conns", process.connections), ("queue", process.depth), ("dlv/s", process.deliveries.history),
        ]
        let absent =
            switch process.id {
            case .manager: ["conns"]
            case .webhook: ["conns", "queue"]
            case .worker: [String]()
            }
        for (name, history) in series where !absent.contains(name) {
            let values = history.values(now: context.now)
            var line = Line(" " + Format.left(name, 6), .title)
            line.addHistory(values, most: 600, leaves: 0)
            if let most = values.compactMap(\.self).max() {
                line.addRight("max " + Format.number(most, width: 9), leaves: 1)
            }
            put(line)
        }
        let events = context.model.events.filter { $0.isOf(process.id) }.suffix(max(2, size.height - 16))
            .reversed()
        rule("EVENTS of \(process.id.short)")
        if events.isEmpty { put(Line(" none", .dim)) }
        let kindWidth = Frame.kindWidth(events)
        for event in events { put(Frame.event(event, context, width: size.width, kindWidth: kindWidth)) }
        if let output = context.model.told.children[process.id]?.output, !output.isEmpty {
            rule("LAST OUTPUT (l shows all)")
            for line in output.suffix(8) { put(Line(" " + context.capabilities.clean(line))) }
        }
    }
    private static func drawLines(
        _ title: String, _ lines: [String], scroll: Int, _ grid: inout Grid, _ top: Int, _ end: Int, _ context: Context
    ) {
        guard top < end else { return }
        Page.rule(title, lines.count > end - top - 1 ? "up and down scroll" : "", on: &grid, top, grid.size.width)
        // Long lines are shown whole, since the end of an error is often what matters.
        let lines = lines.flatMap { line in
            line.count < grid.size.width
                ? [line]
                : Paragraph.lines(context.capabilities.clean(line), width: grid.size.width - 4).enumerated().map {
                    $0 == 0 ? $1 : "   " + $1
                }
        }
        let room = end - top - 1
        let first = min(max(0, lines.count - room), scroll)
        for (index, text) in lines.dropFirst(first).prefix(room).enumerated() {
            Line(" " + context.capabilities.clean(text)).draw(on: &grid, row: top + 1 + index, context.capabilities)
        }
    }
}
