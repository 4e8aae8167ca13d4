/// The screen as a drawing. Each cell has its exact place, whichever font the reader has: a text is stretched to its
/// cells (`textLength`), and blocks are drawn as areas, since fonts leave gaps between them.
extension Grid {
    /// An eighth of a cell is a whole number of units in both directions.
    private static let cell = (width: 8, height: 16)
    private static let baseline = 12
    private static let margin = 12

    package func svg(name: String) -> String {
        let width = size.width * Grid.cell.width + 2 * Grid.margin
        let height = size.height * Grid.cell.height + 2 * Grid.margin
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
            viewBox="0 0 \(width) \(height)" role="img" fill="currentColor">
            <title>\(markup(name))</title>
            <style>
            \(Sheet.stylesheet)text { font-family: \(Sheet.fonts); font-size: 13.3px; }
            </style>
            <rect class="paper" width="\(width)" height="\(height)" rx="6"/>
            <g transform="translate(\(Grid.margin) \(Grid.margin))">

            """
        for row in 0..<size.height {
            for run in runs(row: row) { text += drawing(run, row) }
        }
        return text + "</g>\n</svg>\n"
    }

    private func drawing(_ run: Run, _ row: Int) -> String {
        let top = row * Grid.cell.height
        var text = ""
        if run.look.isReversed {
            text += "<rect class=\"\(run.look.role)\" x=\"\(run.column * Grid.cell.width)\" y=\"\(top)\" "
            text += "width=\"\(run.text.count * Grid.cell.width)\" height=\"\(Grid.cell.height)\"/>\n"
        }
        let ink = run.look.isReversed ? "paper" : "\(run.look.role)"
        let weight = run.look.isReversed && [.title, .critical].contains(run.look.role) ? " font-weight=\"bold\"" : ""
        for word in words(run) {
            text += "<text class=\"\(ink)\"\(weight) x=\"\(word.column * Grid.cell.width)\" "
            text += "y=\"\(top + Grid.baseline)\" textLength=\"\(word.text.count * Grid.cell.width)\" "
            text += "lengthAdjust=\"spacingAndGlyphs\">\(markup(word.text))</text>\n"
        }
        let areas = blocks(run, top)
        return areas.isEmpty ? text : text + "<path class=\"\(ink)\" d=\"\(areas)\"/>\n"
    }

    /// The pieces of a run that are text. Two blanks part them: programs that draw SVG join several blanks into one.
    private func words(_ run: Run) -> [(column: Int, text: String)] {
        var words: [(column: Int, text: String)] = []
        var blanks = 2
        for (offset, character) in run.text.enumerated() {
            if Grid.block(character) != nil {
                blanks = 2
            } else if character == " " {
                blanks += 1
            } else {
                if blanks > 1 || words.isEmpty {
                    words.append((run.column + offset, String(character)))
                } else {
                    words[words.count - 1].text += String(repeating: " ", count: blanks) + String(character)
                }
                blanks = 0
            }
        }
        return words
    }
    /// The areas of the blocks in a run, as the data of a path.
    private func blocks(_ run: Run, _ top: Int) -> String {
        run.text.enumerated().map { offset, character in
            guard let (width, height) = Grid.block(character) else { return "" }
            let left = (run.column + offset) * Grid.cell.width
            return "M\(left) \(top + Grid.cell.height - height)h\(width)v\(height)h-\(width)z"
        }.joined()
    }
    /// The size of a block (U+2581 to U+258F): it grows from the lower left corner of its cell.
    private static func block(_ character: Character) -> (width: Int, height: Int)? {
        guard let scalar = character.unicodeScalars.first, character.unicodeScalars.count == 1 else { return nil }
        switch scalar.value {
        case 0x2581...0x2588: return (cell.width, Int(scalar.value - 0x2580) * cell.height / 8)
        case 0x2589...0x258F: return (Int(0x2590 - scalar.value) * cell.width / 8, cell.height)
        default: return nil
        }
    }
}
