extension Metric {
    private static func outcome(_ name: String) -> Label {
        Label(family: "outcomes_total", key: "outcome", value: name)
    }
    private static func event(_ name: String) -> Label { Label(family: "events_total", key: "event", value: name) }

    /// Outcomes of messages, and the events about them.
    static let events: [Metric] = [
        Metric(
            .outcomeAcknowledged, "acknowledged_total", .counter, .manager,
            "Messages of clients' own logs that their client acknowledged.", label: outcome("acknowledged")),
        Metric(
            .outcomeHanded, "handed_for_good_total", .counter, .manager,
            "Messages that went to a client which acknowledges nothing. One that came back and went again counts "
                + "twice.",
            label: outcome("handed")),
        Metric(
            .outcomeReplaced, "replaced_total", .counter, .manager,
            "Messages that a newer one replaced, as its publish wanted by `latest`.", label: outcome("replaced")),
        Metric(
            .outcomeEnded, "unsubscribed_total", .counter, .manager,
            "Entries of history that were not wanted any more: their client was unsubscribed.",
            label: outcome("unsubscribed")),
        Metric(
            .eventsDelivered, "events_delivered_total", .counter, .manager,
            "Messages with a receipt that were written to their client's connection.", label: event("delivered")),
        Metric(
            .eventsAcknowledged, "events_acknowledged_total", .counter, .manager,
            "Messages with a receipt that their client acknowledged.", label: event("acknowledged")),
        Metric(
            .eventsExpired, "events_expired_total", .counter, .manager,
            "Messages with a receipt whose time to live was over.", label: event("expired")),
        Metric(
            .eventsDropped, "events_dropped_total", .counter, .manager,
            "Messages with a receipt that were dropped by a bound.", label: event("dropped")),
        Metric(
            .eventsReplaced, "events_replaced_total", .counter, .manager,
            "Messages with a receipt that a newer one replaced.", label: event("replaced")),
        Metric(
            .eventsHanded, "events_handed_total", .counter, .manager,
            "Messages with a receipt that ended at a client which acknowledges nothing.", label: event("handed")),
        Metric(
            .eventsDone, "events_done_total", .counter, .manager,
            "Messages with a receipt to a channel, a user or everyone that ended.", label: event("done")),
        Metric(
            .eventsConnected, "events_connected_total", .counter, .manager,
            "Events that a client came (app.events).", label: event("connected")),
        Metric(
            .eventsAbsent, "events_absent_total", .counter, .manager,
            "Events that a client went away (app.events).", label: event("absent")),
        Metric(
            .eventsSubscribed, "events_subscribed_total", .counter, .manager,
            "Events of subscriptions (app.events).", label: event("subscribed")),
        Metric(
            .eventsUnsubscribed, "events_unsubscribed_total", .counter, .manager,
            "Events of ends of subscriptions (app.events).", label: event("unsubscribed")),
        Metric(.events, "events_kept", .gauge, .manager, "Events that are kept for apps."),
        Metric(.eventBytes, "events_kept_bytes", .gauge, .bytes, .manager, "Bytes of the events that are kept."),
        Metric(
            .eventsLost, "events_lost_total", .counter, .manager, "Events that could not be kept: no memory.",
            advice: "Apps that read events have a gap. Give the journal more room (queue.max_bytes), or memory.",
            threshold: .rate(0.01, .infinity)),
        Metric(
            .receipts, "receipts", .gauge, .manager,
            "Receipts that are open beside those of messages in clients' own logs."),
        Metric(
            .answersHeld, "answers_held", .gauge, .manager,
            "Requests of apps whose answer is held (wait), for events or for the end of a message."),
        Metric(.eventStreams, "event_streams", .gauge, .manager, "Connections on which apps read events."),
    ]
}
