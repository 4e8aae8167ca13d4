import Base
import Stats
import Supervision
import Watch

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
        let (verdict, level) = Verdict.text(model, long: width >= 100)
        line.add(verdict, role: level, leaves: 1)
        line.addRight(name, role: .title, leaves: 2, gap: 2)
        let gap = width >= 70 ? 7 : 2
        // A picture of the past says its time once.
        let clock = model.past == nil ? UTC.clock(model.wall) + (width >= 70 ? " UTC" : "") : ""
        line.addRight(
            (width >= 110 ? UTC.date(model.wall) + (clock.isEmpty ? "" : " ") : "") + clock, leaves: 3, gap: gap)
        line.addRight(Format.decimals(context.session.interval, 1) + "s", role: .dim, leaves: 6)
        let (word, role) = linkWord(context)
        line.addRight(word, role: role, leaves: 1)
        return line
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
        if context.session.isOneOfSeveral { line.add("0 Hosts", role: .dim, leaves: 3) }
        for screen in Screen.allCases {
            let isShown = screen == context.session.screen
            line.add(
                screen.tab, role: isShown ? .title : .dim, leaves: isShown ? 0 : 3, gap: 1, target: .screen(screen))
        }
        let session = context.session
        let model = context.model
        if model.isLost || model.isReplay || model.past != nil || model.server.remote != nil {
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

    /// The width of a column for the kinds of these events. The kinds are words of a known list, and none is cut.
    static func kindWidth(_ events: some Sequence<Event>) -> Int {
        events.reduce(9) { max($0, min(18, $1.kind.count)) }
    }
    static func event(_ event: Event, _ context: Context, width: Int, kindWidth: Int = 9) -> Line {
        var line = Line(UTC.clock(event.time), .dim)
        if width >= 110 { line.add(event.severity.letter, role: event.severity.role, gap: 1) }
        line.add(event.who.leftAligned(3), gap: 1)
        line.add(Format.left(event.kind, kindWidth), role: event.severity.role, gap: 1)
        line.add(
            context.capabilities.clean(event.text),
            role: context.session.isAcknowledged(event) ? .normal : event.severity.role, gap: 1)
        return line
    }
}
