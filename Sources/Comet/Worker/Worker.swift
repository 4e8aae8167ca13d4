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
    private let inPlace = InPlace()
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
    /// Frames with messages that come back, or that were delivered. They wait for the next manager.
    var returned = Buffer()
    /// Frames from the manager that were not taken up yet.
    package var fromManager = Buffer()
    package internal(set) var isLinked = false
    /// The manager says that the engine of the cluster is away.
    var isEngineAway = false
    /// Messages for many receivers.
    var shared = SharedMessages()
    var tokens: TokenBook
    /// Seconds since 1970. The caller keeps it right while tokens are taken.
    package var wallSeconds: UInt64 = 0
    /// The token of the request that is being taken up. `none` if it has none.
    var token = TokenSlot.none
    /// The `Grant` of a token, while its frame is written.
    var grant = Buffer()
    /// What the manager said last about what does not wait: see `Settled`.
    var settled = Settled()
    /// The time of the last question about that.
    var lastStamp: UInt64 = 0
    package internal(set) var drain = Drain()
    /// The bounds by address. `nil` if there are none.
    var addresses: Addresses?
    /// What each connection holds of them, by its slot. Empty if there are none.
    var notes: [AddressNote] = []
    /// The client of the trusted proxy whose request is being taken up.
    var asker: IPAddress?
    /// Any trusted proxy. Who is trusted is all that counts when its client is looked for.
    var trustedPeer = IPAddress(v4: 0)
    /// A proxy that is not trusted was found, so its clients are not bounded.
    package internal(set) var hasUnnamedProxy = false
    package var counters = WorkerCounters()

    var orders = Orders()
    /// The answer of an order to send, from the order until its report. The buffer is used again for each answer.
    var out = Buffer()
    var sending = Sending()
    /// The ids of the messages in `out` whose delivery the manager wants to know.
    var told: [UInt64] = []
    /// While a message for many receivers is sent to one of them: a frame without a body that names this receiver.
    var named = Buffer()
    let scratch = PollRequest.Scratch()
    var isPutOff = false
    /// The head of the request that was taken up last, until `takeAsked`. It is kept only if
    /// `WorkerSettings.tellsRequests`.
    var asked: (slot: ConnectionSlot, head: [UInt8])?
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
        tokens = TokenBook(most: settings.maxConnections, seed: seed)
        random = seed | 1
        if settings.maxPerAddress > 0 || settings.acceptsPerAddress > 0 {
            addresses = Addresses(
                mostHeld: settings.maxPerAddress, newPerSecond: settings.acceptsPerAddress, seed: seed)
        }
        deadlines = Deadlines(
            header: settings.headerTimeout, poll: settings.pollTimeout, idle: settings.idleTimeout,
            write: settings.headerTimeout,
            linger: Limits.lingerMilliseconds, heartbeat: settings.heartbeat, turn: Int(truncatingIfNeeded: seed >> 1))
    }

    /// Open connections, and how many of them hold a poll or a receiver that stays.
    package var connections: Int { slab.count }
    package var waiting: Int {
        deadlines.count(.poll) + deadlines.count(.heartbeat) + deadlines.count(.proof) + streamsBehind
    }
    /// Receivers that stay: event streams, WebSockets, and how many of both are behind.
    package internal(set) var streams = 0
    package internal(set) var sockets = 0
    package internal(set) var streamsBehind = 0
    /// Bytes that wait for those that are behind.
    var behindBytes = 0
    /// Reads the messages of WebSockets. It is idle between two inputs.
    var reader = WebSocketReader()
    package var memoryBytes: Int { slab.memoryBytes + strings.memoryBytes + index.memoryBytes + addressBytes }

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
        case .waiting where !connection.pointee.receiver.endsWithAnswer:
            // The client of an event stream has nothing to say.
            if connection.pointee.receiver.transport == .webSocket { receivedFrames(slot, bytes) }
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
                // A client says nothing more until its receiver has begun (RFC 6455, 4.1).
                if consumed < bytes.count,
                    connection.pointee.state != .waiting
                        || connection.pointee.receiver.endsWithAnswer
                {
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
        case .lingering: close(slot, farewellReason(slot))
        case .waiting where !connection.pointee.receiver.endsWithAnswer: close(slot, .client)
        case .reading where !connection.pointee.marks.contains(.resuming): close(slot, .client)
        case .reading, .replying, .waiting:
            connection.pointee.marks.insert(.inputEnded)
            watch(slot)  // otherwise the loop would report the end again and again
            if connection.pointee.state == .waiting { answerHalfClosed(slot, UInt32(truncatingIfNeeded: now)) }
        }
    }

    /// The connection is dead.
    package mutating func broke(_ slot: ConnectionSlot) {
        close(slot, slab.pointer(slot).pointee.state == .lingering ? farewellReason(slot) : .client)
    }
    private func farewellReason(_ slot: ConnectionSlot) -> CloseReason {
        guard slab.pointer(slot).pointee.marks.contains(.saidFarewell) else { return .error }
        return drain.isOn ? .drain : .answered
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
        if addresses != nil { releaseConnection(slot) }
        slab.remove(slot)
    }

    // MARK: the clock

    /// Ends one connection or poll that has lasted too long. False if there is none.
    package mutating func expireNext(now: UInt64) -> Bool {
        guard let slot = deadlines.expired(now: UInt32(truncatingIfNeeded: now)) else { return false }
        switch Deadlines.kind(slab.pointer(slot).pointee.list) {
        case .poll where staysOn(slot): watchToken(slot, UInt32(truncatingIfNeeded: now))
        case .poll: timeOut(slot)
        case .heartbeat, .proof: beat(slot)
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
