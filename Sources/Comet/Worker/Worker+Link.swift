import Base
import Store
import Wire

// The worker's side of its link to the manager.
extension Worker {
    package enum LinkInput: Equatable {
        /// So many bytes were whole frames; keep the rest.
        case consumed(Int)
        /// The manager sent what no manager sends: close the link and connect anew.
        case broken(String)
    }

    /// The link stands: says who this is. Clients are announced when the manager has accepted.
    package func linkOpened(pid: UInt32, token: [UInt8]) {
        link.clear()
        Hello(pid: pid, token: token).write(number: UInt64(settings.number), to: &link)
        counters.framesOut += 1
    }

    /// The link broke. The clients stay; messages that were on their way back to the manager are lost with it, and
    /// counted.
    package func linkClosed() {
        if isLinked {
            counters.linkLosses += 1
            while case .frame(let frame, let bytes) = Frame.parse(link.bytes) {
                if frame.op == .undelivered { counters.undeliveredLost += 1 }
                link.consume(bytes)
            }
        }
        isLinked = false
        turnStart = 0
        link.release()
    }

    /// What waits for the manager is over its bound: the manager does not read, and the link should be closed.
    package var linkIsOverfull: Bool { link.count > Limits.linkBytes }

    func announce(_ slot: UInt32) {
        let connection = slab.pointer(slot)
        var flags: Frame.Flags = []
        if connection.pointee.marks.contains(.acknowledges) { flags.insert(.acknowledges) }
        if connection.pointee.form == .bare { flags.insert(.single) }
        if isAtOnce(connection) { flags.insert(.atOnce) }
        Announcement(credit: UInt32(Limits.answerBytes), print: print(slot)).withBytes { body in
            Frame(
                op: .connected, flags: flags, tag: connection.pointee.tag, slot: slot,
                number: connection.pointee.cursor, client: client(slot), body: body
            ).write(to: &link)
        }
        counters.framesOut += 1
    }

    /// Frames from the manager. An answer is taken up only when all of its frames are there.
    package func receivedFromManager(_ input: UnsafeRawBufferPointer, now: UInt64) -> LinkInput {
        self.now = UInt32(truncatingIfNeeded: now)
        var at = 0
        while true {
            switch Frame.parse(input.part(at, input.count - at)) {
            case .incomplete: return .consumed(at)
            case .malformed(let why): return .broken(why)
            case .frame(let frame, let bytes):
                counters.framesIn += 1
                switch frame.op {
                case .message:
                    guard
                        let length = frame.flags.contains(.more) ? answerBytes(input.part(at, input.count - at)) : bytes
                    else {
                        counters.framesIn -= 1
                        return .consumed(at)
                    }
                    deliver(frame, input.part(at, length))
                    at += length
                case .welcome:
                    isLinked = true
                    announceAll()
                    at += bytes
                case .replaced:
                    if let slot = receiver(frame) {
                        replace(slot, by: frame.number, Announcement(body: frame.body).print)
                    }
                    at += bytes
                case .turn:
                    turnStart = frame.number
                    at += bytes
                case .hello, .connected, .gone, .undelivered, .credit: return .broken("op \(frame.op) from a manager")
                }
            }
        }
    }

    /// All that are waiting are announced again.
    private func announceAll() { deadlines.eachPoll(in: slab) { announce($0) } }

    /// Bytes of the frames of one answer; nil where they are not all there.
    private func answerBytes(_ input: UnsafeRawBufferPointer) -> Int? {
        var at = 0
        while case .frame(let frame, let bytes) = Frame.parse(input.part(at, input.count - at)) {
            at += bytes
            if frame.op != .message || !frame.flags.contains(.more) { return at }
        }
        return nil
    }

    private func eachFrame(_ frames: UnsafeRawBufferPointer, _ body: (Frame) -> Void) {
        var at = 0
        while case .frame(let frame, let bytes) = Frame.parse(frames.part(at, frames.count - at)) {
            body(frame)
            at += bytes
        }
    }

    /// The poll that a frame is for, if it is held still.
    private func receiver(_ frame: Frame) -> UInt32? {
        guard let slot = find(frame.client, index.hash(frame.client)), slot == frame.slot,
            slab.pointer(slot).pointee.tag == frame.tag
        else { return nil }
        return slot
    }

    /// One answer: to the poll that it is for, or back.
    private func deliver(_ first: Frame, _ frames: UnsafeRawBufferPointer) {
        guard let slot = receiver(first) else { return eachFrame(frames, giveBack) }
        let connection = slab.pointer(slot)
        let isBare = connection.pointee.form == .bare
        var messages: UInt64 = 0
        var cursor = connection.pointee.cursor
        var gap = false
        var answer = Answer(style(connection), callback: callback(slot), to: &out)
        eachFrame(frames) { frame in
            if frame.flags.contains(.gap) { gap = true }
            if isBare && (messages > 0 || frame.body.isEmpty) {
                giveBack(frame)
            } else {
                if !frame.body.isEmpty {
                    answer.add(id: frame.number, json: frame.body, to: &out)
                    messages += 1
                }
                cursor = frame.number
            }
        }
        answer.finish(cursor: cursor, gap: gap, pollTimeout: pollTimeout(connection), to: &out)
        // Who has ended its side does not come again on this connection, as one that is gone: the manager is told.
        let hasEnded = connection.pointee.marks.contains(.inputEnded)
        endPoll(slot, telling: hasEnded, timedOut: false)
        guard messages > 0 || gap else {
            counters.pollsEmpty += 1  // it was to be answered at once
            reply(slot)
            return
        }
        counters.pollsAnswered += 1
        // To a client that has ended its side a whole answer says nothing: the socket takes it, and perhaps nobody is
        // there.
        if hasEnded { keep(slot, frames, messages) }
        let (failures, parts) = (counters.deliverErrors, counters.partialWrites)
        reply(slot)
        if !hasEnded {
            if counters.deliverErrors != failures { return takeBack(frames) }
            if counters.partialWrites != parts { keep(slot, frames, messages) } else { counters.delivered += messages }
        }
        if turnStart > 0, counters.deliverErrors == failures {
            let end = io.nanoseconds()
            counters.count(latencyMicroseconds: end > turnStart ? (end - turnStart) / 1000 : 0)
        }
    }

    /// Keeps the frames of an answer until it is written whole. The manager keeps what has a cursor, and needs only the
    /// id to be told.
    private func keep(_ slot: UInt32, _ frames: UnsafeRawBufferPointer, _ messages: UInt64) {
        let held = pendingOf(slot)
        (held.messages, held.linkLosses) = (messages, counters.linkLosses)
        guard slab.pointer(slot).pointee.marks.contains(.acknowledges),
            case .frame(var frame, _) = Frame.parse(frames)
        else { return held.frames.append(frames) }
        frame.body = .init(start: nil, count: 0)
        frame.write(to: &held.frames)
    }
    /// An answer that was kept is out whole, or never will be.
    func settle(_ held: Pending, isWritten: Bool) {
        if isWritten {
            counters.delivered += held.messages
        } else {
            counters.deliverErrors += 1
            if isLinked, held.linkLosses == counters.linkLosses {
                takeBack(held.frames.bytes)
            } else {
                // The manager that they are from is gone, and the next one can't know them.
                eachFrame(held.frames.bytes) { if !$0.body.isEmpty { counters.undeliveredLost += 1 } }
            }
        }
        held.frames.release()
    }
    /// An answer that did not reach its client: its messages go back, and the client is not there any more, unless it
    /// polls here again.
    private func takeBack(_ frames: UnsafeRawBufferPointer) {
        eachFrame(frames, giveBack)
        guard case .frame(let first, _) = Frame.parse(frames),
            find(first.client, index.hash(first.client)) == nil
        else { return }
        Frame(op: .gone, tag: first.tag, slot: first.slot, number: 0, client: first.client).write(to: &link)
        counters.framesOut += 1
    }

    /// A message goes back whole; news of a gap has nothing that could be lost.
    private func giveBack(_ frame: Frame) {
        guard !frame.body.isEmpty else { return }
        counters.undelivered += 1
        counters.framesOut += 1
        Frame(
            op: .undelivered, tag: frame.tag, slot: frame.slot, number: frame.number, client: frame.client,
            body: frame.body
        ).write(to: &link)
    }
}
