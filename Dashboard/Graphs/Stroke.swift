/// The characters of one column of a graph, from the time axis upward. `nil` leaves a cell as it is.
package enum Stroke {
    private static let eighths = Array("▁▂▃▄▅▆▇█")
    private static let thirds = Array(".:#")
    /// The character of the series behind the other one.
    package static func behind(_ capabilities: Capabilities) -> Character { capabilities.isUTF8 ? "░" : "." }
    package static func inFront(_ capabilities: Capabilities) -> Character { capabilities.isUTF8 ? "█" : "#" }

    /// `values` are those of each series in this column: two of one series for braille, otherwise one of each.
    package static func cells(
        _ values: [ArraySlice<Double?>], _ top: Double, _ rows: Int, _ capabilities: Capabilities
    ) -> [Character?] {
        guard let front = values.last?.first else { return [] }
        if values.count == 1, values[0].count == 2 { return braille(Array(values[0]), top, rows) }
        var cells = [Character?](repeating: nil, count: rows)
        if values.count > 1, let behind = values[0].first ?? nil {
            for row in 0..<steps(behind, top, rows, in: 1) { cells[row] = Stroke.behind(capabilities) }
        }
        if let front {
            // A part of a cell would look like the other series.
            let levels = capabilities.isUTF8 ? eighths : values.count > 1 ? ["#"] : thirds
            let filled = steps(front, top, rows, in: levels.count)
            for row in 0..<filled / levels.count { cells[row] = levels[levels.count - 1] }
            if filled % levels.count > 0 { cells[filled / levels.count] = levels[filled % levels.count - 1] }
        }
        // A known zero is not the same as nothing known.
        if cells[0] == nil { cells[0] = "_" }
        return cells
    }
    /// How many steps high a value is, with so many steps in a cell. What is not zero has one at least.
    package static func steps(_ value: Double, _ top: Double, _ rows: Int, in perCell: Int) -> Int {
        let all = rows * perCell
        guard value > 0, top > 0 else { return 0 }
        return max(1, min(all, Int((value / top * Double(all)).rounded())))
    }

    /// The bits of a braille cell, from the bottom up, in its left and right half.
    private static let dots: [[UInt32]] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]]
    private static func braille(_ values: [Double?], _ top: Double, _ rows: Int) -> [Character?] {
        var bits = [UInt32](repeating: 0, count: rows)
        for (half, value) in values.enumerated() {
            guard let value else { continue }
            for step in 0..<steps(value, top, rows, in: 4) { bits[step / 4] |= dots[half][step % 4] }
        }
        if bits[0] == 0 { return ["_"] }
        return bits.map { $0 == 0 ? nil : Unicode.Scalar(0x2800 + $0).map(Character.init) }
    }
}
