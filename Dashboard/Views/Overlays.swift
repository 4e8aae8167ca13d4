import Base
import Configuration
import Stats
import Supervision
import Watch

// Boxes of text with a frame that lie over a screen. They are cut if the terminal is smaller.
extension Views {
    /// `kept` is the number of lines at the end that stay if there is no room for all.
    static func box(
        _ title: String, _ lines: [Line], foot: String, width wanted: Int, kept: Int = 2, _ context: Context,
        on grid: inout Grid
    ) {
        let size = grid.size
        let width = min(size.width, wanted)
        // If the box is higher than the terminal, its last lines are kept: the operator types there.
        let room = max(1, size.height - 2)
        let lines =
            lines.count > room ? Array(lines.prefix(max(0, room - kept)) + lines.suffix(min(kept, room))) : lines
        let top = max(0, (size.height - lines.count - 2) / 2)
        let left = (size.width - width) / 2
        func edge(_ text: String, _ row: Int) {
            let text = text.isEmpty ? "" : " " + Format.cut(text, max(0, width - 6)) + " "
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

    private static let confirmationWidth = 66
    static func drawConfirmation(_ box: Confirmation, _ context: Context, on grid: inout Grid) {
        let gap = grid.size.height >= 12 ? [Line("")] : []
        let who =
            box.target?.short
            ?? (box.action == .rolling
                ? "all workers, one at a time" : box.action == .finish ? "the rolling restart" : "the supervisor")
        let meaning = box.target != nil || box.action.isForAll ? [Said(actionMeaning(box.action), .dim)] : []
        let inner = min(grid.size.width, confirmationWidth) - 4
        // A text that has no room in a line goes on in the next one.
        let said = (consequences(box, who, context) + meaning + careful(box, context)).flatMap { said in
            Paragraph.lines(said.text, width: inner).map { Line($0, said.role) }
        }
        let answers = answerLines(box, context, isNarrow: inner < 60)
        let title =
            box.target == nil && box.action == .start
            ? "START THE SUPERVISOR" : "\(box.action.rawValue.uppercased()) \(who)"
        Views.box(
            title, gap + said + gap + answers,
            foot: "Tab moves, Esc cancels" + (box.pid > 0 ? "; refused if pid or boot changed" : ""),
            width: confirmationWidth, kept: answers.count, context, on: &grid)
    }
    /// A sentence of a box.
    private struct Said {
        var text: String
        var role: Role
        init(_ text: String, _ role: Role = .normal) {
            self.text = text
            self.role = role
        }
    }

    /// What the order does, and to which process.
    private static func consequences(_ box: Confirmation, _ who: String, _ context: Context) -> [Said] {
        let model = context.model
        if let target = box.target, let process = model.processes[target] {
            return consequences(box, who, process, context)
        }
        switch box.action {
        case .rolling:
            return [
                Said(
                    "\(model.workers.count) workers, one after the other: each new one is ready before its old one "
                        + "drains (\(Format.span(model.server.policy.drain)) each)")
            ]
        case .finish:
            return [
                Said(
                    model.told.rolling.map { run in
                        "\(run.done) of \(run.total) done" + (run.current.map { ", now \($0.short)" } ?? "")
                    } ?? "it is over already")
            ]
        case .restart, .drain, .stop, .start, .kill, .hold:
            return [
                Said(
                    "megacomet start: a process of its own; it keeps running when megatop ends. It adopts what still "
                        + "runs.")
            ]
        }
    }
    private static func consequences(
        _ box: Confirmation, _ who: String, _ process: ProcessModel, _ context: Context
    ) -> [Said] {
        let model = context.model
        var said: [Said] = []
        let state = process.state(context.now)
        said.append(
            Said(
                "\(who) \(state.text)"
                    + (box.pid > 0 ? " pid \(box.pid) boot \(hex(box.boot, digits: 16).prefix(8))" : "")))
        if box.pid > 0, process.pid != box.pid {
            said.append(Said("It is another process by now: pid \(process.pid). Esc, and choose again.", .critical))
        } else if box.pid > 0, !state.isRunning {
            said.append(Said("It has ended by now.", .critical))
        }
        let clients = process.gauge(.connsOpen, context.now)
        if let value = clients.value, value > 0, [.restart, .drain, .stop, .kill].contains(box.action) {
            said.append(
                Said(
                    box.action == .kill
                        ? "\(Format.grouped(value)) clients lose their connection and poll again at once"
                        : "\(Format.grouped(value)) clients are asked to poll again, spread over "
                            + "\(Format.span(model.server.policy.drain))"
                ))
        }
        let waiting = process.waiting(.queueMessages, context.now)
        if let value = waiting.value, value > 0 {
            said.append(Said("\(Format.grouped(value)) messages that wait for its clients stay with mgr"))
        }
        if process.id == .manager, [.restart, .stop, .kill].contains(box.action) {
            said.append(
                Said(
                    "mgr holds the queue: \(model.totals.waiting(.queueMessages).text(Format.grouped)) messages "
                        + "are LOST with it",
                    .critical))
        }
        return said
    }
    /// A warning, if other processes are down already.
    private static func careful(_ box: Confirmation, _ context: Context) -> [Said] {
        let unready = context.model.workers.filter { $0.id != box.target && !$0.state(context.now).isReady }
        guard !unready.isEmpty, [.restart, .drain, .stop, .kill, .rolling].contains(box.action) else { return [] }
        let names = unready.prefix(6).map(\.id.short).joined(separator: " ") + (unready.count > 6 ? " .." : "")
        return [Said("\(unready.count) other not READY now: \(names) CAREFUL", .warning)]
    }
    /// The reason, and what must be typed. In a narrow box each has a line.
    private static func answerLines(_ box: Confirmation, _ context: Context, isNarrow: Bool) -> [Line] {
        let name =
            box.action == .start && box.target == nil
            ? "Start" : box.action.rawValue.prefix(1).uppercased() + box.action.rawValue.dropFirst()
        var reason = Line(
            "reason: " + context.capabilities.clean(String(box.reason.suffix(isNarrow ? 20 : 34)))
                + (box.field == .reason ? "_" : ""),
            box.field == .reason ? .title : .normal)
        reason.add("(goes to the events)", role: .dim, leaves: 1)
        let typed = box.typed + (box.field == .word ? "_" : "")
        let role: Role = box.isReady ? .critical : box.field == .word ? .title : .normal
        let cancel = Line(box.field == .cancel ? "[>Cancel<]" : "[ Cancel ]", box.field == .cancel ? .title : .normal)
        if isNarrow { return [reason, cancel, Line("[ type \(box.word): \(typed) ]", role)] }
        var last = cancel
        last.add("[ \(name): type \(box.word) here: \(typed) ]", role: role)
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
        box("SORT BY", Array(lines), foot: "Enter sorts, I the other way, e explains", width: 110, context, on: &grid)
    }
    static func short(_ column: Column) -> String {
        let text = column.meaning.isEmpty ? column.metric.map { Metric[$0].help } ?? "" : column.meaning
        return String(text.prefix { $0 != "." })
    }
    /// The things that `e` explains on a screen: its columns and then the figures above them, or the counters of the
    /// kernel and the checks that fail.
    static func explained(_ screen: Screen, _ model: Model) -> [(title: String, parts: [(label: String, text: String)])]
    {
        if screen == .host {
            return kernelCounters(model).map { ($0.name, explanation("", $0.id)) }
                + failedChecks(model).map { check in
                    (
                        check.name,
                        [
                            ("means", check.why), ("has", check.have ?? "-"), ("want", check.want),
                            ("do", "megacomet doctor says how; with --sysctl it prints a file for sysctl.d."),
                        ]
                    )
                }
        }
        let figures = Columns.of(screen).isEmpty ? [] : headFigures.map { ($0.title, explanation($0.meaning, $0.id)) }
        return Columns.of(screen).map { ($0.title, explanation($0)) } + figures
    }
    /// The figures above the tables.
    private static let headFigures: [(title: String, id: MetricID?, meaning: String)] = [
        (
            "ERR", nil,
            "Errors that clients and apps got, a second: requests that workers refused (4xx and 5xx, among them 503 of "
                + "a full worker and 429 of bounds by address), answers that could not be written, and publishes and "
                + "requests that the manager refused. Sources: deliver_errors_total, http_refused_total, "
                + "rejected_limit_total, refused_address_*_total; rejected_*_total, refused_full_total and "
                + "journal_refused_total of mgr."
        ),
        (
            "PUB", .publishes,
            "Publishes that were taken up, a second. Those that were refused because the queue or the journal was full "
                + "are in ERR."
        ),
        ("DROP", .droppedFull, "Messages that were dropped from a full queue of a client, a second."),
        ("EXPIRE", .expired, "Messages whose time to live was over before their client came, a second."),
        (
            "FLOW/s", nil,
            "What came into the queue and what left it, a second: in = out + expired + dropped + growth. `levels off "
                + "near` says how many messages wait when as many expire as come. `full in` stands there if the limit "
                + "is reached before."
        ),
        (
            "balance", nil,
            "queued - out - expired - dropped - depth of each process: 0, or messages were lost without a trace."
        ),
        ("restarts", .childExits24h, ""),
        ("lost packets", nil, "Reports that were sent to megatop and did not come. The next one has all counters."),
    ]
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
            "\(all[index].title)  (\(index + 1) of \(all.count))", lines,
            foot: "right, left or a letter: the others, Esc back",
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
