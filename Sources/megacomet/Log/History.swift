import Base
import Supervision
import Wire

/// An event as it is kept, shown, and handed to the next supervisor.
struct RecordedEvent: Codable {
    let number: UInt64
    /// Milliseconds since 1970.
    let time: Int64
    /// The same for people.
    let at: String
    let severity: String
    let name: String?
    let pid: Int32?
    let generation: Int?
    var kind: String
    var text: String

    init(number: UInt64, time: Int64, _ event: FleetEvent) {
        self.number = number
        self.time = time
        at = WallClock.text(time)
        severity = event.severity.rawValue
        name = event.name?.description
        pid = event.pid
        generation = event.generation
        kind = event.kind
        text = event.text
    }

    /// As of a program before this one, that may have kept it as it came.
    var plain: RecordedEvent {
        var event = self
        event.kind = plainText(kind, most: 40)
        event.text = plainText(text, most: Limits.eventBytes)
        return event
    }

    var json: String {
        var line = "{\"number\":\(number),\"time\":\(time),\"at\":\"\(at)\",\"severity\":\"\(severity)\""
        line += ",\"name\":" + (name.map { "\"\($0)\"" } ?? "null")
        if let pid { line += ",\"pid\":\(pid)" }
        if let generation { line += ",\"generation\":\(generation)" }
        return line + ",\"kind\":\"\(kind)\",\"text\":\(jsonText(text))}"
    }
}

extension FleetEvent {
    /// Its words are one line, that no terminal obeys: they also hold what a configuration file, a path or a daemon
    /// said.
    var plain: FleetEvent {
        var event = self
        event.kind = plainText(kind, most: 40)
        event.text = plainText(text, most: Limits.eventBytes)
        return event
    }
}

/// The last thousand events, for `megacomet events` and the dashboard. The oldest goes when a new one comes.
final class EventRing {
    private static let kept = 1000
    private(set) var events: [RecordedEvent] = []
    private var count: UInt64 = 0
    /// Each is told of what is added from now on.
    private var followers: [Int: (RecordedEvent) -> Void] = [:]
    private var nextFollower = 0

    /// Those of the supervisor before this one; the numbers go on from there.
    func takeUp(_ earlier: [RecordedEvent]) {
        events = earlier.suffix(EventRing.kept)
        count = events.last?.number ?? 0
    }
    @discardableResult
    func add(_ event: FleetEvent) -> RecordedEvent {
        count &+= 1
        let recorded = RecordedEvent(number: count, time: WallClock.milliseconds, event)
        events.append(recorded)
        if events.count > EventRing.kept + 100 { events.removeFirst(events.count - EventRing.kept) }
        for follower in followers.values { follower(recorded) }
        return recorded
    }
    var newest: ArraySlice<RecordedEvent> { events.suffix(EventRing.kept) }
    func follow(_ told: @escaping (RecordedEvent) -> Void) -> Int {
        nextFollower += 1
        followers[nextFollower] = told
        return nextFollower
    }
    func unfollow(_ follower: Int) { followers[follower] = nil }
}

/// The last 200 lines of each process, over its copies: what it said before it died.
struct OutputLines {
    struct Line: Codable {
        var time: Int64
        var pid: Int32
        var text: String
    }
    private static let kept = 200
    private(set) var lines: [Line] = []

    mutating func add(_ text: String, pid: Int32) { add(Line(time: WallClock.milliseconds, pid: pid, text: text)) }
    mutating func add(_ line: Line) {
        lines.append(line)
        if lines.count > OutputLines.kept + 50 { lines.removeFirst(lines.count - OutputLines.kept) }
    }
    var newest: ArraySlice<Line> { lines.suffix(OutputLines.kept) }
}
