import Base
import Stats
import Supervision
import Watch

// Boxes of text with a frame that lie over a screen. They are cut if the terminal is smaller.
extension Views {
    static func box(
        _ title: String, _ lines: [Line], foot: String, width wanted: Int, _ context: Context, on grid: inout Grid
    ) {
        let size = grid.size
        let width = min(size.width, wanted)
        // If the box is higher than the terminal, its last lines are kept: the operator types there.
        let room = max(1, size.height - 2)
        let lines = lines.count > room ? Array(lines.prefix(max(0, room - 2)) + lines.suffix(min(2, room))) : lines
        let top = max(0, (size.height - lines.count - 2) / 2)
        let left = (size.width - width) / 2
        func edge(_ text: String, _ row: Int) {
            let text = text.isEmpty ? "" : " " + String(text.prefix(max(0, width - 6))) + " "
            let dashes = max(0, width - 2 - text.count)
            grid.put(
                "+" + String(repeating: "-", count: dashes / 2) + text
                    + String(repeating: "-", count: dashes - dashes / 2) + "+", row: row, column: left, role: .title)
        }
        edge(title, top)
        for (index, line) in lines.enumerated() {
            grid.put(
                "|" + String(repeating: " ", count: max(0, width - 2)) + "|", row: top + 1 + index, column: left,
                role: .title)
            for column in left + 1..<max(left + 1, left + width - 1) {
                grid.put(" ", row: top + 1 + index, column: column)
            }
            line.draw(on: &grid, row: top + 1 + index, column: left + 2, width: width - 4, context.capabilities)
        }
        edge(foot, top + 1 + lines.count)
    }

    static func drawConfirmation(_ box: Confirmation, _ context: Context, on grid: inout Grid) {
        let gap = grid.size.height >= 12 ? [Line("")] : []
        let who =
            box.target?.short
            ?? (box.action == .rolling
                ? "all workers, one at a time" : box.action == .finish ? "the rolling restart" : "the supervisor")
        let meaning =
            box.target != nil || box.action.isForAll ? [Line(actionMeaning(box.action), .dim)] : []
        let lines =
            gap + consequences(box, who, context) + meaning + careful(box, context) + gap + answerLines(box, context)
        let title =
            box.target == nil && box.action == .start
            ? "START THE SUPERVISOR" : "\(box.action.rawValue.uppercased()) \(who)"
        Views.box(
            title, lines, foot: "Tab moves, Esc cancels" + (box.pid > 0 ? "; refused if pid or boot changed" : ""),
            width: 66, context, on: &grid)
    }

    /// What the order does, and to which process.
    private static func consequences(_ box: Confirmation, _ who: String, _ context: Context) -> [Line] {
        let model = context.model
        if let target = box.target, let process = model.processes[target] {
            return consequences(box, who, process, context)
        }
        switch box.action {
        case .rolling:
            return [
                Line("\(model.workers.count) workers, one after the other: each new one is ready"),
                Line("before its old one drains (\(Format.span(model.server.policy.drain)) each)"),
            ]
        case .finish:
            return [
                Line(
                    model.told.rolling.map { run in
                        "\(run.done) of \(run.total) done" + (run.current.map { ", now \($0.short)" } ?? "")
                    } ?? "it is over already")
            ]
        case .restart, .drain, .stop, .start, .kill, .hold:
            return [
                Line("megacomet start: a process of its own; it keeps running"),
                Line("when megatop ends. It adopts what still runs."),
            ]
        }
    }
    private static func consequences(
        _ box: Confirmation, _ who: String, _ process: ProcessModel, _ context: Context
    ) -> [Line] {
        let model = context.model
        var lines: [Line] = []
        let state = process.state(context.now)
        lines.append(
            Line(
                "\(who)  \(state.text)"
                    + (box.pid > 0 ? "  pid \(box.pid)  boot \(hex(box.boot, digits: 16).prefix(8))" : "")))
        let clients = process.gauge(.connsOpen, context.now)
        if let value = clients.value, value > 0, [.restart, .drain, .stop, .kill].contains(box.action) {
            lines.append(
                Line(
                    box.action == .kill
                        ? "\(Format.grouped(value)) clients lose their connection and poll again at once"
                        : "\(Format.grouped(value)) clients are asked to poll again, spread over "
                            + "\(Format.span(model.server.policy.drain))"
                ))
        }
        let waiting = process.waiting(.queueMessages, context.now)
        if let value = waiting.value, value > 0 {
            lines.append(Line("\(Format.grouped(value)) messages that wait for its clients stay with mgr"))
        }
        if process.id == .manager, [.restart, .stop, .kill].contains(box.action) {
            lines.append(
                Line(
                    "mgr holds the queue: \(model.totals.waiting(.queueMessages).text(Format.grouped)) messages "
                        + "are LOST with it",
                    .critical))
        }
        return lines
    }
    /// A warning, if other processes are down already.
    private static func careful(_ box: Confirmation, _ context: Context) -> [Line] {
        let unready = context.model.workers.filter { $0.id != box.target && !$0.state(context.now).isReady }
        guard !unready.isEmpty, [.restart, .drain, .stop, .kill, .rolling].contains(box.action) else { return [] }
        return [
            Line(
                "\(unready.count) other not READY now: \(unready.prefix(6).map(\.id.short).joined(separator: " ")) "
                    + "  CAREFUL",
                .warning)
        ]
    }
    /// The reason, and what must be typed.
    private static func answerLines(_ box: Confirmation, _ context: Context) -> [Line] {
        let name =
            box.action == .start && box.target == nil
            ? "Start" : box.action.rawValue.prefix(1).uppercased() + box.action.rawValue.dropFirst()
        var reason = Line(
            "reason: " + context.capabilities.clean(String(box.reason.suffix(34))) + (box.field == .reason ? "_" : ""),
            box.field == .reason ? .title : .normal)
        reason.add("(goes to the events)", role: .dim, leaves: 1)
        var last = Line(box.field == .cancel ? "[>Cancel<]" : "[ Cancel ]", box.field == .cancel ? .title : .normal)
        last.add(
            "[ \(name): type \(box.word) here: \(box.typed)\(box.field == .word ? "_" : "") ]",
            role: box.isReady ? .critical : box.field == .word ? .title : .normal)
        return [reason, last]
    }
    private static func actionMeaning(_ action: Confirmation.Action) -> String {
        switch action {
        case .restart: "The new process is ready before the old one drains."
        case .drain: "It takes no more clients, answers those it has, and ends."
        case .stop: "It drains, ends, and stays down until it is started again."
        case .start: "Its window of failures is forgotten."
        case .kill: "SIGKILL, at once. The supervisor starts it again."
        case .rolling: "Stops at the first failure, and keeps the old one."
        case .finish: "It ends after the worker that is under way; the others stay as they are."
        case .hold: "The watchdog leaves it alone; the same again lets go."
        }
    }

    static func drawSortMenu(_ choice: Int, _ context: Context, on grid: inout Grid) {
        let columns = Columns.of(context.session.screen).filter { $0.history == nil }
        let room = max(1, grid.size.height - 4)
        let first = max(0, min(choice - room / 2, columns.count - room))
        let lines = columns.enumerated().dropFirst(first).prefix(room).map { index, column in
            Line(
                (index == choice ? "> " : "  ") + Format.left(column.title, 12) + short(column),
                index == choice ? .title : .normal)
        }
        box("SORT BY", Array(lines), foot: "Enter sorts, I inverts", width: 66, context, on: &grid)
    }
    static func short(_ column: Column) -> String {
        let text = column.meaning.isEmpty ? column.metric.map { Metric[$0].help } ?? "" : column.meaning
        return String(text.prefix { $0 != "." })
    }
    /// The things that `e` explains on a screen: its columns, or the counters of the kernel.
    static func explained(_ screen: Screen, _ model: Model) -> [(title: String, parts: [(label: String, text: String)])]
    {
        screen == .host
            ? kernelCounters(model).map { ($0.name, explanation("", $0.id)) }
            : Columns.of(screen).map { ($0.title, explanation($0)) }
    }
    static func drawExplanation(_ index: Int, _ context: Context, on grid: inout Grid) {
        let all = explained(context.session.screen, context.model)
        guard all.indices.contains(index) else { return }
        let width = min(grid.size.width, 72) - 4
        var lines: [Line] = []
        for text in all[index].parts {
            let label = Format.left(text.label, 8)
            for (at, part) in Paragraph.lines(text.text, width: width - 8).enumerated() {
                lines.append(Line((at == 0 ? label : "        ") + part))
            }
        }
        box(
            "\(all[index].title)  (\(index + 1) of \(all.count))", lines, foot: "right and left: the others, Esc back",
            width: 72, context, on: &grid)
    }
    /// Meaning, source, thresholds and advice, from the table of columns and the table of metrics. The man page has the
    /// same text.
    package static func explanation(_ column: Column) -> [(label: String, text: String)] {
        explanation(column.meaning, column.metric) + [("name", "\(column.id)  in :sort, filters and batch output")]
    }
    private static func explanation(_ meaning: String, _ id: MetricID?) -> [(label: String, text: String)] {
        let metric = id.map { Metric[$0] }
        var parts = [("means", meaning.isEmpty ? metric?.help ?? "" : meaning)]
        guard let metric else { return parts }
        parts.append(
            (
                "source",
                "\(metric.name), a \(metric.kind), in \(metric.unit)" + (meaning.isEmpty ? "." : ": " + metric.help)
            ))
        if let threshold = metric.threshold { parts.append(("marks", marks(threshold))) }
        if !metric.advice.isEmpty { parts.append(("do", metric.advice)) }
        return parts
    }
    private static func marks(_ threshold: Metric.Threshold) -> String {
        func text(_ value: Double) -> String {
            value >= 1000 ? Format.grouped(value) : Format.decimals(value, value < 1 ? 2 : 0)
        }
        let (warning, critical) = (threshold.warning, threshold.critical)
        let worst = critical.isFinite ? ", critical from " : ""
        switch threshold.measure {
        case .value: return "warns from \(text(warning))" + worst + (critical.isFinite ? text(critical) : "")
        case .share(let of):
            return "warns from \(Format.percent(warning)) of \(Metric[of].name)" + worst + Format.percent(critical)
        case .rate: return "warns from \(text(warning)) a second" + worst + (critical.isFinite ? text(critical) : "")
        case .rateShare(let of):
            return "warns from \(Format.percent(warning)) of the rate of \(Metric[of].name)" + worst
                + Format.percent(critical)
        case .intervals: return "warns from \(text(warning)) report intervals" + worst + text(critical)
        }
    }
}
