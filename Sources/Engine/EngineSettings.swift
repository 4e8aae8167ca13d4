package import Base

/// How one machine of a cluster reaches its engine, the Redis server that all machines of the cluster share.
package struct EngineSettings: Equatable, Sendable {
    /// The server. If there are sentinels, only its user, password and database count: they name the server.
    package var redis: RedisAddress
    package var sentinels: [Endpoint]
    /// The name under which the sentinels know the server.
    package var sentinelMaster: String
    /// The beginning of the names of all keys.
    package var prefix: String
    /// This machine's name in the cluster.
    package var name: String
    /// The replicas that must have a batch before it counts as appended. 0: the server's own word is enough.
    package var replicas: Int

    package init(
        redis: RedisAddress, sentinels: [Endpoint] = [], sentinelMaster: String = "", prefix: String = "megacomet",
        name: String, replicas: Int = 0
    ) {
        self.redis = redis
        self.sentinels = sentinels
        self.sentinelMaster = sentinelMaster
        self.prefix = prefix
        self.name = name
        self.replicas = replicas
    }

    /// The server for people, before one was reached.
    package var wanted: String { sentinels.isEmpty ? "\(redis.place)" : "\(sentinelMaster) of the sentinels" }
}

/// The times and sizes of the engine. Each has its reason.
package enum EngineBounds {
    /// A server on the same network answers a connection within a few milliseconds.
    package static let connectSeconds = 2.0
    /// Longer than a server needs to write a snapshot's copy-on-write pages; a command that takes longer has no answer.
    package static let commandSeconds = 5.0
    /// How long the server holds a reader that has read everything.
    package static let blockMilliseconds = 1000
    /// A reader without any answer for this long is on a dead connection: two seconds more than the server holds it.
    package static let readSeconds = 3.0
    /// The server's role, version and memory are looked at so often.
    package static let lookSeconds = 10.0
    /// The times between two tries to connect grow from the first to the second.
    package static let retrySeconds = 0.1...2.0
    /// Entries of one answer to a reader, at most.
    package static let mostEntries = 512
    /// Bytes of one answer to a reader. Fewer entries are asked for if the answers are larger.
    package static let answerBytes = 2 << 20
    /// Bytes of batches without an answer. The caller appends no more while there are so many.
    package static let mostInFlight = 16 << 20
    /// The server waits so long for its replicas, if there must be some.
    package static let replicaMilliseconds = 100
    /// All keys live so long after the last batch: 8 days.
    package static let keyMilliseconds: UInt64 = 8 * 86_400_000
    /// Entries that a machine has read are kept for so long, and up to so many bytes, so that it can give back what the
    /// server loses. A replica is behind by less, and so is a file that is written each second.
    package static let recentMilliseconds: UInt64 = 60_000
    package static let recentBytes = 16 << 20
    /// After a restart of the server, or a failover, machines have so long to come and give back what it lost. All of
    /// them try to connect at least each four seconds (`connectSeconds`, `retrySeconds`). If all that were there before
    /// have come, this is over at once.
    package static let mendMilliseconds: UInt64 = 5_000
    /// A machine that waits for others to give back asks again after this time.
    package static let mendSeconds = 0.1
    /// Bytes of entries that are given back in one command, beside one that may be larger.
    package static let giveBytes = 1 << 20
    /// The keeper's lease.
    package static let leaseMilliseconds: UInt64 = 30_000
    /// The oldest server that has what the scripts need.
    package static let oldestVersion = ServerVersion(7, 0, 0)
}
