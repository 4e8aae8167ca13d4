extension Metric {
    static func rejected(_ reason: String) -> Label {
        Label(family: "rejected_total", key: "reason", value: reason)
    }
    private static func age(_ value: String) -> Label { Label(family: "q_age_messages", key: "seconds", value: value) }

    /// The queues, one for each worker number and one for all clients. For each of them
    /// q_msgs = enqueued - dequeued - expired - dropped.
    static let queue: [Metric] = [
        Metric(.queueClients, "q_clients", .gauge, .queue, "Clients for which messages wait."),
        Metric(
            .queueMessages, "q_msgs", .gauge, .queue,
            "Messages that wait: for absent clients, and for an acknowledgement.",
            advice:
                "It grows while clients stay away: they poll too seldom, or are gone and their messages will expire.",
            threshold: .share(of: .queueLimitMessages, 0.50, 0.90)),
        Metric(
            .queueBytes, "q_bytes", .gauge, .bytes, .queue, "Bytes of the messages that wait.",
            threshold: .share(of: .queueLimitBytes, 0.50, 0.90)),
        Metric(
            .queueOldest, "q_oldest_ms", .gauge, .milliseconds, .queue, "Age of the oldest message that waits.",
            advice: "Near the time to live messages are about to expire undelivered.",
            threshold: .share(of: .queueTTL, 0.75, 0.95)),
        Metric(
            .queueLimitMessages, "q_limit_msgs", .limit, .queue, "Messages that may wait in all: queue.max_messages."),
        Metric(
            .queueLimitBytes, "q_limit_bytes", .limit, .bytes, .queue, "Bytes that may wait in all: queue.max_bytes."),
        Metric(
            .enqueued, "enq_total", .counter, .queue,
            "Messages put into a mailbox: for an absent client, one that acknowledges, given back, or moved here with "
                + "its client."
        ),
        Metric(
            .dequeued, "deq_total", .counter, .queue,
            "Messages that left because they were handed over (acknowledged, where the client does that), replaced or "
                + "not wanted any more, or moved away with their client."
        ),
        Metric(
            .expired, "expired_total", .counter, .queue, "Messages whose time to live was over.",
            advice: "Clients come too late: raise queue.ttl, or look why they don't poll.",
            threshold: .rateShare(of: .publishes, 0.01, 0.10)),
        Metric(
            .droppedFull, "dropped_full_total", .counter, .queue,
            "Messages dropped, the oldest first, because their client had queue.max_per_client already.",
            advice: "A client that never polls gets more than it can fetch.", threshold: .rate(0.1, 10)),
        Metric(.queueAge0, "q_age_0_10", .gauge, .queue, "Waiting messages younger than 10 s.", label: age("0-10")),
        Metric(
            .queueAge10, "q_age_10_20", .gauge, .queue, "Waiting messages from 10 s to 20 s old.", label: age("10-20")),
        Metric(
            .queueAge20, "q_age_20_40", .gauge, .queue, "Waiting messages from 20 s to 40 s old.", label: age("20-40")),
        Metric(.queueAge40, "q_age_40_up", .gauge, .queue, "Waiting messages of 40 s and more.", label: age("40-")),
        Metric(
            .queueTTL, "q_ttl_ms", .limit, .milliseconds, .queue,
            "Time to live of a message that names none: queue.ttl."),
        Metric(
            .queueLimitPerClient, "q_limit_client_msgs", .limit, .queue,
            "Messages that may wait for one client: queue.max_per_client."),
    ]

    static let manager: [Metric] = [
        Metric(.workersConnected, "workers_connected", .gauge, .manager, "Workers linked to the manager."),
        Metric(.appsConnected, "apps_connected", .gauge, .manager, "Connections of apps."),
        Metric(
            .clientsKnown, "clients_known", .gauge, .manager,
            "Clients that the manager has a record of: waiting, between two polls, or with messages."),
        Metric(
            .clientsWaiting, "clients_waiting", .gauge, .manager,
            "Clients that hold a poll, as far as the manager knows."),
        Metric(
            .publishes, "publishes_total", .counter, .manager,
            "Publishes of the right form, also those that were then refused: refused_full_total, journal_refused_total."
        ),
        Metric(
            .publishBytes, "publish_bytes_total", .counter, .bytes, .manager,
            "Bytes of the messages published and taken up."),
        Metric(
            .rejectedJSON, "rejected_json_total", .counter, .manager,
            "Publishes refused: not JSON, or not of the form.", label: rejected("json")),
        Metric(
            .rejectedSize, "rejected_size_total", .counter, .manager,
            "Publishes refused: the message is over queue.max_message.", label: rejected("size")),
        Metric(
            .rejectedAuth, "rejected_auth_total", .counter, .manager, "Requests refused: no key, or a wrong one.",
            advice: "Someone tries keys, or an app was not told the new one.", label: rejected("auth"),
            threshold: .rate(0.1, 10)),
        Metric(
            .rejectedRequest, "rejected_http_total", .counter, .manager,
            "Requests that were not HTTP, or asked for a path that does not exist.", label: rejected("http")),
        Metric(
            .forwarded, "forwarded_total", .counter, .manager, "Publishes whose client's poll was held: sent at once."),
        Metric(.queued, "queued_total", .counter, .manager, "Publishes that had to wait for their client."),
        Metric(
            .refusedFull, "refused_full_total", .counter, .manager, "Publishes refused with 503: the queue was full.",
            advice: "Raise queue.max_messages or max_bytes, or publish less.", label: rejected("full"),
            threshold: .rate(0.1, 10)),
        Metric(
            .handed, "handed_total", .counter, .manager,
            "Messages handed to workers, those that are sent again included."),
        Metric(
            .returned, "returned_total", .counter, .manager, "Messages that workers gave back, their client being gone."
        ),
        Metric(.framesIn, "frames_in_total", .counter, .manager, "Frames that came from workers."),
        Metric(.clientsConnected, "clients_connected_total", .counter, .manager, "Polls announced by workers."),
        Metric(
            .clientsGone, "clients_gone_total", .counter, .manager, "Polls whose connection closed before an answer."),
        Metric(
            .clientsReplaced, "clients_replaced_total", .counter, .manager, "Polls replaced by one on another worker."),
        Metric(
            .gaps, "gaps_total", .counter, .manager, "Answers that told a client that messages before it were lost.",
            advice: "Messages expired, were dropped, or died with a manager: see the ledger of losses.",
            threshold: .rate(0.1, 10)),
        Metric(.linksAccepted, "links_accepted_total", .counter, .manager, "Workers' links accepted."),
        Metric(
            .linksRefused, "links_refused_total", .counter, .manager,
            "Workers' links refused: their number was taken, or the token was wrong."),
        Metric(.linksLost, "links_lost_total", .counter, .manager, "Workers' links that ended."),
        Metric(
            .seedRejected, "seed_rejected_total", .counter, .manager,
            "Messages in the seed's protocol that were malformed."),
        Metric(
            .workerBacklog, "worker_link_backlog_bytes", .gauge, .bytes, .manager,
            "Bytes that wait for workers to read them."),
        Metric(
            .workerBacklogMax, "worker_link_backlog_max_bytes", .maximum, .bytes, .manager,
            "The most that waited for one worker since the last report.",
            advice: "If it is much, a worker can't keep up: look at its CPU and loop lag."),
        Metric(
            .appBacklogMax, "app_backlog_max_bytes", .maximum, .bytes, .manager,
            "The most that waited for one app to read its answers since the last report.",
            advice: "The app stalls. It is cut when too much waits.", threshold: .value(1_048_576, 16_777_216)),
        Metric(.appAccepts, "app_accepts_total", .counter, .manager, "Connections of apps accepted."),
        Metric(.appAcceptErrors, "app_accept_errors_total", .counter, .manager, "accept(2) calls that failed."),
        Metric(
            .linkVersion, "link_version", .gauge, .manager,
            "The newest version of the workers' link that the manager takes."),
        Metric(
            .managerMemory, "client_memory_bytes", .gauge, .bytes, .manager,
            "Memory of the manager's records of clients."),
    ]
}
