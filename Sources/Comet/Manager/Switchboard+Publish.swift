import Base
import Store
import Wire

// The way of publishes into the logs.
extension Switchboard {
    /// Publishes a message. `json` is validated and has at most `settings.maxMessage` bytes.
    package mutating func publish(
        _ target: Target, json: UnsafeRawBufferPointer, _ options: PublishOptions = PublishOptions(), now: UInt64
    ) -> Publication {
        guard let name = options.once else { return publishNow(target, json, options, now) }
        let print = OnceTable.print(target, json)
        if let known = once.find(name) { return known.print == print ? .again(known.outcome) : .otherOnce }
        let outcome = publishNow(target, json, options, now)
        if outcome.isTaken { once.remember(name, print, outcome, now: now, &logs.arena) }
        return outcome
    }
    /// Publishes a message to one client.
    package mutating func publish(
        client: UnsafeRawBufferPointer, json: UnsafeRawBufferPointer, timeToLive: UInt32? = nil, now: UInt64
    ) -> Publication {
        counters.publishes += 1
        counters.publishBytes += UInt64(json.count)
        let life = timeToLive ?? settings.timeToLive
        return publish(client, json, MessageFacts(timeToLive: life - min(life, logs.peers.age)), now)
    }

    private mutating func publishNow(
        _ target: Target, _ json: UnsafeRawBufferPointer, _ options: PublishOptions, _ now: UInt64
    ) -> Publication {
        counters.publishes += 1
        counters.publishBytes += UInt64(json.count)
        var facts = MessageFacts(options, settings)
        if logs.peers.isForeign { facts.isAnothers() }
        facts.timeToLive -= min(facts.timeToLive, logs.peers.age)
        switch target {
        case .client(let id):
            if let except = options.except, areEqual(except, id) { return .nobody }
            if !options.keeps, !isConnected(id) { return .nobody }
            guard hasRoom(for: facts, json, in: presence.find(id).flatMap { presence[$0].log.known }) else {
                return .latestFull
            }
            return publish(id, json, facts, now)
        case .clients(let ids): return publish(clients: ids, json, facts, now)
        case .user(let name):
            let user = findOrMakeUser(name, now)
            let outcome = publish(channels: [user], json, facts, now)
            // It waits for the first client that the user will have.
            if case .several(let id, sent: 0, waiting: 0) = outcome { return .several(id, sent: 0, waiting: 1) }
            if case .several = outcome { return outcome }
            settle(user, now)
            return outcome
        case .channel(let name): return publish(names: [name], json, facts, now)
        case .channels(let names): return publish(names: names, json, facts, now)
        case .everyone: return publish(channels: [channels.everyone], json, facts, now)
        }
    }

    // MARK: one client

    private mutating func publish(
        _ id: UnsafeRawBufferPointer, _ json: UnsafeRawBufferPointer, _ facts: MessageFacts, _ now: UInt64
    ) -> Publication {
        let known = presence.find(id)
        if let client = known, presence[client].place == .waiting {
            let record = presence[client]
            let isFull = links.isFull(record.link)
            if !isFull, record.credit > 0 { return hand(json, facts, to: client, now) }
            guard logs.hasRoom(json.count) else { return full() }
            defer { if isFull { block(client) } }
            return queue(json, facts, for: client, now)
        }
        if let client = known, presence[client].place == .elsewhere {
            guard let id = append(json, facts, for: client, now) else { return journalFull(client, now) }
            counters.forwarded += 1
            return .sent(id)
        }
        if !seedWorkers.isEmpty, known.map({ presence[$0].place != .blocked }) ?? true,
            sendToSeedWorker(id, json)
        {
            counters.forwarded += 1
            let sent = takeId()
            if facts.marks.contains(.receipt) {
                awaitEnd(sent, facts, ends: 1)
                // Nothing comes back from such a worker.
                logs.events.add(.handed, sent, of: id, &logs.arena)
            }
            return .sent(sent)
        }
        guard logs.hasRoom(json.count) else { return full() }
        let client = known ?? makeClient(id)
        presence.leaveLost(client)
        return queue(json, facts, for: client, now)
    }

    /// Hands the message to a receiver that is held and has credit, if its link has room.
    private mutating func hand(
        _ json: UnsafeRawBufferPointer, _ facts: MessageFacts, to client: Slot<ClientRecord>, _ now: UInt64
    ) -> Publication {
        let record = presence[client]
        let isKept =
            record.acknowledges || record.log != .none || !fanOuts.isEmpty || isFollowed(client) || logs.peers.isOn
        if isKept || facts.marks.contains(.receipt) {
            // A receiver that stays is sent it now, and then it is outside the queue's bounds.
            guard record.stays || logs.hasRoom(json.count) else { return full() }
            guard let id = append(json, facts, for: client, now) else { return journalFull(client, now) }
            _ = answer(client, now)
            counters.forwarded += 1
            return .sent(id)
        }
        // Most messages live no longer than this: from the app's bytes into the worker's outbox. Nothing else waits for
        // the client, and without a cursor it gets the message at most once.
        let id = takeId()
        links.write(
            Frame(
                op: .message, flags: record.owesGap ? .gap : [], tag: record.tag,
                slot: record.slot, number: id, client: presence.id(client), body: json),
            to: record.link)
        record.handedDeadline = UInt32(truncatingIfNeeded: now) &+ facts.timeToLive
        record.handedForGood = true
        record.owesGap = false
        advance(client, to: id)
        answered(client, now, bytes: json.count + Limits.envelopeBytes)
        counters.handed += 1
        counters.forwarded += 1
        logs.outcomes.count(.handed)
        return .sent(id)
    }

    /// Keeps a message for a client that can't be sent it now. The queue has room.
    private mutating func queue(
        _ json: UnsafeRawBufferPointer, _ facts: MessageFacts, for client: Slot<ClientRecord>, _ now: UInt64
    ) -> Publication {
        guard let id = append(json, facts, for: client, now) else { return journalFull(client, now) }
        counters.queued += 1
        return .queued(id)
    }
    private mutating func append(
        _ json: UnsafeRawBufferPointer, _ facts: MessageFacts, for client: Slot<ClientRecord>, _ now: UInt64
    ) -> UInt64? {
        let id = takeId()
        guard logs.put(id, json, facts, in: openLog(client), logName(client), now: now) else { return nil }
        awaitEnd(id, facts, ends: 1)
        if isFollowed(client) { followQueued(client, id, json: json) }
        return id
    }
    private mutating func awaitEnd(_ id: UInt64, _ facts: MessageFacts, ends: Int) {
        if facts.isAwaited { logs.events.awaited.begin(id, ends: ends) }
    }
    private mutating func full() -> Publication {
        counters.refusedFull += 1
        return .full
    }
    private mutating func journalFull() -> Publication {
        counters.journalRefused += 1
        return .journalFull
    }
    private mutating func journalFull(_ client: Slot<ClientRecord>, _ now: UInt64) -> Publication {
        settle(client, now)
        return journalFull()
    }

    // MARK: several clients

    /// One body and one id, in the log of each client. All of them, or none.
    private mutating func publish(
        clients names: [UnsafeRawBufferPointer], _ json: UnsafeRawBufferPointer, _ facts: MessageFacts, _ now: UInt64
    ) -> Publication {
        var clients: [Slot<ClientRecord>] = []
        var seen: Set<Slot<ClientRecord>> = []
        for name in names where !areEqual(name, facts.except) {
            if facts.marks.contains(.transient), !isConnected(name) { continue }
            let client = presence.find(name) ?? makeClient(name)
            presence.leaveLost(client)
            if seen.insert(client).inserted { clients.append(client) }
        }
        guard !clients.isEmpty else { return .nobody }
        // A client that was made for this and gets nothing is forgotten again.
        defer { for client in clients { settle(client, now) } }
        guard clients.allSatisfy({ hasRoom(for: facts, json, in: presence[$0].log.known) }) else { return .latestFull }
        guard logs.hasRoom(json.count * clients.count, messages: clients.count) else { return full() }
        let id = takeId()
        var all: [(Slot<Log>, LogName)] = []
        for client in clients { all.append((openLog(client), logName(client))) }
        guard logs.put(id, json, facts, in: all, now: now) else { return journalFull() }
        awaitEnd(id, facts, ends: clients.count)
        var sent = 0
        for client in clients {
            if presence[client].isPresent { sent += 1 }
            answerIfHeld(client, now)
        }
        count(sent)
        return .several(id, sent: sent, waiting: clients.count - sent)
    }
    private mutating func count(_ sent: Int) {
        if sent > 0 { counters.forwarded += 1 } else { counters.queued += 1 }
    }

    // MARK: channels

    private mutating func publish(
        names: [UnsafeRawBufferPointer], _ json: UnsafeRawBufferPointer, _ facts: MessageFacts, _ now: UInt64
    ) -> Publication {
        var found: [Slot<Channel>] = []
        for name in names {
            let name = LogName(.channel, name)
            // A message that is only for connected clients makes no channel.
            let channel = facts.marks.contains(.transient) ? channels.find(name) : findOrMakeChannel(name)
            if let channel, !found.contains(channel) { found.append(channel) }
        }
        let outcome = publish(channels: found, json, facts, now)
        for channel in found { settle(channel, now) }
        return outcome
    }

    /// One body and one id, in the log of each channel. All of them, or none.
    private mutating func publish(
        channels found: [Slot<Channel>], _ json: UnsafeRawBufferPointer, _ facts: MessageFacts, _ now: UInt64
    ) -> Publication {
        var (sent, absent) = (0, 0)
        var readers: [Int] = []
        for channel in found {
            let isEveryone = channel == channels.everyone
            var connected = isEveryone ? connectedCount : Int(channels[channel].connected)
            var all = isEveryone ? presence.count : Int(channels[channel].count)
            if let reader = reader(facts.except, of: channel) {
                all -= 1
                if presence[reader].isPresent { connected -= 1 }
            }
            sent += connected
            absent += all - connected
            readers.append(all)
            guard hasRoom(for: facts, json, in: channels[channel].log.known) else { return .latestFull }
        }
        if facts.marks.contains(.transient), sent == 0 { return .nobody }
        guard logs.hasRoom(json.count * found.count, messages: found.count) else { return full() }
        let id = takeId()
        var all: [(Slot<Log>, LogName)] = []
        for channel in found { all.append((openLog(channel), channels.name(channel))) }
        guard logs.put(id, json, facts, in: all, now: now) else { return journalFull() }
        awaitEnd(id, facts, ends: found.count)
        for (channel, count) in zip(found, readers) {
            channels[channel].newest = id
            if facts.marks.contains(.receipt) { beginReceipt(id, of: channel, readers: count) }
            beginFanOut(channel)
        }
        if !facts.except.isEmpty, let client = presence.find(facts.except) { pass(client, id) }
        count(sent)
        let isRead = found.contains { $0 == channels.everyone || channels[$0].kind == .user || channels[$0].count > 0 }
        return isRead ? .several(id, sent: sent, waiting: absent) : .nobody
    }
    /// The log has room for the message's name of `latest`, if it has one.
    @inline(__always)
    private func hasRoom(for facts: MessageFacts, _ json: UnsafeRawBufferPointer, in log: Slot<Log>?) -> Bool {
        guard facts.marks.contains(.latest), let log else { return true }
        return logs.hasRoom(for: facts.latest, json.count, in: log)
    }
    /// The client that does not get a message, if it is one of the channel's.
    private func reader(_ id: UnsafeRawBufferPointer, of channel: Slot<Channel>) -> Slot<ClientRecord>? {
        guard !id.isEmpty, let client = presence.find(id) else { return nil }
        guard channel != channels.everyone else { return client }
        return channels.find(channel, first: presence[client].subscription).map { _ in client }
    }
}

extension MessageFacts {
    init(_ options: PublishOptions, _ settings: QueueSettings) {
        timeToLive = options.keeps ? options.timeToLive ?? settings.timeToLive : Limits.transientMilliseconds
        if let except = options.except {
            self.except = except
            marks.insert(.except)
        }
        if let latest = options.latest {
            self.latest = latest
            marks.insert(.latest)
        }
        if !options.keeps { marks.insert(.transient) }
        isAwaited = options.isAwaited
        if options.receipt || isAwaited { marks.insert(.receipt) }
    }
    /// An app of another machine published it. That machine tells what becomes of it.
    mutating func isAnothers() {
        isAwaited = false
        marks.remove(.receipt)
    }
}

extension Publication {
    /// The message was taken. Any other outcome may be different when the publish is made again.
    var isTaken: Bool {
        switch self {
        case .sent, .queued, .several, .nobody: true
        case .full, .journalFull, .latestFull, .otherOnce, .again: false
        }
    }
}
