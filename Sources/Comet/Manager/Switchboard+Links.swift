import Base
import Store
import Wire

// The workers' links: coming, speaking, being written to, going.
extension Switchboard {
    package enum LinkInput: Equatable {
        /// So many bytes were taken; keep the rest until more comes.
        case consumed(Int)
        /// Close the connection, after writing what is in its outbox; why, for the log.
        case close(String)
    }
    /// What a link is, for whoever looks at it from outside.
    package enum LinkKind: Equatable { case new, worker(Int), seedWorker(Int), seedApp }

    /// A connection came. `mayBeSeed`: from loopback, and the setting allows it.
    package mutating func accepted(mayBeSeed: Bool) -> UInt32 {
        let slot = links.insert(WorkerLink(mayBeSeed: mayBeSeed)).number
        precondition(slot < UInt32(UInt16.max), "links are bounded by the program that accepts them")
        liveLinks.append(slot)
        return slot
    }

    package func kind(_ link: UInt32) -> LinkKind {
        let number = Int(links.pointer(link).pointee.number)
        return switch links.pointer(link).pointee.kind {
        case .new: .new
        case .worker: .worker(number)
        case .seedWorker: .seedWorker(number)
        case .seedApp: .seedApp
        }
    }

    /// Bytes came on a link.
    package mutating func received(_ link: UInt32, _ input: UnsafeRawBufferPointer, now: UInt64) -> LinkInput {
        var at = 0
        while at < input.count {
            let rest = input.part(at, input.count - at)
            let used: Int
            switch links.pointer(link).pointee.kind {
            case .seedWorker, .seedApp: used = seedOperation(link, rest, now)
            case .new where SeedProtocol.isOp(rest[0]) && links.pointer(link).pointee.mayBeSeed:
                used = seedOperation(link, rest, now)
            case .new, .worker:
                let isNew = links.pointer(link).pointee.kind == .new
                switch Frame.parse(rest, isNew ? .one : links.pointer(link).pointee.version) {
                case .incomplete: used = 0
                case .malformed(let why):
                    refusal = why
                    used = -1
                case .frame(let frame, let bytes):
                    counters.framesIn += 1
                    used = self.frame(link, frame, now) ? bytes : -1
                }
            }
            if used == 0 { break }
            if used < 0 { return .close(refusal) }
            at += used
        }
        return .consumed(at)
    }

    /// False: close, `refusal` says why.
    private mutating func frame(_ link: UInt32, _ frame: Frame, _ now: UInt64) -> Bool {
        let isWorker = links.pointer(link).pointee.kind == .worker
        switch frame.op {
        case .hello where !isWorker: return hello(link, frame)
        case .connected where isWorker && frame.client.count > 0: connected(link, frame, now)
        case .gone where isWorker: gone(link, frame, now)
        case .undelivered where isWorker && frame.client.count > 0: undelivered(link, frame, now)
        case .credit where isWorker: credit(link, frame, now)
        default:
            refusal = "\(frame.op) \(isWorker ? "from a worker" : "before a hello")"
            return false
        }
        return true
    }

    private mutating func hello(_ link: UInt32, _ frame: Frame) -> Bool {
        guard let hello = Hello(body: frame.body) else { return refuse("a hello of \(frame.body.count) bytes") }
        guard let version = LinkVersion(rawValue: hello.version) else {
            return refuse("version \(hello.version) of the link, this program takes 1 and 2")
        }
        // Who can't read the run directory is no worker of ours, and would be handed our clients' messages.
        guard settings.token.isEmpty || hello.token == settings.token else {
            return refuse("a hello without the supervisor's token")
        }
        guard frame.number < UInt64(Limits.workerNumbers) else { return refuse("worker number \(frame.number)") }
        // Two of our own may hold one number: a rolling restart drains the old one beside the new.
        if isSeedWorker(Int(frame.number)) {
            // The token proves that this worker is ours; the seed's protocol proves nothing.
            guard !settings.token.isEmpty else { return refuse("number \(frame.number) is held by a seed worker") }
            displaced = seedWorkers[Int(frame.number)]
        }
        let worker = links.pointer(link)
        worker.pointee.kind = .worker
        worker.pointee.version = version
        worker.pointee.number = UInt16(frame.number)
        books.open(worker.pointee.number)
        counters.linksAccepted += 1
        workerCount += 1
        write(Frame(op: .welcome, number: UInt64(Limits.outboxBytes)), to: link)
        return true
    }
    /// The seed worker whose number a worker of ours has just taken: to be closed at once.
    package mutating func takeDisplaced() -> UInt32? {
        defer { displaced = nil }
        return displaced
    }
    mutating func refuse(_ why: String) -> Bool {
        counters.linksRefused += 1
        refusal = why
        return false
    }

    // MARK: what workers say

    private mutating func connected(_ link: UInt32, _ frame: Frame, _ now: UInt64) {
        counters.clientsConnected += 1
        let slot = clients.findOrMake(frame.client)
        let record = clients[slot]
        if record.pointee.place == .waiting || record.pointee.place == .blocked, UInt32(record.pointee.link) != link {
            counters.clientsReplaced += 1
            write(
                Frame(
                    op: .replaced, tag: record.pointee.tag, slot: record.pointee.slot, number: frame.number,
                    client: frame.client, body: frame.body), to: UInt32(record.pointee.link))
        }
        unlist(slot)
        let worker = links.pointer(link).pointee.number
        if record.pointee.worker != worker { move(slot, to: worker) }
        record.pointee.tag = frame.tag
        record.pointee.isPresent = true
        record.pointee.isSingle = frame.flags.contains(.single)
        record.pointee.stays = frame.flags.contains(.stays)
        record.pointee.credit = Announcement(body: frame.body).credit
        record.pointee.acknowledges = frame.flags.contains(.acknowledges)
        if record.pointee.acknowledges { acknowledge(slot, frame.number) }
        if record.pointee.mailbox != none { clients.mailbox(record.pointee.mailbox).pointee.handed = 0 }

        record.pointee.slot = frame.slot
        record.pointee.link = UInt16(link)
        record.pointee.place = .waiting
        waitingCount += 1
        clients.append(slot, to: &links.pointer(link).pointee.waiting)
        // Only who acknowledges is told of a gap at once: its cursor moves past it.
        guard record.pointee.credit > 0 else { return }
        if record.pointee.mailbox != none,
            record.pointee.acknowledges || clients.mailbox(record.pointee.mailbox).pointee.count > 0
        {
            if isFull(links.pointer(link)) { block(slot) } else { answer(slot, now) }
        } else if frame.flags.contains(.atOnce), !isFull(links.pointer(link)) {
            answerEmpty(slot, cursor: frame.number, now)
        }
    }

    /// A receiver takes more. What waits for want of credit is sent now, or when the link has been read.
    private mutating func credit(_ link: UInt32, _ frame: Frame, _ now: UInt64) {
        guard let slot = clients.find(frame.client) else { return }
        let record = clients[slot]
        guard record.pointee.place == .waiting || record.pointee.place == .blocked,
            UInt32(record.pointee.link) == link, record.pointee.tag == frame.tag, record.pointee.slot == frame.slot
        else { return }
        let hadNone = record.pointee.credit == 0
        let sum = frame.number.addingReportingOverflow(UInt64(record.pointee.credit))
        record.pointee.credit = sum.overflow ? .max : UInt32(clamping: sum.partialValue)
        guard hadNone, record.pointee.credit > 0, record.pointee.place == .waiting, hasUnsent(slot) else { return }
        if isFull(links.pointer(link)) { block(slot) } else { answer(slot, now) }
    }

    /// Nothing waits for a poll that is to be answered at once. Where the link is full, the worker ends it by itself.
    private mutating func answerEmpty(_ slot: UInt32, cursor: UInt64, _ now: UInt64) {
        let record = clients[slot]
        if record.pointee.owesGap { counters.gaps += 1 }
        let news = Frame(
            op: .message, flags: record.pointee.owesGap ? .gap : [], tag: record.pointee.tag, slot: record.pointee.slot,
            number: cursor, client: clients.id(slot))
        write(news, to: UInt32(record.pointee.link))
        record.pointee.owesGap = false
        answered(slot, now)
    }

    /// The client has all up to `cursor`.
    private mutating func acknowledge(_ slot: UInt32, _ cursor: UInt64) {
        let record = clients[slot]
        // A cursor of another manager's life: what its queue held died with it. Told with the next answer, not at once:
        // all come at once.
        if cursor > 0 && (cursor < firstId || cursor >= nextId) { record.pointee.owesGap = true }
        guard record.pointee.mailbox != none, cursor < nextId else { return }
        let mailbox = clients.mailbox(record.pointee.mailbox)
        while mailbox.pointee.first != none, messages[mailbox.pointee.first].pointee.id <= cursor {
            take(mailbox.pointee.first, .dequeued)
        }
        if mailbox.pointee.lost <= cursor { mailbox.pointee.lost = 0 }
        clients.dropEmptyMailbox(slot)
    }

    /// The client is on another worker now, and its messages stand in that one's account.
    private mutating func move(_ slot: UInt32, to worker: UInt16) {
        let record = clients[slot]
        if record.pointee.mailbox != none {
            var message = clients.mailbox(record.pointee.mailbox).pointee.first
            if message != none { books.moveClient(record.pointee.worker, worker) }
            while message != none {
                let current = messages[message].pointee
                books.move(record.pointee.worker, worker, bytes: Int(current.bodyBytes), second: current.second)
                message = current.next
            }
        }
        record.pointee.worker = worker
    }

    private mutating func gone(_ link: UInt32, _ frame: Frame, _ now: UInt64) {
        counters.clientsGone += 1
        guard let slot = clients.find(frame.client) else { return }
        let record = clients[slot]
        guard record.pointee.tag == frame.tag else { return }
        let timedOut = frame.flags.contains(.timedOut)
        switch record.pointee.place {
        case .waiting where UInt32(record.pointee.link) == link, .blocked where UInt32(record.pointee.link) == link:
            if record.pointee.slot == frame.slot { endReceiver(slot, present: timedOut, now) }
        case .grace where record.pointee.worker == links.pointer(link).pointee.number && !timedOut:
            record.pointee.isPresent = false  // it crossed with the answer
        default: break
        }
    }

    private mutating func undelivered(_ link: UInt32, _ frame: Frame, _ now: UInt64) {
        guard frame.number < nextId, frame.number >= firstId, frame.body.count > 0 else { return }
        counters.returned += 1
        giveBack(frame, from: links.pointer(link).pointee.number, now)
    }

    /// A message that did not reach its client goes back into its mailbox, in its old place. Who acknowledges has it
    /// there still, unless it was handed over before the client had a cursor: that has moved past it by now, so it is
    /// lost, and the client is told of a gap.
    mutating func giveBack(_ frame: Frame, from worker: UInt16, _ now: UInt64) {
        let known = clients.find(frame.client)
        if let known, !clients[known].pointee.handedForGood {
            guard clients[known].pointee.wasHandedForGood, !keeps(known, frame.number) else { return }
            count(frame, on: clients[known].pointee.worker, as: .dropped, now)
            clients[known].pointee.owesGap = true
            return
        }
        let slot = known ?? clients.findOrMake(frame.client)
        let record = clients[slot]
        let time = UInt32(truncatingIfNeeded: now)
        if known == nil {
            record.pointee.worker = worker
            record.pointee.handedDeadline = time &+ settings.timeToLive
        }
        leaveLostList(slot)
        if isOver(record.pointee.handedDeadline, time) || !hasRoom(frame.body.count, slack: 1) {
            let how: QueueBooks.Leaving = isOver(record.pointee.handedDeadline, time) ? .expired : .dropped
            count(frame, on: record.pointee.worker, as: how, now)
            markLost(slot, frame.number)
            settle(slot, now)
            return
        }
        insert(slot, id: frame.number, frame.body, record.pointee.handedDeadline, now)
        // It may poll again already: it is answered at the end of the turn, when all that comes back has come.
        block(slot)
    }

    /// A message that came back, and is lost at once.
    private mutating func count(_ frame: Frame, on worker: UInt16, as how: QueueBooks.Leaving, _ now: UInt64) {
        let second = UInt32(now / 1000)
        books.advance(to: second)
        books.enter(worker, bytes: frame.body.count, second: second)
        books.leave(worker, bytes: frame.body.count, second: second, how)
    }
}
