package import Base
package import Store
import Wire

/// The decisions of a worker about each connection, poll and message. It is a value: it makes no system call, reads no
/// clock and calls nobody. Times come in with the inputs, in milliseconds of any clock that only grows.
///
/// The inputs, in the order of a connection's life, are `opened`, `received`, `writable`, `inputEnded` and `broke`. The
/// manager's are `linkOpened`, `takeUpFrame` and `linkClosed`; the clock's are `expireNext`, `fanOutNext`,
/// `resumeNext` and `drainNext`. After each input the caller carries out the orders of `next`, until there are none. It
/// answers an order to send by `wrote` or `failed`, and an order to close by `closed`. Frames for the manager gather in
/// `toManager`, and go out once for each turn of the loop.
package struct Worker: ~Copyable {
    package let settings: WorkerSettings
    /// All origins are allowed, so none needs to be named.
    let allowsEveryone: Bool
    package var slab: Slab<Connection>
    var strings = ByteStore()
    /// Waiting clients, by id.
    var index: IdIndex
    var deadlines: Deadlines
    var herd = Herd()
    var pending: [ConnectionSlot: Pending] = [:]
    /// Connections whose next request is here already.
    var resuming: [ConnectionSlot] = []
    /// Frames for the manager.
    package var toManager = Buffer()
    /// Bytes of the first of these frames that were written already. It stays until it is written whole, so that it can
    /// be sent again on the next link.
    var writtenOfFirst = 0
    /// Frames with messages that come back. They wait for the next manager.
    var returned = Buffer()
    /// Frames from the manager that were not taken up yet.
    package var fromManager = Buffer()
    package internal(set) var isLinked = false
    /// Messages for many receivers.
    var shared = SharedMessages()
    /// What the manager said last about what does not wait: see `Settled`.
    var settled = Settled()
    /// The time of the last question about that.
    var lastStamp: UInt64 = 0
    package internal(set) var drain = Drain()
    package var counters = WorkerCounters()

    var orders = Orders()
    /// The answer of an order to send, from the order until its report. The buffer is used again for each answer.
    var out = Buffer()
    var sending = Sending()
    /// While a message for many receivers is sent to one of them: a frame without a body that names this receiver.
    var named = Buffer()
    let scratch = PollRequest.Scratch()
    /// The head of the request that was taken up last, until `takeAsked`. It is kept only if
    /// `WorkerSettings.tellsRequests`.
    private var asked: (slot: ConnectionSlot, head: [UInt8])?
    /// The time of the manager's turn in which the next answers were decided. 0 if it is not known.
    var turnStart: UInt64 = 0
    /// The tag of the last receiver. Receivers are counted.
    var lastTag: UInt16 = 0
    private var random: UInt64

    /// `extraBytes` is the I/O layer's room behind each connection. `seed` is random: it spreads `retry`, and nobody
    /// can choose ids that collide.
    package init(_ settings: WorkerSettings, extraBytes: Int, seed: UInt64) {
        self.settings = settings
        allowsEveryone = settings.origins == ["*"]
        slab = Slab(extraBytes: extraBytes)
        index = IdIndex(seed: seed)
        random = seed | 1
        deadlines = Deadlines(
            header: settings.headerTimeout, poll: settings.pollTimeout, idle: settings.idleTimeout,
            write: settings.headerTimeout,
            linger: Limits.lingerMilliseconds, turn: Int(truncatingIfNeeded: seed >> 1))
    }

    /// Open connections, and how many of them hold a poll.
    package var connections: Int { slab.count }
    package var waiting: Int { deadlines.count(.poll) }
    /// Receivers that stay: event streams, WebSockets, and how many of both are behind.
    package internal(set) var streams = 0
    package internal(set) var sockets = 0
    package internal(set) var streamsBehind = 0
    package var memoryBytes: Int { slab.memoryBytes + strings.memoryBytes + index.memoryBytes }

    /// The next order. `nil` if there is none until the next input.
    package mutating func next() -> Order? { orders.next() }

    // MARK: a connection's life

    /// A connection was accepted. The I/O layer puts its watcher into the slot's extra bytes.
    package mutating func opened(now: UInt64) -> ConnectionSlot {
        let slot = slab.insert(Connection())
        deadlines.add(slot, to: .header, now: UInt32(truncatingIfNeeded: now), in: slab)
        counters.connsPeak = max(counters.connsPeak, UInt64(slab.count))
        return slot
    }

    /// Bytes came from a client. One request of them is taken up. The bytes behind it wait for its answer.
    package mutating func received(_ slot: ConnectionSlot, _ bytes: UnsafeRawBufferPointer, now: UInt64) {
        let now = UInt32(truncatingIfNeeded: now)
        counters.bytesIn += UInt64(bytes.count)
        let connection = slab.pointer(slot)
        switch connection.pointee.state {
        case .lingering: break
        case .waiting, .replying: keepForLater(slot, bytes, now)
        case .reading:
            if connection.pointee.marks.contains(.hasPending) {
                guard let held = pending[slot] else {
                    preconditionFailure("a connection marked with bytes that nobody keeps")
                }
                held.input.append(bytes)
                parsePending(slot, held, now)
            } else {
                let consumed = parse(slot, bytes, now)
                if consumed < bytes.count {
                    keepForLater(slot, bytes.part(consumed, bytes.count - consumed), now)
                }
            }
        }
    }

    /// The client ended its side. It may be gone, or may still read (RFC 9293, 3.6); both look the same. Its request is
    /// answered if there is something to say now, and nothing is held for it.
    package mutating func inputEnded(_ slot: ConnectionSlot, now: UInt64) {
        let connection = slab.pointer(slot)
        switch connection.pointee.state {
        case .lingering: close(slot, .error)
        case .reading where !connection.pointee.marks.contains(.resuming): close(slot, .client)
        case .reading, .replying, .waiting:
            connection.pointee.marks.insert(.inputEnded)
            watch(slot)  // otherwise the loop would report the end again and again
            if connection.pointee.state == .waiting { answerHalfClosed(slot, UInt32(truncatingIfNeeded: now)) }
        }
    }

    /// The connection is dead.
    package mutating func broke(_ slot: ConnectionSlot) {
        close(slot, slab.pointer(slot).pointee.state == .lingering ? .error : .client)
    }

    /// Ends the connection, whichever side wants it. The manager is told about a held poll.
    mutating func close(_ slot: ConnectionSlot, _ reason: CloseReason) {
        let connection = slab.pointer(slot)
        if connection.pointee.state == .waiting { endReceiver(slot, telling: true, timedOut: false) }
        deadlines.remove(slot, in: slab)
        if connection.pointee.marks.contains(.resuming) { resuming.removeAll { $0 == slot } }
        counters.count(reason)
        let asks =
            connection.pointee.state == .lingering && connection.pointee.marks.contains(.hasPending)
            && pending[slot].map { !$0.frames.isEmpty } ?? false
        orders.add(asks ? .askAndClose(slot) : .close(slot))
    }

    /// An order to close was carried out, and the slot is free. `isTaken` says whether the client took all that was
    /// sent, if the order asked for that.
    package mutating func closed(_ slot: ConnectionSlot, isTaken: Bool = false) {
        if slab.pointer(slot).pointee.marks.contains(.hasPending), let held = pending.removeValue(forKey: slot),
            !held.frames.isEmpty
        {
            settle(held, isWritten: isTaken)
        }
        slab.remove(slot)
    }

    // MARK: requests

    /// Keeps bytes that can't be parsed yet, or not now. Their bound is that of a request. If a client sends more
    /// ahead, nothing more is read from it.
    private mutating func keepForLater(_ slot: ConnectionSlot, _ bytes: UnsafeRawBufferPointer, _ now: UInt32) {
        let held = pendingOf(slot)
        held.input.append(bytes)
        let connection = slab.pointer(slot)
        if connection.pointee.state == .reading {
            waitForHead(slot, now)
        } else if held.input.count >= settings.maxRequest, !connection.pointee.marks.contains(.paused) {
            connection.pointee.marks.insert(.paused)
            watch(slot)
        }
    }
    mutating func pendingOf(_ slot: ConnectionSlot) -> Pending {
        if let held = pending[slot] { return held }
        let held = Pending()
        pending[slot] = held
        slab.pointer(slot).pointee.marks.insert(.hasPending)
        return held
    }
    /// The bytes kept for the connection are used up.
    mutating func dropPending(_ slot: ConnectionSlot) {
        pending[slot] = nil
        slab.pointer(slot).pointee.marks.remove(.hasPending)
    }
    private mutating func waitForHead(_ slot: ConnectionSlot, _ now: UInt32) {
        guard slab.pointer(slot).pointee.list != Deadlines.Kind.header.rawValue else { return }
        deadlines.move(slot, to: .header, now: now, in: slab)
    }
    /// The events to watch the connection for have changed.
    mutating func watch(_ slot: ConnectionSlot) {
        let marks = slab.pointer(slot).pointee.marks
        let hasOutput = marks.contains(.hasPending) && pending[slot].map { !$0.output.isEmpty } ?? false
        orders.add(.watch(slot, input: marks.isDisjoint(with: [.paused, .inputEnded]), output: hasOutput))
    }

    private mutating func parsePending(_ slot: ConnectionSlot, _ held: Pending, _ now: UInt32) {
        held.input.consume(parse(slot, held.input.bytes, now))
        if held.input.isEmpty, held.output.isEmpty { dropPending(slot) }
        let connection = slab.pointer(slot)
        let isReading = connection.pointee.state == .reading
        if connection.pointee.marks.contains(.inputEnded) {
            // The bytes that are left are no whole request, and no more will come.
            if isReading { close(slot, .client) }
        } else if connection.pointee.marks.contains(.paused), isReading || held.input.count < settings.maxRequest {
            // The parser bounds a request that is being read. This bound is for requests that come too far ahead.
            connection.pointee.marks.remove(.paused)
            watch(slot)
        }
    }

    /// Takes up a request, if it is whole. The result is the number of its bytes.
    private mutating func parse(_ slot: ConnectionSlot, _ bytes: UnsafeRawBufferPointer, _ now: UInt32) -> Int {
        switch HTTPRequest.parse(bytes, limit: settings.maxRequest) {
        case .incomplete:
            waitForHead(slot, now)
            return 0
        case .refused(let refusal):
            refuse(slot, refusal, bytes)
            return bytes.count
        case .request(let request):
            if settings.tellsRequests { asked = (slot, Array(bytes.part(0, request.headBytes))) }
            handle(slot, request, now)
            return sending.isLast ? bytes.count : request.headBytes
        }
    }

    /// A request that can't be taken ends the connection. A script tag is told in its own form, if its first line could
    /// be read.
    private mutating func refuse(_ slot: ConnectionSlot, _ refusal: HTTPRefusal, _ request: UnsafeRawBufferPointer) {
        counters.httpRefused += 1
        let line = settings.jsonp ? HTTPRequest.firstLine(of: request, limit: settings.maxRequest) : nil
        let callback = line.flatMap { PollRequest.callback(of: $0, scratch: scratch) }
        Answer.refusal(refusal, cors: .anyone, callback: callback, to: &out)
        replyAndLinger(slot)
    }

    /// Takes up a request that came while an answer was awaited. Call it at the end of each turn until it is false.
    package mutating func resumeNext(now: UInt64) -> Bool {
        guard let slot = resuming.popLast() else { return false }
        let connection = slab.pointer(slot)
        connection.pointee.marks.remove(.resuming)
        if connection.pointee.state == .reading, let held = pending[slot] {
            parsePending(slot, held, UInt32(truncatingIfNeeded: now))
        }
        return true
    }

    /// The request that was taken up since the last call. There is one only if `WorkerSettings.tellsRequests`.
    package mutating func takeAsked() -> (slot: ConnectionSlot, head: [UInt8])? {
        defer { asked = nil }
        return asked
    }

    // MARK: the clock

    /// Ends one connection or poll that has lasted too long. False if there is none.
    package mutating func expireNext(now: UInt64) -> Bool {
        guard let slot = deadlines.expired(now: UInt32(truncatingIfNeeded: now)) else { return false }
        switch Deadlines.kind(slab.pointer(slot).pointee.list) {
        case .poll: timeOut(slot)
        case .header:
            if let held = pending[slot] {
                counters.headerTimeouts += 1
                refuse(slot, HTTPRefusal(408, "the request did not come whole in time"), held.input.bytes)
            } else {
                close(slot, .timeout)
            }
        case .idle, .linger: close(slot, .timeout)
        case .write: close(slot, .slow)
        }
        return true
    }
    /// Milliseconds until `expireNext` has something to do. `nil` if nothing is waited for.
    package func untilDeadline(now: UInt64) -> Int? { deadlines.untilNext(now: UInt32(truncatingIfNeeded: now)) }

    /// A number below `bound`, from the worker's own sequence (xorshift64*).
    package mutating func randomNumber(below bound: Int) -> Int {
        random ^= random >> 12
        random ^= random << 25
        random ^= random >> 27
        return Int((random &* 0x2545_F491_4F6C_DD1D) >> 33) % max(1, bound)
    }
}
