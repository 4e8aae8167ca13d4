import Comet
import Logging
import Publishing
import Reactor

/// The manager, put together: its decisions, the workers' links, the apps' connections, its clock.
final class ManagerProcess {
    var switchboard: Switchboard
    var port: AppPort
    /// Milliseconds of CLOCK_MONOTONIC, read once in each turn.
    private(set) var now: UInt64
    private(set) var links: WorkerLinks?
    private(set) var apps: AppConnections?
    /// Told when a worker comes or goes.
    var stateChanged: () -> Void = {}

    private let loop: Loop
    private let log: Logger
    private var turnStart: TurnStart?
    private var turnEnd: TurnEnd?
    private var tick: Timer?
    private var sweep: Timer?

    init(_ loop: Loop, _ settings: QueueSettings, key: [UInt8], log: Logger) {
        self.loop = loop
        self.log = log
        now = Clock.monotonicMilliseconds
        switchboard = Switchboard(settings, wallMicroseconds: Clock.wallMicroseconds, now: now, seed: UInt64.random(in: 1...UInt64.max))
        port = AppPort(maxMessage: settings.maxMessage, key: key)
    }

    /// Begins to serve, on listeners that are bound already.
    func start(workers: Int32, app: Int32, speaksSeed: Bool) {
        turnStart = TurnStart(loop) { [unowned self] in beginTurn() }
        turnEnd = TurnEnd(loop) { [unowned self] in links?.flush() }
        links = WorkerLinks(loop, self, listener: workers, speaksSeed: speaksSeed, log: log)
        apps = AppConnections(loop, self, listener: app, log: log)
        tick = Timer(loop) { [unowned self] in switchboard.tick(now: now) }
        tick?.start(after: 0.1, every: 0.1)
        sweep = Timer(loop) { [unowned self] in apps?.sweep() }
        sweep?.start(after: 1, every: 1)
    }

    private func beginTurn() {
        let nanoseconds = Clock.monotonicNanoseconds
        now = nanoseconds / 1_000_000
        switchboard.beginTurn(nanoseconds: nanoseconds)
    }

    /// Takes nothing new. What was decided is written by the turn that this was called in; the queue ends with the process.
    func stop() {
        links?.stopAccepting()
        apps?.stopAccepting()
        links?.flush()
        if switchboard.queue.depth > 0 { log.warning("leaving with \(switchboard.queue.depth) messages in the queue") }
    }
}
