import Base
import Stats
import Supervision
package import Watch

// The busiest addresses of clients, as `megacomet addresses` has them. They take the whole terminal.
extension Views {
    /// The rows that the filter lets through.
    package static func shownAddresses(_ model: Model, _ session: Session) -> [Told.Addresses.Row] {
        model.told.addresses.rows.filter { row in
            session.filter.matches(text: row.address + (row.proxy ? " proxy" : "")) { name in
                switch name {
                case "conns": ("", Double(row.connections))
                case "new", "new/s": ("", row.newPerSecond)
                case "refused": ("", Double(row.refused))
                default: nil
                }
            }
        }
    }

    static func drawAddresses(from first: Int, _ context: Context, on grid: inout Grid) {
        let size = grid.size
        var name = "ADDRESSES"
        if !context.session.filter.isEmpty, size.width >= 60 {
            name += "  /" + context.capabilities.clean(context.session.filter.text)
        }
        Frame.title(context, name, width: size.width).draw(on: &grid, row: 0, context.capabilities)
        var page = Page(
            keys: Frame.keys(context, ["Esc back", "/ filter", "up and down scroll", "p pause", "w save"]))
        page.header = Frame.lost(context)
        page.header.append(.init(line: refusedLine(context), from: 0))
        let count = shownAddresses(context.model, context.session).count
        let first = max(0, min(first, count - 1))
        var counted = countedLine(context)
        if count > 0 { counted.addRight("row \(first + 1) of \(count)", role: .dim, leaves: 3) }
        page.header.append(.init(line: counted, from: 12))
        let silent = context.model.told.addresses.silent
        if !silent.isEmpty {
            let names = silent.prefix(8).joined(separator: ", ") + (silent.count > 8 ? " .." : "")
            let text = "! \(context.capabilities.clean(names)) did not answer within a second: not counted here"
            page.header.append(.init(line: Line(text, .warning), from: 10))
        }
        let (heading, notes, rows) = addressLines(context, width: size.width)
        page.list = Page.List(heading: heading, rows: notes + rows.dropFirst(first))
        page.draw(on: &grid, context, width: size.width)
    }

    /// How much is refused now, by the workers' reports.
    private static func refusedLine(_ context: Context) -> Line {
        var line = Line(" REFUSED", .title)
        for (index, (id, setting)) in [
            (MetricID.refusedAddressConnections, "max_per_address"), (.refusedAddressAccepts, "accepts_per_address"),
        ].enumerated() {
            let rate = context.totals.sumRate(id, seconds: context.seconds)
            line.add(
                "\(rate.text(Format.rate))/s over \(setting)", role: rate.value ?? 0 > 0 ? .warning : .normal,
                leaves: index)
        }
        return line
    }
    private static func countedLine(_ context: Context) -> Line {
        let totals = context.totals
        var line = Line(" COUNTED", .title)
        // An address that several workers know is counted by each.
        line.add(context.number(totals.sum(.addressesCounted), width: 11) + " on \(totals.workers.count) workers")
        let skipped = totals.sumRate(.addressLimitSkipped, seconds: context.seconds)
        line.add(
            "not bounded \(skipped.text(Format.rate))/s", role: skipped.value ?? 0 > 0 ? .warning : .normal, leaves: 1)
        line.add("IPv6: a /64", role: .dim, leaves: 2)
        return line
    }

    /// The heading, what there is to say about the rows, and the rows. The column that is needed least leaves all rows
    /// alike.
    private static func addressLines(
        _ context: Context, width: Int
    ) -> (heading: Line, notes: [Line], rows: [Line]) {
        let told = context.model.told.addresses
        // Nobody is left who could tell newer ones.
        let freshness = max(
            told.freshness(context.now, interval: context.session.interval), context.model.isLost ? .stale : .fresh)
        let shown = shownAddresses(context.model, context.session)
        let wide = width >= wideFrom
        let cells = shown.map { row in AddressColumn.allCases.map { $0.text(row, freshness, wide: wide, context) } }
        var columns = AddressColumn.allCases.map { column in
            (column: column, width: cells.reduce(column.title.count) { max($0, $1[column.rawValue].count) })
        }
        for least in AddressColumn.firstToLeave where columns.reduce(0, { $0 + $1.width + 2 }) > width {
            columns.removeAll { $0.column == least }
        }
        func line(_ texts: [String], _ role: Role) -> Line {
            var line = role == .title ? Line(" ") : Line()
            for (column, width) in columns {
                let text = texts[column.rawValue]
                line.add(
                    column.isLeft ? Format.left(text, width) : Format.right(text, width), role: role,
                    gap: column == .address ? 0 : 2)
            }
            return line
        }
        let notes = note(told, isEmpty: shown.isEmpty, context).flatMap { text in
            Paragraph.lines(context.capabilities.clean(text), width: max(1, width - 2)).map { Line($0, .dim) }
        }
        func has(_ column: AddressColumn) -> Bool { columns.contains { $0.column == column } }
        let rows = zip(shown, cells).map { row, cells in
            // Whatever a colour means is also said in words.
            let isMarked = row.isRefused && has(.refused) || row.proxy && has(.note)
            return line(cells, freshness != .fresh ? .dim : isMarked ? .warning : .normal)
        }
        return (line(AddressColumn.allCases.map { $0.title }, .title), notes, rows)
    }
    /// Why there are no rows, or no present ones.
    private static func note(_ told: Told.Addresses, isEmpty: Bool, _ context: Context) -> [String] {
        // If nobody answers, the header says so, and the rows are marked.
        if !told.problem.isEmpty, isEmpty || !context.model.isLost { return [told.problem] }
        if told.time == nil {
            if context.model.isReplay { return ["the recording has none yet"] }
            return [context.model.isLost ? "not known: no supervisor answers" : "asking the supervisor ..."]
        }
        guard told.areCounted else {
            return [
                "Addresses are not counted: there is no bound by address.",
                "workers.max_per_address or workers.accepts_per_address turns it on, at the restart of each worker: "
                    + "megacomet reload, then megacomet rolling.",
            ]
        }
        guard isEmpty else { return [] }
        return [told.rows.isEmpty ? "no client is connected" : "no address matches the filter"]
    }
}

private enum AddressColumn: Int, CaseIterable {
    case address, connections, new, refused, note
    static let firstToLeave: [AddressColumn] = [.note, .refused, .new]
    var isLeft: Bool { self == .address || self == .note }
    var title: String { ["ADDRESS", "CONNS", "NEW/s", "REFUSED  ", ""][rawValue] }

    func text(_ row: Told.Addresses.Row, _ freshness: Freshness, wide: Bool, _ context: Context) -> String {
        switch self {
        case .address: return context.capabilities.clean(row.address)
        case .connections: return Quantity(Double(row.connections), freshness).text { Format.number($0, width: 9) }
        case .new: return Quantity(freshness == .old ? nil : row.newPerSecond, freshness).text(Format.rate)
        case .refused:
            let count = Quantity(Double(row.refused), freshness).text { Format.number($0, width: 9) }
            return count + (row.isRefused && freshness == .fresh ? " W" : "  ")
        case .note:
            guard row.proxy else { return "" }
            return wide ? "a proxy that workers.trusted_proxies does not name: not bounded" : "proxy, not bounded"
        }
    }
}
