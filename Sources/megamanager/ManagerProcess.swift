import Base
import Comet
import Configuration
import Daemon
import Engine
import Glibc
import Logging
import Publishing
import Reactor
import Stats
import Store
import Wire

/// The whole manager: its decisions, the workers' links, the apps' connections, and its clock.
final class ManagerProcess: DaemonProgram {
    var switchboard: Switchboard
    var port: AppPort
    /// Milliseconds of CLOCK_MONOTONIC, read once in each turn.
    private(set) var now: UInt64
    let memory: MappedMemory
    /// The thread that makes the queue's file durable. `nil` if answers do not wait for a disk.
    private(set) var disk: DiskSync?
    /// Records that the disk was asked for.
    private var askedRecords: UInt64 = 0
    private let boot = JournalFile.bootID
    /// The counts of what the manager before left, and how long it took to take it up.
    let recovery: Recovery
    let replayMilliseconds: UInt64
    private(set) var links: WorkerLinks?
    private(set) var apps: AppConnections?
    /// The other machines, if there are any.
    private(set) var cluster: Cluster?

    private unowned let daemon: Daemon
    private let loop: Loop
    private let log: Logger
    private var turnStart: TurnStart?
    private var turnEnd: TurnEnd?
    private var tick: Timer?
    private var sweep: Timer?
    private var again: Timer?
    private var drainTimer: Timer?

    /// How long the manager, at its end, waits for its last bytes to be read, and for the engine's answers to requests
    /// of apps, in seconds.
    private static let drainSeconds = 1.0

    /// `keys` are empty if apps need none. `token` is empty if there is no supervisor.
    init(_ daemon: Daemon, keys: [AppKey], token: [UInt8]) {
        self.daemon = daemon
        loop = daemon.loop
        log = daemon.log
        let settings = daemon.arguments.settings
        now = Clock.monotonicMilliseconds
        var queue = QueueSettings(settings)
        queue.token = token
        queue.isClustered = settings.cluster.isOn
        let started = Clock.monotonicMilliseconds
        memory = QueueMemory.open(daemon)
        switchboard = Switchboard(
            queue, QueueMemory.attach(memory, daemon), wallMicroseconds: Clock.wallMicroseconds, now: now,
            seed: UInt64.random(in: 1...UInt64.max))
        let time = Arena.Time(boot: boot, monotonic: now, wall: Clock.wallMicroseconds / 1000)
        recovery = switchboard.recover(now: now, time)
        replayMilliseconds = Clock.monotonicMilliseconds - started
        port = AppPort(
            maxMessage: queue.maxMessage, keys: ManagerProcess.keys(keys, daemon),
            hosts: Sockets.hostNames + settings.app.hosts,
            takesTokens: settings.tokens.areTaken, maxWaits: settings.app.maxWaits,
            isClustered: settings.cluster.isOn)
    }

    /// Begins to serve on listeners that are bound already.
    func start(workers: Int32, app: Int32) {
        if recovery.messages + recovery.subscriptions > 0 {
            log.notice(
                """
                of the manager before: messages \(recovery.messages), subscriptions \(recovery.subscriptions), \
                taken up in \(replayMilliseconds) ms
                """)
        }
        tellDamage()
        turnStart = TurnStart(loop) { [unowned self] in beginTurn() }
        turnEnd = TurnEnd(loop) { [unowned self] in endTurn() }
        apps = AppConnections(loop, self, listener: app, log: log)
        startCluster(workers: workers)
        tick = Timer(loop) { [unowned self] in
            // If a million messages expire at once, publishes and polls have their turns in between.
            tick?.start(after: switchboard.tick(now: now) ? 0.001 : 0.1)
            cluster?.tick(now: now)
            port.tick(&switchboard, now: now)
        }
        tick?.start(after: 0.1)
        again = Timer(loop) {}
        startDisk()
        sweep = Timer(loop) { [unowned self] in
            switchboard.keepTime(Arena.Time(boot: boot, monotonic: now, wall: Clock.wallMicroseconds / 1000))
            apps?.sweep()
            links?.sweep()
            cluster?.second(now: now)
        }
        sweep?.start(after: 1, every: 1)
    }

    /// Workers are served at once. Only a machine of a cluster that knows nothing yet has to read what there is first:
    /// a client that it served before would not get what it reads later.
    private func startCluster(workers: Int32) {
        let serve = { [unowned self] in links = links ?? WorkerLinks(loop, self, listener: workers, log: log) }
        guard let settings = EngineSettings(daemon.arguments.settings) else { return serve() }
        let cluster = Cluster(loop, settings, self, daemon)
        self.cluster = cluster
        if switchboard.head > 0 {
            serve()
        } else {
            cluster.whenCaughtUp = { [unowned cluster] in
                cluster.whenCaughtUp = nil
                serve()
            }
        }
        cluster.start()
    }
    /// This manager knows other things than the other machines. The next one reads everything anew.
    func startAnew(_ why: String) -> Never {
        daemon.event(.error, .resync, "\(why): this machine reads the whole log anew")
        memory.release(offset: 0, count: memory.capacity)
        daemon.fail(75, "\(why): the next manager reads the whole log anew")
    }

    /// Reads the keys of apps again. If their file is bad, the old ones stay, and an event says so.
    func reload() {
        do {
            port.replace(keys: ManagerProcess.keys(try daemon.appKeys(), daemon), &switchboard, now: now)
        } catch {
            daemon.event(.error, .keysBad, "\(error)")
        }
    }
    /// The keys that apps may show. If they need one, the webhook's process has one as well, which the supervisor gave
    /// it: it reads events, and may do nothing else.
    private static func keys(_ keys: [AppKey], _ daemon: Daemon) -> [AppKey] {
        guard !keys.isEmpty, !daemon.arguments.settings.app.webhook.isEmpty, daemon.token != StatsToken() else {
            return keys
        }
        return keys + [AppKey(name: "megahook", rights: .events, secret: Array("\(daemon.token)".utf8))]
    }
    /// The seed's protocol knows no key. Beside keys it is spoken only if the settings say so by name.
    var speaksSeed: Bool { daemon.arguments.settings.speaksSeed(appsNeedKey: port.needsKey) }

    /// Tells the operator of damage in the memory of the queue: those messages are lost.
    private func tellDamage() {
        let found = switchboard.attachment
        if found.damaged > 0 {
            log.critical("JOURNAL_DAMAGED: parts of the queue's memory: \(found.damaged); the rest is served")
        }
        if found.torn > 0 { log.warning("unfinished ends of the queue's file were cut off: \(found.torn) bytes") }
    }
    /// With `queue.journal = "disk"` answers wait for the disk.
    private func startDisk() {
        guard daemon.arguments.settings.queue.journal == "disk", let file = memory.descriptor else { return }
        do {
            disk = try DiskSync(loop, file: file) { [unowned self] code in
                guard code == 0 else {
                    // The kernel may have thrown away what it could not write, so asking again proves nothing. The next
                    // manager reads what the file has.
                    daemon.fail(71, "the queue's file could not be made durable: \(String(cString: strerror(code)))")
                }
                madeDurable()
            }
        } catch { daemon.fail(71, "the queue's file: \(error)") }
    }

    /// A worker came or went.
    func stateChanged() { daemon.reportNow() }

    private func beginTurn() {
        let nanoseconds = Clock.monotonicNanoseconds
        now = nanoseconds / 1_000_000
        switchboard.beginTurn(nanoseconds: nanoseconds, wallMilliseconds: Clock.wallMicroseconds / 1000)
    }

    /// Writes what has gathered in this turn. Deliveries go first, so that none waits until the app has been told of
    /// it.
    private func endTurn() {
        repeat {
            fanOut()
            links?.flush()
            port.tellWaiting(&switchboard, now: now)
        } while flushApps()
        cluster?.flush()
    }
    /// Writes the answers, or asks the disk for what they tell of, once for all that wait (group commit). Answers of
    /// turns that come meanwhile wait for the next time. True if input was taken up that had waited for room. Then
    /// there may be more for the workers.
    private func flushApps() -> Bool {
        guard disk?.isBusy != true, port.hasListed else { return false }
        apps?.beginClearing()
        if let disk, switchboard.recordCount != askedRecords {
            askedRecords = switchboard.recordCount
            disk.begin()
            return false
        }
        apps?.endClearing()
        return port.hasListed
    }
    /// The disk has what it was asked for.
    private func madeDurable() {
        apps?.endClearing()
        // An app that reads its answers may have its next requests taken up, and those have answers, too.
        if port.hasListed { again?.start(after: 0) }
    }
    /// Tells readers of channels, for a bounded time. If some are left, the next turn begins at once.
    private func fanOut() {
        let end = Clock.monotonicMilliseconds + UInt64(Limits.fanOutMilliseconds)
        while switchboard.fanOut(now: now) {
            guard Clock.monotonicMilliseconds < end else { return again?.start(after: 0) ?? () }
        }
    }

    /// Takes no new connections, writes what was decided, and ends. What waits stays in the memory of the queue for the
    /// next manager, if the supervisor holds that memory.
    func drain(seconds: Double, done: @escaping () -> Void) {
        links?.stopAccepting()
        apps?.stopAccepting()
        port.beginLeaving()
        let (left, isKept) = (switchboard.kept.messages, memory.descriptor != nil)
        if left > 0 { log.notice("\(left) messages wait\(isKept ? " for the next manager" : ", and are gone now")") }
        let end = Clock.monotonicMilliseconds + UInt64(ManagerProcess.drainSeconds * 1000)
        drainTimer = Timer(loop) { [unowned self] in
            let isDone = switchboard.outboxBytes.all == 0 && port.outputBytes == 0 && port.shippedCount == 0
            guard isDone || Clock.monotonicMilliseconds >= end else { return }
            drainTimer?.stop()
            done()
        }
        drainTimer?.start(after: 0, every: 0.02)
    }

    /// The number of open sockets.
    var socketCount: Int { (links?.count ?? 0) + (apps?.count ?? 0) }
}

extension QueueSettings {
    init(_ settings: Settings) {
        self.init()
        timeToLive = UInt32((settings.queue.ttl * 1000).rounded(.up))
        if settings.app.events.contains("clients") { events.formUnion(.ofClients) }
        if settings.app.events.contains("channels") { events.formUnion(.ofChannels) }
        maxMessage = settings.queue.maxMessage
        maxPerClient = settings.queue.maxPerClient
        maxMessages = settings.queue.maxMessages
        maxBytes = settings.queue.maxBytes
        channelMessages = settings.channels.maxMessages
        channelsPerClient = settings.channels.maxPerClient
        linger = UInt32((settings.channels.linger * 1000).rounded(.up))
        presencePrefixes = settings.channels.presence
        tokenMaxAge = UInt32((settings.tokens.maxAge * 1000).rounded(.up))
        tokensRequired = settings.tokens.areRequired
        workers = settings.workers.count
    }
}
