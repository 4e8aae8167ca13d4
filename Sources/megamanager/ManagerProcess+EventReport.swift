import Comet
import Publishing
import Stats

// Outcomes of messages and counts of events, in the manager's report.
extension ManagerProcess {
    private static let events: [(kind: EventKind, id: MetricID)] = [
        (.delivered, .eventsDelivered), (.acknowledged, .eventsAcknowledged), (.expired, .eventsExpired),
        (.dropped, .eventsDropped), (.replaced, .eventsReplaced), (.handed, .eventsHanded), (.done, .eventsDone),
        (.connected, .eventsConnected), (.absent, .eventsAbsent), (.subscribed, .eventsSubscribed),
        (.unsubscribed, .eventsUnsubscribed),
    ]

    func fillEvents(_ report: inout StatsWriter) {
        let (outcomes, counts) = (switchboard.outcomes, switchboard.eventCounts)
        report.set(.outcomeAcknowledged, outcomes.acknowledged)
        report.set(.outcomeHanded, outcomes.handed)
        report.set(.outcomeReplaced, outcomes.replaced)
        report.set(.outcomeEnded, outcomes.ended)
        for row in ManagerProcess.events { report.set(row.id, counts[row.kind]) }
        report.set(.events, switchboard.eventCount)
        report.set(.eventBytes, switchboard.eventBytes)
        report.set(.eventsLost, counts.lost)
        report.set(.receipts, switchboard.receiptCount)
        report.set(.answersHeld, port.heldCount)
        report.set(.eventStreams, port.streamCount)
    }
}
