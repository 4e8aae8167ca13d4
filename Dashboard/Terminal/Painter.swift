/// Turns pictures into the bytes that a kind of terminal needs to show them. Only what has changed is written.
package struct Painter: Sendable {
    private let kind: TerminalKind
    /// The number of colours that are used; 0 for none.
    private let colours: Int
    /// The bytes of each role, and of the reversed one behind it. An empty one is plain.
    private var looks: [[UInt8]] = []

    /// `colours` may be more than the kind's own number, if the environment says so.
    package init(_ kind: TerminalKind, colours: Int) {
        self.kind = kind
        self.colours = colours
        use(Theme(.dark, isLight: false))
    }
    package var hasColour: Bool { colours > 0 }
    package mutating func use(_ theme: Theme) {
        looks = Role.allCases.flatMap { role in
            [bytes(theme[role]), bytes(theme[role]) + kind.reversed]
        }
    }
    private func bytes(_ look: Look) -> [UInt8] {
        let colour = colour(look)
        var bytes = look.isBold || colour.isBold ? kind.bold : []
        // What is dim by its colour is not dimmed again. With few colours there is no such colour.
        if look.isDim, colour.bytes.isEmpty, colours == 0 || kind.dimsColours { bytes += kind.dim }
        return bytes + colour.bytes
    }
    /// The bytes of a colour. The brighter half of 16 colours is bold where there are only 8.
    private func colour(_ look: Look) -> (bytes: [UInt8], isBold: Bool) {
        if colours >= 256 {
            guard let colour = look.colour else { return ([], false) }
            guard colours > 256 else { return (kind.colour(Palette.of256(colour)), false) }
            switch colour {
            case .rgb(let red, let green, let blue): return (Array("\u{1B}[38;2;\(red);\(green);\(blue)m".utf8), false)
            case .palette(let number): return (Array("\u{1B}[38;5;\(number)m".utf8), false)
            }
        }
        guard colours >= 8, let few = look.few else { return ([], false) }
        if colours >= 16 { return (kind.colour(few), false) }
        return (kind.colour(few % 8), few >= 8)
    }

    /// The bytes that change a terminal from the picture `shown` to `grid`. `nil`: nothing is known of what it shows.
    package func paint(_ grid: Grid, over shown: Grid?) -> [UInt8] {
        var bytes: [UInt8] = []
        var before = Grid(grid.size)
        if let shown, shown.size == grid.size { before = shown } else { bytes += kind.plain + kind.clear }
        // The role that is set at the terminal, times two, and one more if it is reversed.
        var look = 0
        for row in 0..<grid.size.height { paint(row, of: grid, over: before, &bytes, &look) }
        if !looks[look].isEmpty { bytes += kind.plain }
        return bytes
    }
    private func paint(_ row: Int, of grid: Grid, over before: Grid, _ bytes: inout [UInt8], _ look: inout Int) {
        let width = grid.size.width - (kind.scrollsAtEnd && row == grid.size.height - 1 ? 1 : 0)
        // From here on the line is empty, and is cleared rather than written.
        var text = width
        while !kind.clearLine.isEmpty, text > 0, grid[row, text - 1].isBlank { text -= 1 }
        var column = 0
        while column < width {
            guard !grid[row, column].looksLike(before[row, column]) else {
                column += 1
                continue
            }
            bytes += kind.moved(row: row, column: column)
            if column >= text {
                set(0, &look, &bytes)
                bytes += kind.clearLine
                return
            }
            // Moving the cursor costs as much as a few characters, so these are written again in between.
            var (end, at) = (column + 1, column + 1)
            while at < text, at - end < 6 {
                if !grid[row, at].looksLike(before[row, at]) { end = at + 1 }
                at += 1
            }
            while column < end {
                let cell = grid[row, column]
                // A blank needs no look of its own.
                if !cell.isBlank || look % 2 == 1 {
                    set(Int(cell.role.rawValue) * 2 + (cell.isReversed ? 1 : 0), &look, &bytes)
                }
                bytes += Array(String(cell.character).utf8)
                column += 1
            }
        }
    }
    private func set(_ wanted: Int, _ look: inout Int, _ bytes: inout [UInt8]) {
        guard wanted != look, looks[wanted] != looks[look] else { return look = wanted }
        if !looks[look].isEmpty { bytes += kind.plain }
        bytes += looks[wanted]
        look = wanted
    }
}

extension Grid.Cell {
    fileprivate var isBlank: Bool { character == " " && !isReversed }
    /// A blank looks the same in every role.
    fileprivate func looksLike(_ other: Grid.Cell) -> Bool { self == other || isBlank && other.isBlank }
}
