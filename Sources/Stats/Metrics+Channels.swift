// The manager's channels, and the memory or the files that keep its queue.
extension Metric {
    static let channels: [Metric] = [
        Metric(.channels, "channels", .gauge, .manager, "Channels that have subscribers or messages."),
        Metric(.subscriptions, "subscriptions", .gauge, .manager, "Subscriptions of clients to channels."),
        Metric(
            .channelMessages, "channel_messages", .gauge, .manager,
            "Messages kept for channels, users and everyone, each stored once."),
        Metric(
            .channelBytes, "channel_bytes", .gauge, .bytes, .manager, "Bytes of the messages kept for channels."),
        Metric(
            .channelEnqueued, "channel_enqueued_total", .counter, .manager,
            "Messages that were put into the logs of channels, users and everyone."),
        Metric(
            .channelOver, "channel_over_total", .counter, .manager,
            "Messages of channels that went at the end of their time to live. That is no loss by itself."),
        Metric(
            .channelDropped, "channel_dropped_total", .counter, .manager,
            "Messages of channels dropped: more than channels.max_messages waited.",
            advice: "Raise channels.max_messages, or give these messages a shorter time to live.",
            threshold: .rate(0.1, 10)),
        Metric(
            .channelReplaced, "channel_replaced_total", .counter, .manager,
            "Messages of channels that a newer one of the same `latest` replaced."),
        Metric(
            .fanouts, "fanouts", .gauge, .manager, "Channels whose readers are being told of messages now.",
            advice: "If it stays high, the manager can't keep up: look at its CPU.", threshold: .value(100, 1000)),
        Metric(
            .fanoutReceivers, "fanout_receivers_total", .counter, .manager,
            "Receivers that got a message in a frame which they share with others."),
        Metric(
            .presenceTold, "presence_told_total", .counter, .manager, "News of who came to channels and left them."),
        Metric(
            .journalMode, "journal_mode", .gauge, .code, .manager,
            "What keeps the queue: 0 nothing, 1 memory that the supervisor holds, 2 also files."),
        Metric(
            .journalBytes, "journal_bytes", .gauge, .bytes, .manager, "Bytes of the queue's records that still count."),
        Metric(
            .journalAllocated, "journal_allocated_bytes", .gauge, .bytes, .manager,
            "Memory that the queue's records take, with those that have ended."),
        Metric(.journalSegments, "journal_segments", .gauge, .manager, "Parts of that memory that are in use."),
        Metric(.journalRecords, "journal_records", .gauge, .manager, "The queue's records that still count."),
        Metric(
            .journalRefused, "journal_refused_total", .counter, .manager,
            "Publishes refused with 503: there was no memory or disk for the journal.",
            advice: "Look at the machine's memory, and at the limit of the service.", label: rejected("journal"),
            threshold: .rate(0.1, 10)),
        Metric(
            .journalReplay, "journal_replay_milliseconds", .gauge, .milliseconds, .manager,
            "How long the manager took at its start to take up the queue of the one before."),
        Metric(
            .journalReplayed, "journal_replayed", .gauge, .manager,
            "Records that the manager took up at its start."),
        Metric(
            .journalDamaged, "journal_damaged", .gauge, .manager,
            "Parts of the journal that were found damaged at the start. What stood before the damage is served.",
            advice: "Look with `megacomet journal --verify`, and at the machine's memory.", threshold: .value(0.5, 0.5)),
        Metric(
            .journalError, "journal_error", .gauge, .code, .manager,
            "The errno of the last failure to get memory or disk for the journal. 0 if there was none.",
            advice: "Look at the manager's log.", threshold: .value(0.5, 0.5)),
    ]
}
