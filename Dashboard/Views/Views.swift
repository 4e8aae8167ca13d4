import Base
import Stats
import Supervision
package import Watch

/// The screen as characters: a pure function of the facts, the operator's session and the terminal.
package enum Views {
    /// The width from which on a screen shows its less important parts, too.
    static let wideFrom = 120

    package static func draw(_ model: Model, _ session: Session, _ size: Size, _ capabilities: Capabilities) -> Grid {
        var grid = Grid(size)
        var capabilities = capabilities
        capabilities.hasBraille = capabilities.hasBlocks && session.usesBraille
        let context = Context(model, session, capabilities)
        // Columns and rows are chosen for the size. Below this size only the four figures that matter are left.
        if size.width < 24 || size.height < 8 {
            drawTiny(context, on: &grid)
            if case .confirm(let confirmation)? = session.overlay { drawConfirmation(confirmation, context, on: &grid) }
            return grid
        }
        switch session.shownOverlay {
        case .help(let page): drawHelp(page, context, on: &grid)
        case .addresses(let first): drawAddresses(from: first, context, on: &grid)
        case .client(let look): drawClient(look, context, on: &grid)
        case .group(let look): drawGroup(look, context, on: &grid)
        case .apps(let look): drawApps(look, context, on: &grid)
        case .app(let look): drawApp(look, context, on: &grid)
        case .detail(let id, let pane): drawDetail(id, pane, context, on: &grid)
        default: drawScreen(context, on: &grid)
        }
        switch session.shownOverlay {
        case .clients(let chosen): drawClients(chosen, context, on: &grid)
        case .explain(let column): drawExplanation(column, context, on: &grid)
        case .sortMenu(let choice): drawSortMenu(choice, context, on: &grid)
        case .columns(let menu): drawColumns(menu, context, on: &grid)
        case .confirm(let confirmation): drawConfirmation(confirmation, context, on: &grid)
        default: break
        }
        return grid
    }

    private static func drawScreen(_ context: Context, on grid: inout Grid) {
        let size = grid.size
        var name = context.session.screen.title
        if context.session.screen == .events { name += size.width >= 60 ? "  \(context.model.events.count) kept" : "" }
        if !context.session.filter.isEmpty, size.width >= 60 {
            name += "  /" + context.capabilities.clean(context.session.filter.text)
        }
        Frame.title(context, name, width: size.width).draw(on: &grid, row: 0, context.capabilities)
        var page =
            switch context.session.screen {
            case .overview: overview(context, size)
            case .queues: queues(context, size)
            case .delivery: delivery(context, size)
            case .procs: procs(context, size)
            case .events: events(context, size)
            case .host: host(context, size)
            case .nodes: nodes(context, size)
            }
        page.header.insert(contentsOf: Frame.past(context) + Frame.lost(context), at: 0)
        page.draw(on: &grid, context, width: size.width)
    }

    /// Under 24 columns or 8 lines: connections, deliveries, the queue, the worst alert.
    private static func drawTiny(_ context: Context, on grid: inout Grid) {
        let totals = context.totals
        let connections = totals.connections
        var first = Line(context.number(connections, width: 9))
        if let limit = totals.connectionLimit, limit > 0, let value = connections.value {
            let level = Level.share(.connsOpen, value, limit)
            first.add(Format.percent(value / limit) + level.mark.trimmed, role: level.role, leaves: 2, gap: 1)
        }
        first.add(
            totals.readyText, role: totals.areAllReady ? .normal : .critical, leaves: 1, gap: 1)
        var second = Line("dlv " + totals.deliveries(seconds: context.seconds).text(Format.rate))
        second.add("exp " + totals.waitingRate(.expired, seconds: context.seconds).text(Format.rate), leaves: 1, gap: 1)
        var third = Line("q " + context.number(totals.waiting(.queueMessages), width: 7))
        let oldest = totals.waiting(.queueOldest)
        let level = Level.share(.queueOldest, oldest.value, context.model.queue.value(.queueTTL))
        if totals.waiting(.queueMessages).value ?? 0 > 0 {
            third.add("old " + oldest.text { Format.age($0 / 1000) } + level.mark, role: level.role, leaves: 1, gap: 1)
        }
        var fourth: Line
        if case .lost(let since, _) = context.model.link {
            fourth = Line("!LOST " + Format.age(Double(context.now > since ? context.now - since : 0) / 1e9), .critical)
        } else if let alert = context.model.alerts.first(where: \.isOpen) {
            let age = Format.age(Double(context.model.wall - min(alert.since, context.model.wall)) / 1000)
            fourth = Line("\(context.model.verdict.word) \(context.capabilities.clean(alert.short))", alert.role)
            fourth.add(age, role: .dim, leaves: 1, gap: 1)
        } else {
            fourth = Line(UTC.clock(context.model.wall) + " ok", .dim)
        }
        if context.model.past != nil { fourth = Line(Frame.linkWord(context).0, .warning) }
        if let toast = context.session.toast { fourth = Line(context.capabilities.clean(toast), .title) }
        var lines = [first, second, third, fourth]
        // On fewer lines the worst alert matters more than the other figures.
        if grid.size.height < 4 { lines = [first, fourth, third].prefix(grid.size.height).map(\.self) }
        for (row, line) in lines.enumerated() { line.draw(on: &grid, row: row, context.capabilities) }
        if grid.size.height > 8 {
            Table(.overview, context, width: grid.size.width).over(grid.size.width).draw(
                on: &grid, row: 4, height: grid.size.height - 4)
        }
    }
}

extension String {
    var trimmed: String { String(drop { $0 == " " }) }
}
