package import Base
import Glibc
package import Reactor
package import Stats
import Supervision

/// The connection to the supervisor's hub. It subscribes by datagram, takes the datagrams that come, and notices when
/// none come.
package final class StatsFeed {
    /// This is shorter than the hub's lease of 10 s.
    private static let subscribeEverySeconds = 3.0
    private static let receiveBufferBytes = 1 << 20
    private static let burst = 512

    private let socket: DatagramSocket
    private let hub: SocketAddress
    private let loop: Loop
    private var watcher: IOWatcher?
    private var timer: Reactor.Timer?
    private var writer: StatsWriter
    private var reader: StatsReader
    private var wantsHistory = true
    private var lastHeard: UInt64?
    private let tokenPath: String
    /// Called with each good datagram. `nil` for a recording.
    package var received: ((StatsReader.Outcome, StatsReader) -> Void)?
    /// Called with all that comes, for a recording.
    package var recorded: ((UnsafeRawBufferPointer) -> Void)?

    /// `tokenPath` is RUNDIR/stats.token. It is read anew for each subscription, since a new supervisor makes a new
    /// token.
    package init(_ loop: Loop, hub: Endpoint, tokenPath: String) throws {
        self.loop = loop
        self.tokenPath = tokenPath
        guard let address = SocketAddress(hub) else { throw SystemError("address \(hub)", EINVAL) }
        self.hub = address
        socket = try DatagramSocket(Endpoint(address.ip.loopback, 0), receiveBufferBytes: StatsFeed.receiveBufferBytes)
        var header = StatsPacket.Header()
        header.boot = UInt64.random(in: 1...UInt64.max)
        header.role = .reader
        header.pid = UInt32(getpid())
        let token = StatsFeed.token(tokenPath)
        writer = StatsWriter(header, token: token ?? StatsToken())
        reader = StatsReader(token: token)
        watcher = IOWatcher(loop, socket.descriptor, .read) { [unowned self] _ in receiveWaiting() }
        timer = Timer(loop) { [unowned self] in subscribe() }
        timer?.start(after: 0, every: StatsFeed.subscribeEverySeconds)
    }

    package var isUnauthenticated: Bool { reader.token == nil }
    package var drops: StatsReader.Drops { reader.drops }
    package var late: UInt64 { reader.sources.values.reduce(0) { $0 + $1.late } }
    /// The time of the last datagram, in nanoseconds of CLOCK_MONOTONIC. `nil` if none came yet.
    package var heardAt: UInt64? { lastHeard }

    package func subscribe() {
        let token = StatsFeed.token(tokenPath)
        if token != reader.token {
            reader.token = token
            writer.token = token ?? StatsToken()
            wantsHistory = true
        }
        let wish: StatsPacket.Wish = wantsHistory ? .history : .renew
        writer.send(
            .subscribe, state: wish.rawValue, sampleTime: Clock.monotonicNanoseconds,
            wallTime: Clock.wallMilliseconds
        ) {
            socket.send($0, to: hub)
        }
    }
    /// Ends the subscription. Otherwise the hub would send to a port that may soon be another program's.
    package func leave() {
        writer.send(
            .subscribe, state: StatsPacket.Wish.leave.rawValue, sampleTime: Clock.monotonicNanoseconds, wallTime: 0
        ) { socket.send($0, to: hub) }
    }

    private func receiveWaiting() {
        for _ in 0..<StatsFeed.burst {
            guard
                socket.receive({ [unowned self] bytes, length, from in
                    // Only the hub is believed. Other datagrams cost one call each.
                    guard from.port == hub.port, from.ip.isLoopback else { return }
                    recorded?(bytes)
                    take(bytes, length)
                })
            else { return }
        }
    }
    private func take(_ bytes: UnsafeRawBufferPointer, _ length: Int) {
        let now = Clock.monotonicNanoseconds
        let outcome = reader.receive(bytes, length: length, now: now)
        switch outcome {
        case .report, .event, .history:
            lastHeard = now
        case .control(let header):
            lastHeard = now
            if header.kind == .subscribeOK, header.state == 1 { wantsHistory = false }
        case .late, .dropped: break
        }
        received?(outcome, reader)
        if lastHeard == now { reader.forget(olderThan: 120_000, now: now) }
    }

    private static func token(_ path: String) -> StatsToken? {
        (try? Files.text(path, most: 64)).flatMap { StatsToken(hex: $0) }
    }
}
