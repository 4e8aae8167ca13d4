import Base
import Reactor
import Stats
import Supervision
import Wire

/// All events. Each event is told here once. From here it goes to the log, to the history for the next supervisor, to
/// operators that follow the events, and to the viewers of the hub.
final class EventLog {
    private static let kept = 1000
    private let log: LogWriter
    private let history: KeptHistory
    private var events: [Event] = []
    private var count: UInt64 = 0
    /// Each follower is told of the events from now on.
    private var followers: [Int: (Event) -> Void] = [:]
    private var nextFollower = 0
    /// Passes an event on to the viewers of the stats channel.
    var relay: (Event) -> Void = { _ in }

    init(_ log: LogWriter, _ history: KeptHistory) {
        self.log = log
        self.history = history
    }

    /// Takes up the events of the supervisor before this one. The numbers go on from there.
    func takeUp(_ earlier: [Event]) {
        events = earlier.suffix(EventLog.kept)
        count = events.last?.number ?? 0
    }
    func tell(_ event: Event) { relay(record(event)) }
    func tell(_ severity: Severity, _ kind: OperatorEvent, _ text: String) { tell(Event(severity, nil, kind, text)) }
    /// A daemon's own event came over the stats channel. The viewers have it already.
    func heard(_ event: Event) { _ = record(event) }

    private func record(_ event: Event) -> Event {
        var recorded = event.plain
        log.write(recorded)
        count &+= 1
        recorded.number = count
        recorded.time = Clock.wallMilliseconds
        recorded.at = UTC.text(Int64(recorded.time))
        events.append(recorded)
        if events.count > EventLog.kept + 100 { events.removeFirst(events.count - EventLog.kept) }
        for follower in followers.values { follower(recorded) }
        history.add(recorded)
        return recorded
    }

    /// The last thousand events, the oldest first. When a new one comes, the oldest one goes.
    var newest: ArraySlice<Event> { events.suffix(EventLog.kept) }
    var newestNumber: UInt64 { events.last?.number ?? 0 }
    func follow(_ told: @escaping (Event) -> Void) -> Int {
        nextFollower += 1
        followers[nextFollower] = told
        return nextFollower
    }
    func unfollow(_ follower: Int) { followers[follower] = nil }
}

extension Event {
    /// The event with words that are one line and that no terminal obeys. They may come from a configuration file, a
    /// path or a daemon, and a program before this one may have kept them unchanged.
    var plain: Event {
        var event = self
        event.kind = plainText(kind, most: 40)
        event.text = plainText(text, most: Limits.eventBytes)
        return event
    }
}
