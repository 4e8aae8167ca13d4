import Watch

extension Views {
    static func drawColumns(_ menu: ColumnMenu, _ context: Context, on grid: inout Grid) {
        let columns = Columns.of(menu.screen)
        let room = max(1, grid.size.height - 4)
        // What is left of the box beside its frame, the marks and the title.
        let wide = max(2, min(grid.size.width, 72) - 26)
        let first = max(0, min(menu.at - room / 2, menu.rows.count - room))
        let lines = menu.rows.enumerated().dropFirst(first).prefix(room).compactMap { index, row -> Line? in
            guard let column = columns.first(where: { $0.id == row.id }) else { return nil }
            let meaning = short(column)
            let mark = row.id == "id" ? "[*] " : row.isShown ? "[x] " : "[ ] "
            return Line(
                (index == menu.at ? "> " : "  ") + mark + Format.left(column.title, 16)
                    + (meaning.count > wide ? meaning.prefix(wide - 2) + ".." : meaning),
                index == menu.at ? .title : row.isShown ? .normal : .dim)
        }
        box(
            "COLUMNS OF \(menu.screen.title)", lines,
            foot: "Space: on or off  left, right: move  d default  S save  Esc", width: 72, context, on: &grid)
    }
}
