import Base
import Comet
import Logging
import Reactor
import Store
import Wire

/// The sockets of the workers' port. The switchboard knows what their bytes mean.
final class WorkerLinks {
    private let loop: Loop
    private unowned let manager: ManagerProcess
    private let log: Logger
    private var acceptor: Acceptor?
    /// The connections by the switchboard's slot.
    private var connections: [LinkConnection?] = []
    private(set) var count = 0
    private var backlogMost = 0

    init(_ loop: Loop, _ manager: ManagerProcess, listener: Int32, log: Logger) {
        self.loop = loop
        self.manager = manager
        self.log = log
        acceptor = Acceptor(loop, listener: listener) { [unowned self] in accepted($0) }
    }

    func stopAccepting() { acceptor?.pause() }
    /// The most bytes that were left unwritten for one link since the last call.
    func takeBacklogMost() -> Int {
        defer { backlogMost = 0 }
        return backlogMost
    }

    private func accepted(_ descriptor: Int32) {
        if count >= Limits.linkConnections {
            // The connection that has said nothing for longest makes room. A worker says its hello at once, and always
            // gets a place.
            guard let silent = silent.min(by: { $0.since < $1.since }) else {
                log.warning("a connection over \(Limits.linkConnections) on the workers' port: closed")
                return Sockets.close(descriptor)
            }
            close(silent)
        }
        // The seed's protocol has no key, so only programs on this machine may speak it.
        let isLocal = Sockets.peer(descriptor)?.ip.isLoopback ?? false
        let mayBeSeed = manager.speaksSeed && isLocal
        let link = manager.switchboard.accepted(mayBeSeed: mayBeSeed)
        while connections.count <= Int(link.number) { connections.append(nil) }
        connections[Int(link.number)] = LinkConnection(
            loop, self, descriptor, link, mayBeSeed: mayBeSeed, now: manager.now)
        count += 1
    }

    /// Links that have not said yet what they are.
    private var silent: [LinkConnection] {
        connections.compactMap { $0 }.filter { manager.switchboard.kind($0.link) == .new }
    }

    /// Closes links that have said no hello. An app of the seed says nothing before its first message, and may wait
    /// with it. Called once a second.
    func sweep() {
        for connection in silent
        where !connection.mayBeSeed && manager.now >= connection.since + Limits.linkHelloSeconds * 1000 {
            log.warning("closing a connection on the workers' port: no hello in \(Limits.linkHelloSeconds) s")
            close(connection)
        }
    }

    fileprivate func received(_ connection: LinkConnection) {
        let before = manager.switchboard.kind(connection.link)
        let taken = manager.switchboard.received(connection.link, connection.input.bytes, now: manager.now)
        if let seed = taken.displaced, let held = connections[Int(seed.number)] {
            log.warning("a worker of ours takes its number from a seed worker")
            close(held)
        }
        if let error = taken.error {
            log.warning("closing a connection on the workers' port: \(error)")
            return close(connection)
        }
        connection.input.consume(taken.consumed)
        let after = manager.switchboard.kind(connection.link)
        if before == .new, after != .new {
            log.info("\(after) came")
            manager.stateChanged()
        }
    }

    fileprivate func close(_ connection: LinkConnection) {
        let kind = manager.switchboard.kind(connection.link)
        connection.release()
        connections[Int(connection.link.number)] = nil
        count -= 1
        manager.switchboard.closed(connection.link, now: manager.now)
        if kind != .new {
            log.info("\(kind) is gone")
            manager.stateChanged()
        }
    }

    /// Writes what has gathered in this turn, once for each link.
    func flush() {
        while let link = manager.switchboard.nextToWrite(now: manager.now) {
            guard let connection = connections[Int(link.number)], !connection.isBlocked else { continue }
            write(connection)
        }
    }
    fileprivate func write(_ connection: LinkConnection) {
        let bytes = manager.switchboard.unsent(connection.link)
        guard bytes.count > 0 else { return connection.block(false) }
        switch Sockets.write(connection.descriptor, bytes) {
        case .bytes(let written):
            connection.block(written < bytes.count)
            backlogMost = max(backlogMost, bytes.count - written)
            manager.switchboard.written(connection.link, written)
        case .wouldBlock: connection.block(true)
        case .end, .failed: close(connection)
        }
    }
}

final class LinkConnection {
    /// The most bytes of one read.
    private static let readBytes = 256 * 1024

    fileprivate let link: LinkSlot
    fileprivate let descriptor: Int32
    fileprivate let mayBeSeed: Bool
    /// The time when it came, in milliseconds.
    fileprivate let since: UInt64
    fileprivate var input = Buffer()
    /// The socket takes no more bytes for now.
    fileprivate private(set) var isBlocked = false
    private unowned let links: WorkerLinks
    private var watcher: IOWatcher?

    fileprivate init(
        _ loop: Loop, _ links: WorkerLinks, _ descriptor: Int32, _ link: LinkSlot, mayBeSeed: Bool, now: UInt64
    ) {
        self.mayBeSeed = mayBeSeed
        since = now
        self.links = links
        self.descriptor = descriptor
        self.link = link
        watcher = IOWatcher(loop, descriptor, .read) { [unowned self] in handle($0) }
    }

    private func handle(_ ready: Interest) {
        if ready.contains(.write) {
            links.write(self)
            guard watcher != nil else { return }
        }
        guard ready.contains(.read) else { return }
        let room = UnsafeMutableRawBufferPointer(
            start: input.reserve(LinkConnection.readBytes), count: LinkConnection.readBytes)
        switch Sockets.read(descriptor, into: room) {
        case .wouldBlock: break
        case .end, .failed: links.close(self)
        case .bytes(let count):
            input.advance(by: count)
            links.received(self)
            if input.isEmpty { input.shrink(over: 4 * LinkConnection.readBytes) }
        }
    }

    fileprivate func block(_ blocked: Bool) {
        guard blocked != isBlocked else { return }
        isBlocked = blocked
        watcher?.watch(blocked ? [.read, .write] : .read)
    }
    fileprivate func release() {
        watcher?.stop()
        watcher = nil
        Sockets.close(descriptor)
    }
}
