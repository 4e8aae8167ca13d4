import Base
import Watch
import Wire

// All about one connection of an app.
extension Views {
    static func drawApp(_ look: AppsLook, _ context: Context, on grid: inout Grid) {
        let size = grid.size
        Frame.title(context, "APP", width: size.width).draw(on: &grid, row: 0, context.capabilities)
        var page = Page(
            keys: Frame.keys(context, ["Esc back", "Tab next app", "p pause", "w save"]))
        page.header = Frame.lost(context)
        let told = ToldApps(context)
        guard let row = told.rows.first(where: { $0.peer == look.chosen }) else {
            let why = told.why ?? "this connection has ended, or others publish more than it does"
            page.header.append(.init(line: Line(" " + context.capabilities.clean(why), .dim), from: 0))
            return page.draw(on: &grid, context, width: size.width)
        }
        for line in appFacts(row, told, context, width: size.width) { page.header.append(.init(line: line, from: 0)) }
        page.sections = [
            Page.Section(
                title: "SINCE MEGATOP LOOKS AT IT", lines: appHistory(row, told, context), least: 1, grows: true)
        ]
        page.draw(on: &grid, context, width: size.width)
    }

    private static func appFacts(
        _ row: Told.Apps.Row, _ told: ToldApps, _ context: Context, width: Int
    ) -> [Line] {
        let clean = context.capabilities.clean
        let base: Role = told.mark.isEmpty ? .normal : .dim
        var who = Line(" APP", .title)
        who.add(row.ownName.map { clean($0) } ?? "no name", gap: 4)
        if let number = row.number { who.add("number " + Format.whole(number), role: .dim, leaves: 3) }
        who.add(clean(row.peer), leaves: 1)
        who.add(row.form.map { clean($0) } ?? "has said nothing", leaves: 2)
        who.add("for " + Format.span(row.connectedSeconds) + told.mark, role: base, leaves: 4)
        if let found = context.session.peerProcess, found.peer == row.peer, let process = found.process {
            who.add("pid \(process.pid) \(clean(process.program))", leaves: 0)
        }
        let (text, role) = appWords(row, told)
        var lines = [who]
        lines += Paragraph.lines(text, width: max(1, width - 2)).map { Line(" " + $0, told.mark.isEmpty ? role : .dim) }
        var may = Line(" MAY", .title)
        may.add(row.rights.map { $0.map(clean).joined(separator: ", ") } ?? "?", gap: 4)
        let key = row.key.map { "by the key " + clean($0) }
        may.add(key ?? (told.keys.isEmpty ? "apps need no key here" : "it has shown no key"), role: .dim, leaves: 1)
        lines.append(may)
        var sums = Line(" TOTALS", .title)
        for (index, (name, value)) in [
            ("publishes", Format.grouped(row.publishes)), ("message bytes", Format.bytes(row.bytes)),
            ("refused", Format.grouped(row.errors)), ("events", row.events.map(Format.grouped) ?? "?"),
        ].enumerated() { sums.add("\(name) \(value)\(told.mark)", role: base, leaves: index, gap: index == 0 ? 1 : 2) }
        lines.append(sums)
        if let refusal = row.refusal {
            let text =
                "last refused \(Format.span(refusal.secondsAgo))\(told.mark) ago: \(refusal.code): \(refusal.message)"
            lines += Paragraph.lines(clean(text), width: max(1, width - 2)).map { Line(" " + $0, base) }
        }
        return lines
    }
    /// The state of the app now, and whether something is wrong with it.
    private static func appWords(_ row: Told.Apps.Row, _ told: ToldApps) -> (String, Role) {
        func rate(_ rate: KeyPath<Told.Apps.Rates, Double>) -> String { told.rate(row, rate, Format.rate) }
        if AppListColumn.isStalled(row), let stalled = row.stalledSeconds {
            let isFull = row.backlogBytes >= Double(Limits.appOutputBytes)
            return (
                "DOES NOT READ\(told.mark) for \(Format.span(stalled)): \(Format.bytes(row.backlogBytes))B of answers "
                    + "wait for it" + (isFull ? ", so nothing more is taken from it" : "")
                    + ". After \(Limits.appWriteSeconds) s it is cut, unless it reads events.", .warning
            )
        }
        if row.rates?.errors ?? 0 > 0 {
            return ("IS REFUSED \(rate(\.errors)); it publishes \(rate(\.publishes))", .warning)
        }
        if let idle = told.idle(row) { return ("Publishes nothing now: \(idle)", .normal) }
        return ("Publishes \(rate(\.publishes)), nothing of it is refused, and it reads its answers.", .normal)
    }
    private static func appHistory(_ row: Told.Apps.Row, _ told: ToldApps, _ context: Context) -> [Line] {
        let lines: [(String, (Told.Apps.Moment) -> Double?, (Double) -> String)] = [
            ("PUB/s", { $0.rates?.publishes }, Format.rate), ("REFUSED/s", { $0.rates?.errors }, Format.rate),
            ("EVENTS/s", { $0.rates?.events }, Format.rate), ("LAG", { $0.backlogBytes }, { Format.bytes($0) + "B" }),
        ]
        return lines.map { name, value, format in
            let values = row.history.map { value($0).flatMap { $0.isFinite ? $0 : nil } }
            var line = Line(" " + Format.left(name, 10))
            line.add(
                Format.right((values.last ?? nil).map { format($0) + told.mark } ?? "?", 8),
                role: told.mark.isEmpty ? .normal : .dim, gap: 0)
            if !values.isEmpty { line.addHistory(values, most: Told.Apps.kept, leaves: 1, gap: 2) }
            if let most = values.compactMap(\.self).max() { line.add("max " + format(most), role: .dim, leaves: 2) }
            return line
        }
    }
}
