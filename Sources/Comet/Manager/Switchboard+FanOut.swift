import Base
import Store
import Wire

// Fan-out: a channel's message goes to its readers, a few at a time, with one body for each link.
extension Switchboard {
    /// A message was put into the channel's log.
    mutating func beginFanOut(_ channel: Slot<Channel>) {
        let own = channels[channel]
        let left = own.kind == .everyone ? presence.pages : own.count
        guard left > 0 else { return }
        if own.left == 0 { fanOuts.append(channel) }
        own.left = left
    }

    /// Tells some readers of one channel. Call it in each turn of the loop, before the links are written, until it is
    /// false or `Limits.fanOutMilliseconds` are over. True if more is left.
    package mutating func fanOut(now: UInt64) -> Bool {
        guard let channel = fanOuts.take() else { return false }
        let own = channels[channel]
        sharedBytes = 0
        // Messages may be over before all were told.
        let newest = own.log.known.flatMap { logs.last($0) }
        if own.kind == .everyone {
            visitPage(newest, now)
        } else {
            visitSubscribers(of: channel, newest, now)
        }
        if let newest { writeGathered(newest, of: channel) }
        if own.left > 0 {
            fanOuts.append(channel)
        } else {
            settle(channel, now)
        }
        return !fanOuts.isEmpty
    }
    private mutating func visitSubscribers(of channel: Slot<Channel>, _ newest: Slot<Message>?, _ now: UInt64) {
        let own = channels[channel]
        for _ in 0..<min(Limits.fanOutVisits, Int(own.left)) {
            guard let slot = own.next.known ?? own.subscriptions.first else {
                own.left = 0
                return
            }
            own.left -= 1
            own.next = channels.next(in: channel, after: slot) ?? .none
            visit(channels[slot].client, newest, of: channel, now)
        }
    }
    /// Everyone is visited page by page. New clients begin after the message.
    private mutating func visitPage(_ newest: Slot<Message>?, _ now: UInt64) {
        let own = channels[channels.everyone]
        own.left -= 1
        var clients: ContiguousArray<Slot<ClientRecord>> = []
        presence.clients(page: own.left, &clients)
        for client in clients { visit(client, newest, of: channels.everyone, now) }
    }

    /// Tells a reader what waits for it. A client that is away or blocked gets it when it comes, or when its link was
    /// read.
    private mutating func visit(
        _ client: Slot<ClientRecord>, _ newest: Slot<Message>?, of channel: Slot<Channel>, _ now: UInt64
    ) {
        let record = presence[client]
        guard record.place == .waiting, record.credit > 0 else { return }
        guard !links.isFull(record.link) else {
            if hasNews(client) { block(client) }
            return
        }
        // A message that may have to come back needs a frame that names its client.
        guard let newest, record.acknowledges, !record.owesGap, !record.isSingle, !isFollowed(client),
            links.version(record.link) == .two, waitsAlone(newest, of: channel, for: client)
        else {
            if hasNews(client) { _ = answer(client, now) }
            return
        }
        links.gather(record.slot, record.tag, on: record.link)
        told(client, upTo: logs[newest].id, isGap: false)
        if record.stays, sharedBytes == 0 {
            setElement(newest, of: channel)
            sharedBytes = element.count + Limits.envelopeBytes
        }
        answered(client, now, bytes: sharedBytes)
    }
    private mutating func writeGathered(_ message: Slot<Message>, of channel: Slot<Channel>) {
        guard links.hasGathered else { return }
        setElement(message, of: channel)
        let count = links.writeGathered(
            Frame(op: .message, flags: .members, number: logs[message].id, body: element.bytes))
        counters.handed += UInt64(count)
        counters.fanoutReceivers += UInt64(count)
    }
}
