/// How many graphs are shown, and how high, in the rows that the rest of the screen leaves.
package struct GraphLayout: Equatable, Sendable {
    package var across: Int
    package var down = 1
    /// The rows of each plot.
    package var rows: Int
    /// Graphs side by side share a line with the legend. A graph alone has it in its title.
    package var hasLegend: Bool { across > 1 }
    package var count: Int { across * down }
    package var lines: Int { down * (rows + Graph.linesAround) + (hasLegend ? 1 : 0) }

    private static let leastRows = 3
    private static let mostRows = 8
    private static let wantedRows = 9

    /// `rows`: the lines that are free. `nil` if that is too little. If the operator has asked for a graph
    /// (`isWanted`), the table is shorter for it. A high terminal without free lines has a long table: then the worker
    /// map has room for the worst eight and the rest.
    package static func fitting(_ size: Size, rows: Int, isWanted: Bool) -> GraphLayout? {
        guard size.width >= 60, size.height >= 16 else { return nil }
        let least =
            size.width >= 110 ? GraphLayout(across: 2, rows: leastRows) : GraphLayout(across: 1, rows: leastRows)
        guard rows >= least.lines else {
            guard isWanted, size.height >= 20 else { return nil }
            return GraphLayout(across: least.across, rows: size.height >= 36 ? wantedRows : leastRows)
        }
        func high(_ across: Int, _ down: Int) -> GraphLayout {
            let legend = across > 1 ? 1 : 0
            return GraphLayout(
                across: across, down: down, rows: min(mostRows, (rows - legend) / down - Graph.linesAround))
        }
        if size.width < 110 { return high(1, max(1, min(4, rows / (leastRows + 1 + Graph.linesAround)))) }
        let square = high(2, 2)
        if size.width >= 200, square.rows < 5 { return high(4, 1) }
        return square.rows >= leastRows ? square : high(2, 1)
    }
}
