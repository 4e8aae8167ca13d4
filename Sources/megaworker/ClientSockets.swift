import Base
import Comet
import Reactor
import Store
import TLS
import Wire

/// The clients' sockets, and the worker that decides about them. It tells the worker what happens, and carries out its
/// orders.
struct ClientSockets: ~Copyable {
    var worker: Worker
    /// The watcher of a connection is in its slot of the worker's slab.
    private let watchers: SlotWatchers
    private let requests: RequestLog
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)
    /// The TLS of connections that have it. Its handle of a connection is the tag of the connection's watcher.
    var secure = SecureSockets()
    /// The connection that was closed last, while its input is still taken up.
    private var closed = ConnectionSlot.none
    private(set) var refusedOverfull: UInt64 = 0

    init(_ watchers: SlotWatchers, _ settings: WorkerSettings, _ requests: RequestLog) {
        self.watchers = watchers
        self.requests = requests
        worker = Worker(settings, extraBytes: SlotWatchers.bytes, seed: UInt64.random(in: 1...UInt64.max))
    }
    deinit { room.deallocate() }

    // MARK: events

    /// A client connected. A connection over the limit is closed with a bare 503, and one of an address that is far
    /// over its bounds with a bare 429. Over TLS both are closed: an answer would cost a handshake. `peer` is `nil` if
    /// nobody needs to know it.
    mutating func accepted(_ descriptor: Int32, _ peer: IPAddress?, isSecure: Bool) {
        guard worker.connections < worker.settings.maxConnections + Limits.overflowConnections else {
            refusedOverfull += 1
            return isSecure ? Sockets.close(descriptor) : turnAway(descriptor, 503, "Retry-After: 3\r\n")
        }
        let now = Clock.monotonicMilliseconds
        let opened =
            if let peer { worker.opened(from: peer, now: now) } else { worker.opened(now: now) as ConnectionSlot? }
        guard let slot = opened else {
            return isSecure ? Sockets.close(descriptor) : turnAway(descriptor, 429, "Retry-After: 10\r\n")
        }
        watchers.start(at: watcher(slot), descriptor, slot: slot.number)
        if isSecure { return beginHandshake(slot) }
        // The request is usually here already. Reading it now saves a turn of the loop.
        read(slot)
    }

    private func turnAway(_ descriptor: Int32, _ status: Int, _ fields: StaticString) {
        var answer = Buffer()
        ResponseHead(keepAlive: false).empty(status, fields: fields, to: &answer)
        _ = Sockets.write(descriptor, answer.bytes)
        Sockets.close(descriptor)
    }

    /// A socket has bytes, or room for more. Input that is not read now is reported again in the next turn, if the
    /// connection is still there.
    mutating func handle(_ slot: ConnectionSlot, _ ready: Interest) {
        if ready.contains(.write) { write(slot) } else { read(slot) }
    }

    private mutating func write(_ slot: ConnectionSlot) {
        let handle = handle(slot)
        if handle != .plain, !flushed(slot, handle) { return }
        worker.writable(slot)
        carryOut()
    }

    private mutating func read(_ slot: ConnectionSlot) {
        readClock()
        let handle = handle(slot)
        guard handle == .plain else { return readSecure(slot, handle) }
        switch Sockets.read(descriptor(slot), into: room) {
        case .bytes(let count):
            worker.received(
                slot, UnsafeRawBufferPointer(start: room.baseAddress, count: count), now: Clock.monotonicMilliseconds)
        case .wouldBlock: return
        case .end: worker.inputEnded(slot, now: Clock.monotonicMilliseconds)
        case .failed: worker.broke(slot)
        }
        carryOut()
    }

    /// The link brought bytes into `worker.fromManager`. The result says what is wrong with them, if anything.
    mutating func takeUpFrames() -> String? {
        while true {
            switch worker.takeUpFrame() {
            case .taken: carryOut()
            case .incomplete: return nil
            case .broken(let why): return why
            }
        }
    }

    /// Tokens have times of the calendar.
    @inline(__always)
    private mutating func readClock() {
        if worker.takesTokens { worker.wallSeconds = Clock.wallMicroseconds / 1_000_000 }
    }

    /// Takes up the requests that came while answers were awaited.
    mutating func resume(now: UInt64) { while worker.resumeNext(now: now) { carryOut() } }

    /// Ends what has lasted too long, a bounded number at a time. True if more may be left.
    mutating func expire(now: UInt64) -> Bool {
        readClock()
        for _ in 0..<Limits.expiredInTurn {
            guard worker.expireNext(now: now) else { return false }
            carryOut()
        }
        return true
    }

    /// Writes messages for many receivers to the next of them, for a bounded time. True if more are left.
    mutating func fanOut() -> Bool {
        guard worker.hasFanOut else { return false }
        let end = Clock.monotonicNanoseconds + UInt64(Limits.fanOutMilliseconds) * 1_000_000
        repeat {
            for _ in 0..<Limits.fanOutStep {
                guard worker.fanOutNext() else { return false }
                carryOut()
            }
        } while Clock.monotonicNanoseconds < end
        return true
    }

    /// Answers the next part of the polls of a worker that drains. True if the drain is complete.
    mutating func drainStep(now: UInt64) -> Bool {
        for _ in 0..<worker.drain.perStep {
            guard worker.drainNext(now: now) else { break }
            carryOut()
        }
        return worker.isDrained(now: now)
    }
    /// Gives up the answers that are still being written, before the process ends.
    mutating func abandon() { while worker.abandonNext() { carryOut() } }

    // MARK: orders

    /// Carries out the orders that the last input led to.
    private mutating func carryOut() {
        if worker.settings.tellsRequests, let asked = worker.takeAsked() { tell(asked.slot, asked.head) }
        while let order = worker.next() {
            switch order {
            case .send(let slot, let bytes): send(slot, bytes)
            case .prepareStream(let slot):
                Sockets.prepareStream(
                    descriptor(slot), unsentBytes: Limits.unsentBytes, unheard: Limits.unheardMilliseconds)
            case .watch(let slot, let input, let output): watch(slot, (input, output))
            case .endOutput(let slot):
                if handle(slot) != .plain { secure.sayEnd(handle(slot), descriptor(slot)) }
                Sockets.endOutput(descriptor(slot))
            case .close(let slot): close(slot, isTaken: false)
            case .askAndClose(let slot): close(slot, isTaken: Sockets.isTaken(descriptor(slot)))
            }
        }
    }

    private mutating func send(_ slot: ConnectionSlot, _ bytes: UnsafeRawBufferPointer) {
        let handle = handle(slot)
        let written =
            handle == .plain
            ? Sockets.write(descriptor(slot), bytes) : secure.write(handle, descriptor(slot), bytes)
        switch written {
        case .bytes(let count): worker.wrote(slot, count, nanoseconds: Clock.monotonicNanoseconds)
        case .wouldBlock: worker.wrote(slot, 0, nanoseconds: Clock.monotonicNanoseconds)
        case .end, .failed: worker.failed(slot)
        }
    }
    private mutating func close(_ slot: ConnectionSlot, isTaken: Bool) {
        watchers.stop(at: watcher(slot))
        if handle(slot) != .plain { secure.end(handle(slot), descriptor(slot)) }
        Sockets.close(descriptor(slot))
        worker.closed(slot, isTaken: isTaken)
        closed = slot
    }

    // MARK: TLS

    private func handle(_ slot: ConnectionSlot) -> TLSSessions.Handle {
        TLSSessions.Handle(rawValue: watchers.tag(at: watcher(slot)))
    }
    /// Sets the events that are watched for: what the worker wants, and room for bytes of TLS itself.
    private func watch(_ slot: ConnectionSlot, _ wants: (input: Bool, output: Bool)) {
        let hasOutput = wants.output || handle(slot) != .plain && secure.hasUnsent(handle(slot))
        watchers.watch(at: watcher(slot), for: (wants.input ? Interest.read : []).union(hasOutput ? .write : []))
    }

    private mutating func beginHandshake(_ slot: ConnectionSlot) {
        guard let handle = secure.begin(slot) else {
            worker.broke(slot)
            return carryOut()
        }
        watchers.setTag(handle.rawValue, at: watcher(slot))
        enqueueHandshake(slot, handle)
    }
    /// The handshake waits for its turn. Until then its socket is not looked at.
    private mutating func enqueueHandshake(_ slot: ConnectionSlot, _ handle: TLSSessions.Handle) {
        secure.enqueue(handle)
        watchers.watch(at: watcher(slot), for: [])
    }
    /// Goes on with handshakes, for a bounded time. True if more can go on.
    mutating func shakeHands() -> Bool {
        guard secure.sessions.hasWaiting else { return false }
        let end = Clock.monotonicNanoseconds + UInt64(Limits.handshakeMilliseconds) * 1_000_000
        repeat {
            guard let next = secure.nextWaiting() else { return false }
            let slot = ConnectionSlot(next.owner)
            var handle = next.handle
            let reading = secure.shake(&handle, descriptor(slot), second: second)
            watchers.setTag(handle.rawValue, at: watcher(slot))
            watch(slot, (true, false))
            taken(slot, reading)
        } while Clock.monotonicNanoseconds < end
        return secure.sessions.hasWaiting
    }
    private var second: UInt32 { UInt32(truncatingIfNeeded: Clock.monotonicMilliseconds / 1000) }

    private mutating func readSecure(_ slot: ConnectionSlot, _ handle: TLSSessions.Handle) {
        if secure.sessions.isShaking(handle) { return enqueueHandshake(slot, handle) }
        let reading = secure.read(handle, descriptor(slot), second: second)
        if secure.hasUnsent(handle) { watch(slot, worker.wants(slot)) }
        taken(slot, reading)
    }
    /// Plain text came, or the end.
    private mutating func taken(_ slot: ConnectionSlot, _ reading: SecureSockets.Reading) {
        closed = .none
        let now = Clock.monotonicMilliseconds
        if reading.hasText {
            worker.received(slot, secure.text, now: now)
            carryOut()
        }
        guard reading.end != .none, closed != slot else { return }
        switch reading.end {
        case .none: return
        case .input: worker.inputEnded(slot, now: now)
        case .connection: worker.broke(slot)
        case .plain:
            secure.forget(handle(slot))
            watchers.setTag(TLSSessions.Handle.plain.rawValue, at: watcher(slot))
            worker.refusePlain(slot)
        }
        carryOut()
    }
    /// The socket takes bytes again: first those of TLS itself. False if the connection is over.
    private mutating func flushed(_ slot: ConnectionSlot, _ handle: TLSSessions.Handle) -> Bool {
        guard secure.flush(handle, descriptor(slot)) else {
            worker.broke(slot)
            carryOut()
            return false
        }
        if !secure.hasUnsent(handle) { watch(slot, worker.wants(slot)) }
        return true
    }

    private func watcher(_ slot: ConnectionSlot) -> UnsafeMutableRawPointer { worker.slab.extra(slot) }
    private func descriptor(_ slot: ConnectionSlot) -> Int32 { watchers.descriptor(at: watcher(slot)) }

    private func tell(_ slot: ConnectionSlot, _ head: [UInt8]) {
        head.withUnsafeBytes {
            guard case .request(let request) = HTTPRequest.parse($0, limit: worker.settings.maxRequest) else { return }
            requests.tell(request, from: Sockets.peer(descriptor(slot))?.ip)
        }
    }
}
