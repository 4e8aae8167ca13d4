import Base
import Stats
package import Watch
package import Wire

// The machines of a cluster, and the engine that they share: a Redis server.
extension Views {
    static func nodes(_ context: Context, _ size: Size) -> Page {
        var page = Page(
            keys: Frame.keys(context, ["/ filter", "p pause", "w save", "C copy", "megacomet status --all prints it"]))
        let told = context.model.told.nodes
        let freshness = told.freshness(context.now, interval: context.session.interval)
        let why = nodesProblem(context)
        guard let answer = told.answer else {
            page.header.append(.init(line: Line(" " + why, .dim), from: 0))
            page.header += Frame.alerts(context, size)
            return page
        }
        guard let engine = answer.engine else {
            page.header.append(.init(line: aloneLine, from: 0))
            page.header += Frame.alerts(context, size)
            page.sections.append(
                Page.Section(
                    title: "SEVERAL MACHINES", lines: severalMachines(width: size.width), least: 1, grows: true))
            return page
        }
        let isOld = freshness != .fresh
        for (index, line) in engineLines(engine, isOld: isOld, context, bar: size.width >= wideFrom ? 30 : 12)
            .enumerated()
        {
            page.header.append(.init(line: line, from: index == 2 ? 12 : 0))
        }
        if !why.isEmpty { page.header.append(.init(line: Line(" " + why, .dim), from: 0)) }
        page.header += Frame.alerts(context, size)
        let rows = shownNodes(context.model, context.session)
        page.list = Page.List(
            heading: nodesHeading,
            rows: rows.isEmpty
                ? [Line(answer.nodes.isEmpty ? "no machine has spoken yet" : "no machine matches the filter", .dim)]
                : rows.map { nodeLine($0, isOld: isOld, context) },
            keys: rows.indices.map { .line($0) }, cursor: rows.isEmpty ? nil : cursor(rows.count, context.session),
            showsHidden: true)
        return page
    }

    /// The machines that the filter lets through.
    package static func shownNodes(_ model: Model, _ session: Session) -> [NodesAnswer.Node] {
        (model.told.nodes.answer?.nodes ?? []).filter { node in
            session.filter.matches(text: "\(node.node) \(node.state) \(node.version)") { name in
                switch name {
                case "name": (node.node, nil)
                case "state": (node.state, nil)
                case "version": (node.version, nil)
                case "clients": ("", node.clients)
                case "pub", "publishes": ("", node.publishesPerSecond)
                case "queue", "queued": ("", node.queued)
                default: nil
                }
            }
        }
    }
    /// Why there is no answer, or no present one. Empty if all is well.
    static func nodesProblem(_ context: Context) -> String {
        let told = context.model.told.nodes
        guard context.totals.manager?.state(context.now).isRunning ?? true else { return "the manager does not run" }
        if !told.problem.isEmpty { return context.capabilities.clean(told.problem) }
        guard told.time == nil else { return "" }
        return context.model.isReplay ? "the recording has none yet" : "asking the manager ..."
    }

    private static var aloneLine: Line {
        var line = Line(" ONE MACHINE", .title)
        line.add("cluster.redis is empty: it is no part of a cluster")
        return line
    }
    /// How one machine becomes one of several. The settings are copied as they stand, so they are narrow.
    private static func severalMachines(width: Int) -> [Line] {
        func paragraph(_ text: String) -> [Line] { Paragraph.lines(text, width: width - 2).map { Line(" " + $0) } }
        let settings = ["", "   [cluster]", "   redis = \"redis://:PASSWORD@HOST:6379\"", "   name = \"a\"", ""]
        return paragraph(
            "With several machines a client may come to any of them, and an app may publish on any. They share a Redis"
                + " server (7.0 or later, or Valkey). The megacomet.toml of each machine names it, and has a name of"
                + " its own:")
            + settings.map { Line($0) }
            + paragraph("Then, on each: megacomet check, megacomet reload, megacomet restart manager.")
    }

    private static func engineLines(_ engine: NodesAnswer.Engine, isOld: Bool, _ context: Context, bar: Int) -> [Line] {
        let clean = context.capabilities.clean
        var first = Line(" ENGINE", .title)
        first.add(Format.cut(clean(engine.address), 80), role: isOld ? .dim : .normal)
        first.add(engine.role.map { Format.cut(clean($0), 16) } ?? "", leaves: 3)
        first.add(engine.version.map { "version " + Format.cut(clean($0), 16) } ?? "", leaves: 2)
        let span = Format.span(engine.sinceSeconds)
        first.add(engine.up ? "up \(span)" : "AWAY for \(span)", role: engine.up ? .normal : .critical)
        var second = Line(" LOAD", .title)
        let memory = engine.memoryBytes
        let fill = Level.share(.engineMemory, memory ?? 0, engine.memoryMaxBytes)
        second.add("memory " + (memory.map { Format.bytes($0) + "B" } ?? "-"), role: fill.role)
        if let memory, let most = engine.memoryMaxBytes, most > 0 {
            second.add("of " + Format.bytes(most) + "B" + fill.mark, gap: 1)
            second.addBar(memory / most, most: bar, leaves: 4)
        } else if memory != nil {
            second.add("no bound (maxmemory)", leaves: 5, gap: 1)
        }
        second.add("appends " + Format.rate(engine.appendsPerSecond) + "/s", leaves: 1)
        let level = Level(engine.latencyMaxMicroseconds ?? 0, Metric[.engineLatencyMax].threshold)
        second.add("each " + latency(engine.latencyMicroseconds))
        second.add("most " + latency(engine.latencyMaxMicroseconds) + level.mark, role: level.role, leaves: 2, gap: 1)
        second.add("backlog " + Format.bytes(engine.backlogBytes) + "B", leaves: 3)
        let lag = Level(engine.lagSeconds * 1000, Metric[.engineLag].threshold)
        second.add("lag " + Format.milliseconds(engine.lagSeconds * 1000) + lag.mark, role: lag.role, leaves: 6)
        second.add(engine.replicas > 0 ? "replicas " + Format.whole(engine.replicas) : "", leaves: 7)
        guard let why = engine.why else { return [first, second] }
        return [first, Line(" ! " + clean(why), .critical), second]
    }
    private static func latency(_ microseconds: Double?) -> String {
        microseconds.map { Format.decimals($0 / 1000, $0 < 9950 ? 1 : 0) + "ms" } ?? "-"
    }

    /// Heading, width and the order in which the columns leave, the highest first. 0: it stays.
    private static let nodeColumns: [(title: String, width: Int, leaves: Int)] = [
        ("AGE", 7, 1), ("VERSION", 9, 7), ("CLIENTS", 10, 2), ("PUB/s", 8, 3), ("QUEUE", 10, 4), ("LAG", 8, 5),
        ("ENGINE", 9, 6),
    ]
    private static var nodesHeading: Line {
        var line = Line(" " + Format.left("NAME", nodeWidth) + Format.left("STATE", 6), .title)
        for column in nodeColumns {
            line.add(column.title.rightAligned(column.width), role: .title, leaves: column.leaves, gap: 0)
        }
        return line
    }
    private static let nodeWidth = 18
    private static func nodeLine(_ node: NodesAnswer.Node, isOld: Bool, _ context: Context) -> Line {
        let role: Role = isOld ? .dim : node.state == "up" ? .normal : node.state == "late" ? .warning : .critical
        let name = context.capabilities.clean(node.node) + (node.own ? " *" : "")
        var line = Line(Format.left(name, nodeWidth) + Format.left(node.state.uppercased(), 6), role)
        // What a machine that is gone said of itself is no more.
        let isGone = node.state == "gone"
        let texts = [
            Format.span(node.ageSeconds), Format.cut(context.capabilities.clean(node.version), 8),
            isGone ? "-" : Format.grouped(node.clients), isGone ? "-" : Format.rate(node.publishesPerSecond),
            isGone ? "-" : Format.grouped(node.queued), isGone ? "-" : Format.milliseconds(node.lagSeconds * 1000),
            isGone ? "-" : latency(node.latencyMicroseconds),
        ]
        for (column, text) in zip(nodeColumns, texts) {
            line.add(Format.right(text, column.width), role: role, leaves: column.leaves, gap: 0)
        }
        return line
    }
}
