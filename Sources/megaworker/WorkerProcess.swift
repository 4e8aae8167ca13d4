import Base
import Comet
import Configuration
import Daemon
import Glibc
import Logging
import Reactor
import Stats
import Store
import Wire

/// The whole worker: its decisions, its clients' sockets, its link to the manager, and its timers.
final class WorkerProcess: DaemonProgram {
    /// The descriptors beside those of clients: standard streams, listener, link, lifeline, report socket, epoll, the
    /// accept reserve, and connections over the limit that are told 503.
    static let descriptorReserve = 32 + Limits.overflowConnections

    var clients: ClientSockets
    unowned let daemon: Daemon
    private let loop: Loop
    private let log: Logger
    private let watchers: SlotWatchers
    /// One for each listener.
    private(set) var acceptors: [Acceptor] = []
    private var link: ManagerLink?
    /// Clients' events that were handled in this turn. After each `crowd` of them the link is read. Thousands of
    /// clients that poll or leave at once take the loop tens of milliseconds, and the manager's messages must not wait
    /// for that.
    private var handled = 0
    private static let crowd = 128
    private var deadlineTimer: Timer?
    private var drainTimer: Timer?
    private var turnEnd: TurnEnd?
    /// Lets the next turn begin at once.
    private var nextTurn: Timer?
    /// The time when the deadline timer fires, in milliseconds of CLOCK_MONOTONIC.
    private var armedFor = UInt64.max
    private var saidUnnamedProxy = false
    /// When the certificate ends, in seconds since 1970. 0: TLS is off.
    var certificateEnd: UInt64 = 0
    /// The memory of the tables at its last count, and the polls and connections at that time.
    struct MemoryCount { var polls: UInt64, connections: Int, bytes: Int }
    var memoryCount: MemoryCount?

    init(_ daemon: Daemon, _ settings: WorkerSettings) {
        self.daemon = daemon
        loop = daemon.loop
        log = daemon.log
        watchers = SlotWatchers(loop)
        let all = daemon.arguments.settings
        clients = ClientSockets(
            watchers, settings,
            RequestLog(log, trusted: all.workers.trustedProxies, hidesClients: !all.tokens.areRequired))
        // Both live equally long, and counting the reference would cost something for each event.
        watchers.handler = { [unowned(unsafe) self] in handle($0, $1) }
    }

    /// Begins to serve on listeners that are bound already.
    func start(_ listeners: [(descriptor: Int32, isSecure: Bool)], manager: Endpoint) {
        acceptors = listeners.map { listener in
            Acceptor(loop, listener: listener.descriptor, asksPeer: clients.worker.boundsAddresses) {
                [unowned self] in clients.accepted($0, $1, isSecure: listener.isSecure)
            }
        }
        link = ManagerLink(
            loop, self, manager: manager, pid: UInt32(getpid()), token: daemon.token.bytes, log: log
        ) { [unowned self] in linkChanged($0) }
        link?.connect()
        deadlineTimer = Timer(loop) { [unowned self] in expire() }
        nextTurn = Timer(loop) {}
        turnEnd = TurnEnd(loop) { [unowned self] in endTurn() }
    }

    private func linkChanged(_ isLinked: Bool) {
        daemon.reportNow()
        let waiting = clients.worker.waiting
        if isLinked {
            daemon.event(.info, .linked, "to the manager, \(waiting) clients announced")
        } else {
            daemon.event(.warning, .unlinked, "the manager is gone; \(waiting) clients stay")
        }
    }

    private func handle(_ slot: UInt32, _ ready: Interest) {
        clients.handle(ConnectionSlot(slot), ready)
        handled += 1
        if handled % WorkerProcess.crowd == 0 { link?.read() }
    }

    /// Stops accepting. New connections wait in the kernel's queue, where another process with the same listener takes
    /// them. Answers the polls over `seconds`, and then calls `done`.
    func drain(seconds: Double, done: @escaping () -> Void) {
        guard drainTimer == nil else { return }
        log.info("draining \(clients.worker.waiting) polls over \(seconds) s")
        for acceptor in acceptors { acceptor.pause() }
        clients.worker.startDrain(seconds: seconds)
        daemon.reportNow()
        let limit = Clock.monotonicMilliseconds + UInt64(seconds * 1000) + 15_000
        let step = { [unowned self] in
            let now = Clock.monotonicMilliseconds
            if clients.drainStep(now: now) || now >= limit {
                drainTimer?.stop()
                clients.abandon()
                link?.flush()
                log.info("drained, \(clients.worker.connections) idle connections left")
                done()
            }
        }
        drainTimer = Timer(loop, handler: step)
        drainTimer?.start(after: 0, every: Double(Drain.stepMilliseconds) / 1000)
    }

    private func expire() {
        armedFor = .max
        let now = Clock.monotonicMilliseconds
        if clients.expire(now: now) { arm(now, after: 1) }
    }
    private func arm(_ now: UInt64, after milliseconds: Int) {
        let due = now + UInt64(milliseconds)
        guard due < armedFor else { return }
        armedFor = due
        deadlineTimer?.start(after: Double(milliseconds) / 1000)
    }

    private func sayUnnamedProxy() {
        saidUnnamedProxy = true
        daemon.event(
            .warning, .addressLimitOff,
            "a proxy at a private address sends X-Forwarded-For, and workers.trusted_proxies does not name it: "
                + "nothing that comes through it is bounded by address")
    }

    /// Writes what has gathered in this turn, and sets the timer for the next deadline. A worker's report makes a turn
    /// each second, so the manager is asked each second, too.
    private func endTurn() {
        let now = Clock.monotonicMilliseconds
        handled = 0
        clients.worker.askSettled(now: now)
        clients.resume(now: now)
        let isBusy = clients.fanOut()
        if clients.shakeHands() || isBusy { nextTurn?.start(after: 0) }
        clients.secure.giveMemoryBack(now: now)
        link?.flush()
        if clients.worker.hasUnnamedProxy, !saidUnnamedProxy { sayUnnamedProxy() }
        if let left = clients.worker.untilDeadline(now: now) { arm(now, after: left + Limits.expiryMilliseconds) }
    }
}
