import Watch

extension Views {
    /// The help, from the table of keys. Keys that are not allowed now are marked.
    package static func helpLines(_ session: Session, now: UInt64, width: Int) -> [String] {
        var lines: [String] = []
        for group in Binding.Group.allCases {
            lines.append(
                group.rawValue
                    + (group == .act && session.isReadOnly
                        ? "  (off: --readonly)" : group == .act && !session.isAdmin(now) ? "  (off)" : ""))
            for binding in Binding.all where binding.group == group && !binding.help.isEmpty {
                lines.append(" " + Format.left(binding.label, 8) + binding.help)
            }
            lines.append("")
        }
        lines += [
            "MARKS", " ~ old value   ? unknown   - not running   W warning   C critical",
            " v ^ sorted by this   > cursor   ! alert   x no report then   * not acknowledged",
            " LIVE, 2:11 ago (the past), WAIT (no report yet), LOST (no supervisor answers)", "",
            "STATES", " STARTING READY OVERLOAD (full or late) SUSPECT (silent) DRAINING STOPPING",
            " BACKOFF CRASHLOOP (it dies, is started again) HELD (waits for you) STOPPED", "",
            " Every screen as data: megatop -b -n 1 -o json      Checks: megatop --check",
            " After kill -9 of megatop the terminal may need: reset        man megatop",
        ]
        return lines
    }
    static func drawHelp(_ page: Int, _ context: Context, on grid: inout Grid) {
        let size = grid.size
        let lines = helpLines(context.session, now: context.now, width: size.width)
        let room = size.height - 2
        let columns = size.width >= 130 ? 2 : 1
        let perPage = room * columns
        let pages = max(1, (lines.count + perPage - 1) / perPage)
        let shown = page % pages
        var title = Line("MegaComet \(context.model.server.version)  HELP \(shown + 1) of \(pages)", .title)
        title.addRight("Space next, Esc back", role: .dim, leaves: 1)
        title.draw(on: &grid, row: 0, context.capabilities)
        for (index, line) in lines.dropFirst(shown * perPage).prefix(perPage).enumerated() {
            let column = index / room * (size.width / columns)
            let isHeading = !line.hasPrefix(" ")
            Line(" " + line, isHeading ? .title : .normal).draw(
                on: &grid, row: 1 + index % room, column: column, width: size.width / columns - 1, context.capabilities)
        }
        Frame.tabs(context).draw(on: &grid, row: size.height - 1, context.capabilities)
    }
}
