import Comet
import Logging
import Reactor
import Wire

/// A worker, put together: its decisions, its clients' sockets, its link to the manager, its timers.
final class WorkerProcess {
    /// Descriptors that are not clients': standard streams, listener, link, lifeline, report socket, epoll, the accept
    /// reserve, and those over the limit that are told 503.
    static let descriptorReserve = 32 + Limits.overflowConnections

    let worker: Worker
    let clients: ClientSockets
    private let loop: Loop
    private let log: Logger
    private var link: ManagerLink?
    private var deadlineTimer: Timer?
    private var drainTimer: Timer?
    private var turnEnd: TurnEnd?
    /// When the deadline timer fires, in milliseconds of CLOCK_MONOTONIC.
    private var armedFor = UInt64.max
    /// The tables' memory as it was last counted, and with how many polls and connections that was.
    struct MemoryCount { var polls: UInt64, connections: Int, bytes: Int }
    var memoryCount: MemoryCount?
    /// Told when the link comes to stand or falls, and when the drain begins.
    var stateChanged: () -> Void = {}

    init(_ loop: Loop, _ settings: WorkerSettings, trustedProxies: [String], log: Logger) {
        self.loop = loop
        self.log = log
        clients = ClientSockets(
            loop, most: settings.maxConnections + Limits.overflowConnections, RequestLog(log, trusted: trustedProxies))
        worker = Worker(
            settings, io: clients, extraBytes: ClientSockets.watcherBytes,
            seed: UInt64.random(in: 1...UInt64.max))
    }

    /// Begins to serve, on a listener that is bound already.
    func start(listener: Int32, manager: Endpoint, pid: UInt32, token: [UInt8]) {
        clients.start(worker, listener: listener)
        link = ManagerLink(loop, worker, manager: manager, pid: pid, token: token, log: log) { [unowned self] _ in
            stateChanged()
        }
        link?.connect()
        clients.crowded = { [unowned self] in link?.read() }
        deadlineTimer = Timer(loop) { [unowned self] in expire() }
        turnEnd = TurnEnd(loop) { [unowned self] in endTurn() }
    }

    /// Stops accepting, answers the polls over `seconds`, and then calls `done`.
    func drain(seconds: Double, done: @escaping () -> Void) {
        guard drainTimer == nil else { return }
        log.info("draining \(worker.waiting) polls over \(seconds) s")
        clients.stopAccepting()
        worker.startDrain(seconds: seconds)
        stateChanged()
        let limit = Clock.monotonicMilliseconds + UInt64(seconds * 1000) + 15_000
        let step = { [unowned self] in
            let now = Clock.monotonicMilliseconds
            if worker.drainStep(now: now) || now >= limit {
                drainTimer?.stop()
                worker.abandonAnswers()
                link?.flush()
                log.info("drained, \(worker.connections) idle connections left")
                done()
            }
        }
        drainTimer = Timer(loop, handler: step)
        drainTimer?.start(after: 0, every: Double(Drain.stepMilliseconds) / 1000)
    }

    private func expire() {
        armedFor = .max
        let now = Clock.monotonicMilliseconds
        if worker.expire(now: now) { arm(now, after: 1) }
    }
    private func arm(_ now: UInt64, after milliseconds: Int) {
        let due = now + UInt64(milliseconds)
        guard due < armedFor else { return }
        armedFor = due
        deadlineTimer?.start(after: Double(milliseconds) / 1000)
    }

    /// What gathered in this turn goes out, and the timer is set for the next deadline.
    private func endTurn() {
        let now = Clock.monotonicMilliseconds
        clients.endTurn()
        worker.resume(now: now)
        link?.flush()
        if let left = worker.untilDeadline(now: now) { arm(now, after: left + Limits.expiryMilliseconds) }
    }
}
