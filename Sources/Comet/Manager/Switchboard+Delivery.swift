import Base
import Store
import Wire

// From the logs to the receivers, and back.
extension Switchboard {
    /// A worker says that a client has a receiver there.
    mutating func connected(_ link: LinkSlot, _ worker: UInt16, _ frame: Frame, _ now: UInt64) {
        counters.clientsConnected += 1
        let client = presence.findOrMake(frame.client)
        let record = presence[client]
        if record.pointee.isHeld, record.pointee.link != link {
            counters.clientsReplaced += 1
            links.write(
                Frame(
                    op: .replaced, tag: record.pointee.tag, slot: record.pointee.slot, number: frame.number,
                    client: frame.client, body: frame.body), to: record.pointee.link)
        }
        presence.wait(client, on: link)
        if record.pointee.worker != worker {
            record.pointee.worker = worker
            if let log = record.pointee.log.known { mailboxes.move(log, to: worker) }
        }
        record.pointee.tag = frame.tag
        record.pointee.slot = frame.slot
        record.pointee.credit = Announcement(body: frame.body).credit
        record.pointee.isSingle = frame.flags.contains(.single)
        record.pointee.stays = frame.flags.contains(.stays)
        record.pointee.acknowledges = frame.flags.contains(.acknowledges)
        if record.pointee.acknowledges { acknowledge(client, frame.number) }
        let log = record.pointee.log.known
        if let log { mailboxes.receiverCame(log) }

        guard record.pointee.credit > 0 else { return }
        // Only who acknowledges is told of a gap at once: its cursor moves past it.
        if let log, record.pointee.acknowledges || mailboxes[log].count > 0 {
            answerOrBlock(client, now)
        } else if frame.flags.contains(.atOnce), !links.isFull(link) {
            answerEmpty(client, cursor: frame.number, now)
        }
    }

    /// The client has all up to `cursor`.
    private mutating func acknowledge(_ client: Slot<ClientRecord>, _ cursor: UInt64) {
        // A cursor of another manager's life: what its queue held died with it. Told with the next answer, not at once:
        // all come at once.
        if cursor > 0, !ids.isOfThisLife(cursor) { presence[client].pointee.owesGap = true }
        guard let log = presence[client].pointee.log.known, !ids.isOfTheFuture(cursor) else { return }
        mailboxes.acknowledge(log, upTo: cursor)
        closeEmptyLog(client)
    }

    /// A receiver takes more. What waits for want of credit is sent now, or when the link has been read.
    mutating func credit(_ link: LinkSlot, _ frame: Frame, _ now: UInt64) {
        guard let client = presence.find(frame.client) else { return }
        let record = presence[client]
        guard record.pointee.isHeld, record.pointee.link == link, record.pointee.tag == frame.tag,
            record.pointee.slot == frame.slot
        else { return }
        let hadNone = record.pointee.credit == 0
        let sum = frame.number.addingReportingOverflow(UInt64(record.pointee.credit))
        record.pointee.credit = sum.overflow ? .max : UInt32(clamping: sum.partialValue)
        guard hadNone, record.pointee.credit > 0, record.pointee.place == .waiting, hasUnsent(client) else { return }
        answerOrBlock(client, now)
    }

    /// A worker says that a receiver ended by itself.
    mutating func gone(_ link: LinkSlot, _ worker: UInt16, _ frame: Frame, _ now: UInt64) {
        counters.clientsGone += 1
        guard let client = presence.find(frame.client) else { return }
        let record = presence[client]
        guard record.pointee.tag == frame.tag else { return }
        let timedOut = frame.flags.contains(.timedOut)
        if record.pointee.isHeld {
            guard record.pointee.link == link, record.pointee.slot == frame.slot else { return }
            presence.endReceiver(client, present: timedOut, now: now)
        } else if record.pointee.place == .grace, record.pointee.worker == worker, !timedOut {
            record.pointee.isPresent = false  // it crossed with the answer
        }
    }

    /// A worker gives a message back.
    mutating func undelivered(_ worker: UInt16, _ frame: Frame, _ now: UInt64) {
        guard ids.isOfThisLife(frame.number), frame.body.count > 0 else { return }
        counters.returned += 1
        giveBack(frame, from: worker, now)
    }

    /// A message that did not reach its client goes back into its log, in its old place. Who acknowledges has it there
    /// still, unless it was handed over before the client had a cursor: that has moved past it by now, so it is lost,
    /// and the client is told of a gap.
    mutating func giveBack(_ frame: Frame, from worker: UInt16, _ now: UInt64) {
        let known = presence.find(frame.client)
        if let known, !presence[known].pointee.handedForGood {
            let record = presence[known]
            let isKept = record.pointee.log.known.map { mailboxes.keeps(frame.number, in: $0) } ?? false
            guard record.pointee.wasHandedForGood, !isKept else { return }
            mailboxes.passThrough(bytes: frame.body.count, worker: record.pointee.worker, .dropped, now: now)
            record.pointee.owesGap = true
            return
        }
        let client = known ?? presence.findOrMake(frame.client)
        let record = presence[client]
        let time = UInt32(truncatingIfNeeded: now)
        if known == nil {
            record.pointee.worker = worker
            record.pointee.handedDeadline = time &+ settings.timeToLive
        }
        presence.leaveLost(client)
        let log = openLog(client)
        let isTooLate = isOver(record.pointee.handedDeadline, time)
        guard !isTooLate, mailboxes.hasRoomToPutBack(frame.body.count) else {
            mailboxes.passThrough(
                bytes: frame.body.count, worker: record.pointee.worker, isTooLate ? .expired : .dropped, now: now)
            mailboxes.markLost(frame.number, in: log)
            return settle(client, now)
        }
        mailboxes.put(frame.number, frame.body, in: log, deadline: record.pointee.handedDeadline, now: now)
        // It may poll again already: it is answered at the end of the turn, when all that comes back has come.
        block(client)
    }

    // MARK: answers

    /// Messages wait for it that its receiver has not been sent.
    private func hasUnsent(_ client: Slot<ClientRecord>) -> Bool {
        presence[client].pointee.log.known.map { mailboxes.firstUnsent($0) != nil } ?? false
    }

    /// Its receiver has credit, and something to be told.
    private mutating func answerOrBlock(_ client: Slot<ClientRecord>, _ now: UInt64) {
        if links.isFull(presence[client].pointee.link) { block(client) } else { answer(client, now) }
    }
    /// It is answered when its link has been read.
    mutating func block(_ client: Slot<ClientRecord>) {
        let record = presence[client]
        guard record.pointee.place == .waiting, record.pointee.credit > 0 else { return }
        presence.block(client)
        links.markDirty(record.pointee.link)
    }

    /// Nothing waits for a poll that is to be answered at once. Where the link is full, the worker ends it by itself.
    private mutating func answerEmpty(_ client: Slot<ClientRecord>, cursor: UInt64, _ now: UInt64) {
        let record = presence[client]
        if record.pointee.owesGap { counters.gaps += 1 }
        links.write(
            Frame(
                op: .message, flags: record.pointee.owesGap ? .gap : [], tag: record.pointee.tag,
                slot: record.pointee.slot, number: cursor, client: presence.id(client)), to: record.pointee.link)
        record.pointee.owesGap = false
        answered(client, now)
    }

    /// Answers the receiver of a client that has messages or a gap to be told: all that waits, in order, up to its
    /// credit and `Limits.answerBytes`.
    mutating func answer(_ client: Slot<ClientRecord>, _ now: UInt64) {
        let record = presence[client]
        let log = record.pointee.log.known
        let isLossNew = log.map { mailboxes[$0].lost > mailboxes[$0].handed } ?? false
        let isGap = isLossNew || record.pointee.owesGap
        if isGap { counters.gaps += 1 }
        var bytes = 0
        if let log, let first = mailboxes.firstUnsent(log) {
            bytes = hand(first, of: log, to: client, isGap ? .gap : [])
        } else {
            let lost = log.map { mailboxes[$0].lost } ?? 0
            links.write(
                Frame(
                    op: .message, flags: isGap ? .gap : [], tag: record.pointee.tag, slot: record.pointee.slot,
                    number: lost, client: presence.id(client)), to: record.pointee.link)
            if let log, isLossNew, record.pointee.acknowledges { mailboxes.receiverHas(lost, in: log) }
        }
        if record.pointee.acknowledges, record.pointee.handedForGood { record.pointee.wasHandedForGood = true }
        record.pointee.handedForGood = !record.pointee.acknowledges
        record.pointee.owesGap = false
        // Who acknowledges has been told when its cursor has passed the loss; who doesn't, now.
        if let log, !record.pointee.acknowledges { mailboxes.forgetLoss(log) }
        closeEmptyLog(client)
        answered(client, now, bytes: bytes)
    }

    /// Writes the messages of one answer, from this one on: how many bytes of credit they take.
    private mutating func hand(
        _ first: Slot<Message>, of log: Slot<Log>, to client: Slot<ClientRecord>, _ flags: Frame.Flags
    ) -> Int {
        let record = presence[client]
        var frame = Frame(
            op: .message, tag: record.pointee.tag, slot: record.pointee.slot, number: 0, client: presence.id(client))
        let most = min(Limits.answerBytes, Int(record.pointee.credit))
        var bytes = 0
        var deadline: UInt32?
        var next: Slot<Message>? = first
        while let slot = next {
            let message = mailboxes[slot]
            bytes += message.body.count + Limits.envelopeBytes
            next = record.pointee.isSingle ? nil : mailboxes.next(after: slot)
            if let more = next, bytes + mailboxes[more].body.count + Limits.envelopeBytes > most { next = nil }
            frame.flags = next == nil ? flags : flags.union(.more)
            frame.number = message.id
            frame.body = message.body.bytes
            links.write(frame, to: record.pointee.link)
            counters.handed += 1
            if deadline.map({ isOver(message.deadline, $0) }) ?? true { deadline = message.deadline }
            if record.pointee.acknowledges {
                mailboxes.receiverHas(message.id, in: log)
            } else {
                mailboxes.take(slot)
            }
        }
        if let deadline { record.pointee.handedDeadline = deadline }
        return bytes
    }

    /// An answer of so many bytes went out: a receiver that stays has less credit, any other is over.
    @inline(__always)
    mutating func answered(_ client: Slot<ClientRecord>, _ now: UInt64, bytes: Int = 0) {
        let record = presence[client]
        guard record.pointee.stays else { return presence.endReceiver(client, present: true, now: now) }
        record.pointee.credit -= min(record.pointee.credit, UInt32(clamping: bytes))
        if record.pointee.credit > 0, hasUnsent(client) {
            block(client)
        } else if record.pointee.place == .blocked {
            presence.unblock(client)
        }
    }

    // MARK: what keeps a record

    /// The client's log, made where it has none.
    mutating func openLog(_ client: Slot<ClientRecord>) -> Slot<Log> {
        let record = presence[client]
        if let log = record.pointee.log.known { return log }
        record.pointee.log = mailboxes.open(client, worker: record.pointee.worker)
        return record.pointee.log
    }
    mutating func closeEmptyLog(_ client: Slot<ClientRecord>) {
        let record = presence[client]
        if let log = record.pointee.log.known, mailboxes.closeIfEmpty(log) { record.pointee.log = .none }
    }

    /// After something left a record: whether it is still kept, and by what.
    mutating func settle(_ client: Slot<ClientRecord>, _ now: UInt64) {
        closeEmptyLog(client)
        let record = presence[client]
        guard record.pointee.place == .loose else { return }
        guard let log = record.pointee.log.known else { return presence.forget(client) }
        guard mailboxes[log].count == 0 else { return }
        if let oldest = presence.keepLost(client, now: now) { forgetLost(oldest, now) }
    }
    /// The mark of a loss is too old, or there are too many, and nothing else keeps the record.
    mutating func forgetLost(_ client: Slot<ClientRecord>, _ now: UInt64) {
        if let log = presence[client].pointee.log.known { mailboxes.forgetLoss(log) }
        settle(client, now)
    }
}
