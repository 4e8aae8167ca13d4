import Base
import Store
import Wire

// Receivers that stay: event streams and WebSockets. A stream that is idle owns what an idle poll owns. One whose
// socket does not take all that it was sent is behind; it has a `Backlog` and a buffer until it has caught up.
extension Worker {
    /// Holds a receiver that stays. Its head is written when the manager has said where it begins.
    mutating func open(_ slot: ConnectionSlot, _ poll: PollRequest) {
        let connection = slab.pointer(slot)
        connection.pointee.marks.remove(.keepAlive)
        if poll.transport == .events {
            counters.streamsOpened += 1
            streams += 1
        } else {
            counters.socketsOpened += 1
            sockets += 1
        }
        orders.add(.prepareStream(slot))
        // Nobody says where it begins, or it is to be told of a gap first.
        guard !isLinked || poll.hasLostCursor else { return }
        begin(slot)
        guard poll.hasLostCursor else { return }
        var answer = Answer(partStyle(connection), callback: .init(start: nil, count: 0), to: &out)
        answer.gap(to: &out)
        answer.finish(cursor: 0, to: &out)
    }

    /// Writes the head, and tells where the receiver begins. `after` is the manager's word, `nil` if there is none. A
    /// cursor beyond it is from the future: no message has such an id, so the client would never move past it.
    private mutating func begin(_ slot: ConnectionSlot, after id: UInt64? = nil) {
        let connection = slab.pointer(slot)
        let receiver = connection.pointee.receiver
        let isOfTheFuture = id.map { $0 > 0 && $0 < receiver.cursor } ?? false
        let start = receiver.acknowledges && !isOfTheFuture ? receiver.cursor : id
        let style = style(connection)
        if receiver.transport == .events { Answer.eventsHead(style, to: &out) }
        var answer = Answer(style, callback: .init(start: nil, count: 0), to: &out)
        answer.hello(id: start, retry: 1000 + randomNumber(below: 2001), heartbeat: settings.heartbeat, to: &out)
        answer.finish(cursor: start ?? 0, patience: settings.heartbeat, to: &out)
        connection.pointee.receiver.begin(after: start)
        connection.pointee.origin = 0
    }
    /// Sends what is in `out` and has no message.
    mutating func sendOut(_ slot: ConnectionSlot, isPong: Bool = false) {
        send(slot, StreamWrite(id: slab.pointer(slot).pointee.receiver.cursor, isPong: isPong))
    }
    /// A receiver that can't be held is told so in its own form. An EventSource that is refused by status stops for
    /// good.
    mutating func declineStream(
        _ slot: ConnectionSlot, _ style: Answer.Style, cursor: UInt64, retry: Int?,
        error: (code: StaticString, message: StaticString)?, code: WebSocketClose? = nil
    ) {
        if style.transport == .events { Answer.eventsHead(style, to: &out) }
        let answer = Answer(style, callback: .init(start: nil, count: 0), to: &out)
        answer.finish(cursor: cursor, retry: retry, error: error, to: &out)
        sayFarewell(slot, style, (code ?? (error == nil ? .goingAway : .full)).rawValue)
    }
    /// The style of what follows the head.
    func partStyle(_ connection: UnsafeMutablePointer<Connection>) -> Answer.Style {
        Answer.Style(
            connection.pointee.receiver.transport, minorVersion: connection.pointee.marks.contains(.http11) ? 1 : 0,
            keepAlive: false)
    }
    /// Nobody has said in time where the receiver begins. It begins all the same.
    mutating func beginAlone(_ slot: ConnectionSlot) {
        begin(slot)
        sendOut(slot)
    }

    // MARK: what it is sent

    /// Orders that these frames be written. Messages for many receivers that came earlier and are still to be written
    /// to this one go first.
    mutating func pass(_ frames: UnsafeRawBufferPointer, to slot: ConnectionSlot, turnStart: UInt64, isShared: Bool) {
        let connection = slab.pointer(slot)
        var write = StreamWrite(id: connection.pointee.receiver.cursor)
        if !isShared, !shared.isEmpty {
            var from = 0
            while let earlier = shared.take(for: slot.number, connection.pointee.receiver.tag, from: &from) {
                _ = begin(slot, before: earlier, &write)
                encode(earlier, connection, &write)
            }
        }
        if begin(slot, before: frames, &write) { encode(frames, connection, &write) }
        send(slot, write, frames: isShared ? 0 : frames.count, turnStart: turnStart)
    }
    /// Writes the head, if it is not written yet, before these frames. False if they only say where the receiver
    /// begins.
    private mutating func begin(
        _ slot: ConnectionSlot, before frames: UnsafeRawBufferPointer, _ write: inout StreamWrite
    ) -> Bool {
        guard slab.pointer(slot).pointee.receiver.isHello, case .frame(let first, _) = Frame.parse(frames) else {
            return true
        }
        begin(slot, after: first.body.isEmpty || first.number == 0 ? first.number : first.number - 1)
        write.id = slab.pointer(slot).pointee.receiver.cursor
        return !first.body.isEmpty || first.flags.contains(.gap)
    }
    private mutating func encode(
        _ frames: UnsafeRawBufferPointer, _ connection: UnsafeMutablePointer<Connection>, _ write: inout StreamWrite
    ) {
        var gap = false
        var answer = Answer(partStyle(connection), callback: .init(start: nil, count: 0), to: &out)
        for frame in Frames(frames) {
            if frame.flags.contains(.gap), !gap {
                gap = true
                if !frame.body.isEmpty { answer.gap(to: &out) }
            }
            if !frame.body.isEmpty {
                answer.add(id: frame.number, members: frame.members, json: frame.json, to: &out)
                write.messages += 1
                write.credit += frame.body.count + Limits.envelopeBytes
                if frame.flags.contains(.tells) { told.append(frame.number) }
            }
            write.id = max(write.id, frame.number)
        }
        answer.finish(cursor: write.id, gap: gap, to: &out)
    }

    /// Orders that what is in `out` be written. If the receiver is behind, it waits behind the rest.
    private mutating func send(_ slot: ConnectionSlot, _ write: StreamWrite, frames: Int = 0, turnStart: UInt64 = 0) {
        let connection = slab.pointer(slot)
        let before = connection.pointee.receiver.cursor
        connection.pointee.receiver.sent(upTo: write.id)
        if connection.pointee.marks.contains(.hasPending), let held = pending[slot], held.backlog != nil {
            held.backlog?.add(out.count, write, told: exchange(&told, with: []))
            held.output.append(out.bytes)
            behindBytes += out.count
            out.clear()
            fromManager.consume(frames)
            return cutFarthestBehind()
        }
        sending = Sending(
            isDelivery: true, frames: frames, turnStart: turnStart, messages: write.messages, stream: write,
            from: before)
        orders.add(.send(slot, out.bytes))
    }

    /// The socket took so many bytes of a write. The rest waits, and the receiver is behind.
    mutating func wroteStream(_ slot: ConnectionSlot, _ count: Int, _ write: StreamWrite, from: UInt64, _ now: UInt32) {
        if count < out.count {
            counters.partialWrites += 1
            let held = pendingOf(slot)
            let rest = out.count - count
            held.output.append(out.bytes.part(count, rest))
            held.backlog = Backlog(since: now, written: from)
            held.backlog?.add(rest, write, told: exchange(&told, with: []))
            streamsBehind += 1
            behindBytes += rest
            deadlines.move(slot, to: .write, now: now, in: slab)
            watch(slot)
        } else {
            delivered(write.messages, to: slot)
            owe(slot, write.credit)
            if !write.isPong { rest(slot, now) }
        }
        out.clear()
        cutFarthestBehind()
    }
    /// The socket took so many bytes more of what waits for a receiver that is behind.
    mutating func caughtUp(_ slot: ConnectionSlot, _ held: Pending, by count: Int, _ now: UInt32) {
        behindBytes -= count
        if let messages = held.backlog?.took(count, &told) { delivered(messages, to: slot) }
        let owed = held.backlog?.owed ?? 0
        if held.output.isEmpty || owed >= Limits.creditLot {
            giveCredit(slot, owed)
            held.backlog?.owed = 0
        }
        if held.output.isEmpty {
            held.backlog = nil
            streamsBehind -= 1
            watch(slot)
            if held.reader == nil { dropPending(slot) }
            rest(slot, now)
        } else if now &- (held.backlog?.since ?? now) > Limits.behindMilliseconds || tokenLeft(slot) ?? 1 <= 0 {
            close(slot, .slow)
        } else if count > 0 {
            deadlines.move(slot, to: .write, now: now, in: slab)
        }
    }
    /// The receiver's socket has not taken all that it was sent.
    func isBehind(_ slot: ConnectionSlot) -> Bool {
        slab.pointer(slot).pointee.marks.contains(.hasPending) && pending[slot]?.backlog != nil
    }
    /// The receiver has taken all. It is sent a heartbeat after a while of silence. If only a handshake was written so
    /// far, the manager is still waited for.
    private mutating func rest(_ slot: ConnectionSlot, _ now: UInt32) {
        let connection = slab.pointer(slot)
        guard connection.pointee.receiver.isHello else {
            let wantsProof = connection.pointee.receiver.wantsProof
            if !wantsProof, let left = tokenLeft(slot), left * 1000 < Int(settings.heartbeat) {
                if Deadlines.kind(connection.pointee.list) != .poll { holdUntilTokenEnds(slot, left, now) }
                return
            }
            return deadlines.move(slot, to: wantsProof ? .proof : .heartbeat, now: now, in: slab)
        }
        if Deadlines.kind(connection.pointee.list) != .poll { deadlines.hold(slot, seconds: 1, now: now, in: slab) }
    }
    /// If those that are behind have too much together, the one with most goes.
    private mutating func cutFarthestBehind() {
        guard behindBytes > Limits.behindBytes else { return }
        let farthest = pending.lazy.filter { $0.value.backlog != nil }.max {
            $0.value.output.count < $1.value.output.count
        }
        if let farthest { close(farthest.key, .slow) }
    }

    // MARK: credit

    /// Units in which a receiver that keeps up counts the credit that it owes to the manager, in the byte of its
    /// origin. Each write is rounded up: the manager gives no receiver more than it had at first.
    private static let creditUnit = 256

    private mutating func owe(_ slot: ConnectionSlot, _ bytes: Int) {
        guard bytes > 0 else { return }
        let connection = slab.pointer(slot)
        let owed = Int(connection.pointee.origin) * Worker.creditUnit + bytes
        if owed >= Limits.creditLot {
            connection.pointee.origin = 0
            giveCredit(slot, owed)
        } else {
            connection.pointee.origin = UInt8((owed + Worker.creditUnit - 1) / Worker.creditUnit)
        }
    }
    private mutating func giveCredit(_ slot: ConnectionSlot, _ bytes: Int) {
        guard isLinked, bytes > 0 else { return }
        let receiver = slab.pointer(slot).pointee.receiver
        Frame(
            op: .credit, tag: receiver.tag, slot: slot.number, number: UInt64(bytes),
            client: receiver.client(in: strings)
        ).write(to: &toManager)
        counters.managerFramesOut += 1
    }

    // MARK: heartbeats, and the end

    /// The receiver was sent nothing for a while.
    mutating func beat(_ slot: ConnectionSlot) {
        let connection = slab.pointer(slot)
        var pings = false
        if connection.pointee.receiver.wantsProof {
            connection.pointee.receiver.wantsProof = false
        } else if connection.pointee.receiver.transport == .webSocket {
            pings = !connection.pointee.marks.contains(.heard)
            if pings, connection.pointee.marks.contains(.pinged) {
                counters.heartbeatsMissed += 1
                return endStream(slot, code: .unheard, telling: true)
            }
            connection.pointee.marks.remove(.heard)
            connection.pointee.set(.pinged, pings)
        }
        counters.heartbeats += 1
        let cursor = emptyCursor(slot)
        let answer = Answer(partStyle(connection), callback: .init(start: nil, count: 0), to: &out)
        answer.finish(cursor: cursor, to: &out)
        if pings { WebSocketFrames.ping(to: &out) }
        send(slot, StreamWrite(id: cursor))
    }

    /// Ends the receiver, and tells its client why. A client that is behind can't be told.
    mutating func endStream(
        _ slot: ConnectionSlot, retry: Int? = nil, error: (code: StaticString, message: StaticString)? = nil,
        code: WebSocketClose, telling: Bool
    ) {
        let connection = slab.pointer(slot)
        if isBehind(slot) { return close(slot, .slow) }
        if connection.pointee.receiver.isHello { begin(slot) }
        let style = partStyle(connection)
        let answer = Answer(style, callback: .init(start: nil, count: 0), to: &out)
        answer.finish(cursor: connection.pointee.receiver.cursor, retry: retry, error: error, to: &out)
        endReceiver(slot, telling: telling, timedOut: false)
        sayFarewell(slot, style, code.rawValue)
    }
    /// Orders that the last bytes of a receiver that stays be sent.
    mutating func sayFarewell(_ slot: ConnectionSlot, _ style: Answer.Style, _ code: UInt16?) {
        slab.pointer(slot).pointee.marks.insert(.saidFarewell)
        if style.transport == .events {
            Answer.eventsEnd(style, to: &out)
        } else {
            WebSocketFrames.close(code, to: &out)
        }
        replyAndLinger(slot)
    }
    /// The receiver has ended. What its socket has not taken is thrown away; its cursor is what the socket took.
    mutating func forgetStream(_ slot: ConnectionSlot) {
        let connection = slab.pointer(slot)
        if connection.pointee.receiver.transport == .events { streams -= 1 } else { sockets -= 1 }
        guard connection.pointee.marks.contains(.hasPending), let held = pending[slot], let backlog = held.backlog
        else {
            return
        }
        counters.deliverErrors += 1
        connection.pointee.receiver.cursor = backlog.written
        streamsBehind -= 1
        behindBytes -= held.output.count
        held.backlog = nil
    }
}
