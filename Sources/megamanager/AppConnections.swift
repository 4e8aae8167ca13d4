import Base
import Comet
import Logging
import Publishing
import Reactor
import Wire

/// The sockets of the app port.
final class AppConnections {
    private let loop: Loop
    private unowned let manager: ManagerProcess
    private let log: Logger
    private var acceptor: Acceptor?
    private var connections: [ObjectIdentifier: AppConnection] = [:]
    /// Bytes that all apps have half sent, or said that they will send.
    fileprivate var inputBytes = 0
    private(set) var outputMost = 0
    /// Those whose input was taken up in this turn, and whose answers are still to be written.
    private var answered: [AppConnection] = []

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
    /// Bytes of answers that wait for apps now.
    var outputBytes: Int { connections.values.reduce(0) { $0 + $1.session.output.count } }
    /// The most that waited for one app since this was last asked.
    func takeOutputMost() -> Int {
        defer { outputMost = 0 }
        return outputMost
    }

    private func accepted(_ descriptor: Int32) {
        if connections.count >= Limits.appConnections {
            // Who has shown no key and no publish makes room, the one first that has not got on for longest: an app
            // always gets its place.
            let strangers = connections.values.filter { !$0.session.isTrusted }
            let quietest = strangers.min { ($0.lastProgress, $0.number) < ($1.lastProgress, $1.number) }
            guard let quietest else {
                log.warning("an app's connection over \(Limits.appConnections): closed")
                return Sockets.close(descriptor)
            }
            close(quietest)
        }
        let connection = AppConnection(loop, self, descriptor, number: acceptCount, now: manager.now)
        connections[ObjectIdentifier(connection)] = connection
    }

    /// Takes up what came; the answers wait for `flush`.
    fileprivate func process(_ connection: AppConnection) {
        if !connection.isAnswered { answered.append(connection) }
        connection.isAnswered = true
        let now = manager.now
        manager.port.process(
            connection.session, &manager.switchboard, inputElsewhere: inputBytes - connection.counted, now: now
        ) { [self] in
            // Not the one that asks: its session is being changed, and a viewer that looks is no app that publishes.
            connections.values.compactMap { $0 === connection ? nil : $0.told(now: now) }
        }
        inputBytes += connection.session.claimedBytes - connection.counted
        connection.counted = connection.session.claimedBytes
        outputMost = max(outputMost, connection.session.output.count)
    }
    fileprivate func close(_ connection: AppConnection) {
        inputBytes -= connection.counted
        connection.release()
        connections[ObjectIdentifier(connection)] = nil
    }
    fileprivate var now: UInt64 { manager.now }

    /// Writes the answers. True: more input was taken up, which had waited for room, and there may be more for the
    /// workers.
    func flush() -> Bool {
        let now = answered
        answered.removeAll(keepingCapacity: true)
        for connection in now { connection.finish() }
        return !answered.isEmpty
    }

    /// Once a second: who is too slow, goes.
    func sweep() {
        for connection in connections.values where connection.isOver(now: manager.now) {
            if connection.session.isHalf, connection.session.output.isEmpty {
                connection.session.timedOut()
                process(connection)
            } else {
                close(connection)
            }
        }
    }
}

final class AppConnection {
    /// Bytes that a read may bring: about a thousand publishes, so that one busy app delays the others' deliveries by
    /// less than a millisecond.
    private static let readBytes = 64 * 1024

    fileprivate let session = AppSession()
    /// Bytes of its input that are counted in the sum over all connections.
    fileprivate var counted = 0
    /// It stands in the list of those whose answers are to be written.
    fileprivate var isAnswered = false
    /// The app sends no more.
    private var hasEnded = false
    /// Our side is closed, and we wait for the app to close its own.
    private var lingers = false
    private let descriptor: Int32
    private unowned let apps: AppConnections
    private var watcher: IOWatcher?
    /// When it came, and when it last got on: a request begun or ended, answers taken. Milliseconds.
    private let since: UInt64
    fileprivate private(set) var lastProgress: UInt64
    /// How many had come with it.
    fileprivate let number: UInt64

    fileprivate init(_ loop: Loop, _ apps: AppConnections, _ descriptor: Int32, number: UInt64, now: UInt64) {
        self.apps = apps
        self.descriptor = descriptor
        self.number = number
        since = now
        lastProgress = now
        watcher = IOWatcher(loop, descriptor, .read) { [unowned self] in handle($0) }
    }

    private func handle(_ ready: Interest) {
        if lingers { return throwAway() }
        if ready.contains(.read), session.wantsInput, !hasEnded {
            let room = UnsafeMutableRawBufferPointer(
                start: session.input.reserve(AppConnection.readBytes), count: AppConnection.readBytes)
            switch Sockets.read(descriptor, into: room) {
            case .wouldBlock: break
            case .end:
                hasEnded = true  // perhaps only its sending: what it asked is answered
                session.ended()
            case .failed: return apps.close(self)
            case .bytes(let count):
                if session.isBetween { lastProgress = apps.now }
                session.input.advance(by: count)
            }
        }
        process()
    }
    private func process() {
        let before = session.taken
        apps.process(self)
        if session.taken != before { lastProgress = apps.now }
    }

    /// Writes what came of it.
    fileprivate func finish() {
        isAnswered = false
        guard watcher != nil else { return }  // closed meanwhile
        let wasFull = !session.wantsInput && !session.isClosing
        guard write() else { return apps.close(self) }
        // Answers over the bound kept the rest of the input waiting.
        if wasFull, session.output.isEmpty { return process() }
        if hasEnded, session.output.isEmpty { return apps.close(self) }
        if session.isClosing, session.output.isEmpty { return linger() }
        var interest: Interest = session.wantsInput && !hasEnded ? .read : []
        if !session.output.isEmpty { interest.insert(.write) }
        watcher?.watch(interest)
    }

    /// The last answer is out, and the app may still be sending: closing now would reset the connection under the
    /// answer. So only our side is closed, and what comes is thrown away until the app closes or `appLingerSeconds` are
    /// over (RFC 9112, 9.6).
    private func linger() {
        Sockets.endOutput(descriptor)
        lingers = true
        lastProgress = apps.now
        session.input.release()
        watcher?.watch(.read)
    }
    private func throwAway() {
        let room = UnsafeMutableRawBufferPointer(
            start: session.input.reserve(AppConnection.readBytes), count: AppConnection.readBytes)
        switch Sockets.read(descriptor, into: room) {
        case .wouldBlock, .bytes: session.input.release()
        case .end, .failed: apps.close(self)
        }
    }

    /// False: the app is gone.
    private func write() -> Bool {
        guard !session.output.isEmpty else { return true }
        switch Sockets.write(descriptor, session.output.bytes) {
        case .bytes(let count):
            session.output.consume(count)
            lastProgress = apps.now
            if session.output.isEmpty { session.output.shrink(over: 256 * 1024) }
            return true
        case .wouldBlock: return true
        case .end, .failed: return false
        }
    }

    /// For an operator; nil where the app is gone. The address is asked for only here: no connection pays for it.
    fileprivate func told(now: UInt64) -> ConnectedApp? {
        Sockets.peer(descriptor).map {
            ConnectedApp(session, peer: $0.description, since: since, lastProgress: lastProgress, now: now)
        }
    }
    fileprivate func isOver(now: UInt64) -> Bool {
        if lingers { return (now - min(now, lastProgress)) / 1000 >= Limits.appLingerSeconds }
        return session.isOver(since: since, lastProgress: lastProgress, now: now)
    }
    fileprivate func release() {
        watcher?.stop()
        watcher = nil
        Sockets.close(descriptor)
    }
}
