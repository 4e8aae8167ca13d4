import Base
import Stats
import Watch
import Wire

// The connections of apps. A small terminal shows them in one line. A large one shows a row for each, beside the
// reasons why connections closed.
extension Views {
    /// `app connections 3: 10.0.1.5 9.1k/s  10.0.1.6 9.1k/s  127.0.0.1 0/s idle 4m00s`. The last app is left out first.
    static func appsLine(_ context: Context) -> Line {
        guard let manager = context.totals.manager else { return Line(" app connections ?", .dim) }
        let told = ToldApps(context)
        var line = Line(" app connections " + told.count.text(Format.grouped) + (told.rows.isEmpty ? "" : ":"))
        for (index, row) in told.rows.prefix(mostInLine).enumerated() {
            let address = row.name ?? Endpoint(parsing: row.peer)?.host ?? row.peer
            let key = told.hasSeveralKeys ? " " + told.key(row, context) : ""
            let text =
                Format.cut(context.capabilities.clean(address), 24) + key + " "
                + told.rate(row, \.publishes, Format.rate)
                + (told.idle(row).map { " " + $0 } ?? "")
            line.add(text, role: told.role(row), leaves: 1 + index, gap: index == 0 ? 1 : 2)
        }
        if told.rows.isEmpty, let why = told.why { line.add(context.capabilities.clean(why), role: .dim, leaves: 1) }
        add(figures: manager, to: &line, leaves: mostInLine + 1, context)
        return line
    }
    /// No terminal has room for more.
    private static let mostInLine = 16

    /// The manager's counts of all apps.
    static func appFigures(_ context: Context) -> Line {
        var line = Line(" apps")
        guard let manager = context.totals.manager else { return Line(" apps ?", .dim) }
        add(figures: manager, to: &line, leaves: 1, context)
        return line
    }
    private static func add(figures manager: ProcessModel, to line: inout Line, leaves: Int, _ context: Context) {
        line.add(
            "accepted " + context.totals.manager(.appAccepts, seconds: context.seconds).text(Format.rate) + "/s",
            leaves: leaves)
        line.add(
            "most unread answers " + manager.gauge(.appBacklogMax, context.now).text(Format.bytes), leaves: leaves + 2)
        line.add("clients known " + manager.gauge(.clientsKnown, context.now).text(Format.grouped), leaves: leaves + 1)
    }

    /// The keys of apps, and how long nobody has got on with each: ` keys shop 2s  billing 4m00s  audit never used`.
    /// `nil` if there are none.
    static func keysLine(_ context: Context) -> Line? {
        let told = ToldApps(context)
        guard !told.keys.isEmpty else { return nil }
        var line = Line(" keys")
        for (index, key) in told.keys.enumerated() {
            // They are whole seconds.
            let used =
                key.idleSeconds.map { $0 < 10 ? "\(Format.whole($0))s" : Format.span($0) }.map {
                    "used \($0)\(told.mark) ago"
                } ?? "never used"
            line.add(
                context.capabilities.clean(key.key) + " " + used, role: told.freshness == .fresh ? .normal : .dim,
                leaves: 1 + index)
        }
        return line
    }

    /// One row for each app. The part that is needed least leaves all rows alike, so that they stay aligned.
    static func appsPane(_ context: Context, width: Int) -> (title: String, lines: [Line]) {
        let told = ToldApps(context)
        let cells = told.rows.map { row in AppColumn.allCases.map { $0.text(row, told, context) } }
        var shown = AppColumn.allCases.map { column in
            (column: column, width: cells.map { $0[column.rawValue].count }.max() ?? 0)
        }
        shown.removeAll { $0.width == 0 }
        for least in AppColumn.firstToLeave where shown.reduce(0, { $0 + $1.width + 2 }) > width {
            shown.removeAll { $0.column == least }
        }
        var lines = told.why.map { [Line(" " + context.capabilities.clean($0), .dim)] } ?? []
        for (row, cells) in zip(told.rows, cells) {
            var line = Line(" ")
            for (column, width) in shown {
                let text = cells[column.rawValue]
                let isFull = column == .lag && row.backlogBytes >= Double(Limits.appOutputBytes)
                line.add(
                    column.isLeft ? Format.left(text, width) : Format.right(text, width),
                    role: isFull ? .warning : told.role(row), gap: column == .peer ? 0 : 2)
            }
            lines.append(line)
        }
        return ("APP CONNECTIONS " + told.count.text(Format.grouped), lines)
    }
}

/// The columns of the pane: its name, address, the name of the key, time, rates, unread bytes, refused publishes.
private enum AppColumn: Int, CaseIterable {
    case peer, name, key, up, publishes, bytes, lag, errors
    static let firstToLeave: [AppColumn] = [.up, .bytes, .lag, .key, .name, .errors]
    var isLeft: Bool { self != .publishes && self != .bytes }

    func text(_ row: Told.Apps.Row, _ told: ToldApps, _ context: Context) -> String {
        switch self {
        case .peer: context.capabilities.clean(row.peer)
        case .name: row.name.map { Format.cut(context.capabilities.clean($0), 16) } ?? ""
        case .key: told.key(row, context)
        case .up: "up " + Format.span(row.connectedSeconds) + told.mark
        case .publishes: told.rate(row, \.publishes, Format.rate)
        // An idle app has no rate of bytes, and nothing left to read.
        case .bytes: told.idle(row) ?? told.rate(row, \.bytes, Format.bytes)
        case .lag: told.idle(row) == nil ? "lag " + Format.bytes(row.backlogBytes) + "B" + told.mark : ""
        case .errors: "errors " + Format.short(row.errors) + told.mark
        }
    }
}

/// The answers about the apps, as far as they can be trusted by now.
struct ToldApps {
    /// After so many seconds without a publish an app is shown as idle.
    private static let idleFromSeconds = 10.0

    /// The count in the last answer. Before the first answer it is from the manager's report.
    let count: Quantity
    let rows: [Told.Apps.Row]
    let keys: [AppsAnswer.Key]
    let freshness: Freshness
    /// The reason why there are no rows, or no present ones.
    let why: String?
    var mark: String { freshness == .fresh ? "" : "~" }

    init(_ context: Context) {
        let apps = context.model.told.apps
        freshness = apps.freshness(context.now, interval: context.session.interval)
        let isRunning = context.totals.manager?.state(context.now).isRunning ?? true
        rows = isRunning ? apps.rows : []
        keys = isRunning ? apps.keys : []
        let counted = context.totals.manager?.gauge(.appsConnected, context.now) ?? Quantity(nil, .old)
        count = isRunning && freshness < .old ? Quantity(apps.count, freshness) : counted
        if !isRunning {
            why = "the manager does not run"
        } else if !apps.problem.isEmpty {
            why = apps.problem
        } else if apps.time == nil {
            why = context.model.isReplay ? "the recording has none yet" : "asking the manager ..."
        } else {
            why = apps.rows.isEmpty ? "no app is connected" : nil
        }
    }

    func quantity(_ row: Told.Apps.Row, _ rate: KeyPath<Told.Apps.Rates, Double>) -> Quantity {
        Quantity(freshness == .old ? nil : row.rates?[keyPath: rate], freshness)
    }
    func rate(_ row: Told.Apps.Row, _ rate: KeyPath<Told.Apps.Rates, Double>, _ format: (Double) -> String) -> String {
        quantity(row, rate).text(format) + "/s"
    }
    /// With one key it goes without saying which key an app has.
    var hasSeveralKeys: Bool { keys.count > 1 }
    /// The name of its key. Empty if there are no keys.
    func key(_ row: Told.Apps.Row, _ context: Context) -> String {
        row.key.map(context.capabilities.clean) ?? (keys.isEmpty ? "" : "no key")
    }
    /// How long the app has been idle. `nil` if something came from it lately.
    func idle(_ row: Told.Apps.Row) -> String? {
        quantity(row, \.publishes).value == 0 && row.backlogBytes == 0 && row.idleSeconds >= ToldApps.idleFromSeconds
            ? "idle " + Format.span(row.idleSeconds) + mark : nil
    }
    /// It is a warning if something of the app is being refused.
    func role(_ row: Told.Apps.Row) -> Role {
        freshness != .fresh ? .dim : (row.rates?.errors ?? 0) > 0 ? .warning : .normal
    }
}
