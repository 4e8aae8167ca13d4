import Base
import Stats
import Watch

/// Puts a screen together from top to bottom. On a low terminal the parts that are needed least leave first: pictures,
/// then the sections below the table, then lines of the header, then the footer.
struct Page {
    struct HeaderLine {
        var line: Line
        /// The line is shown if the terminal has at least this height.
        var from: Int
        /// It is shown if there is no room for graphs.
        var standsForGraphs = false
    }
    /// A part below the table, under a rule with its name.
    struct Section {
        var title: String
        var note = ""
        var lines: [Line]
        /// The section is left out if it would have fewer lines.
        var least = 1
        /// The section takes the room that is left. Otherwise it is as high as its lines.
        var grows = false
        /// A section beside it, in the right half of a wide terminal.
        var right: (title: String, lines: [Line])?
    }
    /// A list instead of a table. The row at `cursor` stays visible.
    struct List {
        var heading: Line
        var rows: [Line]
        /// The keys of the rows, for clicks.
        var keys: [RowKey] = []
        var cursor: Int?
        /// How many rows have no room is said below them.
        var showsHidden = false
    }
    var header: [HeaderLine] = []
    /// The graphs between header and table, the most important first. As many are shown as there is room for.
    var graphs: [Graph] = []
    var table: Table?
    var list: List?
    var sections: [Section] = []
    /// A line below everything else. Room is kept for it.
    var last: Line?
    var keys: Line

    func draw(on grid: inout Grid, _ context: Context, width: Int) {
        let height = grid.size.height
        let footer = height >= 16 ? 2 : height >= 8 ? 1 : 0
        let end = height - footer - (last == nil ? 0 : 1)
        var row = 1
        let wanted = table?.wanted ?? list.map { 1 + max(1, $0.rows.count) } ?? 0
        let layout = graphLayout(grid.size, rows: end - row - wanted, context)
        for line in header where height >= line.from && row < end - 2 {
            if line.standsForGraphs, layout != nil { continue }
            line.line.draw(on: &grid, row: row, context.capabilities)
            row += 1
        }
        if let layout { draw(layout, on: &grid, &row, width, context) }
        let shown = shares(rows: end - row, wanted: wanted, height: height)
        let taken = shown.reduce(0) { $0 + $1.lines + 1 }
        let tableHeight = wanted == 0 ? 0 : min(wanted, end - row - taken)
        if let table {
            table.over(width).draw(on: &grid, row: row, height: tableHeight)
        } else if let list {
            draw(list, on: &grid, row, tableHeight, context)
        }
        row += tableHeight
        for (index, (section, lines)) in shown.enumerated() {
            let isLast = index == shown.count - 1
            draw(section, lines, isLast: isLast, on: &grid, &row, end, width: width, context)
        }
        last?.draw(on: &grid, row: row, context.capabilities)
        drawFooter(on: &grid, footer, context)
    }

    /// The place for graphs beside the header, the table with all its rows, and some lines of the last section. `rows`:
    /// those beside the table.
    private func graphLayout(_ size: Size, rows: Int, _ context: Context) -> GraphLayout? {
        guard !graphs.isEmpty else { return nil }
        let lines = header.count { size.height >= $0.from && !$0.standsForGraphs }
        let kept = sections.isEmpty ? 0 : size.height >= 30 ? 5 : 2
        let isWanted = if case .first = context.session.graph { true } else { false }
        return GraphLayout.fitting(size, rows: rows - lines - kept, isWanted: isWanted)
    }
    private func draw(
        _ layout: GraphLayout, on grid: inout Grid, _ row: inout Int, _ width: Int, _ context: Context
    ) {
        let high = layout.rows + Graph.linesAround
        let shown = graphs.prefix(layout.count)
        for (index, graph) in shown.enumerated() {
            let column = index % layout.across * width / layout.across
            let next = (index % layout.across + 1) * width / layout.across
            let place = Graph.Place(
                row: row + index / layout.across * high, column: column,
                width: next - column - (next < width ? 1 : 0), rows: layout.rows)
            var graph = graph
            if layout.hasLegend { graph.legend = [] }
            graph.draw(on: &grid, place, context.capabilities)
        }
        row += layout.down * high
        guard layout.hasLegend else { return }
        Views.graphLegend(Array(shown)).draw(on: &grid, row: row, width: width, context.capabilities)
        row += 1
    }

    /// The sections that are shown, and how many lines each has of `rows`, which the table shares with them. `wanted`:
    /// the lines that the table would like.
    private func shares(rows: Int, wanted: Int, height: Int) -> [(section: Section, lines: Int)] {
        // Chooses the sections that fit beside at least a piece of the table.
        let least = min(wanted, max(5, rows / 3))
        var room = rows - least
        var shown: [(section: Section, lines: Int)] = []
        for section in sections where room >= 1 + section.least {
            let lines = min(section.lines.count, room - 1)
            shown.append((section, lines))
            room -= 1 + lines
        }
        // The table takes the lines that it still wants from the end of the sections that can give some.
        var missing = wanted - least - room
        for index in shown.indices.reversed() where missing > 0 {
            let give = min(missing, shown[index].lines - shown[index].section.least)
            shown[index].lines -= give
            missing -= give
        }
        if missing > 0, height < 30, let last = shown.indices.last(where: { shown[$0].section.grows }) {
            shown.remove(at: last)
        }
        return shown
    }
    /// Draws a heading and its lines, and the section in the right half. The last section has the lines that are left.
    private func draw(
        _ section: Section, _ lines: Int, isLast: Bool, on grid: inout Grid, _ row: inout Int, _ end: Int, width: Int,
        _ context: Context
    ) {
        let half = width / 2
        let title = section.right == nil ? section.title : Format.cut(section.title, half - 4)
        Page.rule(title, section.right == nil ? section.note : "", on: &grid, row, width)
        if let right = section.right {
            Page.rule(right.title, section.note, on: &grid, row, width - half, column: half)
        }
        row += 1
        let left = section.grows && isLast ? min(section.lines.count, end - row) : lines
        let right = section.right.map { Array($0.lines.prefix(isLast ? max(0, end - row) : left)) } ?? []
        for line in 0..<max(left, right.count) {
            if line < left {
                section.lines[line].draw(
                    on: &grid, row: row, width: section.right == nil ? nil : half - 1, context.capabilities)
            }
            if line < right.count {
                right[line].draw(on: &grid, row: row, column: half, context.capabilities)
            }
            row += 1
        }
    }

    private func draw(_ list: List, on grid: inout Grid, _ top: Int, _ height: Int, _ context: Context) {
        guard height > 0 else { return }
        list.heading.draw(on: &grid, row: top, context.capabilities)
        var room = height - 1
        // The last line tells how many rows are hidden, if at least two rows are left.
        let tellsHidden = list.rows.count > room && room > 2 && list.cursor != nil && list.showsHidden
        if tellsHidden { room -= 1 }
        let first = max(0, min((list.cursor ?? 0) - room / 2, list.rows.count - room))
        if tellsHidden {
            Line(" +\(list.rows.count - room) more", .dim).draw(on: &grid, row: top + 1 + room, context.capabilities)
        }
        for (offset, line) in list.rows.dropFirst(first).prefix(max(0, room)).enumerated() {
            line.draw(on: &grid, row: top + 1 + offset, column: 1, context.capabilities)
            if first + offset < list.keys.count {
                grid.mark(.row(list.keys[first + offset]), row: top + 1 + offset, 0..<grid.size.width)
            }
            if first + offset == list.cursor {
                grid.put(">", row: top + 1 + offset, column: 0)
                grid.reverse(row: top + 1 + offset)
            }
        }
    }

    /// `-- TITLE ------ note --`.
    static func rule(_ title: String, _ note: String, on grid: inout Grid, _ row: Int, _ width: Int, column: Int = 0) {
        var text = title.isEmpty ? "" : "-- " + title + " "
        let tail = note.isEmpty ? "" : " " + note + " --"
        if text.count + tail.count < width {
            text += String(repeating: "-", count: width - text.count - tail.count) + tail
        } else {
            text += String(repeating: "-", count: max(0, width - text.count))
        }
        grid.put(text, row: row, column: column, role: .dim)
    }

    private func drawFooter(on grid: inout Grid, _ lines: Int, _ context: Context) {
        guard lines > 0 else { return }
        let last = grid.size.height - 1
        if lines == 2 {
            Frame.footer(context, keys, on: &grid)
        } else if let editor = Frame.editor(context) {
            editor.draw(on: &grid, row: last, context.capabilities)
        } else if let toast = context.session.toast {
            Line(context.capabilities.clean(toast), .title).draw(on: &grid, row: last, context.capabilities)
        } else {
            var line = Line("1-7 / s", .dim)
            line.add("p", role: .dim, leaves: 1, gap: 1)
            line.add(context.session.isAdmin(context.now) ? "R D S U K X" : "A", role: .dim, leaves: 1, gap: 1)
            line.add("? q", role: .dim, gap: 1)
            line.draw(on: &grid, row: last, context.capabilities)
        }
    }
}
