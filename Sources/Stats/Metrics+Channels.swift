extension Metric {
    /// The channels of the manager, and the messages that they store.
    /// channel_enqueued = channel_over + channel_dropped + channel_replaced + channel_messages.
    static let channels: [Metric] = [
        Metric(.channels, "channels", .gauge, .manager, "Channels that have a subscriber or a stored message."),
        Metric(.subscriptions, "subscriptions", .gauge, .manager, "Subscriptions of clients to channels."),
        Metric(.channelMessages, "channel_messages", .gauge, .manager, "Messages that channels store."),
        Metric(.channelBytes, "channel_bytes", .gauge, .bytes, .manager, "Bytes of the messages that channels store."),
        Metric(
            .channelEnqueued, "channel_enqueued_total", .counter, .manager, "Messages that were stored in a channel."),
        Metric(
            .channelOver, "channel_over_total", .counter, .manager,
            "Messages that left a channel because their time to live was over. That is their regular end, and no loss."
        ),
        Metric(
            .channelDropped, "channel_dropped_total", .counter, .manager,
            "Messages dropped, the oldest first, because their channel had channels.max_messages already.",
            advice: "A subscriber that was away longer has a gap. Raise channels.max_messages, or publish less.",
            threshold: .rate(0.1, .infinity)),
        Metric(
            .channelReplaced, "channel_replaced_total", .counter, .manager,
            "Messages that a newer one replaced, as its publish wanted by `latest`."),
        Metric(
            .fanouts, "fanouts", .gauge, .manager, "Fan-outs under way: messages that are still being handed over.",
            advice: "If it grows, messages for many receivers come faster than they can be handed to the workers.",
            threshold: .value(100, .infinity)),
        Metric(
            .fanoutReceivers, "fanout_receivers_total", .counter, .manager,
            "Receivers that got a message in a frame that they shared with others."),
        Metric(
            .presenceTold, "presence_told_total", .counter, .manager,
            "Notices to apps that a client came or went."),
        Metric(
            .revocations, "revocations", .gauge, .manager,
            "Revocations of tokens that are kept, each until its tokens have ended by themselves."),
        Metric(
            .revoked, "revoked_total", .counter, .manager,
            "Receivers that a revocation ended, and receivers and acknowledgements that came with a revoked token.",
            advice: "A page goes on with a token that its app has revoked: it should get a new one, or stop.",
            threshold: .rate(10, .infinity)),
        Metric(
            .grantsRefused, "grants_refused_total", .counter, .manager,
            "Channels of tokens that a client was not subscribed to: it had channels.max_per_client, or the journal "
                + "was full.",
            advice: "Tokens name more channels than channels.max_per_client.", threshold: .rate(0.1, .infinity)),
    ]

    /// The journal of the manager: where messages survive its end.
    static let journal: [Metric] = [
        Metric(.journalMode, "journal_mode", .gauge, .code, .manager, "0 off, 1 process, 2 disk."),
        Metric(.journalBytes, "journal_bytes", .gauge, .bytes, .manager, "Bytes of the records that are still needed."),
        Metric(
            .journalAllocated, "journal_allocated", .gauge, .bytes, .manager, "Bytes that the journal's segments take."
        ),
        Metric(.journalSegments, "journal_segments", .gauge, .manager, "Segments of the journal."),
        Metric(
            .journalRecords, "journal_records_total", .counter, .manager, "Records that were written to the journal."),
        Metric(
            .journalRefused, "journal_refused_total", .counter, .manager,
            "Publishes refused because the journal was full.",
            advice: "Give the journal more room, or publish less.", threshold: .rate(0.01, 0.1)),
        Metric(
            .journalSyncMax, "journal_sync_max", .maximum, .microseconds, .manager,
            "The longest wait for the disk since the last report. Only the mode disk has it."),
        Metric(
            .journalReplay, "journal_replay", .gauge, .milliseconds, .manager,
            "How long the last start took to read the journal.", threshold: .value(1000, .infinity)),
        Metric(
            .journalReplayed, "journal_replayed", .gauge, .manager,
            "Records that the last start took up from the journal."),
        Metric(
            .journalDamaged, "journal_damaged", .gauge, .manager,
            "Segments or files that were set aside because they were damaged.",
            advice: "Their messages are lost. Look at the disk, and keep the files for an analysis."),
        Metric(
            .journalError, "journal_error", .gauge, .code, .manager,
            "The errno of the journal's last error. 0 if there was none.",
            advice: "Look at the disk: it may be full, read-only or broken."),
    ]
}
