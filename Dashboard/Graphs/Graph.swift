import Watch

/// Values over time as cells: a rule with the title, the plot with its y axis, and the time axis, which ends now.
///
///     -- PUB 500/s (.)  DELIV 208/s (#) ----- X exit --
///       600|       ....................
///       300|..#.########################
///         0+-10m-----+--X---+------+--now
///
/// The scale begins at zero. A column has the greatest value of its part of the span. What is not known is `x`, or
/// blank before the first known value; a known zero is `_`.
package struct Graph: Sendable {
    package enum Plot: Sendable {
        /// One series, or two of which the second is in front. Each covers the whole span, the oldest value first.
        case series([[Double?]])
        /// The messages by bucket of delivery time, for so many columns; see `Graph.drawHeat`.
        case heat(@Sendable (_ columns: Int) -> [[Double]?])
        /// A row for each worker; see `Graph.drawWorkers`.
        case workers(@Sendable (_ columns: Int) -> [WorkerRow])
    }
    /// The parts of the title. Those that don't fit leave, the last one first.
    package var title: [String]
    package var span: GraphSpan
    package var plot: Plot
    /// A line across the graph, such as the level at which messages expire.
    package var bound: Double?
    package var marks: [EventMark.Placed] = []
    /// What stands at the end of the title, the most important first. What does not fit leaves.
    package var legend: [String] = []

    package init(_ title: [String], _ span: GraphSpan, _ plot: Plot) {
        self.title = title
        self.span = span
        self.plot = plot
    }

    /// The columns of the y axis: a number of five characters, and the axis.
    package static let axisWidth = 6
    /// The lines beside the plot: the title and the time axis.
    package static let linesAround = 2

    /// A place on the grid. `rows` are those of the plot.
    package struct Place {
        package var row: Int
        package var column: Int
        package var width: Int
        package var rows: Int
        package init(row: Int, column: Int, width: Int, rows: Int) {
            self.row = row
            self.column = column
            self.width = width
            self.rows = rows
        }
        package var plotColumn: Int { column + Graph.axisWidth }
        package var columns: Int { max(0, width - Graph.axisWidth) }
        package var axisRow: Int { row + 1 + rows }
    }

    package func draw(on grid: inout Grid, _ place: Place, _ capabilities: Capabilities) {
        guard place.columns > 0, place.rows > 0 else { return }
        drawTitle(on: &grid, place)
        switch plot {
        case .series(let series): draw(series, on: &grid, place, capabilities)
        case .heat(let sums): drawHeat(sums(min(place.columns, History.kept)), on: &grid, place, capabilities)
        case .workers(let rows): drawWorkers(rows(min(place.columns, History.kept)), on: &grid, place, capabilities)
        }
        drawTimeAxis(on: &grid, place, capabilities)
    }
    private func drawTitle(on grid: inout Grid, _ place: Place) {
        func joined(_ parts: [String], within room: Int) -> String {
            var parts = parts
            while parts.joined(separator: "  ").count > room, !parts.isEmpty { parts.removeLast() }
            return parts.joined(separator: "  ")
        }
        // Two figures matter more than the legend, and the legend more than the other figures.
        let room = place.width - 6
        let least = joined(Array(title.prefix(2)), within: room)
        let tail = joined(legend, within: room - least.count - 4)
        let text = joined(title, within: tail.isEmpty ? room : room - tail.count - 4)
        Page.rule(text, tail, on: &grid, place.row, place.width, column: place.column)
    }

    // MARK: axes

    /// The top of the scale: the least number with at most two digits that is not below the value. Its half can be
    /// written with two digits, too.
    package static func top(_ greatest: Double) -> Double {
        guard greatest.isFinite, greatest > 1 else { return 1 }
        var unit = 1.0
        while unit * 10 < greatest { unit *= 10 }
        // Under ten only whole numbers, so that the half has one decimal.
        let steps = unit < 10 ? [1, 2, 3, 4, 5, 6, 8, 10] : [1, 1.2, 1.5, 2, 2.4, 3, 4, 5, 6, 8, 10]
        return unit * (steps.first { unit * $0 >= greatest } ?? 10)
    }
    package static func label(_ value: Double) -> String {
        value < 100 && value != value.rounded() ? Format.decimals(value, 1) : Format.short(value)
    }
    /// The text beside a row of the plot tells the value at the upper edge of the row.
    private func drawValueAxis(on grid: inout Grid, _ place: Place, _ labels: [Int: String], isUTF8: Bool) {
        for row in 0..<place.rows {
            let text = Format.right(labels[row] ?? "", Graph.axisWidth - 1) + (isUTF8 ? "│" : "|")
            grid.put(text, row: place.row + 1 + row, column: place.column, role: .dim)
        }
    }
    private func drawTimeAxis(on grid: inout Grid, _ place: Place, _ capabilities: Capabilities) {
        let row = place.axisRow
        let columns = place.columns
        let hasZero = if case .series = plot { true } else { false }
        let corner = Format.right(hasZero ? "0" : "", Graph.axisWidth - 1) + (capabilities.isUTF8 ? "└" : "+")
        grid.put(corner, row: row, column: place.column, role: .dim)
        grid.put(
            String(repeating: capabilities.isUTF8 ? "─" : "-", count: columns), row: row, column: place.plotColumn,
            role: .dim)
        func put(_ text: String, back: Double, _ role: Role) {
            guard let at = column(back: back, of: columns) else { return }
            grid.put(text, row: row, column: place.plotColumn + at, role: role)
        }
        for part in 1..<span.parts {
            put(capabilities.isUTF8 ? "┴" : "+", back: Double(span.seconds * part) / Double(span.parts), .dim)
        }
        // A mark in the place of a label would make a riddle of it.
        let marked = Set(marks.compactMap { column(back: $0.back, of: columns) })
        for (text, at) in [(span.start, 0), ("now", columns - 3)]
        where columns >= 16 && marked.isDisjoint(with: at..<at + text.count) {
            grid.put(text, row: row, column: place.plotColumn + at, role: .dim)
        }
        for placed in marks.reversed() { put(String(placed.mark.letter), back: placed.back, placed.mark.role) }
    }
    /// The column of a time so many seconds ago. `nil` if it is before the span.
    package func column(back: Double, of columns: Int) -> Int? {
        guard back >= 0, back < Double(span.seconds) else { return nil }
        return columns - 1 - min(columns - 1, Int(back * Double(columns) / Double(span.seconds)))
    }

    // MARK: series

    /// A value for each column: the greatest of its part, or the same for several columns if there are fewer values.
    package static func columns(_ values: [Double?], _ columns: Int) -> [Double?] {
        guard columns > 0, !values.isEmpty else { return [Double?](repeating: nil, count: max(0, columns)) }
        return (0..<columns).map { column in
            let first = column * values.count / columns
            let part = values[first..<max(first + 1, (column + 1) * values.count / columns)]
            return part.lazy.compactMap(\.self).filter(\.isFinite).max().map { max(0, $0) }
        }
    }
    /// The top of the scale. A bound is within it if it is near.
    package func top(_ series: [[Double?]], _ bound: Double?) -> Double {
        let greatest = series.flatMap { $0.lazy.compactMap(\.self).filter(\.isFinite) }.max() ?? 0
        let near = bound.map { $0 <= greatest * 2 ? $0 : 0 } ?? 0
        return Graph.top(max(greatest, near))
    }
    private func draw(_ series: [[Double?]], on grid: inout Grid, _ place: Place, _ capabilities: Capabilities) {
        let top = top(series, bound)
        var labels = [0: Graph.label(top)]
        if place.rows >= 4, place.rows % 2 == 0 { labels[place.rows / 2] = Graph.label(top / 2) }
        drawValueAxis(on: &grid, place, labels, isUTF8: capabilities.isUTF8)
        drawBound(top, on: &grid, place, isUTF8: capabilities.isUTF8)
        // Braille has two values in each cell, but cannot tell two series apart.
        let isFine = capabilities.hasBraille && series.count == 1
        let shown = series.map { Graph.columns($0, place.columns * (isFine ? 2 : 1)) }
        let perCell = isFine ? 2 : 1
        var hasBegun = false
        for column in 0..<place.columns {
            let values = shown.map { $0[column * perCell..<(column + 1) * perCell] }
            let isKnown = values.contains { $0.contains { $0 != nil } }
            hasBegun = hasBegun || isKnown
            let cells = isKnown ? Stroke.cells(values, top, place.rows, capabilities) : hasBegun ? ["x"] : []
            for (up, character) in cells.enumerated() {
                guard let character else { continue }
                grid.put(
                    String(character), row: place.axisRow - 1 - up, column: place.plotColumn + column,
                    role: isKnown ? .normal : .dim)
            }
        }
    }
    private func drawBound(_ top: Double, on grid: inout Grid, _ place: Place, isUTF8: Bool) {
        guard let bound, bound > 0, bound <= top else { return }
        let up = min(place.rows - 1, Int(bound / top * Double(place.rows)))
        grid.put(
            String(repeating: isUTF8 ? "─" : "-", count: place.columns), row: place.axisRow - 1 - up,
            column: place.plotColumn, role: .warning)
    }
}
