import Base

/// The meaning of a cell. The theme has its colour. Every meaning is also in the text: `W`, `C`, `~`, `!`.
package enum Role: UInt8, CaseIterable, Sendable {
    case normal, dim, title, warning, critical, fine, info
    /// In graphs: the mark of an event, and the line of a bound.
    case mark, bound
    /// In graphs: their series.
    case first, second, third
    /// The shades of a heat map, from little to much.
    case shade1, shade2, shade3, shade4
}

/// A screen as characters: the views fill it, the terminal shows it, and the tests compare it as text. Every cell is
/// one column wide.
package struct Grid: Equatable, Sendable {
    package struct Cell: Equatable, Sendable {
        package var character: Character = " "
        package var role: Role = .normal
        package var isReversed = false
    }
    /// The meaning of a click there.
    package enum Target: Equatable, Sendable {
        case row(RowKey)
        /// The heading of the column with this id.
        case column(String)
        case screen(Screen)
    }
    private struct Spot: Equatable {
        var row: Int
        var columns: Range<Int>
        var target: Target
    }
    package let size: Size
    private var spots: [Spot] = []
    private var cells: [Cell]

    package init(_ size: Size) {
        self.size = size
        cells = Array(repeating: Cell(), count: size.width * size.height)
    }

    package subscript(row: Int, column: Int) -> Cell { cells[row * size.width + column] }

    /// Writes text at a place, cut at the edges of the grid. Returns the column behind it. The views have cleaned text
    /// from outside (`Capabilities.clean`). A character that still can't be shown becomes `?`, so that it never reaches
    /// the terminal.
    @discardableResult
    package mutating func put(_ text: String, row: Int, column: Int, role: Role = .normal) -> Int {
        guard row >= 0, row < size.height else { return column }
        var at = column
        for character in text {
            guard at < size.width else { break }
            let character = character.unicodeScalars.contains(where: \.isObeyed) ? "?" : character
            if at >= 0 { cells[row * size.width + at] = Cell(character: character, role: role) }
            at += 1
        }
        return at
    }
    /// Writes over what is there, and keeps its role.
    mutating func putSign(_ text: String, row: Int, column: Int) {
        guard row >= 0, row < size.height, column >= 0, column < size.width else { return }
        put(text, row: row, column: column, role: self[row, column].role)
    }
    package mutating func mark(_ target: Target, row: Int, _ columns: Range<Int>) {
        spots.append(Spot(row: row, columns: columns, target: target))
    }
    /// The topmost target, if some lie over others.
    package func target(row: Int, column: Int) -> Target? {
        spots.last { $0.row == row && $0.columns.contains(column) }?.target
    }

    /// Shows the cursor's row reversed, and marks it with `>` for terminals that can't.
    package mutating func reverse(row: Int) {
        guard row >= 0, row < size.height else { return }
        for column in 0..<size.width { cells[row * size.width + column].isReversed = true }
    }
    package mutating func clear(row: Int) {
        guard row >= 0, row < size.height else { return }
        for column in 0..<size.width { cells[row * size.width + column] = Cell() }
    }

    /// The lines without the blanks at their ends.
    package var lines: [String] {
        (0..<size.height).map { row in
            let line = cells[row * size.width..<(row + 1) * size.width]
            let end = line.lastIndex { $0.character != " " } ?? line.startIndex - 1
            return end < line.startIndex ? "" : String(line[line.startIndex...end].map(\.character))
        }
    }
    package var text: String { lines.joined(separator: "\n") + "\n" }
}

package struct Size: Equatable, Hashable, Sendable {
    package var width: Int
    package var height: Int
    package init(_ width: Int, _ height: Int) {
        self.width = max(1, width)
        self.height = max(1, height)
    }
}
