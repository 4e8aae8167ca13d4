import Base
import Store
import Wire

/// The manager's decisions: which client waits on which worker, which messages are kept for other clients, and what
/// goes out on each worker's link.
///
/// It is a pure value. Bytes and the time go in by its methods, and the bytes to write are in the links' outboxes.
/// `now` is in milliseconds of any clock that only goes forward.
///
///     publish --> client waits?  yes: frame into its worker's outbox, poll over          -> sent
///                                no:  seed worker for its hash?  text into its outbox    -> sent
///                                no:  room in the queue?  into the mailbox               -> queued, else full
///     connected --> acknowledge up to the cursor --> anything waiting (or lost)?  answer at once, else wait
///     undelivered --> back into the mailbox by id (unless it still stands there)
///     link closed --> its clients are gone; what its outbox still held goes back into the mailboxes
package struct Switchboard: ~Copyable {
    package let settings: QueueSettings
    var presence: Presence
    var mailboxes: Mailboxes
    var links = Links()
    var seedWorkers = SeedWorkers()
    var ids: IdSource
    package internal(set) var counters = ManagerCounters()

    /// `wallMicroseconds` is where ids start, so that they grow over a restart. `seed` is random, for the index of ids.
    package init(_ settings: QueueSettings, wallMicroseconds: UInt64, now: UInt64, seed: UInt64) {
        self.settings = settings
        presence = Presence(seed: seed)
        mailboxes = Mailboxes(settings, now: now)
        ids = IdSource(wallMicroseconds: wallMicroseconds)
    }

    // MARK: publishing

    /// Publishes a message. `client` is a valid id, and `json` is validated and has at most `settings.maxMessage`
    /// bytes. `timeToLive` is in milliseconds.
    package mutating func publish(
        client id: UnsafeRawBufferPointer, json: UnsafeRawBufferPointer, timeToLive: UInt32? = nil, now: UInt64
    ) -> Publication {
        counters.publishes += 1
        counters.publishBytes += UInt64(json.count)
        let deadline = UInt32(truncatingIfNeeded: now) &+ (timeToLive ?? settings.timeToLive)
        let known = presence.find(id)
        if let client = known, presence[client].place == .waiting {
            let record = presence[client]
            let isFull = links.isFull(record.link)
            if !isFull, record.credit > 0 { return hand(json, to: client, deadline, now) }
            guard mailboxes.hasRoom(json.count) else { return full() }
            defer { if isFull { block(client) } }
            return queue(json, for: client, deadline, now)
        }
        if !seedWorkers.isEmpty, known.map({ presence[$0].place != .blocked }) ?? true,
            sendToSeedWorker(id, json)
        {
            counters.forwarded += 1
            return .sent(ids.take())
        }
        guard mailboxes.hasRoom(json.count) else { return full() }
        let client = known ?? presence.findOrMake(id)
        presence.leaveLost(client)
        return queue(json, for: client, deadline, now)
    }

    /// Hands the message to a receiver that is held and has credit, if its link has room.
    private mutating func hand(
        _ json: UnsafeRawBufferPointer, to client: Slot<ClientRecord>, _ deadline: UInt32, _ now: UInt64
    ) -> Publication {
        let record = presence[client]
        if record.acknowledges || record.log != .none {
            guard mailboxes.hasRoom(json.count) else { return full() }
            let id = append(json, for: client, deadline, now)
            answer(client, now)
            counters.forwarded += 1
            return .sent(id)
        }
        // Most messages live no longer than this: from the app's bytes into the worker's outbox.
        let id = ids.take()
        links.write(
            Frame(
                op: .message, flags: record.owesGap ? .gap : [], tag: record.tag,
                slot: record.slot, number: id, client: presence.id(client), body: json),
            to: record.link)
        record.handedDeadline = deadline
        record.handedForGood = true
        record.owesGap = false
        answered(client, now, bytes: json.count + Limits.envelopeBytes)
        counters.handed += 1
        counters.forwarded += 1
        return .sent(id)
    }

    /// Keeps a message for a client that can't be sent it now. The queue has room.
    private mutating func queue(
        _ json: UnsafeRawBufferPointer, for client: Slot<ClientRecord>, _ deadline: UInt32, _ now: UInt64
    ) -> Publication {
        counters.queued += 1
        return .queued(append(json, for: client, deadline, now))
    }
    private mutating func full() -> Publication {
        counters.refusedFull += 1
        return .full
    }
    private mutating func append(
        _ json: UnsafeRawBufferPointer, for client: Slot<ClientRecord>, _ deadline: UInt32, _ now: UInt64
    ) -> UInt64 {
        let id = ids.take()
        mailboxes.put(id, json, in: openLog(client), deadline: deadline, now: now)
        return id
    }

    // MARK: time

    /// Removes what has lasted too long, at most `Limits.expiredInTick` at a time. Call it about every 100 ms. True if
    /// more is left, so call it again soon.
    @discardableResult
    package mutating func tick(now: UInt64) -> Bool {
        let time = UInt32(truncatingIfNeeded: now)
        mailboxes.advance(to: now)
        var room = Limits.expiredInTick
        while room > 0, let log = mailboxes.expireNext(now: time) {
            settle(mailboxes[log].owner, now)
            room -= 1
        }
        while room > 0, let client = presence.endGrace(now: time) {
            settle(client, now)
            room -= 1
        }
        while room > 0, let client = presence.endLost(now: time) {
            forgetLost(client, now)
            room -= 1
        }
        return room == 0
    }
}
