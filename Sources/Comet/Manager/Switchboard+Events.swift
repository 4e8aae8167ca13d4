import Base
import Store
import Wire

// Events of messages and clients, for apps that ask.
extension Switchboard {
    // MARK: what happens

    /// The client came or went, or its subscription to a channel did.
    @inline(__always)
    mutating func tell(_ kind: EventKind, _ client: Slot<ClientRecord>, _ channel: Slot<Channel>? = nil) {
        if isFollowed(client) { follow(kind, client, channel: channel.map { channels.name($0).name }) }
        // The machine whose app asked for it, or whose client it is, tells its apps.
        if logs.peers.isForeign { return }
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        logs.events.add(kind, presence.id(client), channel: channel.map { channels.name($0).name } ?? none, &logs.arena)
    }
    /// The client was not here, and is now.
    mutating func came(_ client: Slot<ClientRecord>) {
        tell(.connected, client)
        tellPresence(of: client)
    }
    /// A worker says that it has written messages to a client's connection. Their ids are the frame's body.
    mutating func delivered(_ frame: Frame) {
        let log = presence.find(frame.client).flatMap { presence[$0].log.known }
        var at = 0
        while at + 8 <= frame.body.count {
            logs.delivered(frame.body.bigEndian(at: at), to: frame.client, log)
            if !logs.followers.isEmpty { followDelivered(frame.client, frame.body.bigEndian(at: at)) }
            at += 8
        }
    }
    /// The client has come from a position to the one that it has now. The readers of its logs are counted.
    mutating func countReader(
        _ client: Slot<ClientRecord>, after from: UInt64, _ how: WritableKeyPath<ReaderCounts, UInt32>
    ) {
        let (id, position) = (presence.id(client), presence[client].position)
        if let log = channels[channels.everyone].log.known {
            logs.advanced(log, id, after: from, upTo: position, how)
        }
        var next = presence[client].subscription.known
        while let slot = next {
            let subscription = channels[slot]
            if let log = channels[subscription.channel].log.known {
                logs.advanced(log, id, after: max(from, subscription.from), upTo: position, how)
            }
            next = channels.next(of: slot)
        }
    }
    /// The message is in the channel's log, and so many readers are to have it.
    mutating func beginReceipt(_ id: UInt64, of channel: Slot<Channel>, readers: Int) {
        guard let log = channels[channel].log.known else { return }
        logs.beginReceipt(id, in: log, channels.name(channel), readers: readers)
    }
    /// The client has come for the first time, and goes on after its position. If it was known before, it is among the
    /// readers of what was published to everyone after `since`. It was no reader of its user's messages.
    mutating func countArrival(_ client: Slot<ClientRecord>, knownSince since: UInt64) {
        let (id, position) = (presence.id(client), presence[client].position)
        if let log = channels[channels.everyone].log.known {
            logs.joined(log, id, after: position, upTo: since > 0 ? since : .max)
        }
        if let first = presence[client].subscription.known, channels[channels[first].channel].kind == .user,
            let log = channels[channels[first].channel].log.known
        {
            logs.joined(log, id, after: position)
        }
    }

    // MARK: who asks

    /// Events that are kept, and the id of the newest one.
    package var eventCount: Int { logs.events.count }
    package var eventCursor: UInt64 { logs.events.last }
    package var eventBytes: Int { logs.events.bytes }
    package var eventCounts: EventCounts { logs.events.counts }
    /// The kinds of events that are kept.
    package var eventKinds: EventKinds { logs.events.kinds }
    package var outcomes: Outcomes { logs.outcomes }
    /// Messages whose end will be told, beside those in clients' own logs.
    package var receiptCount: Int { logs.receipts.count }

    /// The id up to which events behind this cursor are gone. `nil` if none is gone.
    package func eventGap(after cursor: UInt64) -> UInt64? { logs.events.gap(after: cursor) }
    /// Passes the events behind a cursor, the oldest first, until `take` is false. The cursor moves with them.
    package func readEvents(
        after cursor: inout UInt64, _ kinds: EventKinds, client: UnsafeRawBufferPointer?, _ take: (KeptEvent) -> Bool
    ) {
        logs.events.read(after: &cursor, kinds, client: client, logs.arena, take)
    }

    // MARK: who waits for the end of a message

    package func awaited(_ message: UInt64) -> AwaitedEnd? { logs.events.awaited[message] }
    package mutating func stopAwaiting(_ message: UInt64) { logs.events.awaited.end(message) }
    /// The messages whose end is known since the last call.
    package mutating func takeFinished() -> [UInt64] { logs.events.awaited.takeFinished() }

    // MARK: readers that the manager remembers

    /// How far this reader has said that it is. `nil` if it has said nothing.
    package func readerCursor(_ name: UnsafeRawBufferPointer) -> UInt64? { readers.cursor(name) }
    /// The reader has all events up to an id. False if there are too many readers, or there is no memory for it.
    package mutating func setReader(_ name: UnsafeRawBufferPointer, _ cursor: UInt64) -> Bool {
        readers.set(name, min(cursor, logs.events.last), &logs.arena)
    }
}
