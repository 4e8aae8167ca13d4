import Base
import Store
import Wire

// The manager's messages on their way to receivers: those for one receiver at once, those for many in paced steps.
extension Worker {
    /// The slot of the receiver that a frame is for, if it is still there.
    @inline(__always)
    func receiver(_ frame: Frame) -> ConnectionSlot? {
        guard let slot = find(frame.client, index.hash(frame.client)), slot.number == frame.slot,
            slab.pointer(slot).pointee.receiver.tag == frame.tag
        else { return nil }
        return slot
    }

    /// Delivers one answer to its receiver, or gives it back. Its frames stay in `fromManager` until its write is
    /// reported.
    mutating func deliver(_ first: Frame, _ frames: UnsafeRawBufferPointer) {
        guard let slot = receiver(first) else {
            for frame in Frames(frames) { giveBack(frame) }
            return fromManager.consume(frames.count)
        }
        deliver(frames, to: slot, turnStart: turnStart, isShared: false)
    }

    /// Delivers the first message for many receivers to the next of them. A receiver that has ended since gets nothing:
    /// its client acknowledges, so the manager has the message still, and sends it to the client's next receiver. False
    /// if nothing is left.
    package mutating func fanOutNext() -> Bool {
        guard let named = shared.next() else { return false }
        let slot = ConnectionSlot(named.slot)
        guard let connection = slab.remains(slot), connection.pointee.state == .waiting,
            connection.pointee.receiver.tag == named.tag
        else { return true }
        deliver(shared.frame, to: slot, turnStart: shared.turnStart, isShared: true)
        return true
    }
    /// There is something for `fanOutNext` to do.
    package var hasFanOut: Bool { !shared.isEmpty }

    /// Orders that these frames be sent as one answer. `isShared`: they are one message for many receivers, and not at
    /// the front of `fromManager`.
    @inline(__always)
    private mutating func deliver(
        _ frames: UnsafeRawBufferPointer, to slot: ConnectionSlot, turnStart: UInt64, isShared: Bool
    ) {
        let connection = slab.pointer(slot)
        if !connection.pointee.receiver.endsWithAnswer {
            return pass(frames, to: slot, turnStart: turnStart, isShared: isShared)
        }
        let isSingle = connection.pointee.receiver.transport.isSingle
        var messages: UInt64 = 0
        var cursor = connection.pointee.receiver.cursor
        var gap = false
        var answer = Answer(style(connection), callback: callback(connection), to: &out)
        for frame in Frames(frames) {
            if frame.flags.contains(.gap) { gap = true }
            if isSingle && (messages > 0 || frame.body.isEmpty) {
                giveBack(frame)
            } else {
                if !frame.body.isEmpty {
                    answer.add(id: frame.number, members: frame.members, json: frame.json, to: &out)
                    messages += 1
                    if frame.flags.contains(.tells) { told.append(frame.number) }
                }
                cursor = frame.number
            }
        }
        answer.finish(cursor: cursor, gap: gap, patience: pollTimeout(connection), to: &out)
        // A client that has ended its side does not come again on this connection. The manager is told so.
        let hasEnded = connection.pointee.marks.contains(.inputEnded)
        if isShared { name(connection.pointee.receiver, slot, frames) }
        endReceiver(slot, telling: hasEnded, timedOut: false)
        if messages > 0 || gap {
            counters.pollsAnswered += 1
            // If the client has ended its side, a whole write proves nothing: the socket takes the answer, and perhaps
            // nobody is there.
            if hasEnded { keep(slot, isShared ? named.bytes : frames, messages) }
            sending = Sending(
                isDelivery: true, frames: isShared ? 0 : frames.count, turnStart: turnStart, messages: messages,
                isKept: hasEnded)
        } else {
            counters.pollsEmpty += 1  // the poll was to be answered at once
            if !isShared { fromManager.consume(frames.count) }
        }
        reply(slot)
    }
    /// Writes the frame that stands for a shared message until its answer is written whole. Nobody needs its body.
    private mutating func name(_ receiver: Receiver, _ slot: ConnectionSlot, _ frame: UnsafeRawBufferPointer) {
        named.clear()
        Frame(
            op: .message, tag: receiver.tag, slot: slot.number, number: frame.bigEndian(at: 16),
            client: receiver.client(in: strings)
        ).write(to: &named)
    }
}
