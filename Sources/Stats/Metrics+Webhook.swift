extension Metric {
    /// The webhook: whether the app takes the events that are posted to it.
    static let webhook: [Metric] = [
        Metric(
            .webhookLinked, "link_up", .gauge, .truth, .webhook, "Whether the webhook reads events from the manager.",
            advice: "While it does not, the manager keeps the events, up to its bounds."),
        Metric(.webhookRequests, "requests_total", .counter, .webhook, "Requests that were begun, with repetitions."),
        Metric(.webhookEvents, "events_posted_total", .counter, .webhook, "Events that the app has taken."),
        Metric(
            .webhookFailures, "failures_total", .counter, .webhook,
            "Requests that the app did not answer with 2xx. The same events are posted again.",
            advice: "The event WEBHOOK says why. The log of the app may say more."),
        Metric(
            .webhookGaps, "gaps_total", .counter, .webhook,
            "Times that events were gone before they could be posted: the app did not take them for too long.",
            advice: "The app is told of it, and must look at its own state.", threshold: .rate(0.001, .infinity)),
        Metric(
            .webhookWaiting, "events_waiting", .gauge, .webhook,
            "Events that were read from the manager and that the app has not taken: one batch. More wait in the "
                + "manager."),
        Metric(
            .webhookStatus, "last_status", .gauge, .code, .webhook,
            "HTTP status of the last answer. 0: there was none."),
        Metric(
            .webhookSuccessAge, "success_age_ms", .gauge, .milliseconds, .webhook,
            "Time since the app last took a batch, or since the start."),
        Metric(
            .webhookFailing, "failing_ms", .gauge, .milliseconds, .webhook,
            "How long the app has not taken the batch that waits. 0 if all is well.",
            advice: "Nothing is lost until the manager's bound for events is reached.",
            threshold: .value(10_000, 300_000)),
        Metric(
            .webhookLatency, "request_us_total", .counter, .microseconds, .webhook,
            "Time of all requests that were answered. Divided by their number it is the mean."),
        Metric(
            .webhookLatencyMax, "request_max_us", .maximum, .microseconds, .webhook,
            "Longest time of a request that was answered."),
    ]
}
