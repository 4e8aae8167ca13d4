// One file: a connection's life from accept to close, which one has to see whole.
package import Base
package import Store
import Wire

/// The decisions of a worker: what becomes of each connection, poll and message. It makes no system call and reads no
/// clock; `now` is handed in with each input, in milliseconds of any clock that only grows.
///
/// Inputs, in the order that they happen in life: `opened`, `received`, `writable`, `inputEnded`, `closed`; from the
/// manager `linkOpened`, `receivedFromManager`, `linkClosed`; from the clock `expire`, `drain`. What is to go to the
/// manager gathers in `link`, and goes out once for each turn of the loop.
package final class Worker {
    package let settings: WorkerSettings
    /// Held, though it may hold the worker: both live as long as the process, and a reference that is checked at each
    /// use costs each event.
    let io: any WorkerIO
    /// No origin needs to be named.
    let allowsEveryone: Bool
    package var slab: Slab<Connection>
    var strings = ByteStore()
    /// Waiting clients, by id.
    var index: IdIndex
    let seed: UInt64
    var deadlines: Deadlines
    var herd = Herd()
    var pending: [UInt32: Pending] = [:]
    /// Connections whose next request is here already.
    var resuming: [UInt32] = []
    /// Frames for the manager.
    package var link = Buffer()
    package internal(set) var isLinked = false
    package internal(set) var drain = Drain()
    package var counters = WorkerCounters()

    /// The answer that is being written; used again for each.
    var out = Buffer()
    let scratch = PollRequest.Scratch()
    var now: UInt32 = 0
    /// The manager's turn that the answers being read were decided in; 0: not known.
    var turnStart: UInt64 = 0
    /// The tag of the poll that was held last: the polls are counted.
    var lastTag: UInt16 = 0
    private var random: UInt64

    /// `extraBytes`: the I/O layer's room behind each connection. `seed`: random; it keeps ids from being chosen to
    /// collide, and spreads `retry`.
    package init(_ settings: WorkerSettings, io: any WorkerIO, extraBytes: Int, seed: UInt64) {
        self.settings = settings
        self.io = io
        allowsEveryone = settings.origins == ["*"]
        slab = Slab(extraBytes: extraBytes)
        index = IdIndex(seed: seed)
        self.seed = seed
        random = seed | 1
        deadlines = Deadlines(
            header: settings.headerTimeout, poll: settings.pollTimeout, idle: settings.idleTimeout,
            write: settings.headerTimeout,
            linger: Limits.lingerMilliseconds, turn: Int(truncatingIfNeeded: seed >> 1))
    }

    /// Connections open, and those of them that hold a poll.
    package var connections: Int { slab.count }
    package var waiting: Int { deadlines.count(.poll) }
    package var memoryBytes: Int { slab.memoryBytes + strings.memoryBytes + index.memoryBytes }

    // MARK: a connection's life

    /// A connection was accepted. The I/O layer puts its watcher into the slot's extra bytes.
    package func opened(now: UInt64) -> UInt32 {
        self.now = UInt32(truncatingIfNeeded: now)
        let slot = slab.insert(Connection()).number
        deadlines.add(slot, to: .header, now: self.now, in: slab)
        counters.peakConnections = max(counters.peakConnections, UInt64(slab.count))
        return slot
    }

    /// Bytes came from a client.
    package func received(_ slot: UInt32, _ bytes: UnsafeRawBufferPointer, now: UInt64) {
        self.now = UInt32(truncatingIfNeeded: now)
        counters.bytesIn += UInt64(bytes.count)
        let connection = slab.pointer(slot)
        switch connection.pointee.state {
        case .lingering: break
        case .waiting, .replying: keepForLater(slot, bytes)
        case .reading:
            if connection.pointee.marks.contains(.hasPending) {
                guard let held = pending[slot] else {
                    preconditionFailure("a connection marked with bytes that nobody keeps")
                }
                held.input.append(bytes)
                parsePending(slot, held)
            } else {
                let consumed = parse(slot, bytes)
                if let consumed, consumed < bytes.count {
                    keepForLater(slot, bytes.part(consumed, bytes.count - consumed))
                }
            }
        }
    }

    /// The client ended its side. It may be gone altogether, which looks just the same, or still read (RFC 9293, 3.6):
    /// what it has asked for is answered, as far as there is something to say now, and nothing is held for it.
    package func inputEnded(_ slot: UInt32, now: UInt64) {
        self.now = UInt32(truncatingIfNeeded: now)
        let connection = slab.pointer(slot)
        switch connection.pointee.state {
        case .lingering: close(slot, .error)
        case .reading where !connection.pointee.marks.contains(.resuming): close(slot, .client)
        case .reading, .replying, .waiting:
            // The end would be told again and again.
            io.pauseReading(slot)
            connection.pointee.marks.insert(.inputEnded)
            if connection.pointee.state == .waiting { answerHalfClosed(slot) }
        }
    }

    /// The connection broke.
    package func closed(_ slot: UInt32, now: UInt64) {
        self.now = UInt32(truncatingIfNeeded: now)
        close(slot, slab.pointer(slot).pointee.state == .lingering ? .error : .client)
    }

    /// The socket takes bytes again.
    package func writable(_ slot: UInt32, now: UInt64) {
        self.now = UInt32(truncatingIfNeeded: now)
        guard let held = pending[slot], held.output.count > 0 else { return }
        guard let sent = io.send(slot, held.output.bytes) else { return close(slot, .error) }
        counters.bytesOut += UInt64(sent)
        held.output.consume(sent)
        if sent > 0 { deadlines.move(slot, to: .write, now: self.now, in: slab) }
        if held.output.isEmpty { replied(slot) }
    }

    /// Ends it, from whichever side. A held poll is told to the manager.
    func close(_ slot: UInt32, _ reason: CloseReason) {
        let connection = slab.pointer(slot)
        if connection.pointee.state == .waiting { endPoll(slot, telling: true, timedOut: false) }
        if connection.pointee.marks.contains(.hasPending), let held = pending[slot], held.frames.count > 0 {
            settle(held, isWritten: connection.pointee.state == .lingering && io.isTaken(slot))
        }
        deadlines.remove(slot, in: slab)
        if connection.pointee.marks.contains(.hasPending) { pending[slot] = nil }
        if connection.pointee.marks.contains(.resuming) { resuming.removeAll { $0 == slot } }
        counters.count(reason)
        io.close(slot)
        slab.remove(slot)
    }

    // MARK: requests

    /// Bytes that can't be parsed yet, or not now. Their bound is that of a request: a client that sends more ahead is
    /// read no further.
    private func keepForLater(_ slot: UInt32, _ bytes: UnsafeRawBufferPointer) {
        let held = pendingOf(slot)
        held.input.append(bytes)
        if slab.pointer(slot).pointee.state == .reading {
            if slab.pointer(slot).pointee.list != Deadlines.Kind.header.rawValue {
                deadlines.move(slot, to: .header, now: now, in: slab)
            }
        } else if held.input.count >= settings.maxRequest {
            io.pauseReading(slot)
        }
    }
    func pendingOf(_ slot: UInt32) -> Pending {
        if let held = pending[slot] { return held }
        let held = Pending()
        pending[slot] = held
        slab.pointer(slot).pointee.marks.insert(.hasPending)
        return held
    }

    private func parsePending(_ slot: UInt32, _ held: Pending) {
        let hasEnded = slab.pointer(slot).pointee.marks.contains(.inputEnded)
        guard let consumed = parse(slot, held.input.bytes) else { return }
        held.input.consume(consumed)
        let connection = slab.pointer(slot)
        if held.input.isEmpty, held.output.isEmpty {
            pending[slot] = nil
            connection.pointee.marks.remove(.hasPending)
        }
        if hasEnded {
            // What is left is no whole request, and there will be no more of it.
            if connection.pointee.state == .reading { close(slot, .client) }
        } else if connection.pointee.state == .reading || held.input.count < settings.maxRequest {
            // The parser bounds a request that is being read; the bound here is for those that come too far ahead.
            io.resumeReading(slot)
        }
    }

    /// Answers requests until one is held, or is not whole: how many bytes they had. Nil: the connection is closed.
    private func parse(_ slot: UInt32, _ bytes: UnsafeRawBufferPointer) -> Int? {
        var at = 0
        while at < bytes.count, slab.pointer(slot).pointee.state == .reading {
            switch HTTPRequest.parse(bytes.part(at, bytes.count - at), limit: settings.maxRequest) {
            case .incomplete:
                if slab.pointer(slot).pointee.list != Deadlines.Kind.header.rawValue {
                    deadlines.move(slot, to: .header, now: now, in: slab)
                }
                return at
            case .refused(let refusal):
                return refuse(slot, refusal, bytes.part(at, bytes.count - at)) ? bytes.count : nil
            case .request(let request):
                at += request.headBytes
                if !handle(slot, request) { return nil }
                if slab.pointer(slot).pointee.state == .lingering { return bytes.count }
            }
        }
        return at
    }

    /// A request that can't be taken ends the connection. A script tag is told in its own form, where its first line
    /// could be read.
    private func refuse(_ slot: UInt32, _ refusal: HTTPRefusal, _ request: UnsafeRawBufferPointer) -> Bool {
        counters.refused += 1
        let line = settings.jsonp ? HTTPRequest.firstLine(of: request, limit: settings.maxRequest) : nil
        let callback = line.flatMap { PollRequest.callback(of: $0, scratch: scratch) }
        Answer.refusal(refusal, cors: .anyone, callback: callback, to: &out)
        return replyAndLinger(slot)
    }

    /// Takes up the requests that came while polls were held. Called at the end of each turn.
    package func resume(now: UInt64) {
        self.now = UInt32(truncatingIfNeeded: now)
        while let slot = resuming.popLast() {
            slab.pointer(slot).pointee.marks.remove(.resuming)
            if let held = pending[slot], slab.pointer(slot).pointee.state == .reading { parsePending(slot, held) }
        }
    }

    // MARK: answers

    /// Sends what is in `out`. False: the connection is closed now.
    @discardableResult func reply(_ slot: UInt32) -> Bool {
        let bytes = out.bytes
        guard let sent = io.send(slot, bytes) else {
            out.clear()
            // Where frames are kept, it is counted when they are settled.
            if pending[slot]?.frames.isEmpty ?? true { counters.deliverErrors += 1 }
            close(slot, .error)
            return false
        }
        counters.bytesOut += UInt64(sent)
        if sent < bytes.count {
            counters.partialWrites += 1
            pendingOf(slot).output.append(bytes.part(sent, bytes.count - sent))
            out.clear()
            slab.pointer(slot).pointee.state = .replying
            deadlines.move(slot, to: .write, now: now, in: slab)
            return true
        }
        out.clear()
        return replied(slot)
    }

    /// An answer is sent whole: the connection goes on, or ends.
    @discardableResult private func replied(_ slot: UInt32) -> Bool {
        let connection = slab.pointer(slot)
        let hasEnded = connection.pointee.marks.contains(.inputEnded)
        if connection.pointee.marks.contains(.hasPending), let held = pending[slot], held.frames.count > 0 {
            if hasEnded, !connection.pointee.marks.contains(.acknowledges) {
                linger(slot)  // until it is known whether anybody was there
                return true
            }
            settle(held, isWritten: true)
        }
        guard connection.pointee.marks.contains(.keepAlive), !hasEnded || hasInput(slot) else {
            close(slot, hasEnded ? .client : drain.isOn ? .drain : .answered)
            return false
        }
        connection.pointee.state = .reading
        deadlines.move(slot, to: .idle, now: now, in: slab)
        if connection.pointee.marks.contains(.hasPending), let held = pending[slot] {
            if held.input.isEmpty, held.output.isEmpty {
                pending[slot] = nil
                connection.pointee.marks.remove(.hasPending)
            } else if !held.input.isEmpty, !connection.pointee.marks.contains(.resuming) {
                connection.pointee.marks.insert(.resuming)
                resuming.append(slot)
            }
        }
        return true
    }

    private func hasInput(_ slot: UInt32) -> Bool { pending[slot].map { !$0.input.isEmpty } ?? false }

    /// Sends the last answer of a connection and waits for the client to leave. An answer that doesn't fit into the
    /// socket at once is cut.
    func replyAndLinger(_ slot: UInt32) -> Bool {
        guard let sent = io.send(slot, out.bytes) else {
            out.clear()
            close(slot, .error)
            return false
        }
        counters.bytesOut += UInt64(sent)
        out.clear()
        linger(slot)
        return true
    }
    private func linger(_ slot: UInt32) {
        let connection = slab.pointer(slot)
        io.endOutput(slot)
        connection.pointee.state = .lingering
        connection.pointee.marks.remove(.keepAlive)
        deadlines.move(slot, to: .linger, now: now, in: slab)
    }

    // MARK: the clock

    /// Ends what has lasted too long, a bounded number at a time (`Limits.expiredInTurn`): true where more is left.
    package func expire(now: UInt64) -> Bool {
        self.now = UInt32(truncatingIfNeeded: now)
        for _ in 0..<Limits.expiredInTurn {
            guard let slot = deadlines.expired(now: self.now) else { return false }
            switch Deadlines.kind(slab.pointer(slot).pointee.list) {
            case .poll: timeOut(slot)
            case .header:
                if let held = pending[slot] {
                    let refusal = HTTPRefusal(408, "the request did not come whole in time")
                    if refuse(slot, refusal, held.input.bytes) { counters.headerTimeouts += 1 }
                } else {
                    close(slot, .timeout)
                }
            case .idle, .linger: close(slot, .timeout)
            case .write:
                counters.slowClients += 1
                close(slot, .slow)
            }
        }
        return true
    }
    /// Milliseconds until `expire` has something to do; nil: nothing is waited for.
    package func untilDeadline(now: UInt64) -> Int? { deadlines.untilNext(now: UInt32(truncatingIfNeeded: now)) }

    /// A number below `bound`, from the worker's own sequence (xorshift64*).
    package func randomNumber(below bound: Int) -> Int {
        random ^= random >> 12
        random ^= random << 25
        random ^= random >> 27
        return Int((random &* 0x2545_F491_4F6C_DD1D) >> 33) % max(1, bound)
    }
}
