import Stats
import Watch

/// The graphs of the overview.
package enum GraphKind: String, CaseIterable, Sendable {
    case connections = "conns"
    case messages, queue
    case latency = "p99"
    case workers
}

/// The graph that the operator has chosen to be the first one.
package enum GraphWish: Equatable, Sendable {
    /// Graphs are shown where rows are free.
    case automatic
    /// This one is the first, and is shown even if the table is shorter for it.
    case first(GraphKind)
    case none

    package static let all: [GraphWish] = [.automatic] + GraphKind.allCases.map { .first($0) } + [.none]
    package var next: GraphWish {
        GraphWish.all[((GraphWish.all.firstIndex(of: self) ?? 0) + 1) % GraphWish.all.count]
    }
    package var text: String {
        switch self {
        case .automatic: "auto"
        case .first(let kind): kind.rawValue
        case .none: "none"
        }
    }
}

extension Views {
    /// All graphs, the chosen one first.
    static func graphs(_ context: Context) -> [Graph] {
        var kinds = GraphKind.allCases
        if case .first(let kind) = context.session.graph, let at = kinds.firstIndex(of: kind) {
            kinds = Array(kinds[at...] + kinds[..<at])
        }
        // Some graphs always look back over ten minutes.
        let marks = Dictionary(
            uniqueKeysWithValues: Set([GraphSpan.minutes, context.session.span]).map { span in
                (span, EventMark.placed(context.model.events, wall: context.model.wall, seconds: span.seconds))
            })
        return kinds.map { kind in
            var graph = graph(kind, context)
            graph.marks = marks[graph.span] ?? []
            graph.legend = EventMark.legend(graph.marks)
            return graph
        }
    }
    /// The line below several graphs.
    static func graphLegend(_ graphs: [Graph]) -> Line {
        // The graphs may look back over different spans.
        let legend = graphs.map(\.legend).max { $0.count < $1.count } ?? []
        var line = Line(" " + legend.joined(separator: "  "), .dim)
        line.addRight("g other graph", role: .dim, leaves: 2)
        line.addRight("d 10 min, 1 h, 24 h", role: .dim, leaves: 1)
        return line
    }

    private static func graph(_ kind: GraphKind, _ context: Context) -> Graph {
        switch kind {
        case .connections: connectionsGraph(context)
        case .messages: messagesGraph(context)
        case .queue: queueGraph(context)
        case .latency: latencyGraph(context)
        case .workers: workersGraph(context)
        }
    }
    private static func connectionsGraph(_ context: Context) -> Graph {
        let connections = context.totals.connections
        let limit = context.totals.connectionLimit
        let level = Level.share(.connsOpen, connections.value, limit)
        var title = ["CONNS " + context.number(connections, width: 11) + level.mark]
        if let limit { title.append("of " + Format.short(limit)) }
        if let (least, most) = range(.connections, context) {
            title.append("min \(Format.short(least))  max \(Format.short(most))")
        }
        return Graph(title, context.session.span, .series([values(.connections, context)]))
    }
    private static func messagesGraph(_ context: Context) -> Graph {
        let totals = context.totals
        let published = totals.manager(.publishes, seconds: context.seconds)
        let refused = totals.manager(.refusedFull, seconds: context.seconds)
        let pub = "PUB " + published.text(Format.rate) + "/s"
        let front = String(Stroke.inFront(context.capabilities)), behind = String(Stroke.behind(context.capabilities))
        let delivered = "DELIV " + totals.deliveries(seconds: context.seconds).text(Format.rate) + "/s (\(front))"
        guard context.session.span == .minutes else {
            // The hub's day has no publishes.
            return Graph(
                [delivered, pub + " (not kept)"], context.session.span, .series([values(.delivered, context)]))
        }
        let series = [
            filled(context.model.publishes.history.values(now: context.now)), values(.delivered, context),
        ]
        return Graph(
            [pub + " (\(behind))", delivered, "REFUSED " + refused.text(Format.rate) + "/s"], context.session.span,
            .series(series))
    }
    private static func queueGraph(_ context: Context) -> Graph {
        let totals = context.totals
        let waiting = totals.waiting(.queueMessages)
        let limit = context.model.queue.value(.queueLimitMessages)
        let ttl = context.model.queue.value(.queueTTL)
        let oldest = totals.waiting(.queueOldest)
        let full = Level.share(.queueMessages, waiting.value, limit)
        let late = Level.share(.queueOldest, oldest.value, ttl)
        var title = ["QUEUE " + context.number(waiting, width: 11) + full.mark]
        if waiting.value ?? 0 > 0 {
            let most = ttl.map { "/" + Format.age($0 / 1000) } ?? ""
            title.append("oldest " + oldest.text { Format.age($0 / 1000) } + most + late.mark)
        }
        let series = [values(.queued, context)]
        var graph = Graph([], context.session.span, .series(series))
        if context.session.span == .minutes, let edge = context.model.queueEdge, edge <= graph.top(series, edge) {
            graph.bound = edge
            title.append("expires at \(Format.short(edge)) (\(context.capabilities.isUTF8 ? "─" : "-"))")
        }
        if let limit { title.append("of " + Format.short(limit)) }
        graph.title = title
        return graph
    }
    /// Delivery times are kept for ten minutes, so this graph always shows them.
    private static func latencyGraph(_ context: Context) -> Graph {
        func percentile(_ share: Double) -> String {
            context.totals.latency.map { Latency.percentile(share, $0).map(Latency.text) ?? "-" } ?? "?"
        }
        let histories = context.totals.workers.map(\.latencies)
        let now = context.now / 1_000_000_000
        let seconds = GraphSpan.minutes.seconds
        let first = now - min(now, UInt64(seconds - 1))
        return Graph(
            ["p99 " + percentile(0.99), "p50 " + percentile(0.5) + " of 60 s", "all workers, darker is more"], .minutes,
            .heat {
                LatencyHistory.sums(of: histories, first: first, seconds: Double(seconds) / Double($0), count: $0)
            })
    }

    /// It shows ten minutes, too.
    private static func workersGraph(_ context: Context) -> Graph {
        let workers = context.totals.workers.map { ($0.id.short, $0.latencies) }
        let now = context.now / 1_000_000_000
        let seconds = GraphSpan.minutes.seconds
        let first = now - min(now, UInt64(seconds - 1))
        return Graph(
            ["WORKERS p99", "darker is later"], .minutes,
            .workers { columns in
                workers.map { name, history in
                    let sums = LatencyHistory.sums(
                        of: [history], first: first, seconds: Double(seconds) / Double(columns), count: columns)
                    return Graph.WorkerRow(name, sums.map { $0.flatMap { Graph.bucket(0.99, $0) } })
                }
            })
    }

    /// The values of the whole span, the oldest first.
    private static func values(_ total: StatsDay.Total, _ context: Context) -> [Double?] {
        let minutes = context.session.span.seconds / 60
        switch context.session.span {
        case .minutes: return filled(context.model[total].values(now: context.now))
        case .hour, .day:
            return (context.model.days[total] ?? Day()).values(now: context.now).suffix(minutes)
        }
    }
    private static func filled(_ values: [Double?]) -> [Double?] {
        [Double?](repeating: nil, count: max(0, History.kept - values.count)) + values
    }
    private static func range(_ total: StatsDay.Total, _ context: Context) -> (least: Double, most: Double)? {
        guard context.session.span == .minutes else {
            let range = context.model.days[total]?.range(
                minutes: context.session.span.seconds / 60, now: context.now)
            return range.map { ($0.least, $0.most) }
        }
        return context.model[total].range
    }
}
