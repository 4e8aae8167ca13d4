import Base
import Comet
import Logging
import Publishing
import Reactor
import Wire

/// The sockets of the app port. `AppPort` knows what their bytes mean, which of them are read, and whose time is over.
final class AppConnections {
    private let loop: Loop
    private unowned let manager: ManagerProcess
    private let log: Logger
    private var acceptor: Acceptor?
    /// The connections by the number of their session.
    private var connections: [UInt64: AppConnection] = [:]

    var count: Int { connections.count }

    init(_ loop: Loop, _ manager: ManagerProcess, listener: Int32, log: Logger) {
        self.loop = loop
        self.manager = manager
        self.log = log
        acceptor = Acceptor(loop, listener: listener) { [unowned self] in accepted($0) }
    }

    func stopAccepting() { acceptor?.pause() }
    var acceptCount: UInt64 { acceptor?.acceptedCount ?? 0 }
    var acceptErrors: UInt64 { acceptor?.errorCount ?? 0 }

    private func accepted(_ descriptor: Int32) {
        if manager.port.isFull {
            guard let stranger = manager.port.quietestStranger else {
                log.warning("an app's connection over \(Limits.appConnections): closed")
                return Sockets.close(descriptor)
            }
            close(stranger)
        }
        let session = manager.port.accepted(peer: Sockets.peer(descriptor)?.description, now: manager.now)
        connections[session.number] = AppConnection(loop, manager, self, descriptor, session)
    }
    fileprivate func close(_ session: AppSession) {
        connections.removeValue(forKey: session.number)?.release()
        manager.port.closed(session, &manager.switchboard)
    }

    /// The sessions whose answers are about to be written, when what they tell of is durable.
    private var clearing: [AppSession] = []
    /// Keeps the answers of this turn back until `endClearing`.
    func beginClearing() {
        clearing = manager.port.takeListed()
        for session in clearing { session.beginClearing() }
    }
    /// Writes the answers.
    func endClearing() {
        for session in clearing {
            session.endClearing()
            connections[session.number]?.flush()
        }
        clearing = []
    }

    /// Ends the sessions whose time is over. Called once a second.
    func sweep() {
        for session in manager.port.expire(now: manager.now) { close(session) }
    }
}

/// A connection of an app: its socket and its session.
final class AppConnection {
    /// The most bytes of one read. They are about a thousand publishes, so that one busy app delays the deliveries of
    /// others by less than a millisecond.
    private static let readBytes = 64 * 1024

    private let session: AppSession
    private let descriptor: Int32
    private unowned let manager: ManagerProcess
    private unowned let apps: AppConnections
    private var watcher: IOWatcher?

    fileprivate init(
        _ loop: Loop, _ manager: ManagerProcess, _ apps: AppConnections, _ descriptor: Int32, _ session: AppSession
    ) {
        self.session = session
        self.descriptor = descriptor
        self.manager = manager
        self.apps = apps
        watcher = IOWatcher(loop, descriptor, .read) { [unowned self] in handle($0) }
    }

    private func handle(_ ready: Interest) {
        if session.isLingering { return throwAway() }
        if ready.contains(.read), session.wantsInput {
            switch read() {
            case .wouldBlock: break
            case .end: session.ended()
            case .failed: return apps.close(session)
            case .bytes(let count): session.received(count, now: manager.now)
            }
        }
        manager.port.process(session, &manager.switchboard, now: manager.now)
    }
    private func read() -> Transfer {
        let room = UnsafeMutableRawBufferPointer(
            start: session.input.reserve(AppConnection.readBytes), count: AppConnection.readBytes)
        return Sockets.read(descriptor, into: room)
    }
    private func throwAway() {
        switch read() {
        case .wouldBlock, .bytes: session.input.release()
        case .end, .failed: apps.close(session)
        }
    }

    /// Writes as much as the socket takes, and then does the session's next step.
    fileprivate func flush() {
        if !session.clearedOutput.isEmpty {
            switch Sockets.write(descriptor, session.clearedOutput) {
            case .bytes(let count): manager.port.written(session, count, &manager.switchboard, now: manager.now)
            case .wouldBlock: break
            case .end, .failed: return apps.close(session)
            }
        }
        // If more input was taken up, its answers are written first.
        guard !session.isListed else { return }
        switch session.next {
        case .close: apps.close(session)
        case .linger:
            Sockets.endOutput(descriptor)
            session.linger(now: manager.now)
            watcher?.watch(.read)
        case .wait(let reads, let writes):
            var interest: Interest = reads ? .read : []
            // Answers that the disk does not cover yet can't be written.
            if writes, !session.clearedOutput.isEmpty { interest.insert(.write) }
            watcher?.watch(interest)
        }
    }

    fileprivate func release() {
        watcher?.stop()
        watcher = nil
        Sockets.close(descriptor)
    }
}
