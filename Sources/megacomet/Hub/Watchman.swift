import Reactor
import Stats
import Supervision
import Watch

/// The keeper of the one list of alerts: it hands all reports and events to the watcher, and tells its changes as
/// events.
final class Watchman {
    private var watcher: Watcher
    private let events: EventLog
    private unowned let owner: any HubOwner

    init(_ events: EventLog, _ owner: any HubOwner, losses: LossesAnswer?, policy: Model.Server.Policy) {
        watcher = Watcher(losses: losses, policy: policy)
        self.events = events
        self.owner = owner
    }

    var alerts: [Alert] { watcher.alerts }
    var losses: LossesAnswer { watcher.losses }
    func set(_ policy: Model.Server.Policy) { watcher.set(policy) }
    func acknowledge(_ key: String?, by who: String) -> Int { watcher.acknowledge(key, by: who) }

    func take(_ source: StatsSource, lost: UInt64) {
        watcher.take(Report(source, lost: lost), wall: Clock.wallMilliseconds)
    }
    func take(_ event: Event) {
        // Its own events are no news to it.
        guard event.kind != Watchman.rise.rawValue, event.kind != Watchman.fall.rawValue else { return }
        guard let cost = watcher.take(event, wall: Clock.wallMilliseconds) else { return }
        events.tell(Event(.warning, event.process, .cost, cost, generation: event.generation))
    }
    private static let rise = OperatorEvent.alert
    private static let fall = OperatorEvent.alertOver

    /// Called once a second.
    func tick() {
        let wall = Clock.wallMilliseconds
        watcher.take(owner.table)
        for change in watcher.tick(now: Clock.monotonicNanoseconds, wall: wall) {
            switch change {
            case .rose(let alert), .worsened(let alert):
                tell(alert, alert.isCritical ? .critical : .warning, Watchman.rise, alert.sentence)
            case .fell(let alert):
                let over = alert.over ?? wall
                let time = Format.span(Double(over - min(over, alert.since)) / 1000)
                tell(alert, .info, Watchman.fall, "after \(time): \(alert.sentence)")
            }
        }
        owner.counted(watcher.losses)
    }
    private func tell(_ alert: Alert, _ severity: Severity, _ kind: OperatorEvent, _ text: String) {
        events.tell(Event(severity, alert.process, kind, text))
    }
}
