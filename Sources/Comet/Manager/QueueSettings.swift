import Wire

/// The settings of the manager's queue (docs/settings.txt).
package struct QueueSettings {
    /// The time to live of a message that does not have its own, in milliseconds.
    package var timeToLive: UInt32 = 60_000
    /// The most bytes of one message's JSON.
    package var maxMessage = 65_536
    /// The most messages that are kept for one client. One more drops the oldest and marks a gap.
    package var maxPerClient = 1000
    /// The most messages, and the most bytes of their JSON, that are kept in all. A publish beyond that is refused.
    package var maxMessages = 1_000_000
    package var maxBytes = 1 << 30
    /// The most messages of a channel. One more drops the oldest and marks a gap.
    package var channelMessages = 10_000
    /// The most channels that a client subscribes to.
    package var channelsPerClient = 64
    /// Milliseconds for which a client's subscriptions stay after it was last connected, at least
    /// `Limits.graceMilliseconds`.
    package var linger: UInt32 = 60_000
    /// The channels whose names begin so tell who came and left.
    package var presencePrefixes: [String] = []
    /// Milliseconds of the longest life of a token.
    package var tokenMaxAge: UInt32 = 86_400_000
    /// No client is served without a token, so its id opens nothing.
    package var tokensRequired = false
    /// The kinds of events that are kept beside those of messages with a receipt.
    package var events: EventKinds = []
    /// The most events that are kept.
    package var maxEvents = Limits.events
    /// The number of workers over which the seed's hash spreads clients.
    package var workers = 8
    /// The supervisor's token, which a worker's hello must have. Empty if there is no supervisor; then any hello will
    /// do.
    package var token: [UInt8] = []

    /// The appliance is one of several machines, and ids and apps' requests come with the shared log.
    package var isClustered = false

    package init() {}
}
