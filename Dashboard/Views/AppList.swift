import Base
package import Watch
import Wire

// The connections of apps as a list whose rows are chosen, and all about one of them. Both take the whole terminal.
extension Views {
    /// The rows that the filter lets through, in the order that the operator has chosen.
    package static func shownApps(_ model: Model, _ session: Session) -> [Told.Apps.Row] {
        let context = Context(model, session, Capabilities())
        let told = ToldApps(context)
        let rows = told.rows.filter { row in
            let text = [row.ownName ?? "", row.peer, row.key ?? "", row.form ?? ""].joined(separator: " ")
            return session.filter.matches(text: text) { name in
                guard let column = AppListColumn(rawValue: name.split(separator: "/").first.map(String.init) ?? "")
                else { return nil }
                return (column.text(row, told, context), column.value(row, told))
            }
        }
        guard let column = AppListColumn(rawValue: session.appSort.column) else { return rows }
        let isDescending = session.appSort.isDescending
        return rows.enumerated().sorted { one, other in
            if column.isText {
                let (a, b) = (column.text(one.element, told, context), column.text(other.element, told, context))
                return a == b ? one.offset < other.offset : isDescending ? a > b : a < b
            }
            switch (column.value(one.element, told), column.value(other.element, told)) {
            case (let a?, let b?): return a == b ? one.offset < other.offset : isDescending ? a > b : a < b
            // Unknown values stand at the end.
            case (nil, nil): return one.offset < other.offset
            case (let a, _): return a != nil
            }
        }.map(\.element)
    }
    /// The place of the row that is chosen. The first one if that has gone.
    package static func chosenApp(_ look: AppsLook, _ shown: [Told.Apps.Row]) -> Int? {
        shown.isEmpty ? nil : shown.firstIndex { $0.peer == look.chosen } ?? 0
    }

    static func drawApps(_ look: AppsLook, _ context: Context, on grid: inout Grid) {
        let size = grid.size
        var name = "APPS"
        if !context.session.filter.isEmpty, size.width >= 60 {
            name += "  /" + context.capabilities.clean(context.session.filter.text)
        }
        Frame.title(context, name, width: size.width).draw(on: &grid, row: 0, context.capabilities)
        var page = Page(
            keys: Frame.keys(
                context, ["Esc back", "Enter all about it", "/ filter", "s < > I sort", "p pause", "w save"]))
        page.header = Frame.lost(context)
        let told = ToldApps(context)
        let shown = shownApps(context.model, context.session)
        var counted = Line(" APPS", .title)
        counted.add(told.count.text(Format.grouped) + " connections", gap: 2)
        if context.model.told.apps.more > 0 {
            counted.add("below are the \(told.rows.count) that published most", role: .dim, leaves: 2)
        }
        let refusing = told.rows.count { $0.rates?.errors ?? 0 > 0 }
        let stalled = told.rows.count { AppListColumn.isStalled($0) }
        if refusing > 0 { counted.add("\(refusing) are being refused\(told.mark)", role: .warning, leaves: 1) }
        if stalled > 0 { counted.add("\(stalled) do not read\(told.mark)", role: .warning, leaves: 1) }
        page.header.append(.init(line: counted, from: 0))
        if let keys = keysLine(context) { page.header.append(.init(line: keys, from: 18)) }
        let (heading, rows) = appRows(shown, told, context, width: size.width)
        let note = shown.isEmpty ? told.why ?? "no app matches the filter" : !told.mark.isEmpty ? told.why : nil
        if let note { page.header.append(.init(line: Line(" " + context.capabilities.clean(note), .dim), from: 0)) }
        page.list = Page.List(heading: heading, rows: rows)
        page.list?.cursor = chosenApp(look, shown)
        page.draw(on: &grid, context, width: size.width)
    }

    /// The heading and the rows. The column that is needed least leaves all rows alike.
    private static func appRows(
        _ shown: [Told.Apps.Row], _ told: ToldApps, _ context: Context, width: Int
    ) -> (heading: Line, rows: [Line]) {
        let sort = context.session.appSort
        func title(_ column: AppListColumn) -> String {
            column.title + (column.rawValue == sort.column ? sort.isDescending ? "v" : "^" : "")
        }
        let cells = shown.map { row in AppListColumn.allCases.map { $0.text(row, told, context) } }
        var columns = AppListColumn.allCases.enumerated().map { index, column in
            (column: column, index: index, width: cells.reduce(title(column).count) { max($0, $1[index].count) })
        }
        for least in AppListColumn.firstToLeave where columns.reduce(0, { $0 + $1.width + 2 }) > width {
            columns.removeAll { $0.column == least }
        }
        func line(_ role: Role, _ cell: (AppListColumn, Int) -> (String, Role)) -> Line {
            var line = role == .title ? Line(" ") : Line()
            for (column, index, width) in columns {
                let (text, role) = cell(column, index)
                line.add(
                    column.isText ? Format.left(text, width) : Format.right(text, width), role: role,
                    gap: column == .name ? 0 : 2)
            }
            return line
        }
        let rows = zip(shown, cells).map { row, cells in
            line(.normal) { column, index in
                (cells[index], told.mark.isEmpty ? column.role(row, told) : .dim)
            }
        }
        return (line(.title) { column, _ in (title(column), .title) }, rows)
    }
}

/// The columns of the list of apps. Their raw values are their names in filters and sorts.
package enum AppListColumn: String, CaseIterable {
    case name, peer, key, pub, refused, events, lag, stalled, age
    static let firstToLeave: [AppListColumn] = [.events, .key, .stalled, .age, .peer, .lag, .refused]
    var isText: Bool { self == .name || self == .peer || self == .key }
    var title: String {
        switch self {
        case .pub: "PUB/s"
        case .refused: "REFUSED/s"
        case .events: "EVENTS/s"
        default: rawValue.uppercased()
        }
    }
    /// An app that takes answers is never behind for so long.
    private static let stalledSeconds = 1.0
    static func isStalled(_ row: Told.Apps.Row) -> Bool { row.stalledSeconds ?? 0 >= stalledSeconds }

    func value(_ row: Told.Apps.Row, _ told: ToldApps) -> Double? {
        switch self {
        case .name, .peer, .key: nil
        case .pub: told.quantity(row, \.publishes).value
        case .refused: told.quantity(row, \.errors).value
        case .events: told.freshness == .old ? nil : row.rates?.events
        case .lag: row.backlogBytes
        case .stalled: row.stalledSeconds ?? 0
        case .age: row.connectedSeconds
        }
    }
    func text(_ row: Told.Apps.Row, _ told: ToldApps, _ context: Context) -> String {
        func rate() -> String { Quantity(value(row, told), told.freshness).text(Format.rate) }
        switch self {
        case .name: return row.ownName.map { Format.cut(context.capabilities.clean($0), 24) } ?? "-"
        case .peer: return context.capabilities.clean(row.peer)
        case .key: return row.key.map { Format.cut(context.capabilities.clean($0), 16) } ?? "-"
        case .pub, .refused, .events: return rate()
        case .lag: return Format.bytes(row.backlogBytes) + "B" + told.mark
        case .stalled: return row.stalledSeconds.map { Format.span($0) + told.mark } ?? "-"
        case .age: return Format.span(row.connectedSeconds) + told.mark
        }
    }
    func role(_ row: Told.Apps.Row, _ told: ToldApps) -> Role {
        switch self {
        case .refused: row.rates?.errors ?? 0 > 0 ? .warning : .normal
        case .lag: row.backlogBytes >= Double(Limits.appOutputBytes) ? .warning : .normal
        case .stalled: AppListColumn.isStalled(row) ? .warning : .normal
        default: .normal
        }
    }
}

extension Format {
    /// The text, cut to so many characters. Two points at its end say that it was cut.
    static func cut(_ text: String, _ width: Int) -> String {
        text.count <= width ? text : text.prefix(max(0, width - 2)) + ".."
    }
}
