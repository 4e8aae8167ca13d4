import Base
import Store
import Wire

// The way of messages from the logs to the receivers, and back.
extension Switchboard {
    /// A worker says that a client has a receiver there.
    mutating func connected(_ link: LinkSlot, _ worker: UInt16, _ frame: Frame, _ now: UInt64) {
        counters.clientsConnected += 1
        let client = presence.findOrMake(frame.client)
        let record = presence[client]
        if record.isHeld, record.link != link {
            counters.clientsReplaced += 1
            links.write(
                Frame(
                    op: .replaced, tag: record.tag, slot: record.slot, number: frame.number,
                    client: frame.client, body: frame.body), to: record.link)
        }
        presence.wait(client, on: link)
        if record.worker != worker {
            record.worker = worker
            if let log = record.log.known { mailboxes.move(log, to: worker) }
        }
        record.tag = frame.tag
        record.slot = frame.slot
        record.credit = Announcement(body: frame.body).credit
        record.isSingle = frame.flags.contains(.single)
        record.stays = frame.flags.contains(.stays)
        record.acknowledges = frame.flags.contains(.acknowledges)
        if record.acknowledges { acknowledge(client, frame.number) }
        let log = record.log.known
        if let log { mailboxes.receiverCame(log) }

        guard record.credit > 0 else { return }
        // Only a client that acknowledges is told of a gap at once: its cursor moves past the gap.
        if let log, record.acknowledges || mailboxes[log].count > 0 {
            answerOrBlock(client, now)
        } else if frame.flags.contains(.atOnce), !links.isFull(link) {
            answerEmpty(client, cursor: frame.number, now)
        }
    }

    /// The client has all messages up to `cursor`.
    private mutating func acknowledge(_ client: Slot<ClientRecord>, _ cursor: UInt64) {
        // The cursor is from another manager, whose queue died with it. The client is told with its next answer, not at
        // once, since all clients come at once.
        if cursor > 0, !ids.isOfThisLife(cursor) { presence[client].owesGap = true }
        guard let log = presence[client].log.known, !ids.isOfTheFuture(cursor) else { return }
        mailboxes.acknowledge(log, upTo: cursor)
        closeEmptyLog(client)
    }

    /// A receiver takes more. Messages that waited for credit are sent now, or when the link has been read.
    mutating func credit(_ link: LinkSlot, _ frame: Frame, _ now: UInt64) {
        guard let client = presence.find(frame.client) else { return }
        let record = presence[client]
        guard record.isHeld, record.link == link, record.tag == frame.tag,
            record.slot == frame.slot
        else { return }
        let hadNone = record.credit == 0
        let sum = frame.number.addingReportingOverflow(UInt64(record.credit))
        record.credit = sum.overflow ? .max : UInt32(clamping: sum.partialValue)
        guard hadNone, record.credit > 0, record.place == .waiting, hasUnsent(client) else { return }
        answerOrBlock(client, now)
    }

    /// A worker says that a receiver ended by itself.
    mutating func gone(_ link: LinkSlot, _ worker: UInt16, _ frame: Frame, _ now: UInt64) {
        counters.clientsGone += 1
        guard let client = presence.find(frame.client) else { return }
        let record = presence[client]
        guard record.tag == frame.tag else { return }
        let timedOut = frame.flags.contains(.timedOut)
        if record.isHeld {
            guard record.link == link, record.slot == frame.slot else { return }
            presence.endReceiver(client, present: timedOut, now: now)
        } else if record.place == .grace, record.worker == worker, !timedOut {
            record.isPresent = false  // it crossed with the answer
        }
    }

    /// A worker gives a message back.
    mutating func undelivered(_ worker: UInt16, _ frame: Frame, _ now: UInt64) {
        guard ids.isOfThisLife(frame.number), frame.body.count > 0 else { return }
        counters.returned += 1
        giveBack(frame, from: worker, now)
    }

    /// A message did not reach its client, and goes back into its old place in the log. If the client acknowledges, the
    /// log still has the message. There is one exception: it was handed over before the client had a cursor. The cursor
    /// has moved past it by now, so it is lost, and the client is told of a gap.
    mutating func giveBack(_ frame: Frame, from worker: UInt16, _ now: UInt64) {
        let known = presence.find(frame.client)
        if let known, !presence[known].handedForGood {
            let record = presence[known]
            let isKept = record.log.known.map { mailboxes.keeps(frame.number, in: $0) } ?? false
            guard record.wasHandedForGood, !isKept else { return }
            mailboxes.passThrough(bytes: frame.body.count, worker: record.worker, .dropped, now: now)
            record.owesGap = true
            return
        }
        let client = known ?? presence.findOrMake(frame.client)
        let record = presence[client]
        let time = UInt32(truncatingIfNeeded: now)
        if known == nil {
            record.worker = worker
            record.handedDeadline = time &+ settings.timeToLive
        }
        presence.leaveLost(client)
        let log = openLog(client)
        let isTooLate = isOver(record.handedDeadline, time)
        guard !isTooLate, mailboxes.hasRoomToPutBack(frame.body.count) else {
            mailboxes.passThrough(
                bytes: frame.body.count, worker: record.worker, isTooLate ? .expired : .dropped, now: now)
            mailboxes.markLost(frame.number, in: log)
            return settle(client, now)
        }
        mailboxes.put(frame.number, frame.body, in: log, deadline: record.handedDeadline, now: now)
        // The client may poll again already. It is answered at the end of the turn, when all messages have come back.
        block(client)
    }

    // MARK: answers

    /// Messages wait that the client's receiver has not been sent.
    private func hasUnsent(_ client: Slot<ClientRecord>) -> Bool {
        presence[client].log.known.map { mailboxes.firstUnsent($0) != nil } ?? false
    }

    /// The receiver has credit, and there is something to tell it.
    private mutating func answerOrBlock(_ client: Slot<ClientRecord>, _ now: UInt64) {
        if links.isFull(presence[client].link) { block(client) } else { answer(client, now) }
    }
    /// The client is answered when its link has been read.
    mutating func block(_ client: Slot<ClientRecord>) {
        let record = presence[client]
        guard record.place == .waiting, record.credit > 0 else { return }
        presence.block(client)
        links.markDirty(record.link)
    }

    /// A poll is to be answered at once, and nothing waits for it. If the link is full, the worker ends the poll by
    /// itself.
    private mutating func answerEmpty(_ client: Slot<ClientRecord>, cursor: UInt64, _ now: UInt64) {
        let record = presence[client]
        if record.owesGap { counters.gaps += 1 }
        links.write(
            Frame(
                op: .message, flags: record.owesGap ? .gap : [], tag: record.tag,
                slot: record.slot, number: cursor, client: presence.id(client)), to: record.link)
        record.owesGap = false
        answered(client, now)
    }

    /// Answers the receiver of a client that has messages, or a gap to be told. The answer has all messages that wait,
    /// in order, up to the receiver's credit and `Limits.answerBytes`.
    mutating func answer(_ client: Slot<ClientRecord>, _ now: UInt64) {
        let record = presence[client]
        let log = record.log.known
        let isLossNew = log.map { mailboxes[$0].lost > mailboxes[$0].handed } ?? false
        let isGap = isLossNew || record.owesGap
        if isGap { counters.gaps += 1 }
        var bytes = 0
        if let log, let first = mailboxes.firstUnsent(log) {
            bytes = hand(first, of: log, to: client, isGap ? .gap : [])
        } else {
            let lost = log.map { mailboxes[$0].lost } ?? 0
            links.write(
                Frame(
                    op: .message, flags: isGap ? .gap : [], tag: record.tag, slot: record.slot,
                    number: lost, client: presence.id(client)), to: record.link)
            if let log, isLossNew, record.acknowledges { mailboxes.receiverHas(lost, in: log) }
        }
        if record.acknowledges, record.handedForGood { record.wasHandedForGood = true }
        record.handedForGood = !record.acknowledges
        record.owesGap = false
        // A client that acknowledges has been told when its cursor has passed the loss. Any other client is told now.
        if let log, !record.acknowledges { mailboxes.forgetLoss(log) }
        closeEmptyLog(client)
        answered(client, now, bytes: bytes)
    }

    /// Writes the messages of one answer, beginning with this one. The result is how many bytes of credit they take.
    private mutating func hand(
        _ first: Slot<Message>, of log: Slot<Log>, to client: Slot<ClientRecord>, _ flags: Frame.Flags
    ) -> Int {
        let record = presence[client]
        var frame = Frame(
            op: .message, tag: record.tag, slot: record.slot, number: 0, client: presence.id(client))
        let most = min(Limits.answerBytes, Int(record.credit))
        var bytes = 0
        var deadline: UInt32?
        var next: Slot<Message>? = first
        while let slot = next {
            let message = mailboxes[slot]
            bytes += message.body.count + Limits.envelopeBytes
            next = record.isSingle ? nil : mailboxes.next(after: slot)
            if let more = next, bytes + mailboxes[more].body.count + Limits.envelopeBytes > most { next = nil }
            frame.flags = next == nil ? flags : flags.union(.more)
            frame.number = message.id
            frame.body = message.body.bytes
            links.write(frame, to: record.link)
            counters.handed += 1
            if deadline.map({ isOver(message.deadline, $0) }) ?? true { deadline = message.deadline }
            if record.acknowledges {
                mailboxes.receiverHas(message.id, in: log)
            } else {
                mailboxes.take(slot)
            }
        }
        if let deadline { record.handedDeadline = deadline }
        return bytes
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

    // MARK: what keeps a record

    /// The client's log. It is made if there is none.
    mutating func openLog(_ client: Slot<ClientRecord>) -> Slot<Log> {
        let record = presence[client]
        if let log = record.log.known { return log }
        record.log = mailboxes.open(client, worker: record.worker)
        return record.log
    }
    mutating func closeEmptyLog(_ client: Slot<ClientRecord>) {
        let record = presence[client]
        if let log = record.log.known, mailboxes.closeIfEmpty(log) { record.log = .none }
    }

    /// Something that kept a record has gone. Decides whether the record stays, and in which place.
    mutating func settle(_ client: Slot<ClientRecord>, _ now: UInt64) {
        closeEmptyLog(client)
        let record = presence[client]
        guard record.place == .loose else { return }
        guard let log = record.log.known else { return presence.forget(client) }
        guard mailboxes[log].count == 0 else { return }
        if let oldest = presence.keepLost(client, now: now) { forgetLost(oldest, now) }
    }
    /// The mark of a loss is too old, or there are too many marks, and nothing else keeps the record.
    mutating func forgetLost(_ client: Slot<ClientRecord>, _ now: UInt64) {
        if let log = presence[client].log.known { mailboxes.forgetLoss(log) }
        settle(client, now)
    }
}
