import Base
import Store
import Wire

/// The answer that an order to send is about.
struct Sending {
    /// It has the manager's messages, and is not the worker's own answer.
    var isDelivery = false
    /// Bytes of its frames, which are at the front of `fromManager` until its write is reported. 0 if its message has
    /// one body for many receivers. Then the frame to keep is in `named`.
    var frames = 0
    /// The time of the manager's turn in which it was decided. 0 if it is not known.
    var turnStart: UInt64 = 0
    /// The number of messages in it.
    var messages: UInt64 = 0
    /// Its frames are kept in `Pending` already.
    var isKept = false
    /// The connection ends with this answer.
    var isLast = false
    /// It is a write of a receiver that stays.
    var stream: StreamWrite?
    /// The receiver's cursor before this write.
    var from: UInt64 = 0
}

// The way of an answer: it is ordered, and is written whole, in part, or not at all.
extension Worker {
    /// Orders that the answer in `out` be sent.
    mutating func reply(_ slot: ConnectionSlot) {
        slab.pointer(slot).pointee.state = .replying
        orders.add(.send(slot, out.bytes))
    }
    /// Orders that the last answer of a connection be sent. The client is to leave after it. The part that doesn't fit
    /// into the socket at once is cut off.
    mutating func replyAndLinger(_ slot: ConnectionSlot) {
        sending.isLast = true
        reply(slot)
    }

    /// The socket takes bytes again.
    package mutating func writable(_ slot: ConnectionSlot) {
        if let held = pending[slot], !held.output.isEmpty { orders.add(.send(slot, held.output.bytes)) }
    }

    /// The socket took `count` of the bytes that it was to send, at this time of CLOCK_MONOTONIC.
    package mutating func wrote(_ slot: ConnectionSlot, _ count: Int, nanoseconds: UInt64) {
        let now = UInt32(truncatingIfNeeded: nanoseconds / 1_000_000)
        counters.bytesOut += UInt64(count)
        guard !out.isEmpty else { return wroteRest(slot, count, now) }
        let answer = sending
        sending = Sending()
        if answer.isLast {
            out.clear()
            return linger(slot, now)
        }
        if let write = answer.stream {
            wroteStream(slot, count, write, from: answer.from, now)
        } else if count < out.count {
            counters.partialWrites += 1
            pendingOf(slot).output.append(out.bytes.part(count, out.count - count))
            if answer.isDelivery, !answer.isKept { keep(slot, frames(of: answer), answer.messages) }
            out.clear()
            deadlines.move(slot, to: .write, now: now, in: slab)
            watch(slot)
        } else {
            if answer.isDelivery, !answer.isKept {
                counters.delivered += answer.messages
                if !told.isEmpty { tellDelivered(exchange(&told, with: []), frames(of: answer)) }
            }
            out.clear()
            replied(slot, now)
        }
        guard answer.isDelivery else { return }
        fromManager.consume(answer.frames)
        guard answer.messages > 0 || answer.stream == nil else { return }
        let began = answer.turnStart
        if began > 0 { counters.count(latencyMicroseconds: nanoseconds > began ? (nanoseconds - began) / 1000 : 0) }
    }
    private mutating func wroteRest(_ slot: ConnectionSlot, _ count: Int, _ now: UInt32) {
        guard let held = pending[slot] else { preconditionFailure("a report of an answer that nobody keeps") }
        held.output.consume(count)
        if held.backlog != nil { return caughtUp(slot, held, by: count, now) }
        if count > 0 { deadlines.move(slot, to: .write, now: now, in: slab) }
        guard held.output.isEmpty else { return }
        watch(slot)
        replied(slot, now)
    }

    /// The connection was dead when it was written to.
    package mutating func failed(_ slot: ConnectionSlot) {
        let answer = sending
        sending = Sending()
        // If frames are kept, the error is counted when they are settled.
        if !out.isEmpty, !answer.isLast, !answer.isKept { counters.deliverErrors += 1 }
        out.clear()
        if !told.isEmpty { told = [] }
        // The manager keeps what a receiver that stays was sent.
        if answer.stream != nil { slab.pointer(slot).pointee.receiver.cursor = answer.from }
        close(slot, .error)
        guard answer.isDelivery else { return }
        if answer.stream == nil, !answer.isKept { takeBack(frames(of: answer)) }
        fromManager.consume(answer.frames)
    }
    /// The frames of a delivery that is being sent. A message for many receivers has only a name here.
    private func frames(of answer: Sending) -> UnsafeRawBufferPointer {
        answer.frames > 0 ? fromManager.bytes.part(0, answer.frames) : named.bytes
    }

    /// An answer was sent whole. The connection goes on, or ends.
    private mutating func replied(_ slot: ConnectionSlot, _ now: UInt32) {
        let connection = slab.pointer(slot)
        let hasEnded = connection.pointee.marks.contains(.inputEnded)
        if connection.pointee.marks.contains(.hasPending), let held = pending[slot], held.frames.count > 0 {
            // The connection lingers until it is known whether anybody was there.
            if hasEnded, !connection.pointee.receiver.acknowledges { return linger(slot, now) }
            settle(held, isWritten: true)
        }
        guard connection.pointee.marks.contains(.keepAlive), !hasEnded || hasInput(slot) else {
            return close(slot, hasEnded ? .client : drain.isOn ? .drain : .answered)
        }
        connection.pointee.state = .reading
        deadlines.move(slot, to: .idle, now: now, in: slab)
        guard connection.pointee.marks.contains(.hasPending), let held = pending[slot] else { return }
        if held.input.isEmpty, held.output.isEmpty {
            dropPending(slot)
        } else if !held.input.isEmpty, !connection.pointee.marks.contains(.resuming) {
            connection.pointee.marks.insert(.resuming)
            resuming.append(slot)
        }
    }
    private func hasInput(_ slot: ConnectionSlot) -> Bool { pending[slot].map { !$0.input.isEmpty } ?? false }

    private mutating func linger(_ slot: ConnectionSlot, _ now: UInt32) {
        orders.add(.endOutput(slot))
        let connection = slab.pointer(slot)
        connection.pointee.state = .lingering
        connection.pointee.marks.remove(.keepAlive)
        deadlines.move(slot, to: .linger, now: now, in: slab)
    }

    // MARK: the manager's messages in an answer

    /// Keeps the frames of an answer until it is written whole. If the poll has a cursor, the manager keeps the
    /// messages, and needs only the id.
    mutating func keep(_ slot: ConnectionSlot, _ frames: UnsafeRawBufferPointer, _ messages: UInt64) {
        let held = pendingOf(slot)
        held.messages = messages
        held.told = exchange(&told, with: [])
        guard slab.pointer(slot).pointee.receiver.acknowledges,
            case .frame(var frame, _) = Frame.parse(frames)
        else { return held.frames.append(frames) }
        (frame.flags, frame.body) = ([], .init(start: nil, count: 0))
        frame.write(to: &held.frames)
    }
    /// A kept answer was written whole, or never will be.
    mutating func settle(_ held: Pending, isWritten: Bool) {
        if isWritten {
            counters.delivered += held.messages
            tellDelivered(held.told, held.frames.bytes)
        } else {
            counters.deliverErrors += 1
            takeBack(held.frames.bytes)
        }
        held.frames.release()
    }
    /// Tells the manager that these messages were written to the client of the first of these frames.
    private mutating func tellDelivered(_ messages: [UInt64], _ frames: UnsafeRawBufferPointer) {
        guard !messages.isEmpty, case .frame(let first, _) = Frame.parse(frames) else { return }
        tellDelivered(messages, to: first.client)
    }
    /// So many messages were written to a receiver that stays, and `told` are among them.
    @inline(__always) mutating func delivered(_ messages: UInt64, to slot: ConnectionSlot) {
        counters.delivered += messages
        guard !told.isEmpty else { return }
        tellDelivered(exchange(&told, with: []), to: slab.pointer(slot).pointee.receiver.client(in: strings))
    }
    private mutating func tellDelivered(_ messages: [UInt64], to client: UnsafeRawBufferPointer) {
        var ids = Buffer()
        for id in messages { ids.append(bigEndian: id) }
        let frame = Frame(op: .delivered, number: 0, client: client, body: ids.bytes)
        guard isLinked else { return keepForNextManager(frame) }
        counters.managerFramesOut += 1
        frame.write(to: &toManager)
    }
    /// An answer did not reach its client. Its messages go back. The client counts as gone, unless it polls here again.
    private mutating func takeBack(_ frames: UnsafeRawBufferPointer) {
        for frame in Frames(frames) { giveBack(frame) }
        guard isLinked, case .frame(let first, _) = Frame.parse(frames),
            find(first.client, index.hash(first.client)) == nil
        else { return }
        Frame(op: .gone, tag: first.tag, slot: first.slot, number: 0, client: first.client).write(to: &toManager)
        counters.managerFramesOut += 1
    }
    /// Gives a message back whole, to the next manager if there is none now. News of a gap has nothing that could be
    /// lost.
    mutating func giveBack(_ frame: Frame) {
        guard !frame.body.isEmpty, !frame.flags.contains(.transient) else { return }
        counters.undelivered += 1
        let back = Frame(
            op: .undelivered, flags: frame.flags.intersection(.members), tag: frame.tag, slot: frame.slot,
            number: frame.number, client: frame.client, body: frame.body)
        guard isLinked else { return keepForNextManager(back) }
        counters.managerFramesOut += 1
        back.write(to: &toManager)
    }
}
