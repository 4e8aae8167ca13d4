import Base
import Configuration
import ControlLines
import Glibc
import Reactor
import Stats
import Supervision
import Watch

/// The hub of the stats channel. It takes the daemons' reports, tells the fleet that they live, and sends the reports
/// to viewers unchanged.
///
/// Viewers ask only the hub, so that no viewer can slow a daemon down. The hub waits for no viewer. If a viewer's
/// socket is full, that viewer loses datagrams, and sees it by their numbers.
final class Hub {
    static let receiveBufferBytes = 1 << 20
    /// The most datagrams in one turn of the loop. Children and commands have their turns, too.
    private static let burst = 256
    /// During a flood the hub looks more often by this factor, until it finds fewer than `calm` datagrams.
    private static let looksInFlood = 20.0
    private static let calm = 32
    /// The hub looks for datagrams ten times in an interval, shortly after each group of daemons has reported. If each
    /// datagram woke it, that would cost it and the daemon more than the datagram does. It does not look less often,
    /// since viewers wait for an answer.
    private static let lookEverySeconds = 0.1
    private static let lookAfterGroup = 0.1
    /// Datagrams of history for one viewer in one step, and the time between steps. They are fewer than its receive
    /// buffer holds.
    private static let historyBurst = 24
    private static let historyEverySeconds = 0.02

    private unowned let owner: any HubOwner
    let socket: DatagramSocket
    private(set) var reader: StatsReader
    private(set) var leases = StatsLeases<SocketAddress>()
    private(set) var archive = StatsArchive()
    /// `nil` if it could not be opened. The day's history then ends with this program.
    private var dayFile: DayFile?
    private(set) var reports: UInt64 = 0
    private(set) var foreign: UInt64 = 0
    private(set) var relayed: UInt64 = 0
    private(set) var relayErrors: UInt64 = 0
    /// The newest report of each life, by its boot id. A new viewer gets these first.
    private var newest: [UInt64: NewestReport] = [:]
    private var bootTexts: [UInt64: String] = [:]
    private var histories: [SocketAddress: HistorySender] = [:]
    private var look: Reactor.Timer?
    private let lookSeconds: Double
    private var isFlooded = false
    private var historyTimer: Reactor.Timer?
    private var ownReports: SupervisorReports?
    let watchman: Watchman

    /// `day` is the file of the day's history. `losses` is what an earlier supervisor counted.
    init(
        _ loop: Loop, _ settings: Settings, token: String, day: String, losses: LossesAnswer?, _ events: EventLog,
        _ owner: any HubOwner
    ) throws {
        self.owner = owner
        watchman = Watchman(events, owner, losses: losses, policy: .init(settings.supervisor))
        let settings = settings.stats
        lookSeconds = min(Hub.lookEverySeconds, settings.interval / 10)
        socket = try DatagramSocket(
            Endpoint(settings.address, UInt16(settings.port)), receiveBufferBytes: Hub.receiveBufferBytes)
        let token = StatsToken(hex: token)
        reader = StatsReader(token: token)
        do {
            let file = try DayFile(day)
            archive = StatsArchive(day: try file.read(now: Clock.monotonicNanoseconds))
            dayFile = file
        } catch { events.tell(.warning, .history, "the day's is kept in memory alone: \(error)") }
        socket.hearRefusals { [unowned self] in gone($0) }
        look = Timer(loop) { [unowned self] in receiveWaiting() }
        look?.start(after: untilAfterGroup, every: lookSeconds)
        historyTimer = Timer(loop) { [unowned self] in sendHistories() }
        ownReports = SupervisorReports(
            loop, interval: settings.interval, token: token ?? StatsToken(), self, owner)
        events.relay = { [unowned self] in
            ownReports?.send($0)
            watchman.take($0)
        }
    }

    /// Something that viewers should see at once has changed.
    func changed() { ownReports?.sendSoon() }

    // MARK: in

    /// Takes up the datagrams that have come.
    func receiveWaiting() {
        var count = 0
        while count < Hub.burst, socket.receive({ [unowned self] in take($0, $1, $2) }) { count += 1 }
        if count == Hub.burst {
            // Daemons do not send so many. Take the rest at once, and look often from now on: otherwise the kernel has
            // no room for reports among the flood.
            isFlooded = true
            look?.start(after: 0, every: lookSeconds / Hub.looksInFlood)
        } else if isFlooded, count < Hub.calm {
            isFlooded = false
            look?.start(after: untilAfterGroup, every: lookSeconds)
        }
    }
    /// Seconds until a moment after the next group has reported.
    private var untilAfterGroup: Double {
        lookSeconds * (1 + Hub.lookAfterGroup)
            - (Double(Clock.monotonicNanoseconds) / 1e9).truncatingRemainder(dividingBy: lookSeconds)
    }

    private func take(_ bytes: UnsafeRawBufferPointer, _ length: Int, _ from: SocketAddress) {
        guard from.ip.isLoopback else {
            foreign += 1
            return
        }
        let now = Clock.monotonicNanoseconds
        switch reader.receive(bytes, length: length, now: now) {
        case .report(let boot, let isNewBoot, let lost):
            guard let source = reader.sources[boot] else { return }
            guard source.header.role.isDaemon else {
                foreign += 1
                return
            }
            reports += 1
            newest[boot, default: NewestReport()].take(Array(bytes), part: source.header.part)
            relay(bytes)
            watchman.take(source, lost: lost)
            // A process that was replaced and still drains is not the one that its place is about.
            if reader.isPresent(source.header) { archive.note(source, now: now) }
            // Each report leads to one call, at its first part.
            if source.header.part == 1, !source.saidGoodbye { heard(source) }
            if isNewBoot { forgetOld(now) }
        case .event(let json, let header):
            relay(bytes)
            if let event = try? Event(json: json) { owner.heard(event, pid: Int32(bitPattern: header.pid)) }
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
    /// Forgets lives that ended a minute ago and have a successor.
    private func forgetOld(_ now: UInt64) {
        reader.forget(olderThan: 60_000, now: now)
        for boot in newest.keys where reader.sources[boot] == nil {
            newest[boot] = nil
            bootTexts[boot] = nil
        }
    }

    // MARK: viewers

    private func answer(_ header: StatsPacket.Header, _ from: SocketAddress, _ now: UInt64) {
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
                isTaken: answer != .refused, lease: UInt32(StatsLeases<SocketAddress>.leaseMilliseconds)
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

    /// Nobody has the viewer's port any more. The viewer ended and could not say so.
    private func gone(_ viewer: SocketAddress) {
        guard leases.viewers.contains(viewer) else { return }
        leases.leave(viewer)
        histories[viewer] = nil
        ownReports?.sendSoon()
    }

    private func sendNewest(to viewer: SocketAddress) {
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

    /// The process says in its reports that it is overloaded.
    func isOverloaded(_ name: ProcessName, pid: Int32?) -> Bool {
        source(name).map {
            $0.header.state == StatsPacket.State.overloaded.rawValue && Int32(bitPattern: $0.header.pid) == pid
        } ?? false
    }
    func source(_ name: ProcessName) -> StatsSource? {
        switch name {
        case .manager: reader.current(.manager)
        case .webhook: reader.current(.webhook)
        case .worker(let number): reader.current(.worker, number)
        }
    }
    /// The text for Prometheus: the supervisor's own report, and the newest report of each process. `node` is the name
    /// of this machine in its cluster.
    func metricsText(_ names: [ProcessName], node: String?) -> String {
        var text = PrometheusText()
        if let node { text.add(node: node) }
        let now = Clock.monotonicNanoseconds
        if let ownSource { text.add(ownSource, now: now) }
        for name in names { if let source = source(name) { text.add(source, now: now) } }
        return text.text
    }

    /// The supervisor's own report, made now or in the last interval.
    private var ownSource: StatsSource? {
        ownReports?.refresh()
        return ownReports?.source
    }
    func note(_ source: StatsSource, now: UInt64) {
        archive.note(source, now: now)
        watchman.take(source, lost: 0)
    }

    /// Sends the bytes unchanged to all viewers.
    func relay(_ bytes: UnsafeRawBufferPointer) {
        guard leases.count > 0 else { return }
        for viewer in leases.viewers { put(bytes, viewer) }
    }
    private func put(_ bytes: UnsafeRawBufferPointer, _ viewer: SocketAddress) {
        if socket.send(bytes, to: viewer) { relayed += 1 } else { relayErrors += 1 }
    }

    /// Called once a second. There is something to do every ten seconds.
    func closeSteps() {
        guard let closed = archive.closeSteps(now: Clock.monotonicNanoseconds) else { return }
        for number in closed { dayFile?.write(archive.day, number) }
    }
    /// Removes the viewers whose lease is over. Called once a second.
    func expire() {
        leases.expire(now: Clock.monotonicMilliseconds)
        let left = Set(leases.viewers)
        for viewer in histories.keys where !left.contains(viewer) { histories[viewer] = nil }
    }
}
