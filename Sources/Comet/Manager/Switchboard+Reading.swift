import Base
import Store
import Wire

/// The logs that one client reads, each at the next message that its receiver has not been sent.
struct Reading {
    /// The client's own log, if it reads no other. Most clients do not.
    var own = Slot<Message>.none
    struct Head {
        var message: Slot<Message>
        /// The log's owner. `none` for the client's own log.
        let channel: Slot<Channel>
    }
    var heads: ContiguousArray<Head> = []
}

// Reading: the messages that wait for a client are the merge of the logs that it reads, in the order of ids.
extension Switchboard {
    /// Messages of shared logs up to this id are not for the client's receiver any more.
    @inline(__always) func sharedFrom(_ client: Slot<ClientRecord>) -> UInt64 {
        let record = presence[client]
        return record.acknowledges ? max(record.position, record.sent) : record.position
    }
    /// The same for its own log. A client without a cursor reads that whole, since its messages leave it when they are
    /// handed over, and may come back.
    @inline(__always) private func ownFrom(_ client: Slot<ClientRecord>) -> UInt64 {
        presence[client].acknowledges ? presence[client].sent : 0
    }

    private func firstOwn(_ client: Slot<ClientRecord>) -> Slot<Message>? {
        presence[client].log.known.flatMap { logs.first($0, after: ownFrom(client)) }
    }
    private func firstShared(
        _ channel: Slot<Channel>, after id: UInt64, for client: Slot<ClientRecord>
    ) -> Slot<Message>? {
        guard channels[channel].newest > id, let log = channels[channel].log.known else { return nil }
        return skipExcepted(logs.first(log, after: id), client)
    }
    private func skipExcepted(_ first: Slot<Message>?, _ client: Slot<ClientRecord>) -> Slot<Message>? {
        var next = first
        while let message = next, logs.isExcepted(message, presence.id(client)) { next = logs.next(after: message) }
        return next
    }
    /// Workers of version 1 can't be sent messages of shared logs.
    @inline(__always) private func readsShared(_ client: Slot<ClientRecord>) -> Bool {
        !presence[client].isHeld || links.version(presence[client].link) == .two
    }

    /// Calls `body` for each shared log that the client reads, with the id after which it reads it, until it is false.
    @inline(__always)
    private func forEachShared(_ client: Slot<ClientRecord>, _ body: (Slot<Channel>, UInt64) -> Bool) {
        guard readsShared(client) else { return }
        let from = sharedFrom(client)
        guard body(channels.everyone, from) else { return }
        var next = presence[client].subscription.known
        while let slot = next {
            let subscription = channels[slot]
            guard body(subscription.channel, max(from, subscription.from)) else { return }
            next = channels.next(of: slot)
        }
    }

    /// Nothing in a log that the client shares with others can be new to it. Most clients have no subscription, and a
    /// loss is never newer than the newest message.
    @inline(__always) func readsOnlyItsOwn(_ client: Slot<ClientRecord>) -> Bool {
        presence[client].subscription == .none && channels.everyoneNewest <= sharedFrom(client)
    }

    /// Messages wait that the client's receiver has not been sent.
    func hasUnsent(_ client: Slot<ClientRecord>) -> Bool {
        if readsOnlyItsOwn(client) { return presence[client].log != .none && firstOwn(client) != nil }
        if firstOwn(client) != nil { return true }
        var found = false
        forEachShared(client) { channel, from in
            found = firstShared(channel, after: from, for: client) != nil
            return !found
        }
        return found
    }
    /// The highest id that was lost in one of its logs, and that its receiver has not been told of. 0 if there is none.
    func newLoss(_ client: Slot<ClientRecord>) -> UInt64 {
        let own = presence[client].log.known.map { logs[$0].lost } ?? 0
        var most = own > ownFrom(client) ? own : 0
        if readsOnlyItsOwn(client) { return most }
        forEachShared(client) { channel, from in
            if let log = channels[channel].log.known, logs[log].lost > from { most = max(most, logs[log].lost) }
            return true
        }
        return most
    }
    /// There is something to tell the client's receiver at once. Only a client that acknowledges is told of a loss at
    /// once: its cursor moves past it.
    func hasNews(_ client: Slot<ClientRecord>) -> Bool {
        hasUnsent(client) || presence[client].acknowledges && newLoss(client) > 0
    }

    /// This message is all that waits for the client, and no loss is to be told. It is the newest of its channel.
    func waitsAlone(_ message: Slot<Message>, of channel: Slot<Channel>, for client: Slot<ClientRecord>) -> Bool {
        if let log = presence[client].log.known {
            guard firstOwn(client) == nil, logs[log].lost <= ownFrom(client) else { return false }
        }
        var (isNext, isAlone) = (false, true)
        forEachShared(client) { other, from in
            if let log = channels[other].log.known, logs[log].lost > from { isAlone = false }
            if other == channel {
                isNext =
                    logs[message].id > from && !logs.isExcepted(message, presence.id(client))
                    && logs.previous(before: message).map { logs[$0].id <= from } ?? true
            } else if channels[other].newest > from {
                isAlone = false
            }
            return isAlone
        }
        return isNext && isAlone
    }

    // MARK: the merge

    /// Begins to read what waits for a client. The reader before may have left some of its own.
    mutating func beginReading(_ client: Slot<ClientRecord>) {
        reading.own = .none
        if !reading.heads.isEmpty { reading.heads.removeAll(keepingCapacity: true) }
        if readsOnlyItsOwn(client) { return reading.own = firstOwn(client) ?? .none }
        var heads = exchange(&reading.heads, with: [])
        if let first = firstOwn(client) { heads.append(Reading.Head(message: first, channel: .none)) }
        forEachShared(client) { channel, from in
            if let first = firstShared(channel, after: from, for: client) {
                heads.append(Reading.Head(message: first, channel: channel))
            }
            return true
        }
        reading.heads = heads
    }
    /// The next message by id, and the channel whose it is. A message that is in several of its logs comes once.
    mutating func nextRead(_ client: Slot<ClientRecord>) -> Reading.Head? {
        if let message = reading.own.known {
            reading.own = logs.next(after: message) ?? .none
            return Reading.Head(message: message, channel: .none)
        }
        guard var least = reading.heads.indices.first else { return nil }
        for other in reading.heads.indices.dropFirst()
        where logs[reading.heads[other].message].id < logs[reading.heads[least].message].id { least = other }
        let head = reading.heads[least]
        let id = logs[head.message].id
        for at in reading.heads.indices.reversed() where logs[reading.heads[at].message].id == id {
            let next = logs.next(after: reading.heads[at].message)
            let mine = reading.heads[at].channel == .none ? next : skipExcepted(next, client)
            if let mine { reading.heads[at].message = mine } else { reading.heads.remove(at: at) }
        }
        return head
    }
}
