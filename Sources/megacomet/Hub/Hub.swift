import Base
import Configuration
import Glibc
import Reactor
import Stats
import Supervision

/// The hub of the stats channel: takes the daemons' reports, tells the fleet that they live, and sends them on to
/// viewers as they came.
///
/// It is the only one that viewers ask, so that no viewer can slow a daemon down; and it waits for none: what a
/// viewer's socket does not take is lost to that viewer, who sees it by the numbers.
final class Hub {
    static let receiveBufferBytes = 1 << 20
    /// Taken in one turn of the loop at most: children and commands have their turn too.
    private static let burst = 256
    /// While someone floods the port it looks so many times as often, until it finds fewer than `calm`.
    private static let looksInFlood = 20.0
    private static let calm = 32
    /// It looks for datagrams ten times in an interval, shortly after each group of daemons has reported, and is not
    /// woken by them: that would cost it, and each daemon, more than the datagram does. No more seldom than this, since
    /// viewers wait for an answer.
    private static let lookEverySeconds = 0.1
    private static let lookAfterGroup = 0.1
    /// Datagrams of history for one viewer in one step, and how often a step comes: under what its receive buffer
    /// holds.
    private static let historyBurst = 24
    private static let historyEverySeconds = 0.02

    private unowned let owner: any HubOwner
    let socket: DatagramSocket
    private(set) var reader: StatsReader
    private(set) var leases = StatsLeases<DatagramSocket.Address>()
    private(set) var archive = StatsArchive()
    /// nil: it could not be opened, and the day's history ends with this program.
    private var dayFile: DayFile?
    private(set) var reports: UInt64 = 0
    private(set) var foreign: UInt64 = 0
    private(set) var relayed: UInt64 = 0
    private(set) var relayErrors: UInt64 = 0
    /// The newest report of each life, by its boot id: a new viewer gets it first.
    private var newest: [UInt64: NewestReport] = [:]
    private var bootTexts: [UInt64: String] = [:]
    private var histories: [DatagramSocket.Address: HistorySender] = [:]
    private var look: Reactor.Timer?
    private let lookSeconds: Double
    private var isFlooded = false
    private var historyTimer: Reactor.Timer?
    private var ownReports: SupervisorReports?

    /// `day`: the file of the day's history.
    init(
        _ loop: Loop, _ settings: Settings.Stats, token: String, day: String, _ events: EventLog, _ owner: any HubOwner
    ) throws {
        self.owner = owner
        lookSeconds = min(Hub.lookEverySeconds, settings.interval / 10)
        socket = try DatagramSocket(
            Endpoint(settings.address, UInt16(settings.port)), receiveBufferBytes: Hub.receiveBufferBytes)
        let token = StatsToken(hex: token)
        reader = StatsReader(token: token)
        do {
            let file = try DayFile(day)
            archive = StatsArchive(day: try file.read(now: Clock.monotonicNanoseconds))
            dayFile = file
        } catch { events.tell(.warning, "HISTORY", "the day's is kept in memory alone: \(error)") }
        socket.hearRefusals { [unowned self] in gone($0) }
        look = Timer(loop) { [unowned self] in receiveWaiting() }
        look?.start(after: untilAfterGroup, every: lookSeconds)
        historyTimer = Timer(loop) { [unowned self] in sendHistories() }
        ownReports = SupervisorReports(
            loop, interval: settings.interval, token: token ?? StatsToken(), self, owner)
        events.relay = { [unowned self] in ownReports?.send($0) }
    }

    /// Something that viewers should see at once has changed.
    func changed() { ownReports?.sendSoon() }

    // MARK: in

    private func receiveWaiting() {
        var count = 0
        while count < Hub.burst, socket.receive({ [unowned self] in take($0, $1, $2) }) { count += 1 }
        if count == Hub.burst {
            // More than daemons send: the rest at once, and then often, before the kernel has no room for reports among
            // it.
            isFlooded = true
            look?.start(after: 0, every: lookSeconds / Hub.looksInFlood)
        } else if isFlooded, count < Hub.calm {
            isFlooded = false
            look?.start(after: untilAfterGroup, every: lookSeconds)
        }
    }
    /// Seconds until shortly after the next group has reported.
    private var untilAfterGroup: Double {
        lookSeconds * (1 + Hub.lookAfterGroup)
            - (Double(Clock.monotonicNanoseconds) / 1e9).truncatingRemainder(dividingBy: lookSeconds)
    }

    private func take(_ bytes: UnsafeRawBufferPointer, _ length: Int, _ from: DatagramSocket.Address) {
        guard from.isLoopback else {
            foreign += 1
            return
        }
        let now = Clock.monotonicNanoseconds
        switch reader.receive(bytes, length: length, now: now) {
        case .report(let boot, let isNewBoot, _):
            guard let source = reader.sources[boot] else { return }
            guard source.header.role == .worker || source.header.role == .manager else {
                foreign += 1
                return
            }
            reports += 1
            newest[boot, default: NewestReport()].take(Array(bytes), part: source.header.part)
            relay(bytes)
            archive.note(source, now: now)
            // One call a report, at its first part.
            if source.header.part == 1, !source.saidGoodbye { heard(source) }
            if isNewBoot { forgetOld(now) }
        case .event(let json, let header):
            relay(bytes)
            if let event = try? Event(line: json) { owner.heard(event, pid: Int32(bitPattern: header.pid)) }
        case .control(let header): answer(header, from, now)
        case .late, .dropped, .history: break
        }
    }

    private func heard(_ source: StatsSource) {
        let boot: String
        if let known = bootTexts[source.header.boot] {
            boot = known
        } else {
            boot = hex(source.header.boot, digits: 16)
            bootTexts[source.header.boot] = boot
        }
        owner.reported(pid: Int32(bitPattern: source.header.pid), boot: boot, source.values)
    }
    /// Lives that are over for a minute and have a successor.
    private func forgetOld(_ now: UInt64) {
        reader.forget(olderThan: 60_000, now: now)
        for boot in newest.keys where reader.sources[boot] == nil {
            newest[boot] = nil
            bootTexts[boot] = nil
        }
    }

    // MARK: viewers

    private func answer(_ header: StatsPacket.Header, _ from: DatagramSocket.Address, _ now: UInt64) {
        ownReports?.refresh()
        switch header.kind {
        case .poll: sendNewest(to: from)
        case .subscribe where header.state == StatsPacket.Wish.leave.rawValue:
            leases.leave(from)
            histories[from] = nil
        case .subscribe:
            let answer = leases.subscribe(from, now: now / 1_000_000)
            let sender = histories[from] ?? HistorySender(token: reader.token ?? StatsToken())
            sender.acknowledge(
                isTaken: answer != .refused, lease: UInt32(StatsLeases<DatagramSocket.Address>.leaseMilliseconds)
            ) { put($0, from) }
            guard answer != .refused else { return }
            if answer == .new {
                sendNewest(to: from)
                ownReports?.sendSoon()
            }
            if header.state == StatsPacket.Wish.history.rawValue, !sender.isBusy { sender.begin(archive.keys) }
            histories[from] = sender
            if sender.isBusy, historyTimer?.isRunning == false {
                historyTimer?.start(after: 0, every: Hub.historyEverySeconds)
            }
        default: foreign += 1
        }
    }

    /// Nobody has the viewer's port any more: it ended and could not say so.
    private func gone(_ viewer: DatagramSocket.Address) {
        guard leases.viewers.contains(viewer) else { return }
        leases.leave(viewer)
        histories[viewer] = nil
        ownReports?.sendSoon()
    }

    private func sendNewest(to viewer: DatagramSocket.Address) {
        for (boot, report) in newest {
            guard let last = reader.sources[boot]?.header.sequence else { continue }
            for datagram in report.datagrams(upTo: last) { datagram.withUnsafeBytes { put($0, viewer) } }
        }
        ownReports?.newestDatagrams.forEach { $0.withUnsafeBytes { put($0, viewer) } }
    }

    private func sendHistories() {
        let now = Clock.monotonicNanoseconds
        expire()
        var isAnyBusy = false
        for (viewer, sender) in histories {
            sender.step(archive, now: now, most: Hub.historyBurst) { put($0, viewer) }
            isAnyBusy = isAnyBusy || sender.isBusy
        }
        if !isAnyBusy { historyTimer?.stop() }
    }

    /// Whether this process says so of itself.
    func isOverloaded(_ name: ProcessName, pid: Int32?) -> Bool {
        source(name).map {
            $0.header.state == StatsPacket.State.overloaded.rawValue && Int32(bitPattern: $0.header.pid) == pid
        } ?? false
    }
    func source(_ name: ProcessName) -> StatsSource? {
        if case .worker(let number) = name { reader.current(.worker, number) } else { reader.current(.manager) }
    }
    /// For Prometheus: the supervisor's own report, and the newest of each process.
    func metricsText(_ names: [ProcessName]) -> String {
        var text = PrometheusText()
        let now = Clock.monotonicNanoseconds
        if let ownSource { text.add(ownSource, now: now) }
        for name in names { if let source = source(name) { text.add(source, now: now) } }
        return text.text
    }

    /// The supervisor's own report, of now or of the last interval.
    private var ownSource: StatsSource? {
        ownReports?.refresh()
        return ownReports?.source
    }
    func noteMachine(_ values: MetricValues, now: UInt64) { archive.note(values, of: .supervisor, now: now) }
    func note(_ source: StatsSource, now: UInt64) { archive.note(source, now: now) }

    /// Sends to all viewers what came, byte for byte.
    func relay(_ bytes: UnsafeRawBufferPointer) {
        guard leases.count > 0 else { return }
        for viewer in leases.viewers { put(bytes, viewer) }
    }
    private func put(_ bytes: UnsafeRawBufferPointer, _ viewer: DatagramSocket.Address) {
        if socket.send(bytes, to: viewer) { relayed += 1 } else { relayErrors += 1 }
    }

    /// Once a second. There is something to do every ten.
    func closeSteps() {
        guard let closed = archive.closeSteps(now: Clock.monotonicNanoseconds) else { return }
        for number in closed { dayFile?.write(archive.day, number) }
    }
    /// Once a second: viewers whose lease is over go.
    func expire() {
        leases.expire(now: Clock.monotonicMilliseconds)
        let left = Set(leases.viewers)
        for viewer in histories.keys where !left.contains(viewer) { histories[viewer] = nil }
    }
}

/// The history's way to one viewer, and the answers to its subscriptions. Each viewer has a boot id of its own for
/// these, so that the numbers of what goes to all have no gaps.
private final class HistorySender {
    private var writer: StatsWriter
    private var waiting: ArraySlice<StatsArchive.Key> = []
    private var current: (history: StatsHistory, sent: Int)?
    private var body = Buffer()

    var isBusy: Bool { current != nil || !waiting.isEmpty }

    init(token: StatsToken) {
        var header = StatsPacket.Header()
        header.boot = UInt64.random(in: 1...UInt64.max)
        header.role = .supervisor
        header.pid = UInt32(getpid())
        writer = StatsWriter(header, token: token)
    }

    func acknowledge(isTaken: Bool, lease: UInt32, send: (UnsafeRawBufferPointer) -> Void) {
        writer.send(
            .subscribeOK, state: isTaken ? 1 : 2, interval: lease, sampleTime: Clock.monotonicNanoseconds,
            wallTime: Clock.wallMilliseconds, send: send)
    }
    func begin(_ keys: [StatsArchive.Key]) { waiting = keys[...] }

    func step(_ archive: StatsArchive, now: UInt64, most: Int, send: (UnsafeRawBufferPointer) -> Void) {
        for _ in 0..<most {
            if current == nil {
                guard let key = waiting.popFirst() else { return }
                guard let history = archive.history(key, now: now) else { continue }
                current = (history, 0)
            }
            guard var piece = current else { return }
            body.clear()
            piece.sent += piece.history.write(from: piece.sent, to: &body)
            writer.send(
                .history, sampleTime: now, wallTime: Clock.wallMilliseconds, body: body.bytes, send: send)
            current = piece.sent < piece.history.values.count ? piece : nil
        }
    }
}
