/// A line of a header: pieces side by side. On a narrow terminal the pieces that are needed least leave. Nothing wraps.
/// If those that never leave are too long, the line ends with two points.
package struct Line {
    package enum Content {
        case text(String, Role)
        /// A share of a whole, as wide as the room allows, at most `most`.
        case bar(Double, most: Int, Role)
        /// A history, as wide as the room allows, at most `most`.
        case history([Double?], most: Int)
    }
    package struct Piece {
        var content: Content
        /// The piece with the greatest number leaves first; 0 never leaves.
        var leaves: Int
        var gap: Int
        var target: Grid.Target?
    }
    private var left: [Piece] = []
    private var right: [Piece] = []

    package init() {}
    package init(_ text: String, _ role: Role = .normal) { add(text, role: role, gap: 0) }

    package mutating func add(
        _ text: String, role: Role = .normal, leaves: Int = 0, gap: Int = 2, target: Grid.Target? = nil
    ) {
        if !text.isEmpty {
            left.append(Piece(content: .text(text, role), leaves: leaves, gap: left.isEmpty ? 0 : gap, target: target))
        }
    }
    package mutating func addBar(_ share: Double, most: Int, role: Role = .normal, leaves: Int, gap: Int = 1) {
        left.append(Piece(content: .bar(share, most: most, role), leaves: leaves, gap: gap))
    }
    package mutating func addHistory(_ values: [Double?], most: Int, leaves: Int, gap: Int = 1) {
        left.append(Piece(content: .history(values, most: most), leaves: leaves, gap: gap))
    }
    /// Adds a piece at the right edge.
    package mutating func addRight(_ text: String, role: Role = .normal, leaves: Int = 0, gap: Int = 2) {
        if !text.isEmpty { right.append(Piece(content: .text(text, role), leaves: leaves, gap: gap)) }
    }

    private static let leastBar = 8

    package func draw(on grid: inout Grid, row: Int, column: Int = 0, width: Int? = nil, _ capabilities: Capabilities) {
        let width = min(width ?? grid.size.width - column, grid.size.width - column)
        guard width > 0 else { return }
        var left = left
        var right = right
        func least(_ pieces: [Piece]) -> Int {
            pieces.reduce(0) { total, piece in
                switch piece.content {
                case .text(let text, _): total + piece.gap + text.count
                case .bar, .history: total + piece.gap + Line.leastBar
                }
            }
        }
        while least(left) + least(right) > width {
            let worst = max(left.map(\.leaves).max() ?? 0, right.map(\.leaves).max() ?? 0)
            guard worst > 0 else { break }
            if let at = left.lastIndex(where: { $0.leaves == worst }) {
                left.remove(at: at)
            } else if let at = right.lastIndex(where: { $0.leaves == worst }) {
                right.remove(at: at)
            }
        }
        var spare = max(0, width - least(left) - least(right))
        var text = column
        let end = column + width
        for piece in left {
            text += piece.gap
            let start = text
            switch piece.content {
            case .text(let string, let role): text = put(string, role, row, text, end, &grid)
            case .bar(let share, let most, let role):
                let wide = min(most, Line.leastBar + spare)
                spare -= wide - Line.leastBar
                text = put(capabilities.bar(share, width: wide), role, row, text, end, &grid)
            case .history(let values, let most):
                let wide = min(most, Line.leastBar + spare)
                spare -= wide - Line.leastBar
                text = put(capabilities.history(values, width: wide), .first, row, text, end, &grid)
            }
            if let target = piece.target { grid.mark(target, row: row, start..<max(start, min(text, end))) }
        }
        var place = max(text, end - least(right))
        for piece in right {
            place += piece.gap
            if case .text(let string, let role) = piece.content { place = put(string, role, row, place, end, &grid) }
        }
        // A text that had no room is seen to be missing.
        if max(text, place) > end, width >= 4 { grid.putSign("..", row: row, column: end - 2) }
    }
    private func put(_ text: String, _ role: Role, _ row: Int, _ column: Int, _ end: Int, _ grid: inout Grid) -> Int {
        if column < end { grid.put(String(text.prefix(end - column)), row: row, column: column, role: role) }
        return column + text.count
    }
}
