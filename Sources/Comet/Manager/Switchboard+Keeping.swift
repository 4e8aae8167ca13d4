import Base
import Store
import Wire

// What keeps the records of clients and channels, and what follows when it goes.
extension Switchboard {
    // MARK: clients

    /// A record for a client that the manager does not know. It begins at this moment.
    mutating func makeClient(_ id: UnsafeRawBufferPointer) -> Slot<ClientRecord> {
        let client = presence.findOrMake(id)
        presence[client].position = ids.last
        return client
    }
    func logName(_ client: Slot<ClientRecord>) -> LogName { LogName(.client, presence.id(client)) }
    /// The client holds a receiver, or is between two polls.
    func isConnected(_ id: UnsafeRawBufferPointer) -> Bool {
        presence.find(id).map { presence[$0].isPresent } ?? false
    }

    /// The client's log. It is made if there is none.
    mutating func openLog(_ client: Slot<ClientRecord>) -> Slot<Log> {
        let record = presence[client]
        if let log = record.log.known { return log }
        record.log = logs.open(.client(client), worker: record.worker)
        return record.log
    }
    mutating func closeEmptyLog(_ client: Slot<ClientRecord>) {
        let record = presence[client]
        if let log = record.log.known, logs.closeIfEmpty(log) { record.log = .none }
    }

    /// Something that kept a record has gone. Decides whether the record stays, and in which place.
    mutating func settle(_ client: Slot<ClientRecord>, _ now: UInt64) {
        closeEmptyLog(client)
        let record = presence[client]
        guard record.place == .loose else { return }
        guard firstChannel(client) == nil else {
            let grace = Limits.graceMilliseconds
            return presence.linger(client, settings.linger > grace ? settings.linger - grace : 0, now: now)
        }
        guard let log = record.log.known else {
            if let user = record.subscription.known { remove(user, now) }
            if logs.receipts.countsReaders, let log = channels[channels.everyone].log.known {
                logs.advanced(log, presence.id(client), after: record.position, upTo: .max, \.left)
            }
            if !grants.isEmpty { grants[client] = nil }
            logs.peers.forget(client)
            return presence.forget(client)
        }
        guard logs[log].count == 0 else { return }
        if let oldest = presence.keepLost(client, now: now) { forgetLost(oldest, now) }
    }
    /// The mark of a loss is too old, or there are too many marks, and nothing else keeps the record.
    mutating func forgetLost(_ client: Slot<ClientRecord>, _ now: UInt64) {
        if let log = presence[client].log.known { forgetLoss(log) }
        settle(client, now)
    }
    /// A client that comes later with a cursor below the loss is told that there may be a gap.
    private mutating func forgetLoss(_ log: Slot<Log>) {
        logs.arena.horizon = max(logs.arena.horizon, logs[log].lost)
        logs.forgetLoss(log)
    }

    /// The client stayed away too long: its subscriptions end, and it is told of a gap if it comes after all. The
    /// result is how many ended.
    mutating func endLingering(_ client: Slot<ClientRecord>, _ now: UInt64) -> Int {
        var count = 0
        while let slot = firstChannel(client) {
            remove(slot, now)
            count += 1
        }
        // An id of its own is behind every cursor that the client may come with.
        logs.markLost(takeId(), in: openLog(client), logName(client))
        settle(client, now)
        return max(1, count)
    }

    /// Whether the client is connected may have changed.
    mutating func note(_ client: Slot<ClientRecord>) {
        let record = presence[client]
        guard record.isPresent != record.isCounted else { return }
        record.isCounted = record.isPresent
        connectedCount += record.isPresent ? 1 : -1
        var next = record.subscription.known
        while let slot = next {
            let channel = channels[channels[slot].channel]
            channel.connected = record.isPresent ? channel.connected + 1 : channel.connected - 1
            next = channels.next(of: slot)
        }
    }

    // MARK: subscriptions

    /// The client reads its user's log.
    func readsUser(_ client: Slot<ClientRecord>) -> Bool {
        guard let first = presence[client].subscription.known else { return false }
        return channels[channels[first].channel].kind == .user
    }

    /// The first of the client's subscriptions to channels.
    func firstChannel(_ client: Slot<ClientRecord>) -> Slot<Subscription>? {
        guard let first = presence[client].subscription.known else { return nil }
        return channels[channels[first].channel].kind == .user ? channels.next(of: first) : first
    }
    /// The client has a subscription. If nothing else keeps it, it counts as one that was connected just now. In a
    /// cluster the machine did not have it, so it is no matter of its grace.
    mutating func awaitFirst(_ client: Slot<ClientRecord>, _ now: UInt64) {
        guard logs.peers.isOn else { return presence.awaitFirst(client, now: now) }
        presence.leaveLost(client)
        if presence[client].place == .loose { presence.linger(client, settings.linger, now: now) }
    }
    /// Adds a subscription, without a record of it. That to the user's log stays the first.
    mutating func add(_ client: Slot<ClientRecord>, to channel: Slot<Channel>, from: UInt64) -> Slot<Subscription> {
        let record = presence[client]
        var first = record.subscription
        let user = first.known.flatMap { channels[channels[$0].channel].kind == .user ? $0 : nil }
        let slot = channels.add(client, to: channel, from: from, behind: user, first: &first)
        record.subscription = first
        if record.isCounted { channels[channel].connected += 1 }
        if channels[channel].hasPresence, isHere(client) { presenceNews.change(channel) }
        return slot
    }
    /// Ends a subscription.
    mutating func remove(_ slot: Slot<Subscription>, _ now: UInt64) {
        let own = channels[slot]
        let record = presence[own.client]
        logs.peers.catching?.end(presence.id(own.client), channels.name(own.channel).name)
        if own.record != .none { logs.arena.end(own.record, .ended) }
        if channels[own.channel].kind == .channel {
            tell(.unsubscribed, own.client, own.channel)
            if let log = record.log.known { logs.endHistory(of: channels.name(own.channel).name, in: log) }
        }
        if logs.receipts.countsReaders, let log = channels[own.channel].log.known {
            let from = max(record.position, own.from)
            logs.advanced(log, presence.id(own.client), after: from, upTo: .max, \.left)
        }
        if record.isCounted { channels[own.channel].connected -= 1 }
        var first = record.subscription
        channels.remove(slot, first: &first)
        record.subscription = first
        if channels[own.channel].hasPresence { presenceNews.change(own.channel) }
        settle(own.channel, now)
    }

    // MARK: channels and users

    mutating func findOrMakeChannel(_ name: LogName) -> Slot<Channel> {
        if let known = channels.find(name) { return known }
        let channel = channels.findOrMake(name)
        channels[channel].hasPresence = wantsPresence(name.name)
        return channel
    }

    /// The user's log. A new one begins at this moment, and the client that has the user's name reads it.
    mutating func findOrMakeUser(_ name: UnsafeRawBufferPointer, _ now: UInt64) -> Slot<Channel> {
        let name = LogName(.user, name)
        if let known = channels.find(name) { return known }
        return makeUser(name)
    }
    private mutating func makeUser(_ name: LogName) -> Slot<Channel> {
        let user = channels.findOrMake(name)
        channels[user].position = ids.last
        channels[user].record =
            logs.arena.append(.user, flags: name.flags, value: ids.last, owner: user.number, name: name.name) ?? .none
        // A client that has the user's name and came before it reads it, too.
        if let client = presence.find(name.name), !presence[client].isNew { _ = add(client, to: user, from: 0) }
        return user
    }
    /// Lets a client read its user's log: the user is what stands before the first colon of its id. A client without a
    /// colon is the only one of its user, as long as nobody publishes to the user. The result is the id after which the
    /// client begins, or `nil` if it has no log of a user.
    mutating func joinUser(_ client: Slot<ClientRecord>) -> UInt64? {
        let id = presence.id(client)
        let name = LogName(.user, LogName.user(of: id))
        guard !name.name.isEmpty else { return nil }
        guard let user = name.name.count < id.count ? channels.find(name) ?? makeUser(name) : channels.find(name) else {
            return nil
        }
        _ = add(client, to: user, from: 0)
        return channels[user].position
    }

    mutating func openLog(_ channel: Slot<Channel>) -> Slot<Log> {
        let own = channels[channel]
        if own.log == .none { own.log = logs.open(.channel(channel)) }
        return own.log
    }
    /// Something that kept a channel has gone. Decides whether the channel stays.
    mutating func settle(_ channel: Slot<Channel>, _ now: UInt64) {
        let own = channels[channel]
        if own.hasPresence, own.count == 0, let log = own.log.known { logs.endPresence(in: log) }
        if let log = own.log.known, logs.closeIfEmpty(log) { own.log = .none }
        guard own.kind != .everyone, own.count == 0, own.left == 0 else { return }
        if let log = own.log.known {
            guard logs[log].count == 0 else { return }
            // Only the mark of a loss is left. A new subscriber begins after it, but the user's clients do not.
            guard own.kind != .user else { return channels.keepLost(channel, now: now) }
            return forgetLost(channel, now)
        }
        if own.record != .none { logs.arena.end(own.record, .ended) }
        if own.hasPresence { presenceNews.forget(channel) }
        channels.forget(channel)
    }
    mutating func forgetLost(_ channel: Slot<Channel>, _ now: UInt64) {
        if let log = channels[channel].log.known {
            if channels[channel].kind == .user {
                forgetLoss(log)
            } else {
                forgottenLosses.note(logs[log].lost, in: channels.name(channel).name)
                logs.forgetLoss(log)
            }
        }
        settle(channel, now)
    }
}
