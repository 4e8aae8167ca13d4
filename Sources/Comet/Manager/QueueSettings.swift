/// What an operator may set about the manager's queue (docs/settings.txt).
package struct QueueSettings {
    /// The time to live of a message that names none, in milliseconds.
    package var timeToLive: UInt32 = 60_000
    /// Bytes of one message's JSON.
    package var maxMessage = 65_536
    /// Messages kept for one client; one more drops the oldest and marks a gap.
    package var maxPerClient = 1000
    /// Messages and bytes of their JSON kept in all; a publish over it is refused.
    package var maxMessages = 1_000_000
    package var maxBytes = 1 << 30
    /// How many workers the seed's hash spreads clients over.
    package var workers = 8
    /// The supervisor's token, which a worker's hello must carry; empty where there is no supervisor, and then any
    /// hello will do.
    package var token: [UInt8] = []

    package init() {}
}
