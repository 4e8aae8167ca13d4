package import Stats

// The outcomes of messages that left clients' queues, and the events about them.
extension Totals {
    /// A value of the manager's own report.
    package func ofManager(_ id: MetricID) -> Quantity { manager?.gauge(id, now) ?? Quantity(nil, .old) }

    private static let outcomes: [MetricID] = [.outcomeAcknowledged, .outcomeHanded, .outcomeReplaced, .outcomeEnded]

    /// Messages that were handed to a client that acknowledges nothing, and were never queued. They are counted as
    /// handed. Without them the outcomes are as many as the messages that went out of the queue. Unknown if a part of
    /// the report was lost, so that more went out than has ended.
    package var neverQueued: Quantity {
        let ended = Totals.outcomes.reduce(.absent) { $0 + ofManager($1) }
        guard ended.freshness != .absent else { return .absent }
        guard let sum = ended.value, let out = model.queue.value(.dequeued), sum >= out else {
            return Quantity(nil, ended.freshness)
        }
        return Quantity(sum - out, ended.freshness)
    }

    /// Events of all kinds.
    private static let events: [MetricID] = [
        .eventsDelivered, .eventsAcknowledged, .eventsExpired, .eventsDropped, .eventsReplaced, .eventsHanded,
        .eventsDone, .eventsConnected, .eventsAbsent, .eventsSubscribed, .eventsUnsubscribed,
    ]
    package func events(seconds: Double) -> Quantity {
        Totals.events.reduce(.absent) { $0 + manager($1, seconds: seconds) }
    }
    /// An app reads events, or has asked to be told of a message.
    package var hasEvents: Bool {
        (Totals.events + [.events, .receipts, .answersHeld, .eventStreams]).contains { ofManager($0).value ?? 0 > 0 }
    }
    /// There are channels, or something of channels is left.
    package var hasChannels: Bool {
        [.channels, .subscriptions, .channelMessages].contains { ofManager($0).value ?? 0 > 0 }
            || manager?.channelImbalance ?? 0 != 0
    }
}
