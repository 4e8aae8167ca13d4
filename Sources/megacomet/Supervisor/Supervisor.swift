import Configuration
import Foundation
import Reactor
import Stats
import Supervision

/// The shell around the fleet: turns what happens into the fleet's events, and does what the fleet orders. It decides
/// nothing.
final class Supervisor {
    let loop = Loop()
    let folder: RunFolder
    let journal: Journal
    let serviceManager: ServiceManager
    let configuration: ConfigurationSource
    var settings: Settings
    var fleet: Fleet
    var listeners = Listeners()
    /// Answers at the ports of processes that are down.
    private(set) lazy var standIn = StandIn(loop)
    var children: [CopyName: Child] = [:]
    /// What is known of the copy whose end is being handled.
    var endings: [CopyName: (Child, ProcessExit?)] = [:]
    let events = EventRing()
    var output: [ProcessName: OutputLines] = [:]
    let crashes: CrashFolder
    let memory: Memory
    var savedTallies: [ProcessName: FleetSlot.Tally] = [:]
    /// 32 hex characters; daemons and readers of reports show it.
    var token = ""
    let startedAt = Supervisor.now
    let startedWall = WallClock.milliseconds
    /// The last report of each copy, by metric, for crash reports and the status.
    var lastReports: [CopyName: LastReport] = [:]
    struct LastReport {
        var at: Milliseconds
        var metrics: MetricValues
        /// Where it has any.
        var connections: UInt64? { metrics[.connsOpen] }
        var values: [(name: String, value: UInt64)] {
            metrics.all.map { (Metric.named($0.id)?.name ?? "#\($0.id)", $0.value) }
        }
    }

    private var queue: [FleetAction] = []
    private var isPerforming = false
    var childrenFileIsOld = false
    /// Why it could not be written the last time.
    var childrenFailure: String?
    var savedWishes: [Bool] = []
    private var saidReady = false
    /// Told to end while it still adopted: those that serve are to be ended too, not left alone.
    private var endWhenBegun: (isHasty: Bool, by: String)?
    private var beat: Reactor.Timer?
    /// When it fires. It is only ever moved nearer: every report is an event, and events must not put off the next
    /// tick.
    private var nextBeat = Milliseconds.max
    private var watchdogTimer: Reactor.Timer?
    var signals: [SignalWatcher] = []
    var adoption: Adoption?
    var control: ControlServer?
    /// The check of the program that this one is about to become.
    var upgradeCheck: UpgradeCheck?
    /// It was another program under this pid before.
    private let isUpgraded = getenv(Supervisor.inheritance) != nil
    private(set) var hub: Hub?
    private(set) var operatorPort: OperatorPort?
    /// Configurations taken, and whether the last one that was read was good.
    var configurationGeneration = 1
    var isConfigurationGood = true

    init(_ configuration: ConfigurationSource, _ settings: Settings, _ folder: RunFolder, _ journal: Journal) {
        self.configuration = configuration
        self.settings = settings
        self.folder = folder
        self.journal = journal
        serviceManager = ServiceManager()
        crashes = CrashFolder(path: folder.crashes)
        memory = Memory(path: folder.memory)
        fleet = Fleet(settings.fleet(hearsReports: false), seed: UInt64.random(in: .min ... .max))
    }

    /// A report came, so the stats channel works: reports are heartbeats from now on. Before, silence means nothing.
    private(set) var hearsReports = false
    private func hearReports() {
        hearsReports = true
        fleet.set(settings.fleet(hearsReports: true))
    }

    static var now: Milliseconds { Milliseconds(Clock.monotonicMilliseconds) }

    /// Runs until everything was shut down. Throws where it can't begin.
    func run() throws {
        Processes.ignoreBrokenPipes()
        try folder.takeLock()
        try checkPrograms()
        takeUpMemory()
        let foreign = listeners.takeInherited(settings)
        if !foreign.closed.isEmpty {
            tell(
                .warning, "SOCKETS",
                "inherited and closed, since the configuration has no use for it: "
                    + foreign.closed.joined(separator: ", "))
        }
        serviceManager.forget(foreign.kept)
        watchSignals()
        if isUpgraded { tell(.info, "UPGRADED", "runs \(ProcessTable.ownPath)") }
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
        if failure == nil { loop.run() }  // where nothing was to be adopted, the beginning has failed already
        control?.close()
        self.adoption?.close()
        if let failure { throw failure }
        for file in [
            folder.controlSocket, folder.lifelineSocket, folder.children, folder.memory, folder.appKey, folder.token,
        ] { unlink(file) }
    }

    /// Whatever lives is adopted: the ports, the sockets, and then the fleet.
    private func begin() throws {
        try listeners.bind(settings)
        keepListeners()
        do {
            hub = try Hub(self)
        } catch {
            throw Listeners.failure(
                Endpoint(settings.stats.address, UInt16(settings.stats.port)), "stats.port, UDP", isUDP: true, error)
        }
        do {
            operatorPort = try OperatorPort(self)
        } catch {
            throw Listeners.failure(
                Endpoint(settings.operator.address, UInt16(settings.operator.port)), "operator.port", error)
        }
        try writeAppKey()
        control = try ControlServer(self)
        beat = Timer(loop) { [unowned self] in tick() }
        if let seconds = serviceManager.watchdogSeconds {
            watchdogTimer = Timer(loop) { [unowned self] in serviceManager.tell("WATCHDOG=1") }
            watchdogTimer?.start(after: 0, every: seconds)
        }
        if let end = endWhenBegun { return shutDown(isHasty: end.isHasty, by: end.by) }
        serviceManager.tell("STATUS=starting \(settings.workers.count) workers")
        watchOrphans()
        perform(fleet.begin(now: Supervisor.now))
    }

    /// Where the next supervisor finds them, also where none of their daemons lives by then.
    private func keepListeners() {
        let kept = listeners.kept(settings)
        let left = serviceManager.keep(kept)
        if left > 0 {
            tell(
                .warning, "SOCKETS",
                "the service manager keeps \(kept.count - left) of \(kept.count) listeners (FileDescriptorStoreMax)")
        }
    }

    // MARK: - Events in

    private func tick() {
        nextBeat = .max
        for child in children.values {
            if let repeated = child.repeats.tick(now: Supervisor.now) { forward(child, repeated) }
        }
        perform(fleet.tick(now: Supervisor.now, pulse: ProcessTable.pulse))
    }

    /// A daemon's report came over the stats channel.
    func reported(pid: Int32, boot: String, _ metrics: MetricValues) {
        guard let child = children.values.first(where: { $0.pid == pid }) else { return }
        if !hearsReports { hearReports() }
        child.boot = boot
        lastReports[child.copy] = LastReport(at: Supervisor.now, metrics: metrics)
        // Most reports change nothing, and the next beat comes anyway.
        let isLinked = child.copy.name == .manager ? nil : metrics[.managerLinkUp].map { $0 != 0 }
        let actions = fleet.reported(child.copy, isLinked: isLinked, now: Supervisor.now)
        if !actions.isEmpty { perform(actions) }
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
        if let beat, due < nextBeat {  // while daemons are adopted there is none yet
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
        case .turnAway(let name, true): standIn.open(name, listeners.clients(name, settings))
        case .turnAway(let name, false): standIn.close(name)
        case .tell(let event): tell(event)
        case .announce(let text): serviceManager.tell("STATUS=\(text)")
        case .keepCrash(let copy, let ending, let uptime): keepCrash(copy, ending, uptime)
        case .finished:
            serviceManager.tell("STOPPING=1", "STATUS=stopped")
            loop.stop()
        }
    }

    func tell(_ event: Event) {
        let recorded = keep(event)
        hub?.tell(recorded)
    }
    /// A daemon's own event came over the stats channel; the viewers have it already.
    func toldByDaemon(_ json: String, pid: Int32) {
        guard let told = try? JSONDecoder().decode(Event.self, from: Data(json.utf8)),
            let child = children.values.first(where: { $0.pid == pid })
        else { return }
        keep(
            Event(
                told.severity, child.copy.name, told.kind, told.text, generation: child.copy.generation, pid: pid))
    }
    /// As it was recorded.
    @discardableResult
    private func keep(_ event: Event) -> Event {
        let event = event.plain
        journal.write(event)
        let recorded = events.add(event)
        memory.add(recorded)
        return recorded
    }
    func tell(_ severity: Severity, _ kind: String, _ text: String) {
        tell(Event(severity, nil, kind, text))
    }

    private func sayReady() {
        saidReady = true
        let names = fleet.names.count - 1
        tell(
            .info, "READY", "the manager and \(names) workers serve, after \((Supervisor.now - startedAt).asSeconds) s")
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
        on(SIGUSR1) { [unowned self] in journal.reopen() }
        on(SIGUSR2) { [unowned self] in
            do throws(Refusal) { try upgrade(by: "SIGUSR2") } catch { tell(.warning, "UPGRADE_FAILED", error.message) }
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
