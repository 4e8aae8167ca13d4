import Base
import Store
import Wire

// A poll: held, told to the manager, and ended.
extension Worker {
    mutating func hold(
        _ slot: UInt32, _ poll: PollRequest, _ origin: UInt8, _ style: Answer.Style, _ now: UInt32
    ) {
        counters.polls += 1
        if slab.count > settings.maxConnections {
            counters.rejectedLimit += 1
            return decline(
                slot, poll, style, status: 503, code: "full", message: "this worker is full",
                retry: 1000 + randomNumber(below: 4000))
        }
        if drain.isOn {
            counters.pollsEmpty += 1
            return decline(slot, poll, style, status: 200, code: nil, message: "", retry: drainRetry())
        }
        let hello = poll.hello && poll.form != .bare
        if hello, !isLinked {
            counters.pollsEmpty += 1
            let answer = Answer(style, callback: poll.callback, to: &out)
            answer.finish(cursor: poll.cursor ?? 0, pollTimeout: settings.pollTimeout, to: &out)
            return reply(slot)
        }
        let hash = index.hash(poll.client)
        let print = poll.copy.isEmpty ? 0 : Worker.print(poll.copy)
        if let old = find(poll.client, hash) { replace(old, by: poll.cursor ?? 0, print) }

        let connection = slab.pointer(slot)
        connection.pointee.poll = withUnsafeBytes(of: print) {
            strings.store(poll.client, poll.callback, print == 0 ? .init(start: nil, count: 0) : $0)
        }
        connection.pointee.set(.hasPrint, print != 0)
        connection.pointee.set(.hello, hello)
        connection.pointee.clientBytes = UInt8(poll.client.count)
        connection.pointee.form = poll.form
        connection.pointee.origin = origin
        connection.pointee.cursor = poll.cursor ?? 0
        connection.pointee.set(.acknowledges, poll.cursor != nil)
        lastTag &+= 1
        connection.pointee.tag = lastTag
        connection.pointee.state = .waiting
        if isAtOnce(connection) {
            // Should the manager not say what waits within a second, nothing does.
            deadlines.hold(slot, seconds: 1, now: now, in: slab)
        } else if let seconds = poll.hold, seconds < (settings.pollTimeout + 999) / 1000 {
            deadlines.hold(slot, seconds: seconds, now: now, in: slab)
        } else if herd.pollBegins(now: now, timeout: settings.pollTimeout, among: deadlines) {
            deadlines.spread(slot, now: now, in: slab)
        } else {
            deadlines.move(slot, to: .poll, now: now, in: slab)
        }
        enter(slot, hash)
        if isLinked { announce(slot) }
    }

    /// Answers a poll that can't be held, and ends the connection.
    private mutating func decline(
        _ slot: UInt32, _ poll: PollRequest, _ style: Answer.Style, status: Int, code: StaticString?,
        message: StaticString, retry: Int
    ) {
        var style = style
        style.keepAlive = false
        slab.pointer(slot).pointee.marks.remove(.keepAlive)
        if style.form == .jsonp || code == nil {
            let answer = Answer(style, callback: poll.callback, to: &out)
            answer.finish(cursor: poll.cursor ?? 0, retry: retry, error: code.map { ($0, message) }, to: &out)
        } else {
            Answer.error(
                status, code: code ?? "", message: message, style, extra: "Retry-After: 3\r\n", retry: retry, to: &out)
        }
        return replyAndLinger(slot)
    }

    /// The client of a waiting connection.
    @inline(__always)
    func client(_ slot: UInt32) -> UnsafeRawBufferPointer {
        Worker.client(slab.pointer(slot), strings)
    }
    @inline(__always)
    private static func client(
        _ connection: UnsafeMutablePointer<Connection>, _ strings: borrowing ByteStore
    ) -> UnsafeRawBufferPointer {
        strings.bytes(connection.pointee.poll).part(0, Int(connection.pointee.clientBytes))
    }
    @inline(__always)
    func callback(_ slot: UInt32) -> UnsafeRawBufferPointer {
        let connection = slab.pointer(slot)
        let bytes = strings.bytes(connection.pointee.poll)
        let end = bytes.count - (connection.pointee.marks.contains(.hasPrint) ? 4 : 0)
        return bytes.part(Int(connection.pointee.clientBytes), end - Int(connection.pointee.clientBytes))
    }
    /// The print of a waiting poll's `c`; 0 where it has none.
    @inline(__always)
    func print(_ slot: UInt32) -> UInt32 {
        guard slab.pointer(slot).pointee.marks.contains(.hasPrint) else { return 0 }
        let bytes = strings.bytes(slab.pointer(slot).pointee.poll)
        return bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self)
    }
    /// The print of a `c`, the same on all workers. Never 0.
    private static func print(_ copy: UnsafeRawBufferPointer) -> UInt32 {
        max(1, UInt32(truncatingIfNeeded: IdIndex.hash(copy, seed: 0)))
    }
    /// The poll is not held: its answer is what waits now.
    @inline(__always)
    func isAtOnce(_ connection: UnsafeMutablePointer<Connection>) -> Bool {
        !connection.pointee.marks.isDisjoint(with: [.hello, .inputEnded])
    }
    /// Puts a client into the index. The index asks for hashes while it changes itself: it is given the records apart.
    private mutating func enter(_ slot: UInt32, _ hash: UInt64) {
        let seed = seed
        withRecords { slab, strings, index in
            index.insert(slot, hash) { IdIndex.hash(Worker.client(slab.pointer($0), strings), seed: seed) }
        }
    }
    @inline(__always)
    private mutating func withRecords(
        _ body: (borrowing Slab<Connection>, borrowing ByteStore, inout IdIndex) -> Void
    ) {
        body(slab, strings, &index)
    }

    /// The connection on which this client waits.
    @inline(__always)
    func find(_ client: UnsafeRawBufferPointer, _ hash: UInt64) -> UInt32? {
        index.find(hash) { areEqual(self.client($0), client) }
    }

    /// The style of an answer to a held poll. A worker that drains keeps no connection: the next poll opens one to who
    /// comes after it.
    @inline(__always)
    func style(_ connection: UnsafeMutablePointer<Connection>) -> Answer.Style {
        if drain.isOn { connection.pointee.marks.remove(.keepAlive) }
        return Answer.Style(
            form: connection.pointee.form, minorVersion: connection.pointee.marks.contains(.http11) ? 1 : 0,
            keepAlive: connection.pointee.marks.contains(.keepAlive), cors: cors(connection.pointee.origin))
    }

    /// The poll is over: its id leaves the index. `telling` says so to the manager, which does not know it otherwise.
    mutating func endPoll(_ slot: UInt32, telling: Bool, timedOut: Bool) {
        let connection = slab.pointer(slot)
        let client = client(slot)
        index.remove(slot, index.hash(client))
        if telling, isLinked {
            Frame(
                op: .gone, flags: timedOut ? .timedOut : [], tag: connection.pointee.tag, slot: slot,
                number: connection.pointee.cursor, client: client
            ).write(to: &toManager)
            counters.managerFramesOut += 1
        }
        strings.release(connection.pointee.poll)
        connection.pointee.poll = .none
        connection.pointee.state = .reading
    }

    /// Another poll of the same client took its place, one with this cursor and this print of `c`: told so, without
    /// `retry`, so that two tabs don't chase each other. Where it is the same request once more (proxies and phones
    /// send them twice) nobody is to stop, and the older copy gets an empty envelope.
    mutating func replace(_ slot: UInt32, by cursor: UInt64, _ print: UInt32) {
        let connection = slab.pointer(slot)
        if print != 0, cursor == connection.pointee.cursor, print == self.print(slot) {
            return answerEmpty(slot, telling: false, timedOut: false)
        }
        counters.pollsReplaced += 1
        let style = style(connection)
        let error: (StaticString, StaticString) = ("replaced", "another poll of this client took the place of this one")
        if style.form == .jsonp {
            let answer = Answer(style, callback: callback(slot), to: &out)
            answer.finish(cursor: connection.pointee.cursor, error: error, to: &out)
        } else {
            Answer.error(409, code: error.0, message: error.1, style, to: &out)
        }
        endPoll(slot, telling: false, timedOut: false)
        reply(slot)
    }

    /// Nothing came for the client in time, or the worker is leaving (`retry`).
    mutating func timeOut(_ slot: UInt32, retry: Int? = nil) {
        let hasEnded = slab.pointer(slot).pointee.marks.contains(.inputEnded)
        answerEmpty(slot, retry: retry, telling: true, timedOut: !hasEnded)
    }

    private mutating func answerEmpty(_ slot: UInt32, retry: Int? = nil, telling: Bool, timedOut: Bool) {
        counters.pollsEmpty += 1
        let connection = slab.pointer(slot)
        let answer = Answer(style(connection), callback: callback(slot), to: &out)
        answer.finish(cursor: connection.pointee.cursor, retry: retry, pollTimeout: pollTimeout(connection), to: &out)
        endPoll(slot, telling: telling, timedOut: timedOut)
        reply(slot)
    }
    /// For the envelope: milliseconds, told in the answer to a hello.
    @inline(__always)
    func pollTimeout(_ connection: UnsafeMutablePointer<Connection>) -> UInt32? {
        connection.pointee.marks.contains(.hello) ? settings.pollTimeout : nil
    }

    /// A poll whose client has ended its side. What waited for it was sent long ago, unless it has just begun: then the
    /// manager is asked. The empty envelope is an attempt to write, too: a client that is gone does not mind it.
    mutating func answerHalfClosed(_ slot: UInt32, _ now: UInt32) {
        guard isLinked, deadlines.since(slot, now: now, in: slab) < Limits.announcedMilliseconds else {
            return answerEmpty(slot, telling: true, timedOut: false)
        }
        deadlines.hold(slot, seconds: 1, now: now, in: slab)
        announce(slot)
    }
}
