import Base
import Store
import Wire

// Answers: what waits for a client, as frames for its receiver.
extension Switchboard {
    /// Something waits for the client's receiver. It is answered now, or when it has credit or its link was read.
    mutating func answerIfHeld(_ client: Slot<ClientRecord>, _ now: UInt64) {
        let record = presence[client]
        guard record.place == .waiting, record.credit > 0 else { return }
        if links.isFull(record.link) { block(client) } else { _ = answer(client, now) }
    }
    /// The client is answered when its link has been read.
    mutating func block(_ client: Slot<ClientRecord>) {
        let record = presence[client]
        guard record.place == .waiting, record.credit > 0 else { return }
        presence.block(client)
        links.markDirty(record.link)
    }
    /// A client of the link was blocked, and the link has room.
    mutating func answerBlocked(_ client: Slot<ClientRecord>, _ now: UInt64) {
        if !answer(client, now), presence[client].place == .blocked { presence.unblock(client) }
    }

    /// A poll is to be answered at once, and nothing waits for it. If the link is full, the worker ends the poll by
    /// itself.
    mutating func answerEmpty(_ client: Slot<ClientRecord>, cursor: UInt64, _ now: UInt64) {
        let record = presence[client]
        if record.owesGap { counters.gaps += 1 }
        links.write(
            Frame(
                op: .message, flags: record.owesGap ? .gap : [], tag: record.tag,
                slot: record.slot, number: cursor, client: presence.id(client)), to: record.link)
        record.owesGap = false
        answered(client, now)
    }

    /// An answer while it is written.
    private struct Outgoing {
        var frames = 0
        /// Bytes of credit that its messages take.
        var bytes = 0
        /// The highest id in it.
        var last: UInt64 = 0
        /// The earliest end of a time to live.
        var deadline: UInt32?
    }

    /// Answers the receiver of a client that has messages, or a loss to be told. The answer has all messages that wait,
    /// in order, up to the receiver's credit and `Limits.answerBytes`. False if nothing waits after all.
    mutating func answer(_ client: Slot<ClientRecord>, _ now: UInt64) -> Bool {
        let record = presence[client]
        let loss = newLoss(client)
        let isGap = loss > 0 || record.owesGap
        var out = Outgoing()
        let isAll = writeMessages(&out, client, isGap: isGap, now)
        // The cursor is to pass the loss. If messages follow in another answer, that one tells of it again.
        let passesLoss = isAll && loss > out.last
        if passesLoss && record.acknowledges || out.frames == 0 && isGap {
            writeLoss(&out, max(loss, out.last), client, isGap: isGap)
        }
        guard out.frames > 0 else { return false }
        links.endAnswer(record.link)
        if isGap {
            counters.gaps += 1
            if isFollowed(client) { follow("gap", client, cursor: max(loss, out.last)) }
        }
        if let deadline = out.deadline { record.handedDeadline = deadline }
        told(client, upTo: passesLoss ? loss : out.last, isGap: isGap)
        closeEmptyLog(client)
        answered(client, now, bytes: out.bytes)
        return true
    }
    /// The client's receiver was sent all up to this id.
    mutating func told(_ client: Slot<ClientRecord>, upTo id: UInt64, isGap: Bool) {
        let record = presence[client]
        record.owesGap = false
        if record.acknowledges {
            if record.handedForGood { record.wasHandedForGood = true }
            record.handedForGood = false
            record.sent = max(record.sent, id)
            if record.stays { countWritten(client) }
            return
        }
        record.handedForGood = true
        if logs.peers.isOn { logs.peers.emitPosition(id, acknowledges: false, presence.id(client)) }
        advance(client, to: id)
        // A client that acknowledges has been told when its cursor has passed the loss. Any other client is told now.
        if isGap, let log = record.log.known { logs.forgetLoss(log) }
    }

    /// Writes the messages of an answer. False if some are left for the next answer.
    private mutating func writeMessages(
        _ out: inout Outgoing, _ client: Slot<ClientRecord>, isGap: Bool, _ now: UInt64
    ) -> Bool {
        let record = presence[client]
        let most = min(Limits.answerBytes, Int(record.credit))
        beginReading(client)
        while let head = nextRead(client) {
            let message = logs[head.message]
            let hasElement = setElement(head, message, of: client)
            let bytes = hasElement ? element.count : message.bytes
            if out.frames > 0, record.isSingle || out.bytes + bytes + Limits.envelopeBytes > most { return false }
            write(head, message, &out, client, isGap: isGap, hasElement: hasElement)
            out.last = message.id
            // News live long, as long as nobody else comes or goes. If they come back they are a message like others.
            let isNews = message.marks.contains(.presence)
            let deadline = isNews ? UInt32(truncatingIfNeeded: now) &+ settings.timeToLive : message.deadline
            if out.deadline.map({ isOver(deadline, $0) }) ?? true { out.deadline = deadline }
            if !record.acknowledges, head.channel == .none { logs.hand(head.message, now: now) }
        }
        return true
    }
    /// Writes a message. `hasElement`: it is in `element`.
    private mutating func write(
        _ head: Reading.Head, _ message: Message, _ out: inout Outgoing, _ client: Slot<ClientRecord>, isGap: Bool,
        hasElement: Bool
    ) {
        if message.marks.contains(.history) {
            // The cursor passes the entry, even if nothing of it is left.
            return writeHistory(head.message, message, &out, client, isGap: isGap)
        }
        var flags: Frame.Flags = message.marks.contains(.transient) ? .transient : []
        if hasElement || message.marks.contains(.members) { flags.insert(.members) }
        if head.channel == .none, message.marks.contains(.receipt) { flags.insert(.tells) }
        let body = hasElement ? element.bytes : logs.body(head.message)
        if isFollowed(client) {
            flags.insert(.tells)
            let json = Frame(op: .message, flags: flags, number: message.id, body: body).json
            followSent(client, message.id, head.channel, json: json)
        }
        write(body, message.id, flags, &out, client, isGap: isGap)
        out.bytes += body.count + Limits.envelopeBytes
    }
    /// Writes a frame that says more will follow. The last frame of the answer is put right in the end.
    private mutating func write(
        _ body: UnsafeRawBufferPointer, _ id: UInt64, _ flags: Frame.Flags, _ out: inout Outgoing,
        _ client: Slot<ClientRecord>, isGap: Bool
    ) {
        let record = presence[client]
        var flags = flags.union(.more)
        if isGap { flags.insert(.gap) }
        links.write(
            Frame(
                op: .message, flags: flags, tag: record.tag, slot: record.slot, number: id,
                client: presence.id(client), body: body), to: record.link)
        out.frames += 1
        if body.count > 0 { counters.handed += 1 }
    }
    private mutating func writeLoss(
        _ out: inout Outgoing, _ id: UInt64, _ client: Slot<ClientRecord>, isGap: Bool
    ) {
        write(UnsafeRawBufferPointer(start: nil, count: 0), id, [], &out, client, isGap: isGap)
    }
    /// Writes the messages that an entry stands for. All have the id of the entry, so that a cursor is before all of
    /// them or behind all of them.
    private mutating func writeHistory(
        _ entry: Slot<Message>, _ message: Message, _ out: inout Outgoing, _ client: Slot<ClientRecord>, isGap: Bool
    ) {
        let history = History(logs.body(entry))
        guard let channel = channels.find(LogName(.channel, history.channel)),
            channels.find(channel, first: presence[client].subscription) != nil, let log = channels[channel].log.known
        else { return }
        var next = presence[client].isSingle ? logs.last(log) : logs.firstOf(history, in: log)
        while let slot = next, logs[slot].id <= history.last {
            next = logs.next(after: slot)
            let old = logs[slot]
            guard old.id >= history.first || old.marks.contains(.latest), !old.marks.contains(.transient),
                !logs.isExcepted(slot, presence.id(client))
            else { continue }
            setElement(slot, of: channel, old: true)
            write(element.bytes, message.id, .members, &out, client, isGap: isGap)
            out.bytes += element.count + Limits.envelopeBytes
        }
    }

    /// Puts the next message of a client into `element` if it has members: it is a channel's, or an app waits for its
    /// end and the client can say that it has it. False if it has none.
    private mutating func setElement(_ head: Reading.Head, _ message: Message, of client: Slot<ClientRecord>) -> Bool {
        guard head.channel == .none else {
            setElement(head.message, of: head.channel)
            return true
        }
        guard presence[client].acknowledges, isAwaited(message), !message.marks.contains(.members) else { return false }
        members.clear()
        members.append(Switchboard.asks)
        element.clear()
        Frame.appendMembers(members.bytes, to: &element)
        element.append(logs.body(head.message))
        return true
    }
    private func isAwaited(_ message: Message) -> Bool {
        message.marks.contains(.receipt) && logs.events.awaited.contains(message.id)
    }
    /// The client is to acknowledge the message at once.
    private static let asks: StaticString = ",\"ack\":true"

    /// Puts a message of a channel into `element`, as the body of a frame with members.
    mutating func setElement(_ message: Slot<Message>, of channel: Slot<Channel>, old: Bool = false) {
        members.clear()
        let entry = logs[message]
        let isPresence = entry.marks.contains(.presence)
        let name = channels.name(channel)
        switch name.kind {
        case _ where isPresence: members.append(",\"presence\":")
        case .client, .everyone: break
        case .channel: members.append(",\"channel\":")
        case .user: members.append(",\"user\":")
        }
        if isPresence {
            members.append(logs.body(message))
        } else if name.kind != .everyone {
            appendJSONString(name.name, to: &members)
        }
        if isAwaited(entry) { members.append(Switchboard.asks) }
        if old {
            members.append(",\"of\":")
            members.append(decimal: entry.id)
        }
        element.clear()
        Frame.appendMembers(members.bytes, to: &element)
        if !isPresence { element.append(logs.body(message)) }
    }

    /// An answer of so many bytes went out. A receiver that stays has less credit now; any other has ended.
    @inline(__always)
    mutating func answered(_ client: Slot<ClientRecord>, _ now: UInt64, bytes: Int = 0) {
        let record = presence[client]
        guard record.stays else { return presence.endReceiver(client, present: true, now: now) }
        record.credit -= min(record.credit, UInt32(clamping: bytes))
        if record.credit > 0, hasUnsent(client) {
            block(client)
        } else if record.place == .blocked {
            presence.unblock(client)
        }
    }
}

/// What an entry of a client's own log stands for: the messages of a channel from one id to another, and those with a
/// name of `latest` that are older. A client has one cursor for all logs, and older messages would be behind it.
struct History {
    let first: UInt64
    let last: UInt64
    let channel: UnsafeRawBufferPointer

    init(_ body: UnsafeRawBufferPointer) {
        first = body.bigEndian(at: 0, as: UInt64.self)
        last = body.bigEndian(at: 8, as: UInt64.self)
        channel = body.part(16, body.count - 16)
    }
    /// The body of an entry.
    static func write(first: UInt64, last: UInt64, channel: UnsafeRawBufferPointer, to out: inout Buffer) {
        out.append(bigEndian: first)
        out.append(bigEndian: last)
        out.append(channel)
    }
}
