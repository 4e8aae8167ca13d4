import Stats
import Watch

extension Views {
    /// The way from the publish to the client: how many messages, how fast, and why connections end.
    static func delivery(_ context: Context, _ size: Size) -> Page {
        let wide = size.width >= wideFrom
        var page = Page(
            keys: Frame.keys(
                context,
                [
                    "Enter detail", "/ filter", "b addresses", "s sort", "t totals", "z zero", "p pause", "e explain",
                    "w save", "d day",
                ])
        )
        page.header.append(.init(line: publishLine(context), from: 0))
        page.header.append(.init(line: deliverLine(context), from: 0))
        if size.width >= 60 { page.header.append(.init(line: historyLine(.delivered, context, wide: wide), from: 30)) }
        // On a low terminal one line is for all transports.
        let hasBoth = size.height >= 26
        page.header.append(.init(line: pollsLine(context, isAlone: !hasBoth), from: 12))
        if hasBoth { page.header.append(.init(line: streamsLine(context), from: 0)) }
        page.header += Frame.alerts(context, size)
        page.table = Table(.delivery, context, width: size.width, hasTotal: size.height >= 24)
        page.sections = [latency(context, size), closed(context, size)]
        if !hasPane(size), showsApps(size) { page.last = appsLine(context) }
        return page
    }

    private static func publishLine(_ context: Context) -> Line {
        let totals = context.totals
        let seconds = context.seconds
        func manager(_ id: MetricID) -> String { totals.manager(id, seconds: seconds).text(Format.rate) }
        var published = Line(" PUBLISH", .title)
        published.add(totals.published(seconds: seconds).text(Format.rate) + "/s")
        published.add(totals.manager(.publishBytes, seconds: seconds).text(Format.bytes) + "/s", leaves: 3)
        published.add("at once " + manager(.forwarded), leaves: 4)
        published.add("queued " + manager(.queued), leaves: 4)
        for (name, id) in [
            ("bad json", MetricID.rejectedJSON), ("too big", .rejectedSize), ("queue full", .refusedFull),
            ("bad key", .rejectedAuth),
        ] {
            let rate = totals.manager(id, seconds: seconds)
            published.add(
                "\(name) " + rate.text(Format.rate), role: (rate.value ?? 0) > 0 ? .warning : .normal, leaves: 5)
        }
        return published
    }
    private static func all(_ id: MetricID, _ context: Context) -> String {
        context.totals.sumRate(id, seconds: context.seconds).text(Format.rate)
    }
    private static func deliverLine(_ context: Context) -> Line {
        let totals = context.totals
        let seconds = context.seconds
        var delivered = Line(" DELIVER", .title)
        delivered.add(totals.deliveries(seconds: seconds).text(Format.rate) + "/s")
        delivered.add(totals.sumRate(.bytesOut, seconds: seconds).text(Format.bytes) + "/s", leaves: 3)
        delivered.add("partial writes " + all(.partialWrites, context), leaves: 5)
        delivered.add("slow clients cut " + all(.closesSlow, context), leaves: 4)
        delivered.add("given back " + all(.undelivered, context), leaves: 6)
        return delivered
    }
    private static func pollsLine(_ context: Context, isAlone: Bool) -> Line {
        var polls = Line(" POLLS", .title)
        polls.add(all(.polls, context) + "/s", gap: 4)
        polls.add("held " + context.number(context.totals.polls, width: 11), leaves: 2)
        if isAlone { addStreams(to: &polls, context, width: 6) }
        for (name, id) in [
            ("answered", MetricID.pollsAnswered), ("empty", .pollsEmpty), ("replaced", .pollsReplaced),
            ("refused", .httpRefused),
        ] { polls.add("\(name) " + all(id, context), leaves: 7) }
        return polls
    }
    private static func streamsLine(_ context: Context) -> Line {
        var line = Line(" STREAMS", .title)
        addStreams(to: &line, context, width: 11, isNamed: true)
        addMissed(to: &line, context)
        for (name, id) in [
            ("heartbeats", MetricID.heartbeats), ("opened", .streamsOpened), ("WebSockets opened", .socketsOpened),
            ("acknowledged", .acknowledgements), ("pages that left", .leaves),
        ] { line.add("\(name) " + all(id, context) + "/s", leaves: 7) }
        return line
    }
    /// Adds the number of event streams and WebSockets, and of those that are behind. `isNamed`: the line says already
    /// that it is about streams.
    static func addStreams(to line: inout Line, _ context: Context, width: Int, isNamed: Bool = false) {
        let totals = context.totals
        let count = context.number(totals.sum(.streams), width: width)
        line.add(isNamed ? count : "streams " + count, leaves: isNamed ? 0 : 4)
        line.add("WebSockets " + context.number(totals.sum(.sockets), width: width), leaves: 5)
        let level = totals.behindLevel
        line.add(
            "behind " + context.number(totals.sum(.streamsBehind), width: 7) + level.mark, role: level.role, leaves: 3)
    }
    static func addMissed(to line: inout Line, _ context: Context) {
        let level = context.totals.missedLevel
        line.add("missed " + all(.heartbeatsMissed, context) + "/s" + level.mark, role: level.role, leaves: 6)
    }
    private static func latency(_ context: Context, _ size: Size) -> Page.Section {
        let counts = context.totals.latency
        // In half a screen there is no room for more words beside the percentiles.
        var title = size.width >= wideFrom ? "LATENCY, last 60s" : "LATENCY manager to write, last 60s"
        if let counts {
            title += [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")].map { share, name in
                "  \(name) " + (Latency.percentile(share, counts).map(Latency.text) ?? "-")
            }.joined()
        }
        var latency = Page.Section(
            title: size.width < 60 ? "LATENCY" : title, lines: latencyLines(context, counts), least: 8)
        if size.width >= wideFrom {
            latency.right = (
                "HEAT: latency down, seconds across, newest right",
                heat(context, width: size.width - size.width / 2 - 12)
            )
        }
        return latency
    }
    private static func closed(_ context: Context, _ size: Size) -> Page.Section {
        var closed = Page.Section(
            title: "WHY CONNECTIONS CLOSED, last 60s", lines: closesLines(context, inHalf: hasPane(size)), least: 1,
            grows: true)
        if hasPane(size) {
            let pane = appsPane(context, width: size.width - size.width / 2)
            closed.lines.append(appFigures(context))
            if let keys = keysLine(context) { closed.lines.append(keys) }
            // There is room for some apps, if the table leaves it.
            while closed.lines.count < min(pane.lines.count, 8) { closed.lines.append(Line()) }
            closed.least = 3
            closed.right = pane
        }
        return closed
    }
    /// The least size of a screen that shows the connections of apps and asks for them. If they have a pane, there is a
    /// row for each.
    package static func showsApps(_ size: Size) -> Bool { size.width >= 40 && size.height >= 20 }
    private static func hasPane(_ size: Size) -> Bool { size.width >= wideFrom && size.height >= 30 }

    private static let bucketNames = LatencyBuckets.boundsMilliseconds.map { "<\($0)ms" } + [">500ms"]
    private static func latencyLines(_ context: Context, _ counts: [Double]?) -> [Line] {
        let sum = counts?.reduce(0, +) ?? 0
        return bucketNames.enumerated().map { index, name in
            var line = Line(Format.right(name, 8))
            let share = sum > 0 ? (counts?[index] ?? 0) / sum : 0
            line.addBar(share, most: 42, leaves: 2)
            line.add(Format.right(counts == nil ? "?" : sum > 0 ? Format.decimals(share * 100, 1) + "%" : "-", 6))
            line.add(Format.right(counts.map { Format.number($0[index], width: 9) } ?? "", 9), leaves: 1)
            return line
        }
    }
    /// The share of each bucket in the messages of a second, second by second, the newest at the right.
    private static func heat(_ context: Context, width: Int) -> [Line] {
        let width = min(60, width)
        var seconds = [[Double]](repeating: [Double](repeating: 0, count: LatencyBuckets.ids.count), count: width)
        for worker in context.totals.workers {
            for (back, counts) in worker.latency.seconds(width).reversed().enumerated() {
                for (bucket, count) in counts.enumerated() { seconds[width - 1 - back][bucket] += count }
            }
        }
        let levels = Array(" .:-=+*#%@")
        return bucketNames.enumerated().map { bucket, name in
            let cells = seconds.map { counts in
                let all = counts.reduce(0, +)
                guard all > 0, counts[bucket] > 0 else { return levels[0] }
                return levels[min(9, 1 + Int(counts[bucket] / all * 8.999))]
            }
            var line = Line(Format.right(name, 8))
            line.add(String(cells))
            return line
        }
    }
    /// The reasons in one line, or in two that are half as long.
    private static func closesLines(_ context: Context, inHalf: Bool) -> [Line] {
        let counts = context.totals.closes
        let all = counts?.reduce(0, +) ?? 0
        let perLine = inHalf ? 3 : Closes.reasons.count
        var lines: [Line] = []
        for (index, reason) in Closes.reasons.enumerated() {
            if index % perLine == 0 { lines.append(Line(" ")) }
            let share = counts.map { all > 0 ? Format.decimals($0[index] / all * 100, 1) + "%" : "-" } ?? "?"
            let role = reason.id == .closesSlow && all > 0 && (counts?[index] ?? 0) > 0 ? Role.warning : .normal
            lines[lines.count - 1].add(
                "\(reason.word) \(share)", role: role, leaves: index % perLine, gap: index % perLine == 0 ? 0 : 3)
        }
        return lines
    }
}
