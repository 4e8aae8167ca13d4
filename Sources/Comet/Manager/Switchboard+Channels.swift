import Base
import Store
import Wire

// Subscriptions, and looks at channels.
extension Switchboard {
    /// Subscribes each client to each channel. `history` is how many of a channel's kept messages also wait for the
    /// client. All or nothing. The result is the number of subscribers of the last channel.
    package mutating func subscribe(
        clients names: [UnsafeRawBufferPointer], channels channelNames: [UnsafeRawBufferPointer], history: Int,
        now: UInt64
    ) throws(SubscribeError) -> Int {
        if let index = names.firstIndex(where: { wouldHaveTooMany($0, channelNames) }) {
            throw .tooManyChannels(client: index)
        }
        var made: [Slot<Subscription>] = []
        var subscribers = 0
        for (row, channelName) in channelNames.enumerated() {
            let channel = findOrMakeChannel(LogName(.channel, channelName))
            let past = past(history, of: channel)
            for (column, name) in names.enumerated() {
                ids.place(row * names.count + column)
                let client = presence.find(name) ?? makeClient(name)
                let known = channels.find(channel, first: presence[client].subscription)
                if let known { takeOver(known) }
                if known == nil {
                    guard let slot = subscribe(client, to: channel, from: ids.last, isGranted: false) else {
                        // All or nothing: what was made goes again. A channel is over with its last subscription.
                        settle(client, now)
                        settle(channel, now)
                        for slot in made {
                            let client = channels[slot].client
                            remove(slot, now)
                            settle(client, now)
                        }
                        counters.journalRefused += 1
                        throw .journalFull
                    }
                    made.append(slot)
                    awaitFirst(client, now)
                }
                if let past, past.hasMessages || known == nil && past.hasLatest {
                    bring(past, of: channel, to: client, now)
                    answerIfHeld(client, now)
                }
            }
            subscribers = Int(channels[channel].count)
        }
        return subscribers
    }
    private func wouldHaveTooMany(_ name: UnsafeRawBufferPointer, _ names: [UnsafeRawBufferPointer]) -> Bool {
        guard let client = presence.find(name) else { return names.count > settings.channelsPerClient }
        var count = channelCount(of: client)
        let first = presence[client].subscription
        for name in names {
            let known = channels.find(LogName(.channel, name))
            if known.flatMap({ channels.find($0, first: first) }) == nil { count += 1 }
        }
        return count > settings.channelsPerClient
    }
    /// The client reads what comes to the channel behind this id. `nil` if the arena has no room.
    mutating func subscribe(
        _ client: Slot<ClientRecord>, to channel: Slot<Channel>, from: UInt64, isGranted: Bool
    ) -> Slot<Subscription>? {
        let own = presence[client]
        if own.position == 0 { own.position = ids.last }
        guard
            let record = logs.arena.append(
                .subscription, flags: isGranted ? Subscription.grantedFlag : 0, id: from,
                value: own.isNew ? 0 : own.position, name: presence.id(client), extra: channels.name(channel).name)
        else { return nil }
        let slot = add(client, to: channel, from: from)
        channels.entry(slot).record = record
        channels.entry(slot).isGranted = isGranted
        logs.arena.setOwner(record, slot.number)
        tell(.subscribed, client, channel)
        return slot
    }
    /// What a subscription may bring along: messages of a channel from one id to another.
    private struct Past {
        var first: UInt64
        let last: UInt64
        var hasMessages = false
        let hasLatest: Bool
    }
    /// The newest `most` messages of a channel. An answer is not cut inside an entry, so it is bounded like one.
    private func past(_ most: Int, of channel: Slot<Channel>) -> Past? {
        guard let log = channels[channel].log.known, let last = logs.last(log) else { return nil }
        let newest = logs[last].id
        var past = Past(first: newest + 1, last: newest, hasLatest: logs[log].latestCount > 0)
        var (next, bytes, left) = (Slot<Message>?.some(last), 0, most)
        while let message = next, left > 0, bytes + logs[message].bytes <= Limits.answerBytes {
            if !logs[message].marks.contains(.transient) {
                past.first = logs[message].id
                past.hasMessages = true
                left -= 1
                bytes += logs[message].bytes + Limits.envelopeBytes
            }
            next = logs.previous(before: message)
        }
        return past
    }
    /// Brings a new subscriber the messages up to an id that have a name of `latest`.
    mutating func bringLatest(
        of channel: Slot<Channel>, upTo id: UInt64, to client: Slot<ClientRecord>, _ now: UInt64
    ) {
        guard let log = channels[channel].log.known, logs[log].latestCount > 0 else { return }
        var next = logs.first(log, after: 0)
        while let message = next, logs[message].id <= id {
            guard !logs[message].marks.contains(.latest) else {
                return bring(Past(first: id + 1, last: id, hasLatest: true), of: channel, to: client, now)
            }
            next = logs.next(after: message)
        }
    }
    /// Puts an entry for a channel's older messages into the client's own log. It brings all with a name of `latest`,
    /// too. If there is no room for it, the client is told that something is missing.
    private mutating func bring(
        _ past: Past, of channel: Slot<Channel>, to client: Slot<ClientRecord>, _ now: UInt64
    ) {
        var body = Buffer()
        History.write(first: past.first, last: past.last, channel: channels.name(channel).name, to: &body)
        var facts = MessageFacts(timeToLive: settings.timeToLive - min(settings.timeToLive, logs.peers.age))
        facts.marks = .history
        presence.leaveLost(client)
        let (id, log) = (takeId(), openLog(client))
        if !logs.hasRoom(body.count) || !logs.put(id, body.bytes, facts, in: log, logName(client), now: now) {
            logs.markLost(id, in: log, logName(client))
        }
    }

    /// The result is the number of subscribers of the last channel.
    package mutating func unsubscribe(
        clients names: [UnsafeRawBufferPointer], channels channelNames: [UnsafeRawBufferPointer], now: UInt64
    ) -> Int {
        var subscribers = 0
        for channelName in channelNames {
            // The subscription may come later, carried forward.
            if logs.peers.catching != nil { for name in names { logs.peers.catching?.end(name, channelName) } }
            guard let channel = channels.find(LogName(.channel, channelName)) else {
                subscribers = 0
                continue
            }
            subscribers = Int(channels[channel].count)
            for name in names {
                guard let client = presence.find(name),
                    let slot = channels.find(channel, first: presence[client].subscription)
                else { continue }
                subscribers -= 1
                remove(slot, now)
                // Lingering was for the subscriptions.
                if firstChannel(client) == nil { presence.leaveLingering(client) }
                settle(client, now)
            }
        }
        return subscribers
    }

    // MARK: looks

    /// A channel, with up to `clients` of its subscribers and up to `history` of its newest messages. `nil` if nobody
    /// subscribes to it and nothing is kept.
    package func channel(
        _ name: UnsafeRawBufferPointer, clients most: Int, history: Int, now: UInt64
    ) -> ChannelLook? {
        guard let channel = channels.find(LogName(.channel, name)) else { return nil }
        var look = self.look(channel)
        // Users are told apart by hashes of their names: a channel may have a hundred thousand subscribers.
        var users: Set<UInt64> = []
        users.reserveCapacity(look.subscribers)
        var next = channels.next(in: channel, after: nil)
        while let slot = next {
            let client = channels[slot].client
            let id = presence.id(client)
            if look.clients.count < most {
                look.clients.append(
                    ChannelLook.Client(
                        client: String(decoding: id, as: UTF8.self), connected: presence[client].isPresent))
            }
            users.insert(IdIndex.hash(LogName.user(of: id), seed: 0))
            next = channels.next(in: channel, after: slot)
        }
        look.users = users.count
        if let log = channels[channel].log.known {
            let second = UInt32(now / 1000)
            logs.forEachMessage(log) { message in
                look.oldestSeconds = max(look.oldestSeconds ?? 0, Int(second &- min(second, message.second)))
            }
            var next = logs.last(log)
            while let message = next, look.messages.count < history {
                if logs[message].marks.isDisjoint(with: [.transient, .presence]) {
                    look.messages.append(ChannelLook.Message(id: logs[message].id, json: logs.body(message)))
                }
                next = logs.previous(before: message)
            }
            look.messages.reverse()
        }
        return look
    }
    private func look(_ channel: Slot<Channel>) -> ChannelLook {
        var look = ChannelLook()
        look.subscribers = Int(channels[channel].count)
        look.connected = Int(channels[channel].connected)
        if let log = channels[channel].log.known {
            look.kept = Int(logs[log].count)
            logs.forEachMessage(log) { look.bytes += $0.bytes }
        }
        return look
    }
    /// The channels with the most subscribers, the largest first. Their looks have no clients and no messages.
    package func channels(_ most: Int) -> [(name: String, look: ChannelLook)] {
        var top: [(count: UInt32, channel: Slot<Channel>)] = []
        channels.forEach { channel in
            let own = channels[channel]
            guard own.kind == .channel, top.count < most || own.count > top[top.count - 1].count else { return }
            if top.count == most { top.removeLast() }
            top.insert((own.count, channel), at: top.firstIndex { $0.count < own.count } ?? top.count)
        }
        return top.map { (String(decoding: channels.name($0.channel).name, as: UTF8.self), look($0.channel)) }
    }
    /// Channels, and subscriptions to them.
    package var channelCount: Int { channels.count }
    package var subscriptionCount: Int { channels.subscriptionCount }
    /// The highest id given out. A page that is rendered from a database now goes on after it.
    package var cursor: UInt64 { ids.last }
    /// The names of the channels that a client subscribes to.
    package func channels(of client: UnsafeRawBufferPointer) -> [String] {
        guard let client = presence.find(client) else { return [] }
        var names: [String] = []
        var next = firstChannel(client)
        while let slot = next {
            names.append(String(decoding: channels.name(channels[slot].channel).name, as: UTF8.self))
            next = channels.next(of: slot)
        }
        return names
    }
}
