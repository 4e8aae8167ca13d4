import Base
import Stats
import Supervision
package import Watch

// Several machines: a row each, and the alerts of all.
extension Views {
    package static func drawHosts(
        _ models: [Model], _ session: Session, wall: UInt64, _ size: Size, _ capabilities: Capabilities
    ) -> Grid {
        var grid = Grid(size)
        let context = Context(Model(), session, capabilities)
        if case .help(let page)? = session.shownOverlay {
            drawHelp(page, context, on: &grid)
            return grid
        }
        let table = HostTable(models, session, capabilities)
        guard size.width >= 24, size.height >= 8 else {
            for (row, line) in tinyLines(table, context).prefix(size.height).enumerated() {
                line.draw(on: &grid, row: row, capabilities)
            }
            return grid
        }
        hostsTitle(models.count, context, wall: wall, width: size.width).draw(on: &grid, row: 0, capabilities)
        var page = Page(
            keys: Frame.keys(
                context, ["Enter open", "/ filter", "s < > sort", "I invert", "Space try again", "+ - speed"]))
        var counts = Line(" STATE", .title)
        for (index, piece) in verdicts(table).enumerated() {
            counts.add(piece.text, role: piece.role, leaves: index, gap: index == 0 ? 2 : 1)
        }
        page.header.append(.init(line: counts, from: 0))
        page.header.append(.init(line: sumLine(table), from: 9))
        page.list = hostList(table, context, width: size.width)
        let alerts = table.alerts
        let width = min(24, max(4, alerts.map(\.host.count).max() ?? 0))
        let lines = alerts.map { found in
            var line = Line("!", found.alert.isCritical ? .critical : .warning)
            line.add(Format.left(found.host, width), gap: 1)
            line.add(
                Format.cut(capabilities.clean(found.alert.sentence), size.width - width - 3),
                role: found.alert.isCritical ? .critical : .warning, gap: 1)
            return line
        }
        page.sections.append(
            .init(
                title: "ALERTS OF ALL HOSTS", note: "\(alerts.count)",
                lines: lines.isEmpty ? [Line(" none", .dim)] : lines, least: 1, grows: true))
        page.draw(on: &grid, context, width: size.width)
        if size.height >= 16, Frame.editor(context) == nil {
            grid.clear(row: size.height - 1)
            var tabs = Line("0 Hosts", .title)
            tabs.add("1-7 screens of a host", role: .dim, leaves: 3, gap: 1)
            tabs.addRight("? help", role: .dim, leaves: 2)
            tabs.addRight("q quit", role: .dim, leaves: 1)
            tabs.draw(on: &grid, row: size.height - 1, capabilities)
        }
        return grid
    }

    private static func hostsTitle(_ count: Int, _ context: Context, wall: UInt64, width: Int) -> Line {
        var line = Line()
        if width >= 60 { line.add("MegaComet \(Version.text)", role: .title, leaves: 4) }
        line.add("\(count) hosts", role: .title, leaves: 5)
        let filter = context.session.filter
        line.addRight(
            "HOSTS" + (filter.isEmpty || width < 60 ? "" : "  /" + context.capabilities.clean(filter.text)),
            role: .title)
        line.addRight(UTC.clock(wall) + (width >= 70 ? " UTC" : ""), leaves: 3, gap: width >= 70 ? 7 : 2)
        line.addRight(Format.decimals(context.session.interval, 1) + "s", role: .dim, leaves: 6)
        return line
    }
    /// The number of machines in each state, the worst first.
    private static func verdicts(_ table: HostTable) -> [(text: String, role: Role)] {
        let found = table.rows.map { HostState($0.context.model) }
        return HostState.allCases.reversed().compactMap { verdict in
            let count = found.count { $0 == verdict }
            return count == 0 ? nil : ("\(count) \(verdict.word)", verdict.role)
        }
    }
    /// The sums over all machines. A sum with an old part is old.
    private static func sumLine(_ table: HostTable) -> Line {
        func sum(_ part: (Context) -> Quantity) -> Quantity {
            table.rows.reduce(.absent) { $0 + HostColumn.seen(part($1.context), $1.context) }
        }
        var line = Line(" ALL", .title)
        line.add("CONNS " + sum { $0.totals.connections }.text(Format.short))
        line.add(
            "PUB " + sum { $0.totals.manager(.publishes, seconds: $0.seconds) }.text(Format.rate) + "/s", leaves: 4)
        line.add("DELIV " + sum { $0.totals.deliveries(seconds: $0.seconds) }.text(Format.rate) + "/s", leaves: 3)
        line.add("QUEUE " + sum { $0.totals.waiting(.queueMessages) }.text(Format.short), leaves: 1)
        line.add(
            "EXPIRE " + sum { $0.totals.waitingRate(.expired, seconds: $0.seconds) }.text(Format.rate) + "/s", leaves: 2
        )
        return line
    }
    private static func hostList(_ table: HostTable, _ context: Context, width: Int) -> Page.List {
        let shown = table.shown
        let nameWidth = min(24, max(4, table.rows.map(\.name.count).max() ?? 4))
        let columns = HostColumn.fitting(width, nameWidth: nameWidth)
        let sort = context.session.hostSort
        func titled(_ id: String, _ title: String) -> String {
            title + (id == sort.column ? sort.isDescending ? "v" : "^" : "")
        }
        var heading = Line(" " + Format.left(titled("host", "HOST"), nameWidth), .title)
        for column in columns {
            let title = titled(column.id, column.title)
            heading.add(
                column.isLeft ? Format.left(title, column.width) : Format.right(title, column.width), role: .title,
                gap: 1, target: .column(column.id))
        }
        let rows = shown.map { row in
            var line = Line(Format.left(row.name, nameWidth))
            for column in columns {
                let cell = column.cell(row.context)
                line.add(
                    column.isLeft ? Format.left(cell.text, column.width) : Format.right(cell.text, column.width),
                    role: cell.role, gap: 1)
            }
            return line
        }
        guard !rows.isEmpty else { return Page.List(heading: heading, rows: [Line("no row matches the filter", .dim)]) }
        return Page.List(
            heading: heading, rows: rows, keys: shown.map { .line($0.index) }, cursor: table.cursor(shown))
    }
    private static func tinyLines(_ table: HostTable, _ context: Context) -> [Line] {
        var counts = Line()
        for piece in verdicts(table) { counts.add(piece.text, role: piece.role, gap: 1) }
        let toast = context.session.toast.map { [Line(context.capabilities.clean($0), .title)] } ?? []
        return toast + [counts]
            + table.alerts.map {
                Line(
                    "!\($0.host) " + context.capabilities.clean($0.alert.sentence),
                    $0.alert.isCritical ? .critical : .warning)
            }
    }
}
