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

    /// The link broke. The clients stay. Messages that were on their way back to the manager wait for the next one.
    /// Those for many receivers are dropped: their clients acknowledge, so the next manager sends them again.
    package mutating func linkClosed() {
        if isLinked {
            counters.managerReconnects += 1
            for frame in Frames(toManager.bytes) where frame.op == .undelivered || frame.op == .delivered {
                keepForNextManager(frame)
            }
        }
        isLinked = false
        isEngineAway = false
        // These frames are a part of an answer whose end never came.
        for frame in Frames(fromManager.bytes) where frame.op == .message { giveBack(frame) }
        turnStart = 0
        writtenOfFirst = 0
        toManager.release()
        fromManager.release()
        shared.clear()
        settled = Settled()
    }
    mutating func keepForNextManager(_ frame: Frame) {
        let bytes = Frame.headerBytes + frame.client.count + frame.body.count
        guard returned.count + bytes <= Limits.returnedBytes else {
            if frame.op == .undelivered { counters.undeliveredLost += 1 }
            return
        }
        frame.write(to: &returned)
    }

    /// The bytes to write to the manager next. They are valid until the worker is changed.
    package var unsentToManager: UnsafeRawBufferPointer {
        toManager.bytes.part(writtenOfFirst, toManager.count - writtenOfFirst)
    }
    /// `count` of these bytes were written. A frame that was written in part stays.
    package mutating func wroteToManager(_ count: Int) {
        writtenOfFirst += count
        guard writtenOfFirst < toManager.count else {
            writtenOfFirst = 0
            return toManager.clear()
        }
        while case .frame(_, let bytes) = Frame.parse(
            toManager.bytes, toManager.bytes[0] == Frame.Op.hello.rawValue ? .one : .two), bytes <= writtenOfFirst
        {
            toManager.consume(bytes)
            writtenOfFirst -= bytes
        }
    }
    /// The bytes that wait for the manager are over their bound. The manager does not read, and the link should be
    /// closed.
    package var linkIsOverfull: Bool { toManager.count > Limits.linkBytes }
    /// So much waits for receivers here that no more should be read from the link.
    package var isBehind: Bool { shared.bytes > Limits.fanOutBytes }

    /// `acknowledged` is what the client has for good, if its request says so beside its cursor.
    mutating func announce(_ slot: ConnectionSlot, acknowledged: UInt64? = nil) {
        let connection = slab.pointer(slot)
        let receiver = connection.pointee.receiver
        var flags: Frame.Flags = []
        if receiver.acknowledges { flags.insert(.acknowledges) }
        if receiver.transport.isSingle { flags.insert(.single) }
        if connection.pointee.isAtOnce { flags.insert(.atOnce) }
        if !receiver.endsWithAnswer { flags.insert(.stays) }
        let announcement = Announcement(
            credit: credit(slot), print: receiver.print(in: strings),
            acknowledged: acknowledged ?? (receiver.holdsBack ? 0 : receiver.cursor))
        var frame = Frame(
            op: .connected, flags: flags, tag: receiver.tag, slot: slot.number, number: receiver.cursor,
            client: receiver.client(in: strings))
        let token = receiver.token(in: strings)
        announcement.withBytes { bytes in
            frame.body = bytes
            if token != .none {
                grant.clear()
                grant.append(bytes)
                tokens.appendGrant(token, to: &grant)
                frame.body = grant.bytes
            }
            frame.write(to: &toManager)
        }
        counters.managerFramesOut += 1
    }

    /// Bytes of messages that may be sent to the receiver now. One that is behind has taken a part of its credit with
    /// it from an earlier manager.
    private func credit(_ slot: ConnectionSlot) -> UInt32 {
        let most = slab.pointer(slot).pointee.receiver.credit
        guard slab.pointer(slot).pointee.marks.contains(.hasPending), let backlog = pending[slot]?.backlog else {
            return most
        }
        return most - UInt32(clamping: min(Int(most), backlog.credit + backlog.owed))
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
                guard frame.client.count > 0 else {
                    shared.add(input.part(0, bytes), turnStart: turnStart, in: slab)
                    break
                }
                guard let length = frame.flags.contains(.more) ? answerBytes(input) : bytes else { return .incomplete }
                counters.managerFramesIn += 1
                deliver(frame, input.part(0, length))
                return .taken
            case .welcome:
                isLinked = true
                toManager.append(returned.bytes)
                returned.release()
                announceAll()
            case .replaced:
                if let slot = receiver(frame) {
                    replace(slot, by: frame.number, Announcement(body: frame.body, number: 0).print)
                }
            case .engine: isEngineAway = frame.number == 1
            case .turn: turnStart = frame.number
            case .settled:
                guard let told = Settled(frame) else { return .broken("a settled without its stamp") }
                settled = told
            case .disconnect:
                if let slot = receiver(frame) { frame.flags.contains(.revoked) ? revoke(slot) : disconnect(slot) }
            case .leave: if let slot = receiver(frame) { leave(slot, frame.body) }
            case .hello, .connected, .gone, .undelivered, .credit, .acknowledged, .delivered:
                return .broken("op \(frame.op) from a manager")
            }
            counters.managerFramesIn += 1
            fromManager.consume(bytes)
            return .taken
        }
    }

    /// A page of the client goes. Its receiver ends, unless it is that of another page, which came after it.
    private mutating func leave(_ slot: ConnectionSlot, _ page: UnsafeRawBufferPointer) {
        let receiver = slab.pointer(slot).pointee.receiver
        guard page.count >= 4, page.bigEndian(at: 0, as: UInt32.self) != 0,
            page.bigEndian(at: 0) == receiver.pagePrint(in: strings)
        else { return }
        if receiver.endsWithAnswer {
            answerEmpty(slot, telling: true, timedOut: false)
        } else {
            close(slot, .client)
        }
    }

    /// Announces all waiting clients again.
    private mutating func announceAll() {
        var slot = deadlines.mayReceive(after: nil, in: slab)
        while let each = slot {
            if slab.pointer(each).pointee.state == .waiting { announce(each) }
            slot = deadlines.mayReceive(after: each, in: slab)
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
}
