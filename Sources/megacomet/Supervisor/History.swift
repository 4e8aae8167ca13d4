import Supervision

/// An event as it is kept and shown.
struct RecordedEvent {
    let number: UInt64
    /// Milliseconds since 1970.
    let time: Int64
    let event: FleetEvent

    var json: String {
        var text = "{\"number\":\(number),\"time\":\(time),\"at\":\"\(WallClock.text(time))\",\"severity\":\"\(event.severity.rawValue)\""
        text += ",\"name\":" + (event.name.map { "\"\($0)\"" } ?? "null")
        if let pid = event.pid { text += ",\"pid\":\(pid)" }
        if let generation = event.generation { text += ",\"generation\":\(generation)" }
        return text + ",\"kind\":\"\(event.kind)\",\"text\":\(jsonText(event.text))}"
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

    func add(_ event: FleetEvent) {
        count += 1
        let recorded = RecordedEvent(number: count, time: WallClock.milliseconds, event: event)
        events.append(recorded)
        if events.count > EventRing.kept + 100 { events.removeFirst(events.count - EventRing.kept) }
        for follower in followers.values { follower(recorded) }
    }
    func follow(_ told: @escaping (RecordedEvent) -> Void) -> Int {
        nextFollower += 1
        followers[nextFollower] = told
        return nextFollower
    }
    func unfollow(_ follower: Int) { followers[follower] = nil }
}

/// The last 200 lines of each process, over its copies: what it said before it died.
struct OutputLines {
    private static let kept = 200
    private(set) var lines: [(time: Int64, pid: Int32, text: String)] = []

    mutating func add(_ text: String, pid: Int32) {
        lines.append((WallClock.milliseconds, pid, text))
        if lines.count > OutputLines.kept + 50 { lines.removeFirst(lines.count - OutputLines.kept) }
    }
    var newest: ArraySlice<(time: Int64, pid: Int32, text: String)> { lines.suffix(OutputLines.kept) }
}
