import Base
package import Stats
package import Supervision

/// Events of one cause, folded into one line: the crash of a process with its restarts, a rolling restart, an alert
/// from its rise to its end, the start of the appliance.
package struct Incident: Equatable, Sendable {
    package enum Cause: Hashable, Sendable {
        case process(ProcessName)
        case rolling, start
        /// An alert of the whole, by its words.
        case alert(String)
    }
    package let cause: Cause
    /// The events, the oldest first.
    package private(set) var events: [Event]
    /// Milliseconds since 1970. `nil` while it goes on.
    package private(set) var end: UInt64?

    package var begin: UInt64 { events[0].time }
    package var severity: Severity { events.map(\.severity).max() ?? .info }
    /// A key that tells it from all others.
    package var key: UInt64 { events[0].key }
    package var process: ProcessName? { if case .process(let id) = cause { id } else { nil } }
    package var who: String { process?.short ?? "cmt" }

    /// Seconds from its beginning to its end, or to now.
    package func seconds(wall: UInt64) -> Double {
        let last = max(end ?? wall, begin)
        return Double(last - begin) / 1000
    }

    fileprivate init(_ cause: Cause, _ event: Event) {
        self.cause = cause
        events = [event]
    }
    /// An event that comes so long after its end still belongs to it.
    fileprivate static let restMilliseconds: UInt64 = 60_000
    /// A start that does not end takes no longer than this, since the list may begin in the middle of one.
    private static let startMilliseconds: UInt64 = 60_000
    private static let linksMilliseconds: UInt64 = 2000
    fileprivate func takes(_ event: Event) -> Bool {
        if cause == .start {
            // The links of the workers come right behind.
            return event.time <= end.map { $0 + Incident.linksMilliseconds } ?? begin + Incident.startMilliseconds
        }
        return end.map { event.time <= $0 + Incident.restMilliseconds } ?? true
    }
    fileprivate mutating func append(_ event: Event) {
        events.append(event)
        if event.severity >= .warning, !Incident.isRemark(event) { end = nil }
        if Incident.isEnd(event, cause) || isOnlyAlerts && event.kind == "ALERT_OVER" { end = event.time }
    }
    /// It says something of what happened before, and may come when the process is back already.
    private static func isRemark(_ event: Event) -> Bool {
        ["ALERT", "ALERT_OVER", "COST", "CRASH_REPORT"].contains(event.kind)
    }
    private var isOnlyAlerts: Bool { events.allSatisfy(Incident.isRemark) }
    private static func isEnd(_ event: Event, _ cause: Cause) -> Bool {
        switch cause {
        case .process: ["READY", "RECOVERED", "LINKED"].contains(event.kind)
        case .rolling: event.kind == "ROLLING_FAILED" || event.kind == "ROLLING" && event.text.hasPrefix("complete")
        case .start: event.kind == "READY" && event.process == nil
        case .alert: event.kind == "ALERT_OVER"
        }
    }

    /// The story of it in a line, with its cost.
    package var text: String {
        switch cause {
        case .start: return "started" + (end == nil ? ", not ready yet" : "")
        case .rolling:
            let last = events.last { $0.kind.hasPrefix("ROLLING") }
            return last.map {
                ($0.kind == "ROLLING_FAILED" ? "rolling restart FAILED: " : "rolling restart: ") + $0.text
            }
                ?? "rolling restart"
        case .alert:
            // The text of the end has the last figures.
            let last = events.last { $0.kind == "ALERT" || $0.kind == "ALERT_OVER" }?.text ?? ""
            return last.hasPrefix("after ") ? String(last.drop { $0 != ":" }.dropFirst(2)) : last
        case .process: return processText
        }
    }
    private var processText: String {
        var parts: [String] = []
        var exits: [(how: String, count: Int)] = []
        for event in events where event.kind == "EXIT" && event.severity >= .error {
            let how = event.text.firstRange(of: " after ").map { String(event.text[..<$0.lowerBound]) } ?? event.text
            if exits.last?.how == how { exits[exits.count - 1].count += 1 } else { exits.append((how, 1)) }
        }
        let kinds = Set(events.map(\.kind))
        for (kind, words) in Incident.words where kinds.contains(kind) { parts.append(words) }
        parts += exits.map { $0.how + ($0.count > 1 ? " x\($0.count)" : "") }
        if parts.isEmpty { parts.append("\(events[0].kind): \(events[0].text)") }
        parts += events.filter { $0.kind == "COST" }.map(\.text)
        parts += events.filter { $0.kind == "ALERT" && $0.text.contains(AlertKind.died.what) }.map(\.text)
        if end == nil { parts.append("not back yet") }
        return parts.joined(separator: ", ")
    }
    private static let words = [
        ("CRASHLOOP", "crash loop"), ("HELD", "held"), ("HANG", "silent and aborted"), ("STARVED", "starved"),
        ("NOT_READY", "not ready in time"), ("NO_LINK", "no link to the manager"),
    ]
}

/// A line of the list of events: one event, or several of one cause.
package enum Happening: Equatable, Sendable {
    case event(Event)
    case incident(Incident)

    package var begin: UInt64 {
        switch self {
        case .event(let event): event.time
        case .incident(let incident): incident.begin
        }
    }
    package var severity: Severity {
        switch self {
        case .event(let event): event.severity
        case .incident(let incident): incident.severity
        }
    }

    /// Folds events, the oldest first, into incidents. The order of the result is by the beginnings.
    package static func fold(_ events: some Sequence<Event>) -> [Happening] {
        var folder = Folder()
        for event in events { folder.take(event) }
        return folder.result.map {
            if case .incident(let incident) = $0, incident.events.count == 1 { .event(incident.events[0]) } else { $0 }
        }
    }
}

private struct Folder {
    var result: [Happening] = []
    /// The place of each cause's newest incident.
    private var places: [Incident.Cause: Int] = [:]

    /// The appliance has become ready, and nobody has ended it since.
    private var isUp = false

    mutating func take(_ event: Event) {
        defer { if event.process == nil, ["READY", "SHUTDOWN"].contains(event.kind) { isUp = event.kind == "READY" } }
        for cause in causes(event) {
            guard let place = places[cause], case .incident(var incident) = result[place], incident.takes(event) else {
                continue
            }
            incident.append(event)
            result[place] = .incident(incident)
            return
        }
        if let cause = begun(event) {
            places[cause] = result.count
            result.append(.incident(Incident(cause, event)))
        } else {
            result.append(.event(event))
        }
    }
    /// The incidents that the event may belong to, if they are under way.
    private func causes(_ event: Event) -> [Incident.Cause] {
        guard let process = event.process else {
            switch event.kind {
            case "ALERT", "ALERT_OVER": return [.alert(Folder.words(event))]
            case "ROLLING": return [.rolling]
            case "READY": return [.start]
            default: return []
            }
        }
        var causes: [Incident.Cause] = []
        let isCalm = event.severity == .info
        if process.isWorker, isUnderWay(.rolling, event),
            isCalm || event.kind == "ROLLING_FAILED" || event.kind == "EXIT"
        {
            causes.append(.rolling)
        }
        if isCalm, isUnderWay(.start, event) { causes.append(.start) }
        // The workers' links end and come back with the manager.
        if process.isWorker, Folder.ofLinks.contains(event.kind) { causes.append(.process(.manager)) }
        causes.append(.process(process))
        return causes
    }
    private static let ofLinks: Set = ["LINKED", "UNLINKED"]
    private func isUnderWay(_ cause: Incident.Cause, _ event: Event) -> Bool {
        guard let place = places[cause], case .incident(let incident) = result[place] else { return false }
        return (incident.end == nil || cause == .start) && incident.takes(event)
    }
    /// The cause of the incident that begins with this event. `nil` if none does.
    private func begun(_ event: Event) -> Incident.Cause? {
        guard let process = event.process else {
            switch event.kind {
            case "ALERT": return .alert(Folder.words(event))
            case "ROLLING" where !event.text.hasPrefix("complete"): return .rolling
            default: return nil
            }
        }
        if event.kind == "ROLLING" { return .rolling }
        if event.kind == "UNLINKED" { return .process(.manager) }
        if event.kind == "START", process == .manager, !isUp { return .start }
        return event.severity >= .warning && event.kind != "COST" ? .process(process) : nil
    }
    /// The words of an alert before its figures.
    private static func words(_ event: Event) -> String {
        var text = event.text[...]
        if event.kind == "ALERT_OVER", let begin = text.firstRange(of: ": ") { text = text[begin.upperBound...] }
        return String(text.prefix { $0 != ":" })
    }
}
