import Base
import Stats
import Supervision
import Watch

extension Views {
    static func events(_ context: Context, _ size: Size) -> Page {
        let model = context.model
        let shown = eventRows(model, context.session)
        let at = cursor(shown, context.session)
        var page = Page(
            keys: Frame.keys(
                context,
                [
                    "Enter open", "i fold", "a ack", "A ack all", "L level", "/ filter", "F follow", "J as JSON",
                    "w save",
                ])
        )
        page.header.append(.init(line: showLine(context), from: 0))
        page.header += Frame.wholeAlerts(context, width: size.width, most: max(3, size.height / 4)).map {
            Page.HeaderLine(line: $0, from: 10)
        }
        let wide = size.width >= wideFrom
        let kindWidth = Frame.kindWidth(shown.map(\.event))
        let heading = Line(
            " " + Format.left("TIME", wide ? 23 : 12) + " L WHO " + Format.left("WHAT", kindWidth + 1)
                + (wide ? Format.right("PID", 7) + "  " : "") + "DETAIL", .title)
        let rows = shown.map { row($0, context, width: size.width, kindWidth: kindWidth) }
        page.list = Page.List(
            heading: heading,
            rows: rows.isEmpty
                ? [Line(context.session.filter.isEmpty ? "nothing happened yet" : "no event matches the filter", .dim)]
                : rows,
            keys: shown.map(\.key), cursor: at)
        if let at {
            let event = shown[at].event
            page.sections.append(.init(title: "DETAIL", lines: detail(event, context, width: size.width), least: 2))
        }
        return page
    }
    /// Which events are shown, how many there are of each severity, and how many nobody has acknowledged.
    private static func showLine(_ context: Context) -> Line {
        let model = context.model
        var line = Line(" SHOW", .title)
        line.add(context.session.eventLevel == .info ? "all" : context.session.eventLevel.rawValue + " and worse")
        for severity in Severity.allCases.reversed() {
            let count = model.events.count { $0.severity == severity }
            if count > 0 { line.add("\(severity.letter) \(count)", role: severity.role, leaves: 2) }
        }
        let open = model.events.count { !context.session.isAcknowledged($0) }
        line.add("unacknowledged \(open)", role: open > 0 ? .warning : .normal, leaves: 1, gap: 4)
        line.add("newest at the top", role: .dim, leaves: 3, gap: 4)
        return line
    }
    private static func row(_ row: EventRow, _ context: Context, width: Int, kindWidth: Int) -> Line {
        let wide = width >= wideFrom
        guard case .event(let event, let isPart) = row else {
            guard case .incident(let incident, let isUnfolded) = row else { return Line() }
            return Frame.incident(incident, context, mark: isUnfolded ? "- " : "+ ", width: width)
        }
        var line = Line(
            (isPart ? " " : "") + (wide ? UTC.date(event.time) + " " : "") + UTC.clock(event.time, milliseconds: true),
            .dim)
        line.add(event.severity.letter, role: event.severity.role, gap: 1)
        line.add(event.who.leftAligned(3), gap: 1)
        line.add(Format.left(event.kind, kindWidth), role: event.severity.role, gap: 1)
        if wide { line.add(Format.right(event.pid.map { "\($0)" } ?? "-", 7), role: .dim, gap: 1) }
        let isOpen = !context.session.isAcknowledged(event)
        line.add(
            context.capabilities.clean(event.text), role: isOpen ? event.severity.role : .normal, gap: wide ? 2 : 1)
        if isOpen { line.addRight("*", role: .warning, leaves: 1, gap: 1) }
        return line
    }
    /// The whole text of an event, however long, and the facts about its process.
    private static func detail(_ event: Event, _ context: Context, width: Int) -> [Line] {
        if context.session.showsEventJSON {
            return Paragraph.lines(event.json, width: width - 2).map { Line(" " + context.capabilities.clean($0)) }
        }
        var lines = [
            Line(
                " \(UTC.date(event.time)) \(UTC.clock(event.time, milliseconds: true)) UTC  \(event.who) "
                    + "\(event.kind)"
                    + (event.pid.map { "  pid \($0)" } ?? ""))
        ]
        lines += Paragraph.lines(context.capabilities.clean(event.text), width: width - 2).prefix(3).map {
            Line(" " + $0)
        }
        if let id = event.process, let process = context.model.processes[id] {
            let state = process.state(context.now)
            lines.append(
                Line(
                    " \(event.who) now: \(state.text), pid \(process.pid > 0 ? "\(process.pid)" : "-"), conns "
                        + "\(process.gauge(.connsOpen, context.now).text(Format.grouped)), last exit "
                        + "\(context.capabilities.clean(context.model.lastExit(process)))",
                    .dim))
        }
        return lines
    }
}
