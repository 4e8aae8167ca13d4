import Dashboard
import Glibc
import Testing

/// Pictures as bytes. Terminfo keeps the kind that was read last, so one test runs at a time.
@Suite(.serialized)
struct PainterTests {
    /// The bytes of any picture over any other one bring the terminal to that picture.
    @Test(arguments: ["xterm-256color", "linux", "vt100", "ansi", "cygwin"])
    func changes_bringAboutThePicture(_ name: String) throws {
        let kind = try #require(TerminalKind(name))
        let painter = Painter(kind, colours: kind.colours)
        var chance = PropertyTests.Chance(state: 7)
        for _ in 0..<60 {
            let size = Size(Int.random(in: 1...90, using: &chance), Int.random(in: 1...30, using: &chance))
            var screen = Screen(size)
            var shown: Grid?
            for _ in 0..<4 {
                let grid = picture(size, like: shown, &chance)
                screen.take(painter.paint(grid, over: shown))
                shown = grid
                // On kinds that would scroll, the last place stays empty.
                let isWhole = ["xterm-256color", "linux", "vt100"].contains(name)
                for row in 0..<size.height {
                    for column in 0..<size.width
                    where isWhole || row < size.height - 1 || column < size.width - 1 {
                        let (cell, seen) = (grid[row, column], screen.cells[row][column])
                        #expect(seen.character == cell.character)
                        // A blank looks the same in every role.
                        if cell.character != " " || cell.isReversed {
                            #expect(seen.look == looks(painter, cell), "\(row) \(column)")
                        }
                    }
                }
            }
        }
    }
    @Test func samePicture_isNothing_andAnEndOfALineIsCleared() throws {
        let painter = Painter(try #require(TerminalKind("xterm-256color")), colours: 256)
        var grid = Grid(Size(80, 24))
        grid.put(String(repeating: "x", count: 80), row: 3, column: 0, role: .warning)
        #expect(painter.paint(grid, over: grid).isEmpty)
        var after = Grid(Size(80, 24))
        after.put("x", row: 3, column: 0, role: .warning)
        #expect(text(painter.paint(after, over: grid)) == "^[[4;2H^[[K")
    }
    @Test func onlyChanges_areWritten_andNearOnesAtOnce() throws {
        let painter = Painter(try #require(TerminalKind("xterm-256color")), colours: 256)
        func picture(_ line: String) -> Grid {
            var grid = Grid(Size(40, 2))
            grid.put(line, row: 1, column: 0)
            return grid
        }
        let before = picture("w0 READY 1,255 67 0% then all the rest")
        let after = picture("w0 READY 1,260 68 0% then all the nest")
        #expect(text(painter.paint(after, over: before)) == "^[[2;13H60 68^[[2;35Hn")
    }
    @Test func colours_areThoseThatTheTerminalHas() throws {
        func warning(_ name: String, _ colours: Int?) throws -> String {
            let kind = try #require(TerminalKind(name))
            var grid = Grid(Size(10, 1))
            grid.put("W", row: 0, column: 0, role: .warning)
            return text(Painter(kind, colours: colours ?? kind.colours).paint(grid, over: Grid(Size(10, 1))))
        }
        #expect(try warning("xterm-256color", 1 << 24) == "^[[1;1H^[[38;2;255;215;95mW^[(B^[[m")
        #expect(try warning("xterm-256color", nil) == "^[[1;1H^[[38;5;221mW^[(B^[[m")
        #expect(try warning("linux", nil) == "^[[1;1H^[[33mW^[[m^O")
        #expect(try warning("xterm-256color", 0) == "^[[1;1HW")
        #expect(try warning("vt100", nil) == "^[[1;1HW")
    }
    @Test func fewColours_areDimByTheAttribute_ifBothGoTogether() throws {
        func dim(_ name: String, colours: Int) throws -> String {
            var grid = Grid(Size(10, 1))
            grid.put("x", row: 0, column: 0, role: .dim)
            return text(
                Painter(try #require(TerminalKind(name)), colours: colours).paint(grid, over: Grid(Size(10, 1))))
        }
        #expect(try dim("xterm", colours: 8) == "^[[1;1H^[[2mx^[(B^[[m")
        // The console would show a dim text in another colour.
        #expect(try dim("linux", colours: 8) == "^[[1;1Hx")
        #expect(try dim("linux", colours: 0) == "^[[1;1H^[[2mx^[[m^O")
    }
    @Test func brightColour_isBoldWhereThereAre8() throws {
        var painter = Painter(try #require(TerminalKind("xterm")), colours: 8)
        painter.use(Theme(.own, isLight: false, own: [.info: try #require(Palette.look("bright-blue"))]))
        var grid = Grid(Size(10, 1))
        grid.put("x", row: 0, column: 0, role: .info)
        #expect(text(painter.paint(grid, over: Grid(Size(10, 1)))) == "^[[1;1H^[[1m^[[34mx^[(B^[[m")
    }
    @Test func unknownKind_isTakenForTheNearest() throws {
        #expect(TerminalKind("no-such-terminal")?.name == "xterm-256color")
        #expect(TerminalKind("dumb")?.name == "xterm-256color", "it can't move its cursor")
        #expect(TerminalKind("linux")?.isLinuxConsole == true)
    }

    private func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).replacing("\u{1B}", with: "^[").replacing("\u{0F}", with: "^O")
    }
    /// The bytes of a cell's look, as they are for that cell alone.
    private func looks(_ painter: Painter, _ cell: Grid.Cell) -> String {
        var grid = Grid(Size(3, 2))
        grid.put(String(cell.character), row: 0, column: 0, role: cell.role)
        if cell.isReversed { grid.reverse(row: 0) }
        var screen = Screen(grid.size)
        screen.take(painter.paint(grid, over: Grid(grid.size)))
        return screen.cells[0][0].look
    }
    private func picture(_ size: Size, like other: Grid?, _ chance: inout PropertyTests.Chance) -> Grid {
        var grid = other ?? Grid(size)
        for _ in 0..<Int.random(in: 1...20, using: &chance) {
            let word = ["", " ", "w0", "READY", "1,255", "▂▅█", "      ", "ä"].randomElement(using: &chance) ?? ""
            let row = Int.random(in: 0..<size.height, using: &chance)
            if Int.random(in: 0..<6, using: &chance) == 0 { grid.clear(row: row) }
            grid.put(
                String(repeating: word, count: Int.random(in: 1...9, using: &chance)), row: row,
                column: Int.random(in: 0..<size.width, using: &chance),
                role: Role.allCases.randomElement(using: &chance) ?? .dim)
            if Int.random(in: 0..<9, using: &chance) == 0 { grid.reverse(row: row) }
        }
        return grid
    }

    /// A terminal that knows what a painter writes: it moves, clears, and keeps what sets the look of each character.
    private struct Screen {
        var cells: [[(character: Character, look: String)]]
        private let size: Size
        private var (row, column) = (0, 0)
        private var look = ""

        init(_ size: Size) {
            self.size = size
            cells = Array(repeating: Array(repeating: ("#", ""), count: size.width), count: size.height)
        }
        mutating func take(_ bytes: [UInt8]) {
            var rest = String(decoding: bytes, as: UTF8.self)[...]
            while let character = rest.popFirst() {
                switch character {
                case "\u{1B}": sequence(&rest)
                case "\u{0F}": break
                default:
                    if cells.indices.contains(row), cells[row].indices.contains(column) {
                        cells[row][column] = (character, look)
                    } else {
                        Issue.record("written outside, at \(row) \(column)")
                    }
                    column += 1
                }
            }
        }
        private mutating func sequence(_ rest: inout Substring) {
            let kind = rest.popFirst()
            guard kind == "[" else {
                if kind == "(" { _ = rest.popFirst() }
                return
            }
            let parameters = rest.prefix { $0.isNumber || $0 == ";" }
            rest = rest.dropFirst(parameters.count)
            let numbers = parameters.split(separator: ";").compactMap { Int($0) }
            switch rest.popFirst() {
            case "H": (row, column) = numbers.count == 2 ? (numbers[0] - 1, numbers[1] - 1) : (0, 0)
            case "J":
                for row in cells.indices { for column in cells[row].indices { cells[row][column] = (" ", "") } }
            case "K": for column in column..<size.width { cells[row][column] = (" ", "") }
            case "m":
                look = parameters.isEmpty || parameters == "0" || parameters == "0;10" ? "" : look + parameters + "m"
            case let other: Issue.record("unknown: \(other ?? " ")")
            }
        }
    }
}
