import Base
import Comet
import Logging
import Reactor

/// The worker's link to its manager, whose host may be a name. It connects, and connects again with growing pauses
/// while the clients stay. It writes once for each turn.
final class ManagerLink {
    private static let firstRetry = 0.1
    private static let longestRetry = 2.0

    private let loop: Loop
    private unowned let process: WorkerProcess
    private let connector: Connector
    private let pid: UInt32
    private let token: [UInt8]
    private let log: Logger
    /// Called when the link has opened or has broken.
    private let changed: (Bool) -> Void

    private var watcher: IOWatcher?
    private var retry: Timer?
    private var retryDelay = ManagerLink.firstRetry
    private var wasLinked = false
    /// The most bytes of one read.
    private static let readBytes = 256 * 1024

    init(
        _ loop: Loop, _ process: WorkerProcess, manager: Endpoint, pid: UInt32, token: [UInt8], log: Logger,
        changed: @escaping (Bool) -> Void
    ) {
        self.loop = loop
        self.process = process
        connector = Connector(loop, manager)
        self.pid = pid
        self.token = token
        self.log = log
        self.changed = changed
        retry = Timer(loop) { [unowned self] in connect() }
    }
    deinit { if let watcher { Sockets.close(watcher.descriptor) } }

    func connect() {
        connector.connect { [unowned self] in
            switch $0 {
            case .success(let descriptor): opened(descriptor)
            case .failure(let failure): again("\(failure)")
            }
        }
    }
    private func opened(_ descriptor: Int32) {
        // The link brings deliveries, which must not wait for polls, timeouts or new clients.
        watcher = IOWatcher(loop, descriptor, .read, isFirst: true) { [unowned self] ready in
            if ready.contains(.write) { flush() }
            if ready.contains(.read) { read() }
        }
        process.clients.worker.linkOpened(pid: pid, token: token)
        flush()
    }

    /// Takes up what has come, if anything.
    func read() {
        guard let watcher, !process.clients.worker.isBehind else { return }
        let room = UnsafeMutableRawBufferPointer(
            start: process.clients.worker.fromManager.reserve(ManagerLink.readBytes), count: ManagerLink.readBytes)
        switch Sockets.read(watcher.descriptor, into: room) {
        case .wouldBlock: return
        case .end: return again("closed by the manager")
        case .failed(let code): return again("\(SystemError("read", code))")
        case .bytes(let count): process.clients.worker.fromManager.advance(by: count)
        }
        if let why = process.clients.takeUpFrames() { return again("the manager sent \(why)") }
        if process.clients.worker.isLinked != wasLinked {
            wasLinked = process.clients.worker.isLinked
            retryDelay = ManagerLink.firstRetry
            log.info(
                "linked to the manager at \(connector.endpoint), \(process.clients.worker.waiting) clients announced")
            changed(true)
        }
        // A large answer makes a large buffer, which is not kept for ever.
        if process.clients.worker.fromManager.isEmpty {
            process.clients.worker.fromManager.shrink(over: 4 * ManagerLink.readBytes)
        }
    }

    /// Writes what has gathered, as far as the socket takes it.
    func flush() {
        guard watcher != nil else { return }
        if process.clients.worker.toManager.count > 0 { write() }
        guard let watcher else { return }
        // A worker that is behind does not read, so the manager holds back.
        watcher.watch(
            (process.clients.worker.isBehind ? [] : Interest.read)
                .union(process.clients.worker.toManager.isEmpty ? [] : .write))
    }
    private func write() {
        guard let watcher else { return }
        switch Sockets.write(watcher.descriptor, process.clients.worker.unsentToManager) {
        case .bytes(let count): process.clients.worker.wroteToManager(count)
        case .wouldBlock: break
        case .end, .failed: return again("the manager is gone")
        }
        if process.clients.worker.linkIsOverfull {
            return again("the manager does not read: \(process.clients.worker.toManager.count) bytes wait for it")
        }
        if process.clients.worker.toManager.isEmpty { process.clients.worker.toManager.shrink(over: 1024 * 1024) }
    }

    /// Gives this connection up and tries again after a pause. The pauses grow.
    private func again(_ why: String) {
        if let watcher {
            watcher.stop()
            Sockets.close(watcher.descriptor)
        }
        watcher = nil
        process.clients.worker.linkClosed()
        if wasLinked {
            log.warning("lost the manager: \(why); \(process.clients.worker.waiting) clients stay")
            changed(false)
        } else {
            log.debug("no manager yet: \(why)")
        }
        wasLinked = false
        retry?.start(after: retryDelay * (0.8 + 0.4 * Double(process.clients.worker.randomNumber(below: 1000)) / 1000))
        retryDelay = min(retryDelay * 2, ManagerLink.longestRetry)
    }
}
