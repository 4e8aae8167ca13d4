import Stats
package import Supervision
package import Watch

/// How a machine is, in a word. The worst has the greatest value.
package enum HostState: Int, Comparable, CaseIterable, Sendable {
    /// Nothing is wrong.
    case ok
    /// Nothing is known yet.
    case waiting
    /// There are warnings.
    case look
    /// Nothing comes from it any more.
    case lost
    /// Something is critical.
    case act
    package static func < (one: HostState, other: HostState) -> Bool { one.rawValue < other.rawValue }

    package init(_ model: Model) {
        if model.isLost {
            self = .lost
        } else if model.link == .waiting {
            self = .waiting
        } else {
            switch model.verdict {
            case .ok: self = .ok
            case .look: self = .look
            case .act: self = .act
            }
        }
    }
    package var word: String {
        switch self {
        case .ok: "OK"
        case .waiting: "WAIT"
        case .look: "LOOK"
        case .lost: "LOST"
        case .act: "ACT"
        }
    }
    var role: Role {
        switch self {
        case .ok: .normal
        case .waiting, .look: .warning
        case .lost, .act: .critical
        }
    }
}

/// A column of the table of machines. Screen, filters, sorting and batch output are made from it.
package struct HostColumn: Sendable {
    package let id: String
    package let title: String
    package let width: Int
    /// The width of the terminal from which on it is shown; 0 means always.
    package let from: Int
    package var isLeft = false
    package let cell: @Sendable (Context) -> Cell
    /// The value for sorting, filters and batch output.
    package let value: @Sendable (Context) -> Double?

    private static func quantity(
        _ id: String, _ title: String, width: Int, from: Int, _ format: @escaping @Sendable (Double) -> String,
        level: @escaping @Sendable (Double, Context) -> Level = { _, _ in .fine },
        _ quantity: @escaping @Sendable (Context) -> Quantity
    ) -> HostColumn {
        HostColumn(
            id: id, title: title, width: width, from: from,
            cell: { context in
                let found = seen(quantity(context), context)
                return Cell(found, level: found.value.map { level($0, context) } ?? .fine, format)
            }, value: { quantity($0).value })
    }
    /// Nothing of a machine that is lost is new, however young its last report is. Of one that was never seen, nothing
    /// is known.
    static func seen(_ quantity: Quantity, _ context: Context) -> Quantity {
        if context.model.processes.isEmpty { return Quantity(nil, .old) }
        guard context.model.isLost, quantity.freshness == .fresh else { return quantity }
        return Quantity(quantity.value, .stale)
    }

    package static let all: [HostColumn] = [
        HostColumn(
            id: "state", title: "STATE", width: 5, from: 0, isLeft: true,
            cell: { Cell(HostState($0.model).word, HostState($0.model).role) },
            value: { Double(HostState($0.model).rawValue) }),
        HostColumn(
            id: "workers", title: "READY", width: 6, from: 60,
            cell: { context in
                let ready = ready(context), all = context.totals.workers.count
                guard all > 0 else { return Cell("?", .dim) }
                let isOld = context.model.isLost
                return Cell(
                    "\(ready)/\(all)" + (isOld ? "~" : ""), isOld ? .dim : ready < all ? .warning : .normal)
            }, value: { Double(ready($0)) }),
        quantity(
            "conns", "CONNS", width: 7, from: 0, Format.short,
            level: { value, context in
                .share(.connsOpen, value, context.totals.connectionLimit)
            }
        ) { $0.totals.connections },
        quantity("publish", "PUB/s", width: 6, from: 50, Format.rate) {
            $0.totals.manager(.publishes, seconds: $0.seconds)
        },
        quantity("deliver", "DLV/s", width: 6, from: 30, Format.rate) { $0.totals.deliveries(seconds: $0.seconds) },
        quantity("queue", "QUEUE", width: 6, from: 30, Format.short) { $0.totals.waiting(.queueMessages) },
        quantity(
            "p99", "p99", width: 6, from: 70, Latency.text,
            level: { value, _ in
                value >= 500 ? .critical : value >= 100 ? .warning : .fine
            }
        ) { context in
            guard let counts = context.totals.latency else { return Quantity(nil, .old) }
            let freshness = context.totals.connections.freshness
            return Latency.percentile(0.99, counts).map { Quantity($0, freshness) } ?? .absent
        },
        quantity(
            "expired", "EXP/s", width: 6, from: 40, Format.rate,
            level: { value, context in
                guard let published = context.totals.manager(.publishes, seconds: context.seconds).value else {
                    return .fine
                }
                return value > published * 0.1 ? .critical : value > published * 0.01 ? .warning : .fine
            }
        ) { $0.totals.waitingRate(.expired, seconds: $0.seconds) },
        quantity(
            "oldest", "OLD", width: 6, from: 76, { Format.age($0 / 1000) },
            level: { value, context in
                .share(.queueOldest, value, context.model.queue.value(.queueTTL))
            }
        ) { $0.totals.waiting(.queueOldest) },
        HostColumn(
            id: "age", title: "AGE", width: 5, from: 78,
            cell: { context in
                guard let age = age(context) else { return Cell("?", .dim) }
                return Cell(Format.span(age), age > 3 ? .warning : .dim)
            }, value: { age($0) }),
    ]
    /// Counts those that were ready when it was last seen, if the machine is lost.
    private static func ready(_ context: Context) -> Int {
        context.totals.workers.count { worker in
            let state = worker.state(context.now)
            guard context.model.isLost else { return state.isReady }
            return state.condition == .told(.ready) || state.condition == .overload
        }
    }
    /// Seconds since the newest report.
    private static func age(_ context: Context) -> Double? {
        (context.totals.ordered.compactMap { $0.own.age(context.now) }
            + [context.model.supervisor.own.age(context.now)]
            .compactMap(\.self)).min()
    }

    /// The column with this name in commands, or with this heading. `host` is the order in which they were named.
    package static func named(_ name: String) -> HostColumn? {
        let name = name.lowercased()
        return all.first { $0.id == name || $0.title.lowercased() == name }
    }
    /// The columns for the width that the name leaves.
    static func fitting(_ width: Int, nameWidth: Int) -> [HostColumn] {
        var shown = all.filter { $0.from <= width }
        while shown.reduce(2 + nameWidth, { $0 + 1 + $1.width }) > width, let worst = shown.map(\.from).max(),
            worst > 0,
            let at = shown.lastIndex(where: { $0.from == worst })
        { shown.remove(at: at) }
        return shown
    }
}

/// The machines that are looked at, in the order in which they were named.
package struct HostTable: Sendable {
    package struct Row: Sendable {
        package let index: Int
        package let context: Context
        package var name: String { context.capabilities.clean(context.model.server.host) }
    }
    package let rows: [Row]
    private let session: Session

    package init(_ models: [Model], _ session: Session, _ capabilities: Capabilities) {
        self.session = session
        rows = models.enumerated().map { Row(index: $0.offset, context: Context($0.element, session, capabilities)) }
    }

    /// `host`, or a column's id.
    package static func sort(_ session: Session) -> Sort { session.hostSort }
    /// The rows that match the filter, in the order that is shown. Rows without a value come last.
    package var shown: [Row] {
        let matching = rows.filter { row in
            let texts = [row.name] + HostColumn.all.map { $0.cell(row.context).text }
            return session.filter.matches(text: texts.joined(separator: " ")) { name in
                if name == "host" { return (row.name, nil) }
                return HostColumn.named(name).map { ($0.cell(row.context).text, $0.value(row.context)) }
            }
        }
        let sort = session.hostSort
        guard let column = HostColumn.named(sort.column) else {
            return sort.isDescending ? matching.reversed() : matching
        }
        return matching.map { ($0, column.value($0.context)) }.sorted { one, other in
            switch (one.1, other.1) {
            case (nil, nil): one.0.index < other.0.index
            case (nil, _): false
            case (_, nil): true
            case (let a?, let b?): a == b ? one.0.index < other.0.index : sort.isDescending ? a > b : a < b
            }
        }.map(\.0)
    }
    package func cursor(_ shown: [Row]) -> Int? {
        guard !shown.isEmpty else { return nil }
        guard case .line(let index)? = session.cursor else { return 0 }
        return shown.firstIndex { $0.index == index } ?? 0
    }

    /// An alert of one of the machines.
    package struct HostAlert: Equatable, Sendable {
        package let host: String
        package let alert: Alert
    }
    /// The alerts of all machines, the worst first, whatever the filter. A machine that is lost is one of them.
    package var alerts: [HostAlert] {
        let all = rows.flatMap { row in
            var found: [Alert] = []
            if case .lost(let since, let reason) = row.context.model.link {
                let age = Format.age(Double(row.context.now - min(since, row.context.now)) / 1e9)
                let wall = row.context.model.wall
                found.append(
                    Alert(
                        key: "lost", level: .critical, what: "LOST \(age)", short: "lost", text: reason,
                        since: wall - min(wall, (row.context.now - min(since, row.context.now)) / 1_000_000), screen: 1)
                )
            }
            // An alert of the time when it was last seen may be over.
            found += row.context.model.alerts.filter(\.isOpen).map { alert in
                var alert = alert
                if row.context.model.isLost { alert.what = "~ " + alert.what }
                return alert
            }
            return found.map { HostAlert(host: row.name, alert: $0) }
        }
        return all.filter(\.alert.isCritical) + all.filter { !$0.alert.isCritical }
    }
}
