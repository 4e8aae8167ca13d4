import Base
import Configuration
import Glibc
import Reactor
import Stats
import Supervision

/// The supervisor's own reports about itself, its hub, the machine, and each process behind a subject. Only viewers get
/// them, and the watchman, who needs them also while nobody looks.
final class SupervisorReports {
    private unowned let owner: any HubOwner
    private unowned let hub: Hub
    private let meter: LoopMeter
    private let host = HostCounters()
    private var writer: StatsWriter
    private var timer: Reactor.Timer?
    private var soon: Reactor.Timer?
    private var lastTick = Clock.monotonicNanoseconds
    private let interval: Double
    /// A reader of the reports, for /metrics.
    private(set) var reader: StatsReader
    private var newest = NewestReport()
    /// The datagrams that a new viewer gets first.
    var newestDatagrams: [[UInt8]] { newest.datagrams(upTo: writer.newestSequence) }
    /// Open descriptors. Counting them reads a folder of /proc, so it is done with every tenth report.
    private var descriptors = 0
    private var reportsUntilCount = 0
    private static let reportsToACount = 10

    init(_ loop: Loop, interval: Double, token: StatsToken, _ hub: Hub, _ owner: any HubOwner) {
        self.owner = owner
        self.hub = hub
        meter = LoopMeter(loop)
        self.interval = interval
        reader = StatsReader(token: token)
        var header = StatsPacket.Header()
        header.boot = UInt64.random(in: 1...UInt64.max)
        header.role = .supervisor
        header.pid = UInt32(getpid())
        header.startTime = Clock.wallMilliseconds
        header.interval = UInt32(interval * 1000)
        header.generation = 1
        writer = StatsWriter(header, token: token)
        timer = Timer(loop) { [unowned self] in tick() }
        timer?.start(after: 0, every: interval)
        soon = Timer(loop) { [unowned self] in if hub.leases.count > 0 { send() } }
    }

    private func tick() {
        let now = Clock.monotonicNanoseconds
        let due = lastTick + UInt64(interval * 1e9)
        if now > due { meter.timerWasLate(by: now - due) }
        lastTick = now
        hub.expire()
        hub.closeSteps()
        send()
        hub.watchman.tick()
    }

    /// Makes a report for somebody who asks, unless viewers get one each interval anyway.
    func refresh() { if hub.leases.count == 0 { send() } }

    /// Changes that come together make one report.
    func sendSoon() { if soon?.isRunning == false { soon?.start(after: 0.02) } }

    private func send() {
        let facts = owner.facts
        fill(facts)
        let now = Clock.monotonicNanoseconds
        var part: UInt8 = 0
        let boot = writer.header.boot
        let state: StatsPacket.State =
            facts.fleet.isShuttingDown ? .draining : facts.fleet.isAllReady ? .ready : .starting
        writer.finish(state: state, sampleTime: now, wallTime: Clock.wallMilliseconds) { bytes in
            hub.relay(bytes)
            part += 1
            newest.take(Array(bytes), part: part)
            _ = reader.receive(bytes, length: bytes.count, now: now)
            // The processes that a part is about are known until the next part.
            if let source = reader.sources[boot] { hub.note(source, now: now) }
        }
    }
    var source: StatsSource? { reader.sources[writer.header.boot] }

    func send(_ event: Event) {
        var body = Buffer()
        event.write(to: &body)
        writer.send(.event, sampleTime: Clock.monotonicNanoseconds, wallTime: event.time, body: body.bytes) {
            hub.relay($0)
        }
        sendSoon()
    }

    // MARK: values

    private func fill(_ facts: SupervisorFacts) {
        meter.fill(&writer)
        if reportsUntilCount == 0 {
            (descriptors, reportsUntilCount) = (ProcessUsage.openDescriptors(), SupervisorReports.reportsToACount)
        }
        reportsUntilCount -= 1
        writer.set(.fdsOpen, descriptors)
        if let limit = ProcessUsage.descriptorLimit() { writer.set(.fdLimit, limit) }

        writer.set(.configGeneration, facts.configurationGeneration)
        writer.set(.configOK, facts.isConfigurationGood)
        writer.set(.subscribers, hub.leases.count)
        writer.set(.hubReports, hub.reports)
        writer.set(.hubLost, hub.reader.sources.values.reduce(0) { $0 + $1.lost })
        writer.set(.hubLate, hub.reader.sources.values.reduce(0) { $0 + $1.late })
        writer.set(.hubBadToken, hub.reader.drops.badToken)
        writer.set(.hubBadMagic, hub.reader.drops.badMagic)
        writer.set(.hubTruncated, hub.reader.drops.truncated)
        writer.set(.hubForeign, hub.foreign + hub.reader.drops.foreign + hub.reader.drops.newer)
        writer.set(.hubQueueDrops, UInt64(hub.socket.dropped))
        writer.set(.hubReceiveBuffer, hub.socket.receiveBufferBytes)
        writer.set(.hubRelayed, hub.relayed)
        writer.set(.hubRelayErrors, hub.relayErrors)
        writer.set(.subscribersRefused, hub.leases.refused)
        writer.set(.httpRequests, facts.operatorRequests)
        host.fill(&writer)
        let now = Milliseconds(Clock.monotonicMilliseconds)
        for name in facts.fleet.names { if let slot = facts.fleet[name] { writeChild(slot, facts, now) } }
    }

    /// Everything about a process that the fleet knows.
    private func child(_ slot: FleetSlot, _ facts: SupervisorFacts, _ now: Milliseconds) -> MetricValues {
        var values = MetricValues()
        func set(_ id: MetricID, _ value: UInt64) { values[raw: id.rawValue] = value }
        func set(_ id: MetricID, _ value: Int) { set(id, UInt64(bitPattern: Int64(value))) }
        func set(_ id: MetricID, _ value: Bool) { set(id, value ? 1 : 0 as UInt64) }
        func since(_ time: Milliseconds) -> Int { Int(max(0, now - time)) }
        set(.childState, slot.state.code)
        set(.childDesired, slot.desired == .up)
        set(.childPid, Int(slot.main?.pid ?? 0))
        set(.childGeneration, slot.main?.generation ?? slot.generation)
        set(.childStarts, slot.startsTotal)
        set(.childExits, slot.exitsTotal)
        set(.childExits60s, slot.exits(since: now - 60_000))
        set(.childExits24h, slot.exits(since: now - 86_400_000))
        let ending = slot.lastExit?.ending
        let kind: ExitKind =
            slot.lastExit == nil ? .none : ending?.signal != nil ? .signal : ending?.code != nil ? .code : .unknown
        set(.childLastExitKind, kind.rawValue)
        set(.childLastExitCode, ending?.signal ?? ending?.code ?? 0)
        set(.childLastExitAge, slot.lastExit.map { since($0.at) } ?? 0)
        set(.childRetryIn, slot.retryAt.map { Int(max(0, $0 - now)) } ?? 0)
        set(.childReadyIn, Int(slot.readyIn ?? 0))
        set(.childUptime, slot.main.map { since($0.startedAt) } ?? 0)
        set(.childHangKills, slot.hangKillsTotal)
        set(.childWatchdogHeld, slot.isWatchdogHeld)
        set(.childTurnedAway, facts.turnedAway[slot.name] ?? 0)
        set(.childOverloaded, hub.isOverloaded(slot.name, pid: slot.main?.pid))
        return values
    }
    /// Writes it with what its reports and its sockets tell.
    private func writeChild(_ slot: FleetSlot, _ facts: SupervisorFacts, _ now: Milliseconds) {
        writer.subject(slot.name.subject)
        for (id, value) in child(slot, facts, now).all { if let id = MetricID(rawValue: id) { writer.set(id, value) } }
        if let source = hub.source(slot.name) {
            writer.set(.childReportAge, source.age(now: Clock.monotonicNanoseconds))
            writer.set(.childReportsLost, source.lost)
        }
        let queues = facts.listeners.descriptors(slot.name, facts.settings).compactMap(ListenQueue.of)
        if let fullest = queues.max(by: { $0.waiting < $1.waiting }) {
            writer.set(.listenQueueNow, UInt64(fullest.waiting))
            writer.set(.listenQueueLimit, UInt64(fullest.most))
        }
    }
}
