package import Stats
package import Supervision
package import Watch

/// Everything that a column needs to fill a cell.
package struct Context: Sendable {
    package let model: Model
    package let session: Session
    package let capabilities: Capabilities
    package let totals: Totals
    package init(_ model: Model, _ session: Session, _ capabilities: Capabilities) {
        self.model = model
        totals = model.totals
        self.session = session
        self.capabilities = capabilities
    }
    package var now: UInt64 { model.now }
    /// Seconds over which rates are taken: the refresh interval, at most ten reports.
    package var seconds: Double { max(1, min(10, session.interval)) }
    package func number(_ quantity: Quantity, width: Int) -> String {
        quantity.text {
            Format.number($0, width: quantity.freshness == .fresh ? width : width - 1, full: session.showsFullNumbers)
        }
    }
}

package struct Cell: Equatable, Sendable {
    package var text: String
    package var role: Role
    package init(_ text: String, _ role: Role = .normal) {
        self.text = text
        self.role = role
    }
    package init(_ quantity: Quantity, level: Level = .fine, _ format: (Double) -> String) {
        text = quantity.text(format)
        role =
            quantity.freshness == .absent || quantity.freshness == .old || quantity.freshness == .stale
            ? .dim : level.role
    }
}

/// A column, a row of the table from which the screens, the sort menu, the explanations and the batch output are made.
package struct Column: Sendable {
    /// The name in batch output, filters and commands.
    package let id: String
    package let title: String
    package let width: Int
    /// The width of the terminal from which on it is shown; 0 means always. If the columns still don't fit, the one
    /// with the greatest `from` leaves first.
    package let from: Int
    package var isLeft = false
    /// The metric that it shows.
    package let metric: MetricID?
    /// The explanation of the column, if the metric's own text does not suffice.
    package let meaning: String
    package let cell: @Sendable (ProcessModel, Context) -> Cell
    /// The value for sorting, filters and batch output.
    package let value: @Sendable (ProcessModel, Context) -> Double?
    package let total: (@Sendable (Context) -> Cell)?
    /// A picture over time. It takes the room that is left.
    package var history: (@Sendable (ProcessModel, Context) -> [Double?])?
    /// The rows that have one scale in the picture, which the heading tells. Other rows count other things, and each
    /// has its own scale.
    package var sharesScale: @Sendable (ProcessName) -> Bool = \.isWorker

    package init(
        _ id: String, _ title: String, width: Int, from: Int, left: Bool = false, metric: MetricID? = nil,
        _ meaning: String = "",
        cell: @escaping @Sendable (ProcessModel, Context) -> Cell,
        value: @escaping @Sendable (ProcessModel, Context) -> Double?,
        total: (@Sendable (Context) -> Cell)? = nil
    ) {
        self.id = id
        self.title = title
        self.width = width
        self.from = from
        isLeft = left
        self.metric = metric
        self.meaning = meaning
        self.cell = cell
        self.value = value
        self.total = total
    }

    /// Makes most columns: a quantity, its text, and the level of its value.
    package static func quantity(
        _ id: String, _ title: String, width: Int, from: Int, metric: MetricID? = nil, _ meaning: String = "",
        _ quantity: @escaping @Sendable (ProcessModel, Context) -> Quantity,
        format: @escaping @Sendable (Double) -> String,
        level: @escaping @Sendable (Double, ProcessModel, Context) -> Level = { _, _, _ in .fine },
        total: (@Sendable (Context) -> Quantity)? = nil
    ) -> Column {
        let cell: @Sendable (ProcessModel, Context) -> Cell = { process, context in
            let found = quantity(process, context)
            return Cell(found, level: found.value.map { level($0, process, context) } ?? .fine, format)
        }
        var sum: (@Sendable (Context) -> Cell)?
        if let total { sum = { (context: Context) -> Cell in Cell(total(context), format) } }
        return Column(
            id, title, width: width, from: from, metric: metric, meaning, cell: cell, value: { quantity($0, $1).value },
            total: sum)
    }
    /// A count that is written in full if it fits.
    package static func count(
        _ id: String, _ title: String, width: Int, from: Int, metric: MetricID? = nil, _ meaning: String = "",
        _ quantity: @escaping @Sendable (ProcessModel, Context) -> Quantity,
        level: @escaping @Sendable (Double, ProcessModel, Context) -> Level = { _, _, _ in .fine },
        total: (@Sendable (Context) -> Quantity)? = nil
    ) -> Column {
        let cell: @Sendable (ProcessModel, Context) -> Cell = { process, context in
            let found = quantity(process, context)
            var cell = Cell(found, level: found.value.map { level($0, process, context) } ?? .fine, Format.short)
            cell.text = context.number(found, width: width)
            return cell
        }
        var sum: (@Sendable (Context) -> Cell)?
        if let total { sum = { (context: Context) -> Cell in Cell(context.number(total(context), width: width)) } }
        return Column(
            id, title, width: width, from: from, metric: metric, meaning, cell: cell, value: { quantity($0, $1).value },
            total: sum)
    }
    /// A counter: its growth per second, or with `t` its total.
    package static func flow(
        _ id: String, _ title: String, width: Int, from: Int, _ metric: MetricID, isBytes: Bool = false,
        isQueue: Bool = false, _ meaning: String = "",
        level: @escaping @Sendable (Double, ProcessModel, Context) -> Level = { _, _, _ in .fine }
    ) -> Column {
        .quantity(
            id, title, width: width, from: from, metric: metric, meaning,
            { process, context in
                if context.session.showsTotals {
                    return isQueue ? process.waiting(metric, context.now) : process.gauge(metric, context.now)
                }
                return isQueue
                    ? process.waitingRate(metric, context.now, seconds: context.seconds)
                    : process.rate(metric, context.now, seconds: context.seconds)
            },
            format: { isBytes ? Format.bytes($0) : Format.rate($0) },
            level: { value, process, context in context.session.showsTotals ? .fine : level(value, process, context) },
            total: { context in
                let totals = context.totals
                if context.session.showsTotals { return isQueue ? totals.waiting(metric) : totals.sum(metric) }
                return isQueue
                    ? totals.waitingRate(metric, seconds: context.seconds)
                    : totals.sumRate(metric, seconds: context.seconds)
            })
    }
    /// Ten minutes, in the room that is left at the right.
    package static func history(
        _ id: String, _ title: String, from: Int, _ meaning: String,
        _ values: @escaping @Sendable (ProcessModel, Context) -> [Double?]
    ) -> Column {
        var column = Column(
            id, title + ", 10 MIN", width: 10, from: from, left: true,
            "Ten minutes, the newest at the right; x where no report came. All workers have the scale of the heading. "
                + meaning,
            cell: { _, _ in Cell("") }, value: { _, _ in nil })
        column.history = values
        return column
    }
}
