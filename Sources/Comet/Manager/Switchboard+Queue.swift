import Store
import Wire

// Mailboxes: putting in, handing over, losing.
extension Switchboard {
    func hasRoom(_ bytes: Int, slack: Int = 0) -> Bool {
        books.total.depth < settings.maxMessages + slack * (settings.maxMessages / Limits.putBackPart + 1)
            && books.total.bytes + bytes <= settings.maxBytes + slack * (settings.maxBytes / Limits.putBackPart)
    }

    /// A new message at the end of a client's mailbox. The queue has room for it.
    mutating func enqueue(_ slot: UInt32, _ json: UnsafeRawBufferPointer, _ deadline: UInt32, _ now: UInt64) -> UInt64 {
        let id = takeId()
        insert(slot, id: id, json, deadline, now)
        return id
    }

    /// Puts a message in its place by id; false where one of that id is there.
    @discardableResult
    mutating func insert(_ slot: UInt32, id: UInt64, _ json: UnsafeRawBufferPointer, _ deadline: UInt32, _ now: UInt64)
        -> Bool
    {
        let mailbox = clients.makeMailbox(slot)
        var after = mailbox.pointee.last
        while after != none, messages[after].pointee.id > id { after = messages[after].pointee.previous }
        if after != none, messages[after].pointee.id == id { return false }
        let second = UInt32(now / 1000)
        books.advance(to: second)
        let message = messages.insert(id: id, body: json, client: slot, deadline: deadline, second: second)
        let before = after == none ? mailbox.pointee.first : messages[after].pointee.next
        messages[message].pointee.previous = after
        messages[message].pointee.next = before
        if after == none { mailbox.pointee.first = message } else { messages[after].pointee.next = message }
        if before == none { mailbox.pointee.last = message } else { messages[before].pointee.previous = message }
        mailbox.pointee.count += 1
        if mailbox.pointee.count == 1 { books.count(clients[slot].pointee.worker, clients: 1) }
        books.enter(clients[slot].pointee.worker, bytes: json.count, second: second)
        if Int(mailbox.pointee.count) > settings.maxPerClient {
            lose(mailbox.pointee.first, .dropped, now)
        }
        return true
    }

    /// A message of this id is in the client's mailbox.
    func keeps(_ slot: UInt32, _ id: UInt64) -> Bool {
        guard clients[slot].pointee.mailbox != none else { return false }
        var message = clients.mailbox(clients[slot].pointee.mailbox).pointee.last
        while message != none, messages[message].pointee.id > id { message = messages[message].pointee.previous }
        return message != none && messages[message].pointee.id == id
    }

    /// Takes a message out of its mailbox and of the books.
    mutating func take(_ slot: UInt32, _ how: QueueBooks.Leaving) {
        let message = messages[slot].pointee
        let record = clients[message.client]
        let mailbox = clients.mailbox(record.pointee.mailbox)
        if message.previous == none {
            mailbox.pointee.first = message.next
        } else {
            messages[message.previous].pointee.next = message.next
        }
        if message.next == none {
            mailbox.pointee.last = message.previous
        } else {
            messages[message.next].pointee.previous = message.previous
        }
        mailbox.pointee.count -= 1
        if mailbox.pointee.count == 0 { books.count(record.pointee.worker, clients: -1) }
        books.leave(record.pointee.worker, bytes: Int(message.bodyBytes), second: message.second, how)
        messages.remove(slot)
    }

    /// A message that its client will not get (again): expired, or dropped for the sake of a bound.
    mutating func lose(_ slot: UInt32, _ how: QueueBooks.Leaving, _ now: UInt64) {
        let client = messages[slot].pointee.client
        markLost(client, messages[slot].pointee.id)
        take(slot, how)
        settle(client, now)
    }
    mutating func markLost(_ client: UInt32, _ id: UInt64) {
        let mailbox = clients.makeMailbox(client)
        mailbox.pointee.lost = max(mailbox.pointee.lost, id)
    }

    /// After something left a record: whether it is still kept, and by what.
    mutating func settle(_ slot: UInt32, _ now: UInt64) {
        clients.dropEmptyMailbox(slot)
        let record = clients[slot]
        guard record.pointee.place == .loose else { return }
        guard record.pointee.mailbox != none else { return clients.forget(slot) }
        guard clients.mailbox(record.pointee.mailbox).pointee.count == 0 else { return }
        record.pointee.place = .lost
        record.pointee.deadline = UInt32(truncatingIfNeeded: now) &+ Limits.lostMilliseconds
        clients.append(slot, to: &lostList)
        lostCount += 1
        if lostCount > Limits.lostRecords { forgetFirstLost() }
    }
    mutating func forgetFirstLost() {
        let slot = lostList.first
        unlist(slot)
        clients.mailbox(clients[slot].pointee.mailbox).pointee.lost = 0
        clients.dropEmptyMailbox(slot)
        clients.forget(slot)
    }

    /// Takes a record out of the list that it is in.
    mutating func unlist(_ slot: UInt32) {
        let record = clients[slot]
        switch record.pointee.place {
        case .loose: return
        case .grace: clients.remove(slot, from: &graceList)
        case .lost:
            clients.remove(slot, from: &lostList)
            lostCount -= 1
        case .waiting:
            clients.remove(slot, from: &links.pointer(UInt32(record.pointee.link)).pointee.waiting)
            waitingCount -= 1
        case .blocked:
            clients.remove(slot, from: &links.pointer(UInt32(record.pointee.link)).pointee.blocked)
            waitingCount -= 1
        }
        record.pointee.place = .loose
    }

    /// An answer of so many bytes went out: a receiver that stays has less credit, any other is over.
    @inline(__always)
    mutating func answered(_ slot: UInt32, _ now: UInt64, bytes: Int = 0) {
        let record = clients[slot]
        guard record.pointee.stays else { return endReceiver(slot, present: true, now) }
        record.pointee.credit -= min(record.pointee.credit, UInt32(clamping: bytes))
        let goesOn = record.pointee.credit > 0 && hasUnsent(slot)
        if goesOn { block(slot) } else { unblock(slot) }
    }

    /// The receiver is over; the record stays for the grace.
    mutating func endReceiver(_ slot: UInt32, present: Bool, _ now: UInt64) {
        unlist(slot)
        let record = clients[slot]
        record.pointee.place = .grace
        record.pointee.link = .max
        record.pointee.isPresent = present
        record.pointee.deadline = UInt32(truncatingIfNeeded: now) &+ Limits.graceMilliseconds
        clients.append(slot, to: &graceList)
    }

    /// A message for a client that isn't waiting changes its place only if nothing kept the record before.
    mutating func leaveLostList(_ slot: UInt32) {
        if clients[slot].pointee.place == .lost { unlist(slot) }
    }

    /// Messages wait for it that its receiver has not been sent.
    func hasUnsent(_ slot: UInt32) -> Bool { firstUnsent(slot) != none }
    /// The first message that its receiver has not been sent.
    func firstUnsent(_ slot: UInt32) -> UInt32 {
        guard clients[slot].pointee.mailbox != none else { return none }
        let mailbox = clients.mailbox(clients[slot].pointee.mailbox).pointee
        guard mailbox.handed > 0 else { return mailbox.first }
        var (message, first) = (mailbox.last, none)
        while message != none, messages[message].pointee.id > mailbox.handed {
            first = message
            message = messages[message].pointee.previous
        }
        return first
    }

    /// Waiting, but its link is full: it is answered when the link has been read.
    mutating func block(_ slot: UInt32) {
        guard clients[slot].pointee.place == .waiting, clients[slot].pointee.credit > 0 else { return }
        let link = links.pointer(UInt32(clients[slot].pointee.link))
        clients.remove(slot, from: &link.pointee.waiting)
        clients.append(slot, to: &link.pointee.blocked)
        clients[slot].pointee.place = .blocked
        markDirty(UInt32(clients[slot].pointee.link))
    }

    private mutating func unblock(_ slot: UInt32) {
        guard clients[slot].pointee.place == .blocked else { return }
        let link = links.pointer(UInt32(clients[slot].pointee.link))
        clients.remove(slot, from: &link.pointee.blocked)
        clients.append(slot, to: &link.pointee.waiting)
        clients[slot].pointee.place = .waiting
    }

    /// Answers the receiver of a client that has messages or a gap to be told: all that waits, in order, up to its
    /// credit and `Limits.answerBytes`.
    mutating func answer(_ slot: UInt32, _ now: UInt64) {
        let record = clients[slot]
        let link = UInt32(record.pointee.link)
        let id = clients.id(slot)
        var lost: UInt64 = 0
        var isLossNew = false
        var message = none
        if record.pointee.mailbox != none {
            let mailbox = clients.mailbox(record.pointee.mailbox)
            lost = mailbox.pointee.lost
            isLossNew = lost > mailbox.pointee.handed
            message = firstUnsent(slot)
            if isLossNew, record.pointee.acknowledges { mailbox.pointee.handed = lost }
        }
        let base: Frame.Flags = isLossNew || record.pointee.owesGap ? .gap : []
        if base == .gap { counters.gaps += 1 }
        var frame = Frame(
            op: .message, flags: base, tag: record.pointee.tag, slot: record.pointee.slot, number: lost, client: id)
        if message == none { write(frame, to: link) }
        let most = min(Limits.answerBytes, Int(record.pointee.credit))
        var bytes = 0
        var deadline: UInt32?
        while message != none {
            let current = messages[message].pointee
            bytes += current.bytes.count + Limits.envelopeBytes
            let next = current.next
            let goesOn =
                next != none && !record.pointee.isSingle
                && bytes + messages[next].pointee.bytes.count + Limits.envelopeBytes <= most
            frame.flags = goesOn ? base.union(.more) : base
            frame.number = current.id
            frame.body = current.bytes
            write(frame, to: link)
            counters.handed += 1
            if deadline.map({ isOver(current.deadline, $0) }) ?? true { deadline = current.deadline }
            if record.pointee.acknowledges {
                clients.mailbox(record.pointee.mailbox).pointee.handed = current.id
            } else {
                take(message, .dequeued)
            }
            message = goesOn ? next : none
        }
        if record.pointee.acknowledges, record.pointee.handedForGood { record.pointee.wasHandedForGood = true }
        record.pointee.handedForGood = !record.pointee.acknowledges
        record.pointee.owesGap = false
        if let deadline { record.pointee.handedDeadline = deadline }
        // Who acknowledges has been told when its cursor has passed the loss; who doesn't, now.
        if !record.pointee.acknowledges, record.pointee.mailbox != none {
            clients.mailbox(record.pointee.mailbox).pointee.lost = 0
        }
        clients.dropEmptyMailbox(slot)
        answered(slot, now, bytes: bytes)
    }
}
