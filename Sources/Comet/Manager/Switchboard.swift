import Base
package import Store
import Wire

/// The manager's decisions: which client waits on which worker, which messages are kept in which log, and what goes out
/// on each worker's link.
///
/// It is a pure value. Bytes and the time go in by its methods, and the bytes to write are in the links' outboxes.
/// `now` is in milliseconds of any clock that only goes forward.
///
///     publish --> one client, waits?  yes: frame into its worker's outbox, poll over          -> sent
///                                     no:  seed worker for its hash?  text into its outbox    -> sent
///                                     no:  room in the queue?  into its log                   -> queued, else full
///             --> channels, a user, everyone: once into their log, and a fan-out begins
///     fanOut --> a few of the log's readers are answered; the rest in the next calls
///     connected --> acknowledge up to the cursor --> anything waiting (or lost)?  answer at once, else wait
///     undelivered --> back into the client's log by id (unless it still stands there)
///     link closed --> its clients are gone; what its outbox still held goes back into the logs
package struct Switchboard: ~Copyable {
    package let settings: QueueSettings
    var presence: Presence
    var logs: Logs
    var channels: Channels
    var links = Links()
    var seedWorkers = SeedWorkers()
    var ids: IdSource
    var fanOuts = FanOuts()
    var once: OnceTable
    var revocations: Revocations
    var readers = EventReaders()
    var presenceNews = PresenceNews()
    /// A print of the list of channels in a client's token, for clients that have such channels.
    var grants: [Slot<ClientRecord>: UInt32] = [:]
    var forgottenLosses: ForgottenLosses
    /// The workers were told that the engine of the cluster is away.
    var isEngineAway = false
    /// The logs that an answer is read from.
    var reading = Reading()
    /// A body with its members, while its frame is written, and the members alone.
    var element = Buffer()
    var members = Buffer()
    /// The credit that a frame for many takes from each receiver that stays. 0 if it is not known yet.
    var sharedBytes = 0
    /// The number of the app's connection that gave the newest message, for those who follow a client. 0 if it is from
    /// no app. Set it before a publish.
    package var publisher: UInt64 = 0
    /// Seconds since 1970, at the beginning of the turn of the loop.
    package var wallSeconds: UInt64 { logs.events.wall / 1000 }
    /// The time when the arena is looked at again.
    private var nextCompaction: UInt64 = 0
    /// Clients that are connected.
    package internal(set) var connectedCount = 0
    package internal(set) var counters = ManagerCounters()
    /// The counters before an entry of another machine.
    var ownCounters = ManagerCounters()

    /// `wallMicroseconds` is where ids start, so that they grow over a restart. `seed` is random, for the indices of
    /// ids and names. What the arena holds is taken up by `recover`.
    package init(
        _ settings: QueueSettings, _ arena: consuming Arena = Arena(), wallMicroseconds: UInt64, now: UInt64,
        seed: UInt64
    ) {
        self.settings = settings
        presence = Presence(seed: seed)
        channels = Channels(seed: seed)
        once = OnceTable(seed: seed)
        revocations = Revocations(tokenMaxAge: settings.tokenMaxAge, seed: seed)
        forgottenLosses = ForgottenLosses(seed: seed)
        ids = IdSource(
            wallMicroseconds: settings.isClustered ? 0 : wallMicroseconds, firstOfLife: arena.firstId,
            ceiling: arena.idCeiling)
        logs = Logs(settings, arena, wallMicroseconds: wallMicroseconds, now: now, seed: seed)
        logs.events.wall = wallMicroseconds / 1000
        logs.arena.firstId = ids.firstOfLife
        logs.peers.isOn = settings.isClustered
        // Clients may come before the log is joined, from machines that have read more.
        if settings.isClustered { ids.share(firstOfLife: ids.firstOfLife) }
    }

    /// A new id, for a message that is about to be kept or handed over.
    mutating func takeId() -> UInt64 { ids.take { logs.arena.idCeiling = $0 } }

    // MARK: time

    /// Removes what has lasted too long, at most `Limits.expiredInTick` at a time. Call it about every 100 ms. True if
    /// more is left, so call it again soon.
    @discardableResult
    package mutating func tick(now: UInt64) -> Bool {
        let time = UInt32(truncatingIfNeeded: now)
        logs.advance(to: now)
        logs.receipts.now = now
        once.expire(now: time, &logs.arena)
        revocations.expire(now: now, wallSeconds: wallSeconds, &logs.arena)
        var room = Limits.expiredInTick
        while room > 0, let log = logs.expireNext(now: time) {
            switch logs[log].owner {
            case .client(let client): settle(client, now)
            case .channel(let channel): settle(channel, now)
            }
            room -= 1
        }
        while room > 0, logs.endNextHanded(now: time) { room -= 1 }
        while room > 0, let client = presence.endGrace(now: time) {
            note(client)
            if !presence[client].isNew {
                tell(.absent, client)
                if logs.peers.isOn { logs.peers.emit(.left, presence.id(client)) }
            }
            tellPresence(of: client)
            settle(client, now)
            room -= 1
        }
        // In a cluster news have ids of the machine's tick, and all machines end a client's subscriptions together.
        let isMoreNews = logs.peers.isOn ? false : tellNews(now: now)
        while room > 0, let client = presence.endLingering(now: time) {
            guard logs.peers.isOn else {
                room -= endLingering(client, now)
                continue
            }
            logs.peers.emit(.lingered, ids: 1, presence.id(client))
            presence.linger(client, settings.linger, now: now)
            room -= 1
        }
        while room > 0, let client = presence.endLost(now: time) {
            forgetLost(client, now)
            room -= 1
        }
        while room > 0, let user = channels.endLost(now: time) {
            forgetLost(user, now)
            room -= 1
        }
        if now >= nextCompaction {
            let isMore = compact()
            nextCompaction = isMore ? now : now + Limits.compactionMilliseconds
            if isMore { return true }
        }
        return room <= 0 || isMoreNews || logs.isExpiring
    }
}
