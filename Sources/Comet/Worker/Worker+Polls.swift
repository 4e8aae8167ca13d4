import Base
import Store
import Wire

// The life of a receiver: it is held, told to the manager, and ended.
extension Worker {
    mutating func hold(
        _ slot: ConnectionSlot, _ poll: PollRequest, _ origin: UInt8, _ style: Answer.Style, _ now: UInt32
    ) {
        let stays = poll.transport.stays
        if !stays { counters.polls += 1 }
        if isFull {
            counters.rejectedLimit += 1
            return decline(
                slot, poll, style, status: 503, code: "full", message: "this worker is full",
                retry: 1000 + randomNumber(below: 4000))
        }
        if drain.isOn {
            if !stays { counters.pollsEmpty += 1 }
            return decline(slot, poll, style, status: 200, code: nil, message: "", retry: drainRetry())
        }
        let isHello = stays || poll.hello && !poll.transport.isSingle
        if isHello, !isLinked, !stays {
            counters.pollsEmpty += 1
            let answer = Answer(style, callback: poll.callback, to: &out)
            answer.finish(cursor: poll.cursor ?? 0, patience: settings.pollTimeout, to: &out)
            return reply(slot)
        }
        let hash = index.hash(poll.client)
        let print = Receiver.print(of: poll.copy)
        let old = find(poll.client, hash)
        if let excess = holdReceiver(slot, stays: stays, replacing: old, now) {
            return decline(slot, poll, style, excess)
        }
        if let old { replace(old, by: poll.cursor ?? 0, print) }

        let connection = slab.pointer(slot)
        lastTag &+= 1
        connection.pointee.receiver = Receiver(poll, isHello: isHello, tag: lastTag, token, in: &strings)
        if token != .none { tokens.hold(token) }
        connection.pointee.origin = origin
        connection.pointee.state = .waiting
        if connection.pointee.isAtOnce {
            // If the manager does not say within a second what waits, nothing waits.
            deadlines.hold(slot, seconds: 1, now: now, in: slab)
        } else if let seconds = holdTime(poll), seconds < (settings.pollTimeout + 999) / 1000 {
            deadlines.hold(slot, seconds: seconds, now: now, in: slab)
        } else if herd.pollBegins(now: now, timeout: settings.pollTimeout, among: deadlines) {
            deadlines.spread(slot, now: now, in: slab)
        } else {
            deadlines.move(slot, to: .poll, now: now, in: slab)
        }
        index.insert(slot.number, hash) { index.hash(slab.pointer(Slot($0)).pointee.receiver.client(in: strings)) }
        if stays { open(slot, poll) }
        if isLinked { announce(slot, acknowledged: poll.acknowledged) }
        if stays, !out.isEmpty { sendOut(slot) }
    }

    /// The most seconds that a poll is held for, if its client or its token says so. One whose token ends is answered
    /// empty within the second after, and its next poll is told.
    @inline(__always)
    private func holdTime(_ poll: PollRequest) -> UInt32? {
        guard token != .none else { return poll.hold }
        return min(poll.hold ?? .max, UInt32(max(1, tokens.left(token, now: wallSeconds))))
    }
    /// No more receivers are held here.
    var isFull: Bool { slab.count > settings.maxConnections }

    /// Answers a poll that can't be held, and ends the connection.
    private mutating func decline(
        _ slot: ConnectionSlot, _ poll: PollRequest, _ style: Answer.Style, status: Int, code: StaticString?,
        message: StaticString, retry: Int, extra: StaticString = "Retry-After: 3\r\n"
    ) {
        var style = style
        style.keepAlive = false
        slab.pointer(slot).pointee.marks.remove(.keepAlive)
        if style.transport.stays {
            return declineStream(slot, style, cursor: poll.cursor ?? 0, retry: retry, error: code.map { ($0, message) })
        }
        if style.transport == .jsonp || code == nil {
            let answer = Answer(style, callback: poll.callback, to: &out)
            answer.finish(cursor: poll.cursor ?? 0, retry: retry, error: code.map { ($0, message) }, to: &out)
        } else {
            Answer.error(
                status, code: code ?? "", message: message, style, extra: extra, retry: retry, to: &out)
        }
        return replyAndLinger(slot)
    }
    /// The poll's address is over a bound.
    mutating func decline(
        _ slot: ConnectionSlot, _ poll: PollRequest, _ style: Answer.Style, _ excess: Addresses.Excess
    ) {
        decline(
            slot, poll, style, status: 429, code: excess.error.code, message: excess.error.message,
            retry: 5000 + randomNumber(below: 10_000), extra: "Retry-After: 10\r\n")
    }

    @inline(__always)
    func callback(_ connection: UnsafeMutablePointer<Connection>) -> UnsafeRawBufferPointer {
        connection.pointee.receiver.callback(in: strings)
    }

    /// The connection on which this client waits.
    @inline(__always)
    func find(_ client: UnsafeRawBufferPointer, _ hash: UInt64) -> ConnectionSlot? {
        index.find(hash) { areEqual(slab.pointer(Slot($0)).pointee.receiver.client(in: strings), client) }.map {
            Slot($0)
        }
    }

    /// The style of an answer to a held poll. A worker that drains keeps no connection: the next poll opens a
    /// connection to the worker that follows.
    @inline(__always)
    func style(_ connection: UnsafeMutablePointer<Connection>) -> Answer.Style {
        if drain.isOn { connection.pointee.marks.remove(.keepAlive) }
        return Answer.Style(
            connection.pointee.receiver.transport, minorVersion: connection.pointee.marks.contains(.http11) ? 1 : 0,
            keepAlive: connection.pointee.marks.contains(.keepAlive), cors: cors(connection.pointee.origin))
    }

    /// The receiver has ended, and its client leaves the index. `telling` reports that to the manager, if it does not
    /// know it otherwise.
    mutating func endReceiver(_ slot: ConnectionSlot, telling: Bool, timedOut: Bool) {
        let connection = slab.pointer(slot)
        let client = connection.pointee.receiver.client(in: strings)
        if !connection.pointee.receiver.endsWithAnswer { forgetStream(slot) }
        index.remove(slot.number, index.hash(client))
        if telling, isLinked {
            Frame(
                op: .gone, flags: timedOut ? .timedOut : [], tag: connection.pointee.receiver.tag,
                slot: slot.number, number: connection.pointee.receiver.cursor, client: client
            ).write(to: &toManager)
            counters.managerFramesOut += 1
        }
        let token = connection.pointee.receiver.token(in: strings)
        if token != .none { tokens.release(token) }
        connection.pointee.receiver.release(in: &strings)
        if addresses != nil { releaseReceiver(slot) }
        connection.pointee.state = .reading
    }

    /// Another poll of the same client took the place of this one; it has this cursor and this print of `c`. The client
    /// is told so, without `retry`, so that two tabs don't chase each other. Proxies and phones send a request twice:
    /// if the new poll is such a copy, nobody is to stop, and the older copy gets an empty envelope.
    mutating func replace(_ slot: ConnectionSlot, by cursor: UInt64, _ print: UInt32) {
        let connection = slab.pointer(slot)
        if print != 0, connection.pointee.receiver.endsWithAnswer, cursor == connection.pointee.receiver.cursor,
            print == connection.pointee.receiver.print(in: strings)
        {
            return answerEmpty(slot, telling: false, timedOut: false)
        }
        counters.pollsReplaced += 1
        end(slot, 409, ("replaced", "another poll of this client took the place of this one"), .replaced)
    }
    /// The app ended the receiver. The client is told so, without `retry`: it should stop.
    mutating func disconnect(_ slot: ConnectionSlot) {
        if slab.pointer(slot).pointee.receiver.endsWithAnswer { counters.pollsEmpty += 1 }
        end(slot, 403, ("disconnected", "the app has disconnected this client"), .disconnected)
    }
    /// Ends a poll with an error that the manager knows of. A script tag sees no status.
    mutating func end(
        _ slot: ConnectionSlot, _ status: Int, _ error: (code: StaticString, message: StaticString),
        _ code: WebSocketClose
    ) {
        let connection = slab.pointer(slot)
        // An event stream whose head is not written yet can still be told by its status, which stops an EventSource.
        let isUnheard =
            status == 401 && connection.pointee.receiver.transport == .events && connection.pointee.receiver.isHello
        guard connection.pointee.receiver.endsWithAnswer || isUnheard else {
            return endStream(slot, error: error, code: code, telling: false)
        }
        let style = style(connection)
        if style.transport == .jsonp {
            let answer = Answer(style, callback: callback(connection), to: &out)
            answer.finish(cursor: connection.pointee.receiver.cursor, error: error, to: &out)
        } else {
            Answer.error(
                status, code: error.code, message: error.message, style, extra: challenge(status, error.code), to: &out)
        }
        endReceiver(slot, telling: false, timedOut: false)
        reply(slot)
    }

    /// Nothing came for the client in time, or the worker is leaving (`retry`).
    mutating func timeOut(_ slot: ConnectionSlot, retry: Int? = nil) {
        guard slab.pointer(slot).pointee.receiver.endsWithAnswer else {
            if let retry { return endStream(slot, retry: retry, code: .goingAway, telling: true) }
            return beginAlone(slot)
        }
        let hasEnded = slab.pointer(slot).pointee.marks.contains(.inputEnded)
        answerEmpty(slot, retry: retry, telling: true, timedOut: !hasEnded)
    }

    mutating func answerEmpty(_ slot: ConnectionSlot, retry: Int? = nil, telling: Bool, timedOut: Bool) {
        counters.pollsEmpty += 1
        let connection = slab.pointer(slot)
        let answer = Answer(style(connection), callback: callback(connection), to: &out)
        answer.finish(
            cursor: emptyCursor(slot), retry: retry, patience: pollTimeout(connection), to: &out)
        endReceiver(slot, telling: telling, timedOut: timedOut)
        reply(slot)
    }
    /// The poll timeout in milliseconds, for the envelope that answers a hello.
    @inline(__always)
    func pollTimeout(_ connection: UnsafeMutablePointer<Connection>) -> UInt32? {
        connection.pointee.receiver.isHello ? settings.pollTimeout : nil
    }

    /// Answers a poll whose client has ended its side. Messages that waited were sent long ago, unless the poll has
    /// just begun; then the manager is asked. The empty envelope is an attempt to write, too. A client that is gone
    /// does not mind it.
    mutating func answerHalfClosed(_ slot: ConnectionSlot, _ now: UInt32) {
        guard isLinked, deadlines.since(slot, now: now, in: slab) < Limits.announcedMilliseconds else {
            return answerEmpty(slot, telling: true, timedOut: false)
        }
        deadlines.hold(slot, seconds: 1, now: now, in: slab)
        announce(slot)
    }
}
