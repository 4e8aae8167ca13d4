import Base
import Stats
import Watch
import Wire

// Clients by name: those with most messages waiting, and one of them with what happens to it.
extension Views {
    /// The clients with most waiting, as far as they are known.
    static func shownClients(_ model: Model) -> [Told.Clients.Row] {
        model.told.clients.problem.isEmpty ? model.told.clients.rows : []
    }

    /// The clients with the most waiting messages, the most first. If one is chosen, it is marked, and always among
    /// them.
    static func clientLines(_ context: Context, most: Int, chosen: Int? = nil) -> [Line] {
        let clients = context.model.told.clients
        guard clients.problem.isEmpty else { return [Line(" " + context.capabilities.clean(clients.problem), .dim)] }
        guard !clients.rows.isEmpty else { return [Line(" no client has messages waiting", .dim)] }
        let ttl = context.model.queue.value(.queueTTL), limit = context.model.queue.value(.queueLimitPerClient)
        let first = max(0, (chosen ?? 0) - most + 1)
        return clients.rows.enumerated().dropFirst(first).prefix(most).map { index, row in
            let isShown = context.session.showsIDs(context.now)
            let name = isShown ? context.capabilities.clean(row.id) : hashed(row.id, context.model.managerBoot)
            var line = Line(
                (index == chosen ? ">" : " ") + Format.left(name, isShown ? 24 : 9),
                index == chosen ? .title : .normal)
            line.add(Format.left(row.worker.short, 4), gap: 2)
            let isFull = limit.map { row.queued >= $0 } ?? false
            line.add(
                Format.right(Format.number(row.queued, width: 7), 7) + (isFull ? " full" : "     "),
                role: isFull ? .warning : .normal, gap: 1)
            line.add(
                "oldest " + Format.right(Format.age(row.oldestSeconds), 5),
                role: Level.share(.queueOldest, row.oldestSeconds * 1000, ttl).role, leaves: 2)
            line.add(Format.right(Format.bytes(row.bytes), 6), leaves: 1)
            return line
        }
    }
    /// A name that hides who the client is. A client has the same name on all screens until the manager is started
    /// anew.
    static func hashed(_ id: String, _ salt: UInt64) -> String {
        // FNV-1a with one more mixing step, so that ids with different last letters do not look alike.
        let hash = id.utf8.reduce(14_695_981_039_346_656_037 ^ salt) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        return "c#" + hex(((hash ^ hash >> 32) &* 0x9FB2_1C65_1E98_DF25) >> 40, digits: 6)
    }
    static func drawClients(_ chosen: String?, _ context: Context, on grid: inout Grid) {
        let at = chosen.flatMap { id in shownClients(context.model).firstIndex { $0.id == id } } ?? 0
        let lines = clientLines(context, most: max(1, grid.size.height - 4), chosen: at)
        box(
            "CLIENTS WITH MOST WAITING", lines, foot: "Enter what happens to it, Esc back, y ids, :client ID any other",
            width: 72, context, on: &grid)
    }

    // MARK: one client

    /// The operator may see the id: it was typed, or ids are shown.
    private static func mayShow(_ look: ClientLook, _ context: Context) -> Bool {
        look.isTyped || context.session.showsIDs(context.now)
    }

    static func drawClient(_ look: ClientLook, _ context: Context, on grid: inout Grid) {
        let size = grid.size
        let header = clientHeader(look, context, size)
        let room = clientRoom(look, context, size)
        for (row, line) in header.enumerated() { line.draw(on: &grid, row: row, context.capabilities) }
        let followed = context.model.told.followed.flatMap { $0.client == look.id ? $0 : nil }
        let first = followed?.first ?? 0, last = followed?.last ?? -1
        let bottom = min(last, max(look.bottom ?? last, first + room - 1))
        Page.rule(
            "WHAT HAPPENS, newest at the bottom", bottom < last ? "\(last - bottom) below, G shows" : "", on: &grid,
            header.count, size.width)
        let rows = followed?.rows.prefix(bottom - first + 1).suffix(room) ?? []
        for (index, row) in rows.enumerated() {
            let text = " " + clientText(row, look, context, width: size.width)
            Line(text, role(row)).draw(on: &grid, row: header.count + 1 + index, context.capabilities)
        }
        if rows.isEmpty, room > 0, case .following(let since)? = followed?.state {
            Line(" nothing has happened since " + UTC.clock(since), .dim).draw(
                on: &grid, row: header.count + 1, context.capabilities)
        }
        if size.height >= 16 {
            Frame.footer(
                context,
                Frame.keys(
                    context,
                    ["Esc back", "up and down scroll", "G newest", "/ n N find", "y client ids", "p pause", "w save"]),
                on: &grid)
        } else {
            let toast = context.session.toast.map { Line(context.capabilities.clean($0), .title) }
            (Frame.editor(context) ?? toast ?? Frame.tabs(context)).draw(
                on: &grid, row: size.height - 1, context.capabilities)
        }
    }
    /// The rows of what happens that there is room for.
    static func clientRoom(_ look: ClientLook, _ context: Context, _ size: Size) -> Int {
        max(0, size.height - clientHeader(look, context, size).count - 1 - (size.height >= 16 ? 2 : 1))
    }

    /// The title, who the client is, what the manager knows of it, and why nothing more comes.
    private static func clientHeader(_ look: ClientLook, _ context: Context, _ size: Size) -> [Line] {
        var lines = [Frame.title(context, "CLIENT", width: size.width)]
        lines += Frame.lost(context).prefix(1).map(\.line)
        var name = Line(" CLIENT", .title)
        if mayShow(look, context) {
            name.add(context.capabilities.clean(look.id), gap: 2)
        } else {
            name.add(hashed(look.id, context.model.managerBoot), gap: 2)
            name.add("y in admin mode shows its id", role: .dim, leaves: 1)
        }
        lines.append(name)
        lines += clientWords(look, context, size)
        lines += clientFacts(look, context, isLow: size.height < 14)
        let (text, role) = followWords(look, context)
        lines += Paragraph.lines(context.capabilities.clean(text), width: size.width - 2).map { Line(" " + $0, role) }
        return Array(lines.prefix(max(1, size.height - 4)))
    }
    /// The answer to "he says that he gets nothing": the sentence, what to do, and what happened last.
    private static func clientWords(_ look: ClientLook, _ context: Context, _ size: Size) -> [Line] {
        guard let told = context.model.told.client, told.id == look.id, let answer = told.answer else { return [] }
        let isFresh = told.freshness(context.now, interval: context.session.interval) == .fresh && told.problem.isEmpty
        let words = ClientWords(answer, mark: isFresh ? "" : "~", context)
        func paragraph(_ text: String, _ role: Role) -> [Line] {
            Paragraph.lines(context.capabilities.clean(text), width: size.width - 2).map { Line(" " + $0, role) }
        }
        var lines = paragraph(words.text, isFresh ? words.role : .dim)
        guard size.height >= 14 else { return lines }
        if !words.advice.isEmpty, size.height >= 20 { lines += paragraph(words.advice, .dim) }
        if let followed = context.model.told.followed, followed.client == look.id {
            lines.append(ClientWords.last(followed, context))
        }
        return lines
    }
    private static func clientFacts(_ look: ClientLook, _ context: Context, isLow: Bool) -> [Line] {
        var state = Line(" STATE", .title)
        guard let told = context.model.told.client, told.id == look.id, let answer = told.answer else {
            let problem = context.model.told.client.flatMap { $0.id == look.id ? $0.problem : nil } ?? ""
            let waits = context.model.isReplay ? "not in the recording" : "asking the manager ..."
            state.add(context.capabilities.clean(problem.isEmpty ? waits : problem), role: .dim, gap: 3)
            return [state]
        }
        let isFresh = told.freshness(context.now, interval: context.session.interval) == .fresh && told.problem.isEmpty
        let (role, mark) = (isFresh ? Role.normal : .dim, isFresh ? "" : "~")
        let worker = answer.worker.map { "w\($0)" }
        let place =
            answer.connected
            ? "connected" + (worker.map { " to \($0)" } ?? "") + (answer.form.map { ", " + $0 } ?? "")
            : "not connected" + (worker.map { ", last to \($0)" } ?? "; it has been on no worker")
        state.add(place + mark, role: role, gap: 3)
        state.add("queued " + Format.grouped(answer.queued) + mark, role: role, leaves: 1)
        if isLow { return [state] }
        var channels = Line(" CHANNELS", .title)
        let names = answer.channels.map(context.capabilities.clean).joined(separator: "  ")
        channels.add("\(answer.channels.count)\(mark)" + (names.isEmpty ? "" : ":  " + names), role: role, gap: 1)
        return [state, channels]
    }
    /// Why nothing more is told of what happens. Empty if it is told.
    private static func followWords(_ look: ClientLook, _ context: Context) -> (String, Role) {
        if context.model.isReplay { return ("A recording does not have what happens to a client.", .dim) }
        if context.model.server.remote != nil {
            return ("What happens to a client is told on its own machine only.", .dim)
        }
        guard let followed = context.model.told.followed, followed.client == look.id else { return ("", .dim) }
        switch followed.state {
        case .asking: return ("asking the manager ...", .dim)
        case .following: return ("", .normal)
        case .lost(let why): return ("NOT TOLD: \(why). It is asked again each second.", .critical)
        case .refused(let why): return ("NOT TOLD: \(why). Enter asks again.", .critical)
        }
    }
    private static func role(_ row: Told.Followed.Row) -> Role {
        switch row {
        case .remark(_, _, let isBad): isBad ? .critical : .title
        case .event(let event): ["expired", "dropped", "gap"].contains(event.event) ? .warning : .normal
        }
    }
    /// An event in one line: `14:02:31.233  sent          1795939118148041  12 bytes  channel room:7`. A narrow
    /// terminal has the time without milliseconds.
    static func clientText(_ row: Told.Followed.Row, _ look: ClientLook, _ context: Context, width: Int) -> String {
        let isNarrow = width < 60
        func time(_ wall: UInt64) -> String { UTC.clock(wall, milliseconds: !isNarrow) + (isNarrow ? " " : "  ") }
        switch row {
        case .remark(let text, let wall, _): return time(wall) + context.capabilities.clean(text)
        case .event(let event):
            var event = event
            let app = event.app.map { "by " + appName($0, context) }
            event.app = nil
            let all = event.words(worker: "w", hidesUser: !mayShow(look, context)) + (app.map { [$0] } ?? [])
            var words = all.joined(separator: "  ")
            // An id is not cut.
            if isNarrow { words = words.replacing("up to ", with: "") }
            return time(event.time ?? 0)
                + context.capabilities.clean((event.event ?? "?").leftAligned(isNarrow ? 13 : 14) + words)
        }
    }
}
