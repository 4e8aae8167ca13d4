import Base
import Stats
import Supervision
import Wire

extension Event {
    /// Its words are one line, that no terminal obeys: they also hold what a configuration file, a path or a daemon
    /// said, and a program before this one may have kept them as they came.
    var plain: Event {
        var event = self
        event.kind = plainText(kind, most: 40)
        event.text = plainText(text, most: Limits.eventBytes)
        return event
    }
}

/// The last thousand events, for `megacomet events` and the dashboard. The oldest goes when a new one comes.
final class EventRing {
    private static let kept = 1000
    private(set) var events: [Event] = []
    private var count: UInt64 = 0
    /// Each is told of what is added from now on.
    private var followers: [Int: (Event) -> Void] = [:]
    private var nextFollower = 0

    /// Those of the supervisor before this one; the numbers go on from there.
    func takeUp(_ earlier: [Event]) {
        events = earlier.suffix(EventRing.kept)
        count = events.last?.number ?? 0
    }
    @discardableResult
    func add(_ event: Event) -> Event {
        count &+= 1
        var recorded = event
        recorded.number = count
        recorded.time = UInt64(WallClock.milliseconds)
        recorded.at = WallClock.text(Int64(recorded.time))
        events.append(recorded)
        if events.count > EventRing.kept + 100 { events.removeFirst(events.count - EventRing.kept) }
        for follower in followers.values { follower(recorded) }
        return recorded
    }
    var newest: ArraySlice<Event> { events.suffix(EventRing.kept) }
    func follow(_ told: @escaping (Event) -> Void) -> Int {
        nextFollower += 1
        followers[nextFollower] = told
        return nextFollower
    }
    func unfollow(_ follower: Int) { followers[follower] = nil }
}

/// The last 200 lines of each process, over its copies: what it said before it died.
struct OutputLines {
    private static let kept = 200
    private(set) var lines: [OutputLine] = []

    mutating func add(_ text: String, pid: Int32) {
        add(OutputLine(time: UInt64(WallClock.milliseconds), pid: pid, text: text))
    }
    mutating func add(_ line: OutputLine) {
        lines.append(line)
        if lines.count > OutputLines.kept + 50 { lines.removeFirst(lines.count - OutputLines.kept) }
    }
    var newest: ArraySlice<OutputLine> { lines.suffix(OutputLines.kept) }
}
