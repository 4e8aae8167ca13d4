import Base
import Configuration
import ConfigurationFile
import Glibc
import Reactor
import Stats
import Supervision
import Wire

/// The shell around the fleet. It turns what happens into the fleet's events, and carries out the fleet's orders. It
/// decides nothing.
final class Supervisor {
    let loop = Loop()
    let folder: RunFolder
    let serviceManager = ServiceManager()
    let configuration: ConfigurationSource
    var settings: Settings
    /// The number of configurations that were taken, and whether the last one that was read was good.
    var configurationGeneration = 1
    var isConfigurationGood = true
    /// The keys of apps, also those that stand in files.
    var appKeys: [AppKey]
    /// The key that signs what is posted. Empty if there is none.
    var webhookKey: [UInt8]

    var fleet: Fleet
    let children = Children()
    let childrenFile: ChildrenFile
    let listeners = Listeners()
    let journal = JournalMemory()
    let tls: WorkersTLS
    /// It answers at the ports of processes that are down.
    private(set) lazy var standIn = StandIn(loop, origins: { [unowned self] in settings.workers.origins })
    let token: TokenFile

    let log: LogWriter
    let history: KeptHistory
    let events: EventLog
    let output: OutputLog
    let crashes: CrashFolder

    /// What is to be said of the files with keys at the start.
    private let keyWarnings: [String]
    private var adoption: Adoption?
    private(set) var control: ControlServer?
    let addressQuestion = AddressQuestion()
    private(set) var hub: Hub?
    /// The ledger that an earlier supervisor left.
    var keptLosses: LossesAnswer?
    private(set) var operatorPort: OperatorPort?
    /// The check of the program that this one is about to become.
    var upgradeCheck: UpgradeCheck?
    /// This pid was another program before.
    private let isUpgraded = getenv(Listeners.inheritance) != nil

    let startedAt = Supervisor.now
    private var saidReady = false
    /// The order to end came while it still adopted. The daemons that serve are to be ended, too.
    private var endWhenBegun: (isHasty: Bool, by: String)?
    private var queue: [FleetAction] = []
    private var isPerforming = false
    private var beat: Reactor.Timer?
    /// The time when the timer fires. It is only ever moved nearer: every report is an event, and events must not put
    /// off the next tick.
    private var nextBeat = Milliseconds.max
    private var watchdogTimer: Reactor.Timer?
    var signals: [SignalWatcher] = []

    init(
        _ configuration: ConfigurationSource, _ settings: Settings, _ keys: AppKeySet, _ folder: RunFolder,
        _ log: LogWriter
    ) {
        self.configuration = configuration
        self.settings = settings
        appKeys = keys.keys
        webhookKey = WebhookKey.look(settings).key
        keyWarnings = keys.warnings + WebhookKey.warnings(settings) + TokenKeys.warnings(settings)
        self.folder = folder
        self.log = log
        childrenFile = ChildrenFile(path: folder.children)
        token = TokenFile(path: folder.token)
        history = KeptHistory(path: folder.memory)
        events = EventLog(log, history)
        output = OutputLog(log)
        tls = WorkersTLS(loop, events)
        crashes = CrashFolder(path: folder.crashes)
        fleet = Fleet(settings.fleet(hearsReports: false), seed: UInt64.random(in: .min ... .max))
    }

    /// A report came, so the stats channel works, and reports are heartbeats from now on. Before that, silence means
    /// nothing.
    private(set) var hearsReports = false
    func hearReports() {
        hearsReports = true
        fleet.set(settings.fleet(hearsReports: true))
    }

    static var now: Milliseconds { Milliseconds(Clock.monotonicMilliseconds) }

    /// Runs until all was shut down. Throws if it can't begin.
    func run() throws {
        Processes.ignoreBrokenPipes()
        try folder.takeLock()
        try Programs.check(fleet.names)
        takeUpHistory()
        takeInheritedListeners()
        watchSignals()
        if isUpgraded { events.tell(.info, .upgraded, "runs \(Files.ownProgram)") }
        var failure: StartFailure?
        let adoption = try Adoption(self) { [unowned self] in
            do {
                try begin()
            } catch {
                failure = error as? StartFailure ?? StartFailure(71, "\(error)")
                loop.stop()
            }
        }
        self.adoption = adoption
        adoption.begin()
        if failure == nil { loop.run() }  // the beginning may have failed already, if there was nothing to adopt
        control?.close()
        self.adoption?.close()
        if let failure { throw failure }
        for file in [
            folder.controlSocket, folder.lifelineSocket, folder.children, folder.memory, folder.appKey,
            folder.webhookKey, folder.redis, folder.token,
        ] { unlink(file) }
    }
    private func takeInheritedListeners() {
        let handedDown = HandedDown.take(most: Limits.inheritedListeners)
        let foreign = listeners.takeInherited(journal.takeInherited(handedDown), settings)
        if !foreign.closed.isEmpty {
            events.tell(
                .warning, .sockets,
                "inherited and closed, since the configuration has no use for it: "
                    + foreign.closed.joined(separator: ", "))
        }
        serviceManager.forgetListeners(foreign.kept)
    }

    /// Begins after the adoption: the ports, the sockets, and then the fleet.
    private func begin() throws {
        try listeners.bind(settings)
        keepListeners()
        storeJournal()
        let stats = Endpoint(settings.stats.address, UInt16(settings.stats.port))
        do {
            hub = try Hub(loop, settings, token: token.token, day: folder.day, losses: keptLosses, events, self)
        } catch { throw Listeners.failure(stats, "stats.port, UDP", isUDP: true, error) }
        let pages = Endpoint(settings.operator.address, UInt16(settings.operator.port))
        do { operatorPort = try OperatorPort(loop, pages, self) } catch {
            throw Listeners.failure(pages, "operator.port", error)
        }
        for warning in settings.warnings() + keyWarnings { events.tell(.warning, .settings, warning) }
        tls.begin({ [unowned self] in settings }, tell: { [unowned self] in tellTLS($0) })
        try writeKeys()
        control = try ControlServer(loop, folder.controlSocket, events, self)
        beat = Timer(loop) { [unowned self] in tick() }
        serviceManager.begin(loop)
        if let seconds = serviceManager.watchdogSeconds {
            watchdogTimer = Timer(loop) { [unowned self] in serviceManager.mention("WATCHDOG=1") }
            watchdogTimer?.start(after: 0, every: seconds)
        }
        if let end = endWhenBegun { return shutDown(isHasty: end.isHasty, by: end.by) }
        serviceManager.mention("STATUS=starting \(settings.workers.count) workers")
        watchOrphans()
        perform(fleet.begin(now: Supervisor.now))
    }

    /// Hands the listeners over, so that the next supervisor finds them even if none of their daemons lives by then.
    private func keepListeners() {
        let kept = listeners.kept(settings)
        let left = serviceManager.keep(kept, leaving: settings.queue.journal == "process" ? 1 : 0)
        if left > 0 {
            events.tell(
                .warning, .sockets,
                "the service manager keeps \(kept.count - left) of \(kept.count) listeners (FileDescriptorStoreMax)")
        }
    }

    // MARK: - Events in

    private func tick() {
        nextBeat = .max
        for child in children.all {
            if let repeated = child.repeats.tick(now: Supervisor.now) { forward(child, repeated) }
        }
        perform(fleet.tick(now: Supervisor.now, pulse: ProcessTable.pulse))
    }

    // MARK: - Actions out

    func perform(_ actions: [FleetAction]) {
        queue += actions
        guard !isPerforming else { return }
        isPerforming = true
        while !queue.isEmpty { act(queue.removeFirst()) }
        isPerforming = false
        saveChildren()
        remember()
        let now = Supervisor.now
        let due = fleet.nextTick(now: now)
        if let beat, due < nextBeat {  // there is none yet while daemons are adopted
            nextBeat = due
            beat.start(after: max(0.001, Double(due - now) / 1000))
        }
        if !saidReady, fleet.isAllReady, !fleet.isShuttingDown, control != nil { sayReady() }
    }
    private func act(_ action: FleetAction) {
        switch action {
        case .start(let copy): queue += start(copy)
        case .drain(let copy, let time): children[copy]?.drain(seconds: time.asSeconds)
        case .stop(let copy): children[copy]?.stop()
        case .abort(let copy): children[copy]?.abort()
        case .kill(let copy): children[copy]?.kill()
        case .turnAway(let name, let isOn): turnAway(name, isOn)
        case .setJournalAside: setJournalAside()
        case .tell(let event): events.tell(event)
        case .announce(let text): serviceManager.mention("STATUS=\(text)")
        case .keepCrash(let copy, let ending, let uptime): keepCrash(copy, ending, uptime)
        case .finished:
            serviceManager.tell("STOPPING=1", "STATUS=stopped")
            loop.stop()
        }
    }

    private func turnAway(_ name: ProcessName, _ isOn: Bool) {
        if isOn { standIn.open(name, listeners.doors(name, settings)) } else { standIn.close(name) }
        // The other workers serve what they share.
        if fleet.turnsAwayAllWorkers {
            standIn.open(nil, listeners.sharedDoors(settings))
        } else {
            standIn.close(nil)
        }
    }

    private func sayReady() {
        saidReady = true
        let names = fleet.names.count(where: \.isWorker)
        events.tell(
            .info, .ready, "the manager and \(names) workers serve, after \((Supervisor.now - startedAt).asSeconds) s")
        serviceManager.tell("READY=1", "MAINPID=\(getpid())", "STATUS=\(names) workers and the manager are ready")
        if !isUpgraded { configuration.sayHowToUse(settings) }
    }

    // MARK: - Signals

    private func watchSignals() {
        func on(_ signal: Int32, _ body: @escaping () -> Void) {
            signals.append(SignalWatcher(loop, signal, handler: body))
        }
        on(SIGTERM) { [unowned self] in shutDown(isHasty: fleet.isShuttingDown, by: "SIGTERM") }
        on(SIGINT) { [unowned self] in shutDown(isHasty: true, by: "SIGINT") }
        on(SIGQUIT) { [unowned self] in shutDown(isHasty: true, by: "SIGQUIT") }
        on(SIGHUP) { [unowned self] in _ = try? reload(by: "SIGHUP") }
        on(SIGUSR1) { [unowned self] in log.reopen() }
        on(SIGUSR2) { [unowned self] in
            do throws(Refusal) { try upgrade(by: "SIGUSR2") } catch {
                events.tell(.warning, .upgradeFailed, error.message)
            }
        }
        Processes.unblockSignals()  // after an upgrade they have waited
    }
    func shutDown(isHasty: Bool, by: String) {
        serviceManager.tell("STOPPING=1", "STATUS=draining")
        guard control != nil else {
            endWhenBegun = (isHasty || endWhenBegun != nil, by)
            return
        }
        perform(fleet.shutDown(isHasty: isHasty, by: by, now: Supervisor.now))
    }
}
