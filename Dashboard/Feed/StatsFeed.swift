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

extension Report {
    /// Makes the report from a reader's source, which has the datagrams of one process.
    package init(_ source: StatsSource, lost: UInt64) {
        self.init(
            source.header.role, Int(source.header.instance), boot: source.header.boot, time: source.header.sampleTime)
        pid = source.header.pid
        generation = source.header.generation
        startTime = source.header.startTime
        state = source.header.state
        isGoodbye = source.saidGoodbye
        interval = UInt64(max(1, source.header.interval))
        self.lost = lost
        values = source.values
        for (id, subject) in source.subjects where subject.time == source.header.sampleTime {
            subjects[id] = subject.values
        }
    }
}

extension Model {
    /// Takes a piece of the hub's history, so that the pictures are full from the first one on.
    package mutating func take(_ history: StatsHistory) {
        guard let id = history.id, let measure = history.measure, history.stepMilliseconds > 0 else { return }
        if measure != .value { return take(history, ofDay: measure) }
        let step = UInt64(history.stepMilliseconds) * 1_000_000
        var before: UInt64?
        for (index, value) in history.values.enumerated() {
            defer { before = value }
            guard let value else { continue }
            let time = history.firstTime &+ UInt64(index) * step
            let process: ProcessName? =
                switch (history.role, history.subject) {
                case (.worker, nil): .worker(Int(history.instance))
                case (.manager, nil): .manager
                case (.manager, let subject?): ProcessName(subject: subject)
                default: nil
                }
            guard let process else { return }
            let rate = before.flatMap {
                value >= $0 ? Double(value - $0) * 1000 / Double(history.stepMilliseconds) : nil
            }
            switch (id, history.subject) {
            case (.connsOpen, nil): note(process, \.connections, Double(value), time)
            case (.queueMessages, nil): depth.note(Double(value), time: time)
            case (.queueMessages, _): note(process, \.depth, Double(value), time)
            case (.delivered, nil), (.handed, nil): if let rate { note(process, \.deliveries, rate, time) }
            default: return
            }
        }
        if id == .connsOpen { sum(\.connections, into: \.connections) }
        if id == .delivered { sum(\.deliveries, into: \.deliveries) }
    }
    private mutating func note(
        _ id: ProcessName, _ path: WritableKeyPath<ProcessModel, History>, _ value: Double, _ time: UInt64
    ) {
        // Only for processes that exist. The history also remembers workers of a larger configuration.
        guard processes[id] != nil else { return }
        processes[id]?[keyPath: path].note(value, time: time)
    }
    /// Sums the histories of the workers into the total's history.
    private mutating func sum(_ part: KeyPath<ProcessModel, History>, into total: WritableKeyPath<Model, History>) {
        let sums = History.sum(workers.map { $0[keyPath: part] })
        if self[keyPath: total].isEmpty, let (second, value) = sums.first {
            self[keyPath: total].note(value, time: second * 1_000_000_000)
        }
        for (second, value) in sums { self[keyPath: total].fill(second, value, overwrites: true) }
    }
}
