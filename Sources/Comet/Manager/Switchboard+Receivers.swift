import Base
import Store
import Wire

// Receivers come, take more, and end.
extension Switchboard {
    /// A worker says that a client has a receiver there.
    mutating func connected(_ link: LinkSlot, _ worker: UInt16, _ frame: Frame, _ now: UInt64) {
        let grant = Grant(body: frame.body, after: Announcement.bytes)
        guard !isRefused(frame, grant) else { return refuse(link, frame, now) }
        counters.clientsConnected += 1
        let client = presence.findOrMake(frame.client)
        let record = presence[client]
        let wasHere = isHere(client)
        let isKnownHere = record.isHeld || record.place == .grace && record.isPresent
        let between = Limits.graceMilliseconds - Limits.transientMilliseconds
        let isEnded =
            record.isToBeDisconnected && !isOver(record.deadline &- between, UInt32(truncatingIfNeeded: now))
        if record.isHeld, record.link != link {
            counters.clientsReplaced += 1
            links.write(
                Frame(
                    op: .replaced, tag: record.tag, slot: record.slot, number: frame.number,
                    client: frame.client, body: frame.body), to: record.link)
        }
        presence.wait(client, on: link)
        note(client)
        if record.worker != worker {
            record.worker = worker
            if let log = record.log.known { logs.move(log, to: worker) }
        }
        record.tag = frame.tag
        record.slot = frame.slot
        record.isSingle = frame.flags.contains(.single)
        begin(client, frame)
        if !wasHere { came(client) }
        if isFollowed(client) { followReceiver(client, frame) }

        guard !isEnded else { return endReceiver(client, byApp: now) }
        if logs.peers.isOn {
            tellArrival(client, frame, grant, wasHere: isKnownHere)
        } else if grant.issuedAt > 0, !grant.channels.isEmpty || !grants.isEmpty {
            self.grant(grant.channels, to: client, frame, wasHere: wasHere, now)
        }
        guard record.credit > 0 else { return }
        if hasNews(client) { return answerIfHeld(client, now) }
        // What was given out and is not for it may be over before it is told anything.
        if record.acknowledges, record.stays || !readsOnlyItsOwn(client) { nothingWaits(client) }
        if frame.flags.contains(.atOnce), !links.isFull(link) {
            // Another machine may have told the client of ids that were not read here yet.
            answerEmpty(client, cursor: record.stays ? max(ids.last, record.sent) : frame.number, now)
        }
    }

    /// Sets where the client's receiver begins:
    ///
    ///     with a cursor            after the cursor; what is acknowledged is forgotten
    ///     without one, and stays   after all that was sent to the client's receivers before
    ///     without one, a poll      the same after a receiver that stayed, whose messages are over now; after another
    ///                              poll with what was not handed over for good
    @inline(__always)
    private mutating func begin(_ client: Slot<ClientRecord>, _ frame: Frame) {
        let record = presence[client]
        let announcement = Announcement(body: frame.body, number: frame.number)
        let (isTold, stays, stayed) = (
            frame.flags.contains(.acknowledges), frame.flags.contains(.stays), record.stays
        )
        let acknowledged = min(announcement.acknowledged, frame.number)
        record.credit = announcement.credit
        record.stays = stays
        record.acknowledges = isTold || stays
        if record.isNew {
            arrived(client, isTold ? frame.number : 0, acknowledged)
            record.sent = 0
        }
        if isTold {
            record.sent = ids.isOfTheFuture(frame.number) ? 0 : frame.number
            // The cursor is from another life of the journal, whose queue is gone. The client is told with its next
            // answer, not at once, since all clients come at once.
            if frame.number > 0, !ids.isOfThisLife(frame.number) { record.owesGap = true }
            if record.sent > 0 || frame.number == 0 { acknowledge(client, acknowledged) }
        } else if !stays {
            if stayed {
                if let log = record.log.known { logs.take(log, upTo: record.sent) }
                closeEmptyLog(client)
                advance(client, to: record.sent)
            }
            record.sent = 0
        }
        if stays || stayed { countWritten(client) }
    }
    /// The client comes for the first time since it was forgotten. `cursor` is 0 if it has none.
    private mutating func arrived(_ client: Slot<ClientRecord>, _ cursor: UInt64, _ acknowledged: UInt64) {
        let record = presence[client]
        // Its record may be older than its arrival: an app published to it or subscribed it.
        let since = record.position
        record.position = since > 0 ? since : ids.last
        if cursor > 0, !ids.isOfTheFuture(cursor) {
            // 0 stands for a client that has no position yet.
            record.position = min(max(1, acknowledged), record.position)
            // It may have had a loss or subscriptions that were forgotten.
            if cursor < logs.arena.horizon { record.owesGap = true }
        }
        let joined = logs.peers.isOn && readsUser(client) ? nil : joinUser(client)
        if cursor == 0, since == 0, let joined { record.position = min(record.position, joined) }
        recordPosition(client, record.position)
        if logs.receipts.countsReaders { countArrival(client, knownSince: since) }
    }

    /// The client has all messages up to `cursor`.
    @inline(__always)
    private mutating func acknowledge(_ client: Slot<ClientRecord>, _ cursor: UInt64) {
        if cursor > presence[client].position, isFollowed(client) { follow("acknowledged", client, cursor: cursor) }
        if let log = presence[client].log.known {
            if logs.peers.isOn { tellAcknowledged(client, log, upTo: cursor) }
            logs.acknowledge(log, upTo: cursor)
            closeEmptyLog(client)
        }
        advance(client, to: cursor)
    }
    /// The client has all messages up to this id, or was never to get them.
    @inline(__always)
    mutating func advance(_ client: Slot<ClientRecord>, to id: UInt64) {
        let record = presence[client]
        guard id > record.position else { return }
        let from = record.position
        record.position = id
        if logs.peers.isOn { tellPosition(client, after: from) }
        if record.subscription != .none { recordPosition(client, id) }
        if logs.receipts.countsReaders {
            countReader(client, after: from, record.acknowledges ? \.acknowledged : \.handed)
        }
    }
    /// Nothing that was given out until now waits for the client any more. So its end is no loss for it.
    private mutating func nothingWaits(_ client: Slot<ClientRecord>) {
        let record = presence[client]
        if record.acknowledges, record.sent > record.position {
            record.sent = max(record.sent, ids.last)
        } else {
            advance(client, to: ids.last)
        }
    }
    /// What was sent to the client has changed, or whether its receiver stays.
    mutating func countWritten(_ client: Slot<ClientRecord>) {
        let record = presence[client]
        if let log = record.log.known { logs.setWritten(log, upTo: record.stays ? record.sent : 0) }
    }
    /// The client's receiver did not get what is over this id. The next one gets it.
    mutating func goBack(_ client: Slot<ClientRecord>, to id: UInt64) {
        let record = presence[client]
        guard record.acknowledges, !record.isNew, id < record.sent else { return }
        record.sent = id
        countWritten(client)
    }

    /// A worker says that the client has all messages up to an id, without a new receiver. A cursor beyond what was
    /// sent to the client acknowledges only that.
    mutating func acknowledged(_ frame: Frame, _ grant: Grant, _ now: UInt64) {
        guard !isRefused(frame, grant) else { return counters.revoked += 1 }
        guard let client = presence.find(frame.client), !ids.isOfTheFuture(frame.number) else { return }
        let record = presence[client]
        if record.place == .elsewhere { return passOn(frame) }
        acknowledge(client, min(frame.number, record.isNew ? record.position : max(record.sent, record.position)))
        if record.log == .none { presence.leaveLost(client) }
        settle(client, now)
    }
    /// The client is on another machine, which is told.
    private mutating func passOn(_ frame: Frame) { logs.peers.emit(.frame) { frame.write(to: &$0) } }
    /// A page of the client goes. The worker that holds its receiver knows whether it is that page's.
    mutating func leave(_ frame: Frame, _ now: UInt64) {
        let grant = Grant(body: frame.body, after: Frame.pageBytes)
        guard !isRefused(frame, grant) else { return counters.revoked += 1 }
        guard let client = presence.find(frame.client) else { return }
        let record = presence[client]
        if record.place == .elsewhere { return passOn(frame) }
        acknowledged(frame, grant, now)
        guard record.isHeld, links.version(record.link) == .two else { return }
        links.write(
            Frame(
                op: .leave, tag: record.tag, slot: record.slot, number: frame.number, client: frame.client,
                body: frame.body.part(0, min(frame.body.count, Frame.pageBytes))), to: record.link)
    }

    private mutating func recordPosition(_ client: Slot<ClientRecord>, _ id: UInt64) {
        var next = presence[client].subscription.known
        while let slot = next {
            let subscription = channels[slot]
            let channel = channels[subscription.channel]
            if subscription.record != .none {
                logs.arena.set(subscription.record, value: id)
            } else if channel.kind == .user, id > channel.position {
                channel.position = id
                if channel.record != .none { logs.arena.set(channel.record, value: id) }
            }
            next = channels.next(of: slot)
        }
    }

    /// A receiver takes more. A worker rounds up, so one that stays has never more than at first. Messages that waited
    /// for credit are sent now, or when the link has been read.
    mutating func credit(_ link: LinkSlot, _ frame: Frame, _ now: UInt64) {
        guard let client = presence.find(frame.client) else { return }
        let record = presence[client]
        guard record.isHeld, record.link == link, record.tag == frame.tag,
            record.slot == frame.slot
        else { return }
        let hadNone = record.credit == 0
        let sum = frame.number.addingReportingOverflow(UInt64(record.credit))
        let most = UInt64(record.stays ? UInt32(Limits.streamBytes) : .max)
        record.credit = UInt32(clamping: sum.overflow ? most : min(sum.partialValue, max(most, UInt64(record.credit))))
        guard hadNone, record.credit > 0, record.place == .waiting, hasNews(client) else { return }
        answerIfHeld(client, now)
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
            if record.stays { goBack(client, to: frame.number) }
            endReceiver(client, present: timedOut, now)
        } else if record.place == .grace, record.worker == worker {
            // It crossed with the answer, or with the app's wish to end it.
            if record.stays { goBack(client, to: frame.number) }
            guard !timedOut else { return }
            record.isPresent = false
            note(client)
        }
    }
    /// A receiver that was held has ended without an answer.
    mutating func endReceiver(_ client: Slot<ClientRecord>, present: Bool, _ now: UInt64) {
        let record = presence[client]
        if isFollowed(client) { followEnd(client, present: present) }
        // Nothing waits for it. What is given out from now on may get lost before it comes again; what was lost until
        // now was not for it, unless it stayed and was behind.
        if !hasUnsent(client), newLoss(client) == 0 || record.acknowledges && !record.stays { nothingWaits(client) }
        presence.endReceiver(client, present: present, now: now)
        note(client)
    }

    /// The message of this id, the newest, is not for the client. If it has all others, then its end is no gap for it.
    mutating func pass(_ client: Slot<ClientRecord>, _ id: UInt64) {
        let record = presence[client]
        guard record.isHeld, !hasUnsent(client), newLoss(client) == 0 else { return }
        if record.acknowledges, record.sent > record.position {
            // A cursor of another machine, which has read more, may be behind the message already.
            record.sent = max(record.sent, id)
        } else {
            advance(client, to: id)
        }
    }
}
