package import Watch

/// A table of processes: columns by priority, rows in the session's order, the cursor always in sight.
package struct Table {
    package let columns: [Column]
    let context: Context
    let screen: Screen
    package let rows: [ProcessModel]
    let hasTotal: Bool

    package init(_ screen: Screen, _ context: Context, width: Int, hasTotal: Bool = false) {
        self.screen = screen
        self.context = context
        // The thresholds of columns are for those that nobody has chosen.
        let isChosen = context.session.columns[screen] != nil
        let wanted = Columns.chosen(context.session, screen).filter { isChosen || $0.from <= width }
        columns = Table.fitting(wanted, width: width, idWidth: Table.idWidth(context.model))
        rows = Table.rows(screen, context)
        self.hasTotal = hasTotal
    }

    static func idWidth(_ model: Model) -> Int { max(3, model.processes.keys.map(\.short.count).max() ?? 3) }
    private static func width(_ column: Column, _ idWidth: Int) -> Int { column.id == "id" ? idWidth : column.width }

    /// The columns for which there is room. Those that are needed least leave first.
    static func fitting(_ all: [Column], width: Int, idWidth: Int) -> [Column] {
        var shown = all
        while shown.reduce(0, { $0 + 1 + Table.width($1, idWidth) }) > width, let worst = shown.map(\.from).max(),
            worst > 0,
            let at = shown.lastIndex(where: { $0.from == worst })
        { shown.remove(at: at) }
        return shown
    }

    // MARK: rows

    /// The rows that match the filter, in the order that is shown.
    static func rows(_ screen: Screen, _ context: Context) -> [ProcessModel] {
        let known = context.session.order
        var rows = known.isEmpty ? sorted(screen, context) : known.compactMap { context.model.processes[$0] }
        if !known.isEmpty { rows += context.totals.ordered.filter { !known.contains($0.id) } }
        guard !context.session.filter.isEmpty else { return rows }
        let columns = Columns.of(screen)
        return rows.filter { process in
            context.session.filter.matches(text: columns.map { $0.cell(process, context).text }.joined(separator: " "))
            { name in
                columns.first { $0.id == name || $0.title.lowercased() == name }.map {
                    ($0.cell(process, context).text, $0.value(process, context))
                }
            }
        }
    }
    /// Why the filter can match no row. `nil` if it could.
    package static func problem(_ screen: Screen, _ context: Context) -> String? {
        context.session.filter.problem { name in
            Columns.of(screen).contains { $0.id == name || $0.title.lowercased() == name }
        }.map(context.capabilities.clean)
    }
    package static func sorted(_ screen: Screen, _ context: Context) -> [ProcessModel] {
        let sort = Columns.sort(context.session, screen)
        let all = context.totals.ordered
        guard let column = Columns.of(screen).first(where: { $0.id == sort.column }) else { return all }
        let keyed = all.map { ($0, column.value($0, context)) }
        return keyed.sorted { one, other in
            switch (one.1, other.1) {
            // Rows with an unknown value are at the end in both directions.
            case (nil, nil): one.0.id < other.0.id
            case (nil, _): false
            case (_, nil): true
            case (let a?, let b?): a == b ? one.0.id < other.0.id : sort.isDescending ? a > b : a < b
            }
        }.map(\.0)
    }
    /// The position of the cursor among the rows.
    package static func cursor(_ rows: [ProcessModel], _ session: Session) -> Int? {
        guard !rows.isEmpty else { return nil }
        guard case .process(let id)? = session.cursor else { return 0 }
        return rows.firstIndex { $0.id == id } ?? 0
    }

    // MARK: drawing

    /// Lines that the table would like to have: a heading, the rows, the sum.
    package var wanted: Int { 1 + max(1, rows.count) + (hasTotal ? 1 : 0) }

    package func draw(on grid: inout Grid, row top: Int, height: Int) {
        guard height > 0 else { return }
        let tops = tops
        drawHeading(&grid, top, tops)
        let fits = height >= wanted
        let showsTotal = hasTotal && (fits || height > 5)
        var room = height - 1 - (showsTotal ? 1 : 0)
        let cursor = Table.cursor(rows, context.session)
        var first = 0
        var more: String?
        if rows.count > room {
            // The last line tells how many rows are hidden, if at least two rows are left.
            if room > 2 { room -= 1 }
            first = max(0, min((cursor ?? 0) - room + 1, rows.count - room))
            let shown = first..<min(rows.count, first + room)
            let hidden = rows.indices.filter { !shown.contains($0) }
            let unready = hidden.count { !rows[$0].state(context.now).isReady }
            if height - 1 - (showsTotal ? 1 : 0) > room {
                more = " +\(hidden.count) more" + (unready > 0 ? " (\(unready) not ready)" : "")
            }
        }
        var line = top + 1
        if rows.isEmpty, room > 0 {
            Line(
                context.session.filter.isEmpty
                    ? " no process known yet"
                    : " no row matches the filter" + (Table.problem(screen, context).map { ": " + $0 } ?? ""), .dim
            ).draw(on: &grid, row: line, context.capabilities)
            line += 1
        }
        for index in first..<max(first, min(rows.count, first + max(0, room))) {
            drawRow(&grid, line, rows[index], tops)
            grid.mark(.row(.process(rows[index].id)), row: line, 0..<grid.size.width)
            if index == cursor {
                grid.put(">", row: line, column: 0)
                grid.reverse(row: line)
            }
            line += 1
        }
        if let more {
            grid.put(String(more.prefix(grid.size.width)), row: line, column: 0, role: .dim)
            line += 1
        }
        if showsTotal, line < top + height { drawTotal(&grid, line) }
    }
    /// The greatest value of all rows with one scale in each picture over time, by the column's id.
    private var tops: [String: Double] {
        var tops: [String: Double] = [:]
        for column in columns {
            guard let history = column.history else { continue }
            tops[column.id] = context.totals.ordered.lazy.filter { column.sharesScale($0.id) }
                .compactMap { history($0, context).lazy.compactMap(\.self).max() }.max()
        }
        return tops
    }
    private func drawHeading(_ grid: inout Grid, _ row: Int, _ tops: [String: Double]) {
        let sort = Columns.sort(context.session, screen)
        place { column, at, width in
            var title = column.title
            if context.session.showsTotals, title.hasSuffix("/s"), title != "+/-s" { title = String(title.dropLast(2)) }
            if let top = tops[column.id], let comma = title.firstIndex(of: ",") {
                title.insert(contentsOf: " 0-" + Format.short(top), at: comma)
            }
            if column.id == sort.column { title += sort.isDescending ? "v" : "^" }
            // A title may use the gap before its column.
            let start = column.isLeft ? at : at + width - title.count
            grid.put(
                String(title.prefix(max(0, grid.size.width - max(0, start)))), row: row, column: max(at - 1, start),
                role: .title)
            if column.history == nil { grid.mark(.column(column.id), row: row, max(0, at - 1)..<at + width) }
        }
    }
    private func drawRow(_ grid: inout Grid, _ row: Int, _ process: ProcessModel, _ tops: [String: Double]) {
        place { column, at, width in
            if let history = column.history {
                let top = column.sharesScale(process.id) ? tops[column.id] : nil
                let picture = context.capabilities.history(history(process, context), width: width, top: top)
                grid.put(picture, row: row, column: at, role: .first)
                return
            }
            let cell = column.cell(process, context)
            grid.put(
                column.isLeft
                    ? Format.left(context.capabilities.clean(cell.text), width) : Format.right(cell.text, width),
                row: row, column: at, role: cell.role)
        }
    }
    private func drawTotal(_ grid: inout Grid, _ row: Int) {
        place { column, at, width in
            guard let cell = column.total?(context) else { return }
            grid.put(
                column.isLeft ? Format.left(cell.text, width) : Format.right(cell.text, width), row: row, column: at,
                role: .title)
        }
    }
    /// Calls `body` with each column and its place. The first history takes the room that is left.
    private func place(_ body: (Column, Int, Int) -> Void) {
        var at = 1
        let idWidth = Table.idWidth(context.model)
        var spare = max(0, screenWidth - columns.reduce(0) { $0 + 1 + Table.width($1, idWidth) })
        for column in columns {
            var width = Table.width(column, idWidth)
            if column.history != nil {
                width = min(61, width + spare)
                spare = 0
            }
            body(column, at, width)
            at += width + 1
        }
    }
    var screenWidth = 0
    package func over(_ width: Int) -> Table {
        var table = self
        table.screenWidth = width
        return table
    }
}
