import Stats
import Watch

// Delivery times over time: the buckets upward, and the darker a cell, the more of the messages of its span.
extension Graph {
    private static let ascii = Array(".:-=+*#%@")
    private static let shades = Array("·░▒▓█")

    /// The buckets of each row, the slowest row first, for a plot of so many rows. Several buckets share a row if there
    /// is no room for all.
    package static func heatRows(_ rows: Int) -> [Range<Int>] {
        switch rows {
        case ..<2: [0..<8]
        case 2: [5..<8, 0..<5]
        case 3: [5..<8, 3..<5, 0..<3]
        case 4: [7..<8, 5..<7, 2..<5, 0..<2]
        case 5: [7..<8, 6..<7, 5..<6, 2..<5, 0..<2]
        case 6: [7..<8, 6..<7, 5..<6, 4..<5, 2..<4, 0..<2]
        case 7: [7..<8, 6..<7, 5..<6, 4..<5, 3..<4, 2..<3, 0..<2]
        default: (0..<8).reversed().map { $0..<$0 + 1 }
        }
    }
    /// `<10ms`: the messages of the row were faster. The slowest row has all others.
    package static func heatLabel(_ buckets: Range<Int>) -> String {
        let bounds = LatencyBuckets.boundsMilliseconds
        func text(_ bound: UInt64) -> String { bound < 100 ? "\(bound)ms" : ".\(bound / 100)s" }
        if buckets.upperBound > bounds.count { return ">" + text(bounds[max(0, buckets.lowerBound - 1)]) }
        return "<" + text(bounds[buckets.upperBound - 1])
    }
    func drawHeat(_ sums: [[Double]?], on grid: inout Grid, _ place: Place, _ capabilities: Capabilities) {
        let rows = Graph.heatRows(place.rows)
        let first = place.rows - rows.count
        for row in 0..<place.rows {
            let label = row < first ? "" : Graph.heatLabel(rows[row - first])
            grid.put(
                Format.right(label, Graph.axisWidth - 1) + (capabilities.isUTF8 ? "│" : "|"),
                row: place.row + 1 + row, column: place.column, role: .dim)
        }
        let levels = capabilities.isUTF8 ? Graph.shades : Graph.ascii
        var hasBegun = false
        for (index, counts) in sums.enumerated() {
            let column = place.plotColumn + place.columns - sums.count + index
            hasBegun = hasBegun || counts != nil
            let all = counts?.reduce(0, +) ?? 0
            guard let counts, all > 0 else {
                if hasBegun {
                    grid.put(counts == nil ? "x" : "_", row: place.axisRow - 1, column: column, role: .dim)
                }
                continue
            }
            for (row, buckets) in rows.enumerated() {
                let count = counts[buckets].reduce(0, +)
                guard count > 0 else { continue }
                grid.put(
                    String(levels[Graph.heatLevel(count / all, levels.count)]), row: place.row + 1 + first + row,
                    column: column, role: Graph.latencyRole(buckets.lowerBound))
            }
        }
    }
    /// The lightest level has what is less than two in a hundred: few messages are seen, and told from many.
    private static func heatLevel(_ share: Double, _ levels: Int) -> Int {
        share < 0.02 ? 0 : min(levels - 1, 1 + Int(share * Double(levels - 1)))
    }
}
