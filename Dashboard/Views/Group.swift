import Base
import Watch
import Wire

// The clients of a user, and the subscribers of a channel. They take the whole terminal.
extension Views {
    /// The rows that the filter lets through.
    static func shownGroup(_ look: GroupLook, _ model: Model, _ session: Session) -> [Told.Group.Row] {
        guard let group = model.told.group, group.name == look.name else { return [] }
        return group.rows.filter { row in
            session.filter.matches(text: row.client + (row.connected == true ? " here" : " away")) { name in
                switch name {
                case "queued", "queue": ("", row.queued)
                case "old", "oldest": ("", row.oldestSeconds)
                case "bytes": ("", row.bytes)
                default: nil
                }
            }
        }
    }

    static func drawGroup(_ look: GroupLook, _ context: Context, on grid: inout Grid) {
        let size = grid.size
        var name = "CLIENTS"
        if !context.session.filter.isEmpty, size.width >= 60 {
            name += "  /" + context.capabilities.clean(context.session.filter.text)
        }
        Frame.title(context, name, width: size.width).draw(on: &grid, row: 0, context.capabilities)
        var page = Page(
            keys: Frame.keys(
                context, ["Esc back", "Enter what happens to it", "/ filter", "y client ids", "p pause", "w save"]))
        page.header = Frame.lost(context)
        page.header += groupLines(look, context, width: size.width).map { .init(line: $0, from: 0) }
        let shown = shownGroup(look, context.model, context.session)
        var heading = Line(" " + Format.left("CLIENT", 32), .title)
        heading.add(Format.left("", 4), gap: 2)
        if case .user = look.name {
            heading.add("ON  ", role: .title, leaves: 1, gap: 2)
            heading.add(Format.right("QUEUED", 8), role: .title, gap: 2)
            heading.add(Format.right("OLDEST", 7), role: .title, leaves: 2, gap: 2)
            heading.add(Format.right("BYTES", 7), role: .title, leaves: 3, gap: 2)
        }
        page.list = Page.List(heading: heading, rows: shown.map { groupRow($0, look, context) })
        page.list?.cursor = shown.isEmpty ? nil : shown.firstIndex { $0.client == look.chosen } ?? 0
        page.draw(on: &grid, context, width: size.width)
    }
    private static func groupRow(_ row: Told.Group.Row, _ look: GroupLook, _ context: Context) -> Line {
        let isShown = look.showsIDs || context.session.showsIDs(context.now)
        let name = isShown ? context.capabilities.clean(row.client) : hashed(row.client, context.model.managerBoot)
        let isFresh = groupMark(look, context).isEmpty
        var line = Line(Format.left(name, 32), isFresh ? .normal : .dim)
        line.add(row.connected.map { $0 ? "here" : "away" } ?? "?   ", role: isFresh ? .normal : .dim)
        guard case .user = look.name else { return line }
        line.add(Format.left(row.worker.map { "w\($0)" } ?? "-", 4), role: isFresh ? .normal : .dim, leaves: 1)
        let waits = row.queued ?? 0 > 0
        line.add(
            Format.right(row.queued.map(Format.short) ?? "?", 8), role: !isFresh ? .dim : waits ? .warning : .normal)
        line.add(Format.right(waits ? row.oldestSeconds.map(Format.age) ?? "?" : "-", 7), leaves: 2)
        line.add(Format.right(waits ? row.bytes.map(Format.bytes) ?? "?" : "-", 7), leaves: 3)
        return line
    }
    private static func groupMark(_ look: GroupLook, _ context: Context) -> String {
        guard let group = context.model.told.group, group.name == look.name else { return "~" }
        return group.freshness(context.now, interval: context.session.interval) == .fresh && group.problem.isEmpty
            ? "" : "~"
    }

    /// The client or the group, and the answer in words.
    private static func groupLines(_ look: GroupLook, _ context: Context, width: Int) -> [Line] {
        let clean = context.capabilities.clean
        let mark = groupMark(look, context)
        var lines: [Line] = []
        var name = Line(look.name.isUser ? " USER" : " CHANNEL", .title)
        name.add(clean(look.name.text), gap: 1)
        lines.append(name)
        func paragraph(_ text: String, _ role: Role) {
            lines += Paragraph.lines(clean(text), width: max(1, width - 2)).map { Line(" " + $0, role) }
        }
        guard let group = context.model.told.group, group.name == look.name, let count = group.count else {
            let problem = context.model.told.group.flatMap { $0.name == look.name ? $0.problem : nil } ?? ""
            paragraph(
                problem.isEmpty
                    ? context.model.isReplay ? "not in the recording" : "asking the manager ..." : problem, .dim)
            return lines
        }
        if !group.problem.isEmpty { paragraph(group.problem, .dim) }
        let role: Role = mark.isEmpty ? .normal : .dim
        func number(_ value: Double) -> String { Format.grouped(value) + mark }
        let connected = group.connected ?? 0
        if count == 0 {
            paragraph(
                look.name.isUser
                    ? "NOT KNOWN: no client of this user has come, or all were forgotten 10 s after they left."
                    : "Nobody subscribes to it.", mark.isEmpty ? .warning : .dim)
        } else {
            let noun = look.name.isUser ? "clients" : "subscribers"
            let nobody = connected == 0 ? "; NOBODY is connected" : ""
            paragraph("\(number(count)) \(noun), \(number(connected)) connected" + nobody, role)
        }
        if look.name.isUser {
            let waiting = group.rows.reduce(0) { $0 + ($1.queued ?? 0) }
            if waiting > 0 {
                paragraph("\(number(waiting)) messages wait in their own mailboxes", mark.isEmpty ? .warning : .dim)
            }
        } else if let facts = group.channel {
            lines.append(keptLine(facts, mark, role))
        }
        if count > Double(group.rows.count) {
            paragraph("the first \(group.rows.count) of them are below", .dim)
        }
        return lines
    }
    /// What a channel keeps. The manager counts no publishes by channel. Their rate is that of the messages kept.
    private static func keptLine(_ facts: ChannelFacts, _ mark: String, _ role: Role) -> Line {
        var line = Line(" KEPT", .title)
        guard let kept = facts.kept else {
            line.add("?", gap: 4)
            return line
        }
        line.add(Format.grouped(kept) + mark + " messages", role: role, gap: 4)
        line.add(Format.bytes(facts.bytes ?? 0) + mark, role: role, leaves: 3)
        if let oldest = facts.oldestSeconds {
            line.add("oldest " + Format.age(oldest) + mark, role: role, leaves: 1)
            if kept > 1, oldest > 0 { line.add("about \(Format.rate(kept / oldest))\(mark)/s", role: role, leaves: 2) }
        }
        line.add("users " + Format.grouped(facts.users) + mark, role: role, leaves: 4)
        return line
    }
}

extension Told.Group.Name {
    var isUser: Bool { if case .user = self { true } else { false } }
}
