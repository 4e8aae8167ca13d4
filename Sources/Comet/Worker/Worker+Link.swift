import Base
import Store
import Wire

// The worker's side of its link to the manager.
extension Worker {
    package enum LinkInput: Equatable {
        /// A frame was taken up, or all frames of an answer.
        case taken
        /// The frame or answer is not whole. The rest has to come first.
        case incomplete
        /// The manager sent something that no manager sends. Close the link and connect anew.
        case broken(String)
    }

    /// The link is open, and the worker says hello. It announces its clients when the manager has accepted.
    package mutating func linkOpened(pid: UInt32, token: [UInt8]) {
        toManager.clear()
        Hello(pid: pid, token: token).write(number: UInt64(settings.number), to: &toManager)
        counters.managerFramesOut += 1
    }

    /// The link broke. The clients stay. Messages that were on their way back to the manager are lost and counted.
    package mutating func linkClosed() {
        if isLinked {
            counters.managerReconnects += 1
            for frame in Frames(toManager.bytes) where frame.op == .undelivered { counters.undeliveredLost += 1 }
        }
        isLinked = false
        turnStart = 0
        toManager.release()
        fromManager.release()
    }

    /// The bytes that wait for the manager are over their bound. The manager does not read, and the link should be
    /// closed.
    package var linkIsOverfull: Bool { toManager.count > Limits.linkBytes }

    mutating func announce(_ slot: ConnectionSlot) {
        let connection = slab.pointer(slot)
        let receiver = connection.pointee.receiver
        var flags: Frame.Flags = []
        if receiver.acknowledges { flags.insert(.acknowledges) }
        if receiver.transport.isSingle { flags.insert(.single) }
        if connection.pointee.isAtOnce { flags.insert(.atOnce) }
        if !receiver.endsWithAnswer { flags.insert(.stays) }
        Announcement(credit: receiver.credit, print: receiver.print(in: strings)).withBytes { body in
            Frame(
                op: .connected, flags: flags, tag: receiver.tag, slot: slot.number, number: receiver.cursor,
                client: receiver.client(in: strings), body: body
            ).write(to: &toManager)
        }
        counters.managerFramesOut += 1
    }

    /// Takes up the next frame of `fromManager`. An answer is taken up only when all of its frames are there.
    package mutating func takeUpFrame() -> LinkInput {
        let input = fromManager.bytes
        switch Frame.parse(input) {
        case .incomplete: return .incomplete
        case .malformed(let why): return .broken(why)
        case .frame(let frame, let bytes):
            switch frame.op {
            case .message:
                guard let length = frame.flags.contains(.more) ? answerBytes(input) : bytes else { return .incomplete }
                counters.managerFramesIn += 1
                deliver(frame, input.part(0, length))
                return .taken
            case .welcome:
                isLinked = true
                announceAll()
            case .replaced:
                if let slot = receiver(frame) { replace(slot, by: frame.number, Announcement(body: frame.body).print) }
            case .turn: turnStart = frame.number
            case .hello, .connected, .gone, .undelivered, .credit, .settled, .disconnect:
                return .broken("op \(frame.op) from a manager")
            }
            counters.managerFramesIn += 1
            fromManager.consume(bytes)
            return .taken
        }
    }

    /// Announces all waiting clients again.
    private mutating func announceAll() {
        var slot = deadlines.poll(after: nil, in: slab)
        while let each = slot {
            announce(each)
            slot = deadlines.poll(after: each, in: slab)
        }
    }

    /// Bytes of the frames of one answer. `nil` if they are not all there.
    private func answerBytes(_ input: UnsafeRawBufferPointer) -> Int? {
        var frames = Frames(input)
        while let frame = frames.next() {
            if frame.op != .message || !frame.flags.contains(.more) { return input.count - frames.rest.count }
        }
        return nil
    }

    /// The slot of the receiver that a frame is for, if it is still there.
    @inline(__always)
    private func receiver(_ frame: Frame) -> ConnectionSlot? {
        guard let slot = find(frame.client, index.hash(frame.client)), slot.number == frame.slot,
            slab.pointer(slot).pointee.receiver.tag == frame.tag
        else { return nil }
        return slot
    }

    /// Delivers one answer to its receiver, or gives it back. Its frames stay in `fromManager` until its write is
    /// reported.
    private mutating func deliver(_ first: Frame, _ frames: UnsafeRawBufferPointer) {
        guard let slot = receiver(first) else {
            for frame in Frames(frames) { giveBack(frame) }
            return fromManager.consume(frames.count)
        }
        let connection = slab.pointer(slot)
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
                    answer.add(id: frame.number, json: frame.body, to: &out)
                    messages += 1
                }
                cursor = frame.number
            }
        }
        answer.finish(cursor: cursor, gap: gap, pollTimeout: pollTimeout(connection), to: &out)
        // A client that has ended its side does not come again on this connection. The manager is told so.
        let hasEnded = connection.pointee.marks.contains(.inputEnded)
        if connection.pointee.receiver.endsWithAnswer { endReceiver(slot, telling: hasEnded, timedOut: false) }
        if messages > 0 || gap {
            counters.pollsAnswered += 1
            // If the client has ended its side, a whole write proves nothing: the socket takes the answer, and perhaps
            // nobody is there.
            if hasEnded { keep(slot, frames, messages) }
            sending = Sending(frames: frames.count, messages: messages, isKept: hasEnded)
        } else {
            counters.pollsEmpty += 1  // the poll was to be answered at once
            fromManager.consume(frames.count)
        }
        reply(slot)
    }
}
