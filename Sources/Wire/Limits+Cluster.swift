// The bounds of a cluster (docs/cluster.txt), with what happens when they are reached.
extension Limits {
    /// How far a client's cursor may be ahead of the ids that this machine has read, in microseconds: an hour. Another
    /// machine has read more if this one is away from the engine, and each start of the engine leaves out a minute of
    /// ids. A larger one is of the future.
    package static let clusterIdsAhead: UInt64 = 3_600_000_000
    /// Bytes of what clients did that wait for the engine. Beyond them it is left out, and all clients are announced
    /// again when the engine is back.
    package static let clusterOutgoingBytes = 8 << 20
    /// Milliseconds without a word after which a machine counts as gone, and its clients as absent.
    package static let nodeSilentMilliseconds: UInt64 = 10_000
    /// Clients of a machine that is gone, or to be announced, in one step.
    package static let clusterClientsInStep = 2_000
    /// Milliseconds for which an app's request waits for the engine. Then it is answered 503 `engine`.
    package static let engineMilliseconds: UInt64 = 5_000
    /// Milliseconds without the engine after which workers say so to those who ask for their health.
    package static let engineHealthMilliseconds: UInt64 = 1_000
    /// Milliseconds after which what still counts is carried forward in the shared log, and what is older is removed.
    package static let carryMilliseconds: UInt64 = 300_000
    /// Milliseconds that other machines have, after everything was carried forward, to read what is about to go.
    package static let trimMilliseconds: UInt64 = 30_000
    /// A machine that takes up the log waits so long for what was before its beginning to be carried forward, in
    /// milliseconds. Then no machine is there that knows it, and clients are told of a gap.
    package static let catchMilliseconds: UInt64 = 60_000
    /// Bytes of records that are carried forward in one entry.
    package static let carryBytes = 256 * 1024
    /// Bytes of an entry, beside one request that may be larger.
    package static let entryBytes = 1 << 20
    /// Entries that wait for the engine's word at once. What comes meanwhile goes into the next one.
    package static let entriesInFlight = 4
}
