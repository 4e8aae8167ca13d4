import Base
package import Store
import Wire

/// The counts of what a manager took up from the one before it.
package struct Recovery: Equatable {
    package var messages = 0
    package var subscriptions = 0
    package var clients = 0
    package var channels = 0
    /// Records that refer to something that is not there. They were ended.
    package var orphans = 0
}

// What the manager before left in the arena becomes logs, channels and clients again. Nothing else is left of it: all
// lists, indices and places are made anew.
extension Switchboard {
    /// Takes up what the arena holds. Call it once, before anything else. `time` is now, in the clocks of the arena. If
    /// the machine was started since, the records' times are in a clock that is gone.
    package mutating func recover(now: UInt64, _ time: Arena.Time? = nil) -> Recovery {
        if let time {
            let last = logs.arena.time
            if last.boot != time.boot, last.boot != [0, 0] { turnTimes(from: last, to: time) }
            logs.arena.time = time
        }
        var found = Found()
        logs.arena.forEachLive { ref, record in found.add(ref, record) }
        var recovery = Recovery()
        for user in found.users { recoverUser(user) }
        for loss in found.losses { recoverLoss(loss) }
        for subscription in found.subscriptions { recoverSubscription(subscription, now, &recovery) }
        // Messages come in the order of ids, so each goes to the end of its log.
        found.messages.sort { $0.id < $1.id }
        logs.recoverBodies(found.bodies)
        for message in found.messages { recoverMessage(message.ref, now, &recovery) }
        recovery.orphans += logs.endUnusedBodies()
        found.once.sort { $0.id < $1.id }
        for each in found.once {
            let record = logs.arena.record(each.ref)
            let end = min(record.value, now + UInt64(Limits.onceMilliseconds))
            once.recover(each.ref, record, deadline: UInt32(truncatingIfNeeded: end), &logs.arena)
        }
        found.revocations.sort { $0.made < $1.made }
        for reader in found.readers { readers.recover(reader, &logs.arena) }
        found.events.sort { $0.id < $1.id }
        for event in found.events { logs.events.recover(event.ref, &logs.arena) }
        recoverReceipts(found, now)
        for revocation in found.revocations { revocations.recover(revocation.ref, now: now, &logs.arena) }
        settleAll(now)
        forgottenLosses.note(all: ids.last)
        recovery.clients = presence.count
        recovery.channels = channels.count
        return recovery
    }

    /// Turns the ends of the records' lives into this boot's clock. The wall clock tells how long the machine was away;
    /// if it was set back, it was not away at all. It may also have been set forward: so each record that had something
    /// left lives for up to `Limits.recoveredMilliseconds` more.
    private mutating func turnTimes(from last: Arena.Time, to time: Arena.Time) {
        let away = time.wall > last.wall ? time.wall - last.wall : 0
        var turned: ContiguousArray<(Arena.Ref, UInt64)> = []
        logs.arena.forEachLive { ref, record in
            guard record.kind.hasDeadline else { return }
            let had = min(record.value > last.monotonic ? record.value - last.monotonic : 0, UInt64(record.timeToLive))
            let left = had > away ? had - away : 0
            // A token that was revoked must not count again, so a revocation outlives a clock that is put right late.
            let isRevocation = record.kind == .revocation
            let least = isRevocation ? Limits.revocationRebootMilliseconds : Limits.recoveredMilliseconds
            turned.append((ref, time.monotonic + max(left, min(had, least))))
        }
        for (ref, end) in turned { logs.arena.set(ref, value: end) }
    }
    /// The time, once a second, for a start after the machine was away.
    package mutating func keepTime(_ time: Arena.Time) { logs.arena.time = time }
    /// Records that were added. If it has grown, there is something to be made durable.
    package var recordCount: UInt64 { logs.arena.appendedCount }
    package var attachment: Attachment { logs.arena.attachment }

    /// The live records, by what is to be made of them.
    struct Found {
        var messages: ContiguousArray<(id: UInt64, ref: Arena.Ref)> = []
        var once: ContiguousArray<(id: UInt64, ref: Arena.Ref)> = []
        var revocations: ContiguousArray<(made: Int64, ref: Arena.Ref)> = []
        var bodies: ContiguousArray<(id: UInt64, ref: Arena.Ref)> = []
        var subscriptions: ContiguousArray<Arena.Ref> = []
        var losses: ContiguousArray<Arena.Ref> = []
        var users: ContiguousArray<Arena.Ref> = []
        var events: ContiguousArray<(id: UInt64, ref: Arena.Ref)> = []
        var receipts: ContiguousArray<Arena.Ref> = []
        var readers: ContiguousArray<Arena.Ref> = []

        mutating func add(_ ref: Arena.Ref, _ record: Arena.Record) {
            switch record.kind {
            case .message, .reference, .history: messages.append((record.id, ref))
            case .body: bodies.append((record.id, ref))
            case .once: once.append((record.value, ref))
            case .revocation:
                revocations.append((Int64(clamping: record.value) - Int64(record.timeToLive), ref))
            case .subscription: subscriptions.append(ref)
            case .loss: losses.append(ref)
            case .user: users.append(ref)
            case .event: events.append((record.id, ref))
            case .receipt: receipts.append(ref)
            case .reader: readers.append(ref)
            }
        }
    }

    private mutating func recoverUser(_ ref: Arena.Ref) {
        let record = logs.arena.record(ref)
        let user = channels.findOrMake(LogName(record))
        channels[user].position = max(channels[user].position, record.value)
        guard channels[user].record == .none else { return logs.arena.end(ref, .ended) }
        channels[user].record = ref
        logs.arena.setOwner(ref, user.number)
    }
    private mutating func recoverLoss(_ ref: Arena.Ref) {
        let record = logs.arena.record(ref)
        logs.recoverLoss(ref, record.value, in: openLog(named: LogName(record)))
    }
    private mutating func recoverSubscription(_ ref: Arena.Ref, _ now: UInt64, _ recovery: inout Recovery) {
        let record = logs.arena.record(ref)
        let client = presence.findOrMake(record.name)
        let channel = findOrMakeChannel(LogName(.channel, record.extra))
        guard channels.find(channel, first: presence[client].subscription) == nil else {
            logs.arena.end(ref, .ended)
            recovery.orphans += 1
            return
        }
        if record.value > 0 {
            presence[client].position = max(presence[client].position, record.value)
            presence[client].sent = 0
            if logs.arena.attachment.isDamagedAnew { presence[client].owesGap = true }
        } else if presence[client].isNew {
            // It has had no receiver yet, and begins where it was first subscribed.
            let position = presence[client].position
            presence[client].position = position == 0 ? record.id : min(position, record.id)
        }
        let slot = add(client, to: channel, from: record.id)
        channels.entry(slot).record = ref
        if record.flags & Subscription.grantedFlag != 0 {
            channels.entry(slot).isGranted = true
            grants[client] = Switchboard.unknownPrint
        }
        logs.arena.setOwner(ref, slot.number)
        if channels[channels[presence[client].subscription].channel].kind != .user { _ = joinUser(client) }
        awaitFirst(client, now)
        recovery.subscriptions += 1
    }
    private mutating func recoverMessage(_ ref: Arena.Ref, _ now: UInt64, _ recovery: inout Recovery) {
        let name = LogName(logs.arena.record(ref))
        let log = openLog(named: name)
        guard logs.recover(ref, in: log, now: now) else {
            recovery.orphans += 1
            return
        }
        if let channel = logs[log].channel { channels[channel].newest = logs.arena.record(ref).id }
        recovery.messages += 1
    }

    /// The log of this name. Its owner is made if there is none.
    private mutating func openLog(named name: LogName) -> Slot<Log> {
        switch name.kind {
        case .client: openLog(presence.findOrMake(name.name))
        case .channel: openLog(findOrMakeChannel(name))
        case .user, .everyone: openLog(channels.findOrMake(name))
        }
    }
    /// Puts every client and channel into its place. A client with messages needs none.
    private mutating func settleAll(_ now: UInt64) {
        var clients: ContiguousArray<Slot<ClientRecord>> = []
        for page in 0..<presence.pages { presence.clients(page: page, &clients) }
        for client in clients { settle(client, now) }
        var all: [Slot<Channel>] = []
        channels.forEach { all.append($0) }
        for channel in all { settle(channel, now) }
    }
}
