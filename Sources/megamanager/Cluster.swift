import Base
import Comet
import Configuration
import Daemon
import Engine
import Logging
import Publishing
import Reactor
import Stats
import Wire

/// This machine in its cluster: what it tells goes into the engine's log, and what it reads there is carried out.
///
///     away --engine up--> resolving --all was read that was there--> here --engine away--> away
///                         (which entries of ours are in the log?)
///
/// Entries are carried out in their order. Ours come back like all others, and only then are apps answered.
final class Cluster: EngineHandler {
    /// An entry of ours that was not read back yet.
    struct Flight {
        let sequence: UInt64
        /// The requests of apps in it, by the app port's numbers.
        let calls: [UInt64]
        let ids: Int
        let records: [UInt8]
        /// The engine has said that enough replicas have it, or that they have not.
        var isSafe: Bool?
        let sent: UInt64
    }

    unowned let manager: ManagerProcess
    private(set) var engine: Engine!
    let settings: EngineSettings
    let epoch = UInt64.random(in: 1...UInt64.max)
    let event: (Severity, OperatorEvent, String) -> Void

    /// Entries that are under way, the oldest first.
    var flights: [Flight] = []
    var lastSequence: UInt64 = 0
    /// Requests of apps that no entry has yet.
    var calls = WaitingCalls()
    /// The end of the entry that was read last. `nil`: any may follow.
    private var chainEnd: UInt64?
    /// Entries up to this id were in the log when it was joined. Once they are read, what of ours is missing is sent
    /// again. `nil`: that is done.
    private var resolveAt: UInt64?
    /// The clock of the engine, and when it was read, in milliseconds.
    private(set) var engineTime: UInt64 = 0
    private var engineTimeRead: UInt64 = 0
    /// When the engine went away, and why. `nil` while it is there.
    private(set) var away: (since: UInt64, fault: String)?
    /// When the log was joined last.
    var joined: UInt64 = 0
    /// Clients are being announced, from this page of memory on.
    var announcing: UInt32?
    var keeper = Keeper()
    /// The figures of the last second, for reports.
    var figures = Engine.Figures()
    var lastSecond = LastSecond()
    /// The log has lost what only this machine had. Once that is in the log, the machine starts anew.
    private(set) var isBehind = false
    /// The number of the entry that says so.
    private var lossSequence: UInt64?
    /// Entries that wait for the engine's word on replicas before they are carried out.
    private var stalled: [StalledEntry] = []
    /// The engine refuses entries. Nothing is sent before `pauseEnd`.
    var refusals = EngineRefusals()
    private(set) var pauseEnd: UInt64 = 0
    /// Called once, when all that was in the log at the start is known here.
    var whenCaughtUp: (() -> Void)?

    init(_ loop: Loop, _ settings: EngineSettings, _ manager: ManagerProcess, _ daemon: Daemon) {
        self.settings = settings
        self.manager = manager
        event = { severity, kind, text in daemon.event(Logger.Level(severity), kind, text) }
        away = (Clock.monotonicMilliseconds, "it was not reached yet")
        engine = Engine(loop, settings, epoch: epoch, tell: event, handler: self)
    }
    func start() {
        engine.start(
            head: manager.switchboard.head, firstOfLife: manager.switchboard.firstOfLife,
            isShared: !manager.switchboard.isOfOneMachine)
        // From the first second on, operators are told that this is a machine of a cluster.
        manager.port.cluster = (look(engine.takeFigures(), now: manager.now), manager.now)
    }

    /// Milliseconds from the making of an entry of this machine until it was carried out here, for the last one.
    private(set) var lag: UInt64 = 0
    var isHere: Bool { engine.isUp && resolveAt == nil }
    /// Now, by the clock of the engine.
    func time(now: UInt64) -> UInt64 { engineTime + (now - min(now, engineTimeRead)) }

    // MARK: the engine comes and goes

    func engineUp(_ join: Join) {
        let (head, wasAlone) = (manager.switchboard.head, manager.switchboard.isOfOneMachine)
        if wasAlone, join.isBehind {
            // Older entries of the log are not known here, and would never be read.
            manager.startAnew("the queue is that of one machine alone, and the cluster has one already")
        }
        (engineTime, engineTimeRead) = (join.time, manager.now)
        // A machine that is behind reads nothing more.
        resolveAt = join.isBehind ? .max : join.end
        (joined, announcing) = (manager.now, 0)
        away = nil
        manager.port.engineFault = nil
        tellLoss(join, wasAlone: wasAlone)
        isBehind = join.isBehind
        guard !isBehind else { return }
        manager.switchboard.join(firstOfLife: join.first, end: join.end, isFresh: head == 0)
        if head > 0, join.lacksBeginning { keeper.hurry() }
        chainEnd = head == 0 ? nil : head
        engine.beginReading(after: head)
        resolve()
    }
    private func tellLoss(_ join: Join, wasAlone: Bool) {
        if wasAlone {
            event(.info, .engine, "this machine was alone before: it tells the cluster what it knows")
        } else if join.isBehind {
            event(.error, .engineLost, "the engine has lost what only this machine had: clients are told of a gap")
        } else if manager.switchboard.head > 0, join.lacksBeginning {
            event(.warning, .engineLost, "the engine was emptied: it is told all that the machines know")
        } else if join.givenBack > 0 {
            event(
                .warning, .engineLost,
                "the engine had lost its newest entries: this machine has given \(join.givenBack) back")
        }
    }
    private func startAnew() -> Never { manager.startAnew("the engine has lost what only this machine had") }
    /// This machine came too late to give back what the log has lost, and others have gone on without it. Called each
    /// second until it is taken.
    func sayLoss() {
        guard isBehind, engine.isUp else { return }
        manager.switchboard.outgoingSent()
        manager.switchboard.emitLoss()
        let (bytes, ids) = manager.switchboard.outgoing
        lastSequence += 1
        lossSequence = lastSequence
        engine.append(bytes, ids: ids, sequence: lastSequence)
    }
    func engineDown(_ fault: EngineFault) {
        if away == nil { away = (Clock.monotonicMilliseconds, "\(fault)") } else { away?.fault = "\(fault)" }
        keeper.isMine = false
        stalled = []
    }

    /// Once all is read that was in the log, entries of ours that are not there are sent again.
    private func resolve() {
        guard let end = resolveAt, engine.isUp, stalled.isEmpty else { return }
        guard chainEnd ?? 0 >= end else { return }
        resolveAt = nil
        for at in flights.indices {
            flights[at].isSafe = nil
            flights[at].records.withUnsafeBytes {
                engine.append($0, ids: flights[at].ids, sequence: flights[at].sequence)
            }
        }
        if !manager.switchboard.isCatching { whenCaughtUp?() }
    }

    // MARK: what is read

    func engineRead(_ entries: [EngineEntry]) {
        for entry in entries {
            if !stalled.isEmpty || settings.replicas > 0 && resolveAt == nil && waitsForReplicas(entry) {
                stalled.append(StalledEntry(entry))
            } else {
                read(entry)
            }
        }
        resolve()
        if resolveAt == nil, let caughtUp = whenCaughtUp, !manager.switchboard.isCatching { caughtUp() }
    }
    /// An entry of ours is answered when enough replicas have it, and the entries behind it come later.
    private func waitsForReplicas(_ entry: EngineEntry) -> Bool {
        isOwn(entry) && flights.contains { $0.sequence == entry.sequence && $0.isSafe == nil }
    }
    private func goOn() {
        while let first = stalled.first, !waitsForReplicas(first.head) {
            stalled.removeFirst()
            first.withEntry { read($0) }
        }
        resolve()
    }
    private func isOwn(_ entry: EngineEntry) -> Bool { entry.epoch == epoch && entry.sender == settings.name }

    private func read(_ entry: EngineEntry) {
        let now = manager.now
        if entry.time > time(now: now) { (engineTime, engineTimeRead) = (entry.time, now) }
        if let chainEnd, entry.previous != chainEnd {
            // Something was removed that was not read.
            manager.startAnew("entries of the log are missing: \(chainEnd) is followed by \(entry.previous)")
        }
        chainEnd = entry.end
        let isOwn = isOwn(entry)
        let sender = ClusterSender(name: entry.sender, epoch: entry.epoch, isOwn: isOwn)
        let age = time(now: now) - entry.time
        let isNew = manager.switchboard.beginEntry(
            sender, after: entry.previous, time: entry.time, age: age > Cluster.youngMilliseconds ? age : 0)
        if isNew { announcing = announcing ?? 0 }
        let flight = isOwn ? land(entry.sequence) : nil
        if let flight, flight.isSafe == false {
            manager.port.failShipped(.unsafe, flight.calls, &manager.switchboard, now: now)
        }
        var id = entry.id
        for record in ClusterRecords(entry.records) {
            manager.switchboard.beginRecord(at: id)
            id += UInt64(record.ids)
            if record.kind == .call {
                carryOut(record.rest, isOwn: isOwn, now)
            } else {
                manager.switchboard.apply(record, now: now)
            }
        }
        manager.switchboard.endEntry(entry.end)
    }
    private func carryOut(_ rest: UnsafeRawBufferPointer, isOwn: Bool, _ now: UInt64) {
        guard rest.count > 8 else { return }
        let request = rest.part(8, rest.count - 8)
        if isOwn {
            manager.port.returned(rest.bigEndian(at: 0), request, &manager.switchboard, now: now)
        } else {
            manager.port.apply(request, &manager.switchboard, now: now)
        }
    }
    /// An entry of ours was read back. `nil` if it is of no flight: it was read before.
    private func land(_ sequence: UInt64) -> Flight? {
        guard let at = flights.firstIndex(where: { $0.sequence == sequence }) else { return nil }
        lag = manager.now - flights[at].sent
        return flights.remove(at: at)
    }

    // MARK: the engine's word on entries of ours

    func engineAppended(sequence: UInt64, id: UInt64) {
        if sequence == lossSequence { startAnew() }
        guard let at = flights.firstIndex(where: { $0.sequence == sequence }) else { return }
        flights[at].isSafe = true
        goOn()
    }
    func engineRefused(sequence: UInt64, _ fault: EngineFault) {
        // With too few replicas it is in the log all the same.
        if sequence == lossSequence, case .tooFewReplicas = fault { startAnew() }
        guard let at = flights.firstIndex(where: { $0.sequence == sequence }) else { return }
        refusals.refused("\(fault)", now: manager.now).map { event(.error, .engine, $0) }
        if case .tooFewReplicas = fault {
            flights[at].isSafe = false
            return goOn()
        }
        // Nothing of it was taken. The apps are told, and what clients did is told later.
        let flight = flights.remove(at: at)
        manager.port.failShipped(.refused("\(fault)"), flight.calls, &manager.switchboard, now: manager.now)
        flight.records.withUnsafeBytes { manager.switchboard.emitAgain(ClusterRecords($0)) }
        // Several may come back, in another order: what counts is told once more in the end.
        announcing = 0
        keeper.pause(until: manager.now + Cluster.refusedMilliseconds)
        pauseEnd = manager.now + Cluster.pauseMilliseconds
    }
    /// Milliseconds in which nothing is told in parts, after the engine has refused something.
    private static let refusedMilliseconds: UInt64 = 1000
    /// Milliseconds in which nothing at all is told after that. Records about clients are told again until they are
    /// taken, and would be refused again at once.
    private static let pauseMilliseconds: UInt64 = 100
    /// Milliseconds that an entry may have been on its way. If it is older, its messages have lived for so long.
    private static let youngMilliseconds: UInt64 = 1000
}
