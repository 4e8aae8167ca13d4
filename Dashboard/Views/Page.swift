import Base
import Stats

/// Puts a screen together from top to bottom. On a low terminal the parts that are needed least leave first: pictures,
/// then the sections below the table, then lines of the header, then the footer.
struct Page {
    struct HeaderLine {
        var line: Line
        /// The height of the terminal from which on it is shown.
        var from: Int
    }
    /// A part below the table, under a rule with its name.
    struct Section {
        var title: String
        var note = ""
        var lines: [Line]
        /// The section is left out if it would have fewer lines.
        var least = 1
        /// The section takes the room that is left. Otherwise it is as high as its lines.
        var grows = false
        /// A section beside it, in the right half of a wide terminal.
        var right: (title: String, lines: [Line])?
    }
    /// A list instead of a table. The row at `cursor` stays visible.
    struct List {
        var heading: Line
        var rows: [Line]
        /// The keys of the rows, for clicks.
        var keys: [RowKey] = []
        var cursor: Int?
    }
    var header: [HeaderLine] = []
    var table: Table?
    var list: List?
    var sections: [Section] = []
    /// A line below everything else. Room is kept for it.
    var last: Line?
    var keys: Line

    func draw(on grid: inout Grid, _ context: Context, width: Int) {
        let height = grid.size.height
        let footer = height >= 16 ? 2 : height >= 8 ? 1 : 0
        let end = height - footer - (last == nil ? 0 : 1)
        var row = 1
        for line in header where height >= line.from && row < end - 2 {
            line.line.draw(on: &grid, row: row, context.capabilities)
            row += 1
        }
        let wanted = table?.wanted ?? list.map { 1 + max(1, $0.rows.count) } ?? 0
        // Chooses the sections that fit beside at least a piece of the table.
        let least = min(wanted, max(5, (end - row) / 3))
        var room = end - row - least
        var shown: [(section: Section, lines: Int)] = []
        for section in sections where room >= 1 + section.least {
            let lines = min(section.lines.count, room - 1)
            shown.append((section, lines))
            room -= 1 + lines
        }
        // The table takes the lines that it still wants from the end of the sections that can give some.
        var missing = wanted - least - room
        for index in shown.indices.reversed() where missing > 0 {
            let give = min(missing, shown[index].lines - shown[index].section.least)
            shown[index].lines -= give
            missing -= give
        }
        if missing > 0, height < 30, let last = shown.indices.last(where: { shown[$0].section.grows }) {
            missing -= shown[last].lines + 1
            shown.remove(at: last)
        }
        let taken = shown.reduce(0) { $0 + $1.lines + 1 }
        let tableHeight = wanted == 0 ? 0 : min(wanted, end - row - taken)
        if let table {
            table.over(width).draw(on: &grid, row: row, height: tableHeight)
        } else if let list {
            draw(list, on: &grid, row, tableHeight, context)
        }
        row += tableHeight
        for (index, (section, lines)) in shown.enumerated() {
            let half = width / 2
            Page.rule(section.title, section.right == nil ? section.note : "", on: &grid, row, width)
            if let right = section.right {
                Page.rule(right.title, section.note, on: &grid, row, width - half, column: half)
            }
            row += 1
            let extra = section.grows && index == shown.count - 1 ? min(section.lines.count, end - row) : lines
            for line
                in 0..<max(
                    extra,
                    section.right == nil
                        ? 0 : min(section.right?.lines.count ?? 0, index == shown.count - 1 ? end - row : extra))
            {
                if line < extra {
                    section.lines[line].draw(
                        on: &grid, row: row, width: section.right == nil ? nil : half - 1, context.capabilities)
                }
                if let right = section.right, line < right.lines.count {
                    right.lines[line].draw(on: &grid, row: row, column: half, context.capabilities)
                }
                row += 1
            }
        }
        last?.draw(on: &grid, row: row, context.capabilities)
        drawFooter(on: &grid, footer, context)
    }

    private func draw(_ list: List, on grid: inout Grid, _ top: Int, _ height: Int, _ context: Context) {
        guard height > 0 else { return }
        list.heading.draw(on: &grid, row: top, context.capabilities)
        let room = height - 1
        let first = max(0, min((list.cursor ?? 0) - room / 2, list.rows.count - room))
        for (offset, line) in list.rows.dropFirst(first).prefix(max(0, room)).enumerated() {
            line.draw(on: &grid, row: top + 1 + offset, column: 1, context.capabilities)
            if first + offset < list.keys.count {
                grid.mark(.row(list.keys[first + offset]), row: top + 1 + offset, 0..<grid.size.width)
            }
            if first + offset == list.cursor {
                grid.put(">", row: top + 1 + offset, column: 0)
                grid.reverse(row: top + 1 + offset)
            }
        }
    }

    /// `-- TITLE ------ note --`.
    static func rule(_ title: String, _ note: String, on grid: inout Grid, _ row: Int, _ width: Int, column: Int = 0) {
        var text = title.isEmpty ? "" : "-- " + title + " "
        let tail = note.isEmpty ? "" : " " + note + " --"
        if text.count + tail.count < width {
            text += String(repeating: "-", count: width - text.count - tail.count) + tail
        } else {
            text += String(repeating: "-", count: max(0, width - text.count))
        }
        grid.put(text, row: row, column: column, role: .dim)
    }

    private func drawFooter(on grid: inout Grid, _ lines: Int, _ context: Context) {
        guard lines > 0 else { return }
        let last = grid.size.height - 1
        if lines == 2 {
            Frame.footer(context, keys, on: &grid)
        } else if let editor = Frame.editor(context) {
            editor.draw(on: &grid, row: last, context.capabilities)
        } else if let toast = context.session.toast {
            Line(context.capabilities.clean(toast), .title).draw(on: &grid, row: last, context.capabilities)
        } else {
            var line = Line("1-6 / s", .dim)
            line.add("p", role: .dim, leaves: 1, gap: 1)
            line.add(context.session.isAdmin(context.now) ? "R D S U K X" : "A", role: .dim, leaves: 1, gap: 1)
            line.add("? q", role: .dim, gap: 1)
            line.draw(on: &grid, row: last, context.capabilities)
        }
    }
}

/// The lines that all screens share.
enum Frame {
    /// The title: which server, which screen, when, how often, and whether it is live.
    static func title(_ context: Context, _ name: String, width: Int) -> Line {
        let model = context.model
        let server = model.server
        var line = Line()
        if width >= 60 { line.add("MegaComet \(server.version)", role: .title, leaves: 4) }
        line.add(
            context.capabilities.clean(server.host)
                + (width >= 120 && !server.address.isEmpty ? " (\(server.address))" : ""), role: .title, leaves: 5)
        if model.supervisor.startTime > 0, model.wall >= model.supervisor.startTime {
            line.add("up " + Format.span(Double(model.wall - model.supervisor.startTime) / 1000), leaves: 7)
        }
        if width >= 120 {
            if model.supervisor.own.count(.configOK) == 0 { line.add("CONFIG BAD", role: .warning, leaves: 8) }
            line.add(server.kernel.isEmpty ? "" : "kernel \(server.kernel)", leaves: 9)
            line.add(model.health.isUnauthenticated ? "no token: unauthenticated" : "", role: .warning, leaves: 8)
        }
        line.addRight(name, role: .title, leaves: 2, gap: 2)
        let gap = width >= 70 ? 7 : 2
        line.addRight(
            width >= 110
                ? UTC.date(model.wall) + " " + UTC.clock(model.wall) + " UTC"
                : UTC.clock(model.wall) + (width >= 70 ? " UTC" : ""), leaves: 3, gap: gap)
        line.addRight(Format.decimals(context.session.interval, 1) + "s", role: .dim, leaves: 6)
        let (word, role) = linkWord(context)
        line.addRight(word, role: role, leaves: 1)
        return line
    }
    private static func linkWord(_ context: Context) -> (String, Role) {
        if let paused = context.session.pausedAt {
            return ("PAUSED " + Format.age(Double(context.now > paused ? context.now - paused : 0) / 1e9), .warning)
        }
        switch context.model.link {
        case .waiting: return ("WAIT", .warning)
        case .live: return ("LIVE", .normal)
        case .replay(let isOver): return (isOver ? "REPLAY END" : "REPLAY", .warning)
        case .lost(let since, _):
            return ("LOST " + Format.age(Double(context.now > since ? context.now - since : 0) / 1e9), .critical)
        }
    }

    /// The last two lines. The first has the keys of this screen, or what was just done. The second has the screens, or
    /// the text that is being typed.
    static func footer(_ context: Context, _ keys: Line, on grid: inout Grid) {
        let last = grid.size.height - 1
        let toast = context.session.toast.map { Line(" " + context.capabilities.clean($0), .title) }
        (toast ?? keys).draw(on: &grid, row: last - 1, context.capabilities)
        (editor(context) ?? tabs(context)).draw(on: &grid, row: last, context.capabilities)
    }
    static func editor(_ context: Context) -> Line? {
        guard case .edit(let editor)? = context.session.overlay else { return nil }
        var line = Line(editor.purpose == .filter ? "filter /" : ":", .title)
        line.add(context.capabilities.clean(editor.text) + "_", gap: 0)
        line.addRight(editor.hint, role: .dim, leaves: 1)
        return line
    }
    static func tabs(_ context: Context) -> Line {
        var line = Line()
        for screen in Screen.allCases {
            let isShown = screen == context.session.screen
            line.add(
                screen.tab, role: isShown ? .title : .dim, leaves: isShown ? 0 : 3, gap: 1, target: .screen(screen))
        }
        let session = context.session
        if context.model.isLost || context.model.isReplay {
            line.addRight("[actions off]", role: .dim, leaves: 2)
        } else if session.isReadOnly {
            line.addRight("[readonly]", role: .dim, leaves: 2)
        } else if let until = session.adminUntil, session.isAdmin(context.now) {
            line.addRight("[admin \(Format.age(Double(until - context.now) / 1e9))]", role: .warning, leaves: 2)
        }
        line.addRight("? help", role: .dim, leaves: 4)
        line.addRight("q quit", role: .dim, leaves: 1)
        return line
    }
    /// The keys of a screen in the order of need: the last ones leave first. In admin mode the actions come before
    /// most.
    static func keys(_ context: Context, _ hints: [String], actions: [String] = []) -> Line {
        var line = Line(" ")
        let acts =
            context.session.isAdmin(context.now)
            ? actions : context.session.isReadOnly || actions.isEmpty ? [] : ["A admin mode"]
        let all = hints.prefix(2) + acts + hints.dropFirst(2)
        for (index, hint) in all.enumerated() { line.add(hint, role: .dim, leaves: 1 + index, gap: index == 0 ? 0 : 2) }
        return line
    }

    /// The worst alerts, each with `!` before it.
    static func alerts(_ context: Context, height: Int) -> [Page.HeaderLine] {
        let most = height >= 30 ? 3 : height >= 20 ? 2 : 1
        let raised = context.model.alerts.raised
        return raised.prefix(most).enumerated().map { index, alert in
            let rest = index == most - 1 && raised.count > most ? "  (+\(raised.count - most), 5 shows all)" : ""
            var line = Line("! " + context.capabilities.clean(alert.text), alert.isCritical ? .critical : .warning)
            line.add(rest, role: .dim, leaves: 1, gap: 0)
            return Page.HeaderLine(line: line, from: 9)
        }
    }
    /// The reason why nothing comes, and what to do about it.
    static func lost(_ context: Context) -> [Page.HeaderLine] {
        let model = context.model
        var lines: [String]
        let address = model.server.statsAddress
        switch model.link {
        case .live, .replay: return []
        case .waiting: lines = ["waiting for the first report from \(address)"]
        case .lost(let since, let reason):
            let seconds = Format.span(Double(context.now > since ? context.now - since : 0) / 1e9)
            lines = ["NO STATS FOR \(seconds): hub \(address): \(reason)"]
            if model.processes.isEmpty {
                lines.append("No server was seen yet. U starts one in the background: megacomet start")
            } else {
                let alive = model.processes.values.count { $0.pid > 0 && !$0.isGone }
                lines.append(
                    "Values are the last known, marked ~. \(alive) of \(model.processes.count) processes are alive.")
                lines.append("Trying each second (Space: now). U starts a supervisor; it adopts them.")
            }
            if context.session.isReadOnly {
                lines = lines.map {
                    $0.replacing("U starts one in the background: ", with: "Start it: ").replacing(
                        "U starts a supervisor; it adopts them.", with: "Start it: megacomet start")
                }
            }
        }
        return lines.enumerated().map { index, text in
            Page.HeaderLine(
                line: Line("## " + context.capabilities.clean(text), index == 0 ? .critical : .warning),
                from: index == 0 ? 5 : 12 + index)
        }
    }
    static func event(_ event: Event, _ context: Context, width: Int) -> Line {
        var line = Line(UTC.clock(event.time), .dim)
        if width >= 110 { line.add(event.severity.letter, role: event.severity.role, gap: 1) }
        line.add(Format.left(event.who, 3), gap: 1)
        line.add(Format.left(event.kind, 9), role: event.severity.role, gap: 1)
        line.add(
            context.capabilities.clean(event.text),
            role: context.session.isAcknowledged(event) ? .normal : event.severity.role, gap: 1)
        return line
    }
}
