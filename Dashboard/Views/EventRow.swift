import Base
package import Stats
package import Supervision
package import Watch

/// A row of the events' screen.
package enum EventRow {
    case event(Event, isPart: Bool)
    case incident(Incident, isUnfolded: Bool)

    package var key: RowKey {
        switch self {
        case .event(let event, _): .event(event.key)
        case .incident(let incident, _): .incident(incident.key)
        }
    }
    package var process: ProcessName? {
        switch self {
        case .event(let event, _): event.process
        case .incident(let incident, _): incident.process
        }
    }
    /// The event, or the first one of an incident.
    var event: Event {
        switch self {
        case .event(let event, _): event
        case .incident(let incident, _): incident.events[0]
        }
    }
}

extension Views {
    /// The events that the level and the filter let through.
    static func passing(_ model: Model, _ session: Session) -> [Event] {
        model.events.filter { event in
            event.severity >= session.eventLevel
                && (session.filter.isEmpty
                    || session.filter.matches(text: "\(event.who) \(event.kind) \(event.text)") { name in
                        switch name {
                        case "who", "id": (event.who, nil)
                        case "what", "kind": (event.kind, nil)
                        case "level": (event.severity.rawValue, nil)
                        default: nil
                        }
                    })
        }
    }
    /// The rows, newest first: incidents, the events of those that are unfolded, and single events. With a filter there
    /// are events alone, since an incident would hide which of its events matches.
    package static func eventRows(_ model: Model, _ session: Session) -> [EventRow] {
        let events = passing(model, session)
        guard session.foldsEvents, session.filter.isEmpty else {
            return events.reversed().map { .event($0, isPart: false) }
        }
        return Happening.fold(events).reversed().flatMap { happening -> [EventRow] in
            switch happening {
            case .event(let event): return [.event(event, isPart: false)]
            case .incident(let incident):
                let isUnfolded = session.unfolded.contains(incident.key)
                let parts: [EventRow] = incident.events.reversed().map { .event($0, isPart: true) }
                return [.incident(incident, isUnfolded: isUnfolded)] + (isUnfolded ? parts : [])
            }
        }
    }
    package static func cursor(_ rows: [EventRow], _ session: Session) -> Int? {
        guard !rows.isEmpty else { return nil }
        return session.cursor.flatMap { key in rows.firstIndex { $0.key == key } } ?? 0
    }
}

extension Frame {
    /// An incident in a line: `08:29:43 w2  84s crash loop, signal 11 (SIGSEGV) x5, ..`.
    static func incident(_ incident: Incident, _ context: Context, mark: String = "", width: Int) -> Line {
        let wall = context.model.wall
        let isOpen = incident.end == nil
        let span = Format.span(incident.seconds(wall: wall)) + (isOpen ? ".." : "")
        let role = incident.severity.role
        var line = Line(UTC.clock(incident.begin), .dim)
        line.add(Format.left(incident.who, 3), gap: 1)
        line.add(Format.left(span, 9), role: isOpen ? role : .dim, gap: 1)
        let text = context.capabilities.clean(mark + incident.text)
        line.add(Format.cut(text, width - 23), role: role, gap: 1)
        return line
    }
    /// What happened last, newest first, in so many lines. Calm events are left out while something is wrong, and those
    /// of long ago anyway: screen 5 has them.
    static func happenings(_ context: Context, most: Int, width: Int) -> [Line] {
        let isWrong = context.model.verdict != .ok
        // Folding costs a pass over the events: the newest are enough.
        let all = Happening.fold(context.model.events.suffix(300)).filter {
            $0.severity > .info || !isWrong && $0.begin + 600_000 > context.model.wall
        }
        let shown = all.suffix(most).reversed()
        let kindWidth = Frame.kindWidth(shown.compactMap { if case .event(let event) = $0 { event } else { nil } })
        return shown.map { happening in
            switch happening {
            case .event(let event): Frame.event(event, context, width: width, kindWidth: kindWidth)
            case .incident(let incident): Frame.incident(incident, context, width: width)
            }
        }
    }
}
