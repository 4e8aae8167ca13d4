import Base
import CLibev
import Comet
import Reactor
import Store
import Wire

/// The sockets of the clients: accepts them, reads for the worker's decisions, and carries them out.
///
/// A connection's libev watcher lies in its slot of the slab, its slot number in the watcher's `data`, and this object
/// in the loop's user data: an event costs one C call and no lookup.
final class ClientSockets: WorkerIO {
    private let loop: Loop
    private var acceptor: Acceptor?
    private var worker: Worker!
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)
    /// The slot that was closed last: how a handler knows that its connection is gone.
    private var closed = UInt32.max
    private(set) var refusedOverfull: UInt64 = 0
    private let most: Int
    /// Called after each `crowd` events of a turn: thousands of clients that poll or leave at once take the loop tens
    /// of milliseconds, and what the manager has sent must not wait for that.
    var crowded: () -> Void = {}
    private static let crowd = 128
    /// Events handled in this turn.
    private var handled = 0
    private let requests: RequestLog

    static var watcherBytes: Int { MemoryLayout<ev_io>.size }

    /// `most`: connections open at once; more are closed with a bare 503.
    init(_ loop: Loop, most: Int, _ requests: RequestLog) {
        self.requests = requests
        self.loop = loop
        self.most = most
        ev_set_userdata(loop.pointer, Unmanaged.passUnretained(self).toOpaque())
    }
    deinit { room.deallocate() }

    /// Starts to accept.
    func start(_ worker: Worker, listener: Int32) {
        self.worker = worker
        acceptor = Acceptor(loop, listener: listener) { [unowned self] in accepted($0) }
    }
    /// Leaves new connections in the kernel's queue, where another process that holds the listener takes them.
    func stopAccepting() { acceptor?.pause() }
    var accepted: UInt64 { acceptor?.acceptedCount ?? 0 }
    var acceptErrors: UInt64 { acceptor?.errorCount ?? 0 }

    // MARK: events

    private func accepted(_ descriptor: Int32) {
        guard worker.connections < most else {
            refusedOverfull += 1
            var answer = Buffer()
            ResponseHead(keepAlive: false).empty(503, fields: "Retry-After: 3\r\n", to: &answer)
            _ = Sockets.write(descriptor, answer.bytes)
            return Sockets.close(descriptor)
        }
        let slot = worker.opened(now: Clock.monotonicMilliseconds)
        let watcher = watcher(slot)
        watcher.initialize(to: ev_io())
        mc_io_init(watcher, ClientSockets.handle, descriptor, Interest.read.rawValue)
        watcher.pointee.data = UnsafeMutableRawPointer(bitPattern: UInt(slot))
        // The request is mostly here already: reading now saves a turn of the loop.
        closed = .max
        readable(slot)
        if closed != slot, !interest(slot).isEmpty { ev_io_start(loop.pointer, watcher) }
    }

    private static let handle: @convention(c) (OpaquePointer?, UnsafeMutablePointer<ev_io>?, Int32) -> Void = {
        loop, watcher, events in
        guard let watcher, let data = ev_userdata(loop) else { return }
        Unmanaged<ClientSockets>.fromOpaque(data)._withUnsafeGuaranteedRef {
            $0.handle(UInt32(UInt(bitPattern: watcher.pointee.data)), Interest(rawValue: events & 3))
        }
    }

    private func handle(_ slot: UInt32, _ ready: Interest) {
        closed = .max
        if ready.contains(.write) {
            watch(slot, interest(slot).subtracting(.write))
            worker.writable(slot, now: Clock.monotonicMilliseconds)
            if closed == slot { return }
        }
        if ready.contains(.read) { readable(slot) }
        handled += 1
        if handled % ClientSockets.crowd == 0 { crowded() }
    }
    func endTurn() { handled = 0 }

    private func readable(_ slot: UInt32) {
        switch Sockets.read(watcher(slot).pointee.fd, into: room) {
        case .bytes(let count):
            worker.received(
                slot, UnsafeRawBufferPointer(start: room.baseAddress, count: count), now: Clock.monotonicMilliseconds)
        case .wouldBlock: break
        case .end: worker.inputEnded(slot, now: Clock.monotonicMilliseconds)
        case .failed: worker.closed(slot, now: Clock.monotonicMilliseconds)
        }
    }

    // MARK: watchers

    private func watcher(_ slot: UInt32) -> UnsafeMutablePointer<ev_io> {
        worker.slab.extra(slot).assumingMemoryBound(to: ev_io.self)
    }
    private func interest(_ slot: UInt32) -> Interest { Interest(rawValue: watcher(slot).pointee.events & 3) }

    private func watch(_ slot: UInt32, _ interest: Interest) {
        let watcher = watcher(slot)
        guard interest.rawValue != watcher.pointee.events & 3 else { return }
        ev_io_stop(loop.pointer, watcher)
        let (descriptor, data) = (watcher.pointee.fd, watcher.pointee.data)
        mc_io_init(watcher, ClientSockets.handle, descriptor, interest.rawValue)
        watcher.pointee.data = data
        if !interest.isEmpty { ev_io_start(loop.pointer, watcher) }
    }

    // MARK: WorkerIO

    func send(_ slot: UInt32, _ bytes: UnsafeRawBufferPointer) -> Int? {
        let sent: Int
        switch Sockets.write(watcher(slot).pointee.fd, bytes) {
        case .bytes(let count): sent = count
        case .wouldBlock: sent = 0
        case .end, .failed: return nil
        }
        if sent < bytes.count { watch(slot, interest(slot).union(.write)) }
        return sent
    }
    func isTaken(_ slot: UInt32) -> Bool { Sockets.isTaken(watcher(slot).pointee.fd) }
    func endOutput(_ slot: UInt32) { Sockets.endOutput(watcher(slot).pointee.fd) }
    func close(_ slot: UInt32) {
        let watcher = watcher(slot)
        ev_io_stop(loop.pointer, watcher)
        Sockets.close(watcher.pointee.fd)
        closed = slot
    }
    func pauseReading(_ slot: UInt32) { watch(slot, interest(slot).subtracting(.read)) }
    func resumeReading(_ slot: UInt32) { watch(slot, interest(slot).union(.read)) }
    func nanoseconds() -> UInt64 { Clock.monotonicNanoseconds }
    func asked(_ slot: UInt32, _ request: HTTPRequest) {
        requests.tell(request, from: Sockets.peer(watcher(slot).pointee.fd))
    }
}
