import Base
import Stats
import Watch

extension Views {
    /// The messages that wait: how many, how old, and whether the books balance.
    static func queues(_ context: Context, _ size: Size) -> Page {
        let wide = size.width >= wideFrom
        var page = Page(
            keys: Frame.keys(
                context,
                [
                    "Enter clients with most waiting", "/ filter", "s sort", "t totals",
                    "p pause", "e explain", "y client ids", "w save", "d day",
                ]))
        page.header.append(.init(line: depthLine(context, size), from: 0))
        if size.width >= 60 { page.header.append(.init(line: historyLine(.queued, context, wide: wide), from: 18)) }
        page.header.append(.init(line: fillingLine(context, wide: wide), from: 12))
        page.header.append(.init(line: sumLine(context), from: 18))
        page.header.append(.init(line: outcomesLine(context, width: size.width), from: 20))
        page.header.append(.init(line: checkLine(context), from: 14))
        if let line = eventsLine(context) { page.header.append(.init(line: line, from: 22)) }
        page.header.append(.init(line: channelsLine(context), from: context.totals.hasChannels ? 20 : 28))
        page.header.append(.init(line: channelBooksLine(context), from: 28))
        if size.height < 34, hasLosses(context), let line = lossLine(context) {
            page.header.append(.init(line: line, from: 22))
        }
        page.header += Frame.alerts(context, size)
        page.table = Table(.queues, context, width: size.width, hasTotal: size.height >= 20)
        if let ages = ages(context) { page.sections.append(ages) }
        if wide {
            let title = "DEEPEST CLIENT QUEUES" + (context.session.showsClientIDs ? "" : " (ids hashed, y shows)")
            let rows = clientLines(context, most: 12)
            if page.sections.isEmpty {
                page.sections.append(.init(title: title, lines: rows))
            } else {
                page.sections[0].right = (title, rows)
            }
        }
        let losses = lossRows(context, size)
        if !losses.isEmpty {
            page.sections.append(
                .init(title: "LOST TODAY (UTC; ~ partly by a last report)", lines: losses, least: min(3, losses.count)))
        }
        if let channels = channels(context, size) { page.sections.append(channels) }
        return page
    }

    private static func depthLine(_ context: Context, _ size: Size) -> Line {
        let model = context.model
        let totals = context.totals
        let waiting = totals.waiting(.queueMessages)
        let limit = model.queue.value(.queueLimitMessages)
        let level = Level.share(.queueMessages, waiting.value, limit)
        var depth = Line(" DEPTH", .title)
        depth.add(context.number(waiting, width: 11) + " msgs" + level.mark, role: level.role)
        if let limit, limit > 0 {
            depth.add("of " + Format.short(limit), leaves: 4, gap: 1)
            depth.addBar(
                (waiting.value ?? 0) / limit, most: size.width >= wideFrom ? 42 : 22, role: level.role, leaves: 3)
            depth.add(Format.percent((waiting.value ?? 0) / limit), leaves: 2)
        }
        depth.add(
            totals.waiting(.queueBytes).text(Format.bytes)
                + (model.queue.value(.queueLimitBytes).map { " of " + Format.bytes($0) } ?? ""), leaves: 3)
        depth.add("clients " + totals.waiting(.queueClients).text { Format.number($0, width: 7) }, leaves: 5)
        if size.width >= 110, let most = model.queue.value(.queueLimitPerClient) {
            depth.add("limit per client " + Format.grouped(most), leaves: 6)
        }
        return depth
    }
    /// The messages that came and went, and when the queue will be full if that goes on.
    private static func fillingLine(_ context: Context, wide: Bool) -> Line {
        let totals = context.totals
        let waiting = totals.waiting(.queueMessages)
        let limit = context.model.queue.value(.queueLimitMessages)
        var flow = flowLine(context, withBalance: false)
        if wide, let limit, let value = waiting.value, let forecast = forecast(context, waiting: value, limit: limit) {
            flow.add(forecast, role: .warning, leaves: 5)
        }
        return flow
    }
    /// Where the growth leads. A queue whose messages expire levels off where as many expire as come. It is full before
    /// only if the limit is lower. `nil` if it does not grow.
    private static func forecast(_ context: Context, waiting: Double, limit: Double) -> String? {
        let totals = context.totals
        func rate(_ id: MetricID) -> Double { totals.waitingRate(id, seconds: 10).value ?? 0 }
        guard let enqueued = totals.waitingRate(.enqueued, seconds: 10).value else { return nil }
        let left = enqueued - rate(.dequeued) - rate(.droppedFull)
        let grows = left - rate(.expired)
        // The mean over ten seconds does not jump. But if the growth that is shown beside it is none, nothing fills up.
        let shown = growth(context).value ?? 0
        guard grows > 1, limit > waiting, shown > 0, Double(Format.rate(shown)) != 0 else { return nil }
        if let ttl = context.model.queue.value(.queueTTL), ttl > 0, left * ttl / 1000 < limit {
            let level = "levels off near " + Format.short(max(waiting, left * ttl / 1000))
            let oldest = totals.waiting(.queueOldest).value ?? 0
            if rate(.expired) > 0 || oldest >= ttl { return level }
            return "expires from \(UTC.clock(context.model.wall + UInt64(max(0, ttl - oldest)))), " + level
        }
        return "full in " + Format.span((limit - waiting) / grows) + " at this growth"
    }
    private static func sumLine(_ context: Context) -> Line {
        var sum = Line(" TOTALS", .title)
        for (name, id) in [
            ("queued", MetricID.enqueued), ("out", .dequeued), ("expired", .expired), ("dropped", .droppedFull),
        ] {
            sum.add("\(name) " + context.totals.waiting(id).text(Format.grouped), leaves: 2, gap: 2)
        }
        return sum
    }
    private static func checkLine(_ context: Context) -> Line {
        var check = Line(" CHECK", .title)
        check.add("queued - out - expired - dropped = depth", leaves: 3)
        let (text, role) = balance(context)
        check.add(text, role: role)
        return check
    }
    /// How long the messages wait. `nil` if the manager has not told it.
    private static func ages(_ context: Context) -> Page.Section? {
        let queue = context.model.queue
        let ages: [(String, MetricID)] = [
            ("  0-10s", .queueAge0), (" 10-20s", .queueAge10), (" 20-40s", .queueAge20), ("40s and up", .queueAge40),
        ]
        let values = ages.map { queue.value($0.1) }
        guard values.contains(where: { $0 != nil }) else { return nil }
        let all = values.compactMap(\.self).reduce(0, +)
        let lines = zip(ages, values).map { age, value in
            var line = Line(" " + Format.right(age.0, 10))
            line.addBar(all > 0 ? (value ?? 0) / all : 0, most: 42, leaves: 2)
            line.add(Format.right(value.map { Format.number($0, width: 9) } ?? "?", 9))
            line.add(Format.right(all > 0 ? Format.percent((value ?? 0) / all) : "-", 4), leaves: 1)
            // All bars are as long as the last one.
            line.add(
                age.1 == .queueAge40 && value ?? 0 > 0 ? "expire next" : String(repeating: " ", count: 11),
                role: .warning, leaves: 3)
            return line
        }
        let ttl = queue.value(.queueTTL).map { " (ttl \(Format.span($0 / 1000)))" } ?? ""
        return Page.Section(title: "AGE OF WAITING MESSAGES" + ttl, lines: lines, least: 4)
    }
}
