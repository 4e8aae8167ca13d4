import Base
import Configuration
import Dashboard
import Stats
import Supervision
import Watch
import Wire

/// An appliance for the pictures of the dashboard: nine processes, w5 crashed, w7 silent.
enum Samples {
    static let second: UInt64 = 1_000_000_000
    /// 14:02:31 on a Monday.
    static let wall: UInt64 = 1_795_442_551_000
    static let shown = incident()
    static let shownLost = lost()
    static let start: UInt64 = 2_000_000 * second

    static func incident(seconds: Int = 90, workers: Int = 8) -> Model {
        var model = Model()
        model.server.host = "push1"
        model.server.address = "10.0.3.7"
        model.server.kernel = "6.1.0"
        model.server.statsAddress = "127.0.0.1:9002"
        model.link = .live
        for second in 0...seconds {
            let now = start + UInt64(second) * Samples.second
            model.now = now
            model.wall = wall - UInt64(seconds - second) * 1000
            for worker in 0..<workers {
                if worker == 5, second > seconds - 6 { continue }
                if worker == 7, second > seconds - 4 { continue }
                model.take(report(worker, second, now))
            }
            model.take(manager(second, now, workers))
            model.take(supervisor(second, seconds, now, workers))
            model.tick()
        }
        model.now += 300_000_000
        for (back, event) in events.enumerated() {
            model.take(
                Samples.event(
                    number: UInt64(100 - back), time: wall - UInt64(event.0 * 1000), event.1, event.2, event.3,
                    event.4, pid: event.5))
        }
        if workers > 5 {
            model.told.children[.worker(5)] = child(
                "SIGSEGV after 3.1s",
                [
                    "14:02:25 worker 5 ready on 0.0.0.0:8005",
                    "14:02:28 Fatal error: Unexpectedly found nil while unwrapping an Optional value",
                ])
        }
        model.told.doctor = [
            .init(name: "net.core.somaxconn", have: "65535", want: ">= 16384", why: "", enough: true),
            .init(
                name: "net.core.rmem_max", have: "212992", want: ">= 1048576",
                why: "the hub may lose bursts of reports", enough: false),
        ]
        model.told.crashes = [
            Told.CrashReport(
                id: "20261123T140228-worker-5",
                lines: ["20261123T140228-worker-5", " how      SIGSEGV, core left", " last lines", "   Fatal error"])
        ]
        model.told.clients.problem = ""
        model.told.clients.rows = [
            ("alice", 4, 100, 46_080, 47), ("bob", nil, 88, 39_936, 13), ("carol", 0, 71, 30_720, 44),
        ].map { (id: String, worker: Int?, queued: Double, bytes: Double, age: Double) in
            Told.Clients.Row(
                id: id, worker: worker.map { .worker($0) } ?? .manager, queued: queued, bytes: bytes, oldestSeconds: age
            )
        }
        for back in [UInt64(3), 1] {
            model.told.apps.take(apps(back), more: 0, keys: keys, time: model.now - back * second)
        }
        for back in [UInt64(6), 1] {
            model.told.addresses.take(addresses(back), time: model.now - back * second)
        }
        return model
    }
    /// Two apps that publish, and one that has been idle for four minutes. `back` counts the seconds before the
    /// picture.
    static func apps(_ back: UInt64) -> [AppsAnswer.Row] {
        let seconds = Double(1_000_000 - back)
        func row(
            _ peer: String, _ form: String, key: String? = "shop", up: Double, perSecond: Double, idle: Double
        ) -> AppsAnswer.Row {
            AppsAnswer.Row(
                peer: peer, form: form, key: key, connectedSeconds: up - Double(back), publishes: perSecond * seconds,
                bytes: perSecond * 540 * seconds, errors: 0, idleSeconds: idle,
                backlogBytes: 0)
        }
        return [
            row("10.0.1.5:51022", "lines", up: 259_300, perSecond: 9100, idle: 0),
            row("10.0.1.6:40110", "lines", up: 259_200, perSecond: 9100, idle: 0),
            row("127.0.0.1:33218", "http", key: "billing", up: 7300, perSecond: 0, idle: 240),
        ]
    }
    static let keys = [
        AppsAnswer.Key(key: "shop", idleSeconds: 1), AppsAnswer.Key(key: "billing", idleSeconds: 240),
        AppsAnswer.Key(key: "audit", idleSeconds: nil),
    ]
    /// An office, a client that opens too many connections, an IPv6 network, and a proxy that the settings don't name.
    /// `back` counts the seconds before the picture.
    static func addresses(_ back: UInt64) -> AddressesAnswer {
        func busy(
            _ address: String, _ connections: Int, new: Double, refused: UInt64 = 0, isProxy: Bool = false
        ) -> BusyAddress {
            BusyAddress(
                address: address, connections: connections, newPerSecond: new, refused: refused, isProxy: isProxy)
        }
        let told = [
            busy("10.0.0.7", 41_320, new: 88.4, isProxy: true), busy("203.0.113.7", 1204, new: 3.1, refused: 17),
            busy("198.51.100.23", 100, new: 412.6, refused: 9_000_000 - back * 400),
            busy("2001:db8:1234:5678::/64", 9, new: 0.2),
        ]
        return AddressesAnswer(told: told, silent: ["worker-7 pid 2117"], counted: true, most: 100)
    }
    static func child(_ exit: String, _ output: [String]) -> Told.Child {
        var child = Told.Child()
        child.lastExit = exit
        child.output = output
        return child
    }
    static func event(
        number: UInt64 = 0, time: UInt64, _ severity: Severity, _ name: String, _ kind: String, _ text: String,
        pid: Int? = nil
    ) -> Event {
        var event = Event(time: time, severity: severity, name: name, kind: kind, text: text, pid: pid)
        event.number = number
        return event
    }
    private static let events: [(Double, Severity, String, String, String, Int?)] = [
        (1, .warning, "worker-7", "SUSPECT", "no report for 3.4s (limit 3.0s), last loop lag 2ms", 2117),
        (3, .error, "worker-5", "EXIT", "SIGSEGV after 3.1s; crash report 20261123T140228-worker-5 saved", 24417),
        (3, .info, "worker-5", "BACKOFF", "9.0s (3rd in 60s; crash loop at 5)", nil),
        (6, .info, "worker-5", "READY", "pid 24417 in 0.21s", 24417),
        (7852, .error, "worker-6", "EXIT", "code 70 after 11d21h: \"Fatal error: Index out of range\"", 2116),
        (18151, .info, "cfg", "RELOAD", "by root (SIGHUP), 3 keys changed, 0 need restart", nil),
    ]

    static func report(_ worker: Int, _ second: Int, _ now: UInt64, boot: UInt64? = nil) -> Report {
        var report = Report(.worker, worker, boot: boot ?? UInt64(0x9AC4_1F20_0000_0000) + UInt64(worker), time: now)
        report.pid = UInt32(2110 + worker)
        report.startTime = wall - 1_047_600_000
        let count = UInt64(second) + 1_000_000
        let set: [(MetricID, UInt64)] = [
            (.connsOpen, UInt64(116_000 + worker * 31 + second * 30)), (.connsParked, 115_000), (.connLimit, 125_000),
            (.fdsOpen, UInt64(116_071 + worker)), (.fdLimit, 262_144),
            (.streams, UInt64(12_000 + worker * 7)), (.sockets, 3000), (.streamsBehind, UInt64(4 + worker)),
            (.streamsOpened, count * 20), (.socketsOpened, count * 5), (.heartbeats, count * 590),
            (.heartbeatsMissed, count / 5), (.acknowledgements, count * 40), (.leaves, count * 6),
            (.accepts, count * 388), (.polls, count * 5200), (.pollsAnswered, count * 2600),
            (.pollsEmpty, count * 2600), (.pollsReplaced, count * 2), (.httpRefused, count / 5),
            (.closesClient, count * 350), (.closesTimeout, count * 8), (.closesError, count * 4), (.closesSlow, 0),
            (.closesDrain, 0), (.closesAnswered, count),
            (.refusedAddressConnections, 17), (.refusedAddressAccepts, count * 50), (.addressesCounted, 60_000),
            (.addressLimitSkipped, count * 11),
            (.delivered, count * 2600), (.deliverErrors, 0), (.partialWrites, count / 10),
            (.bytesOut, count * 1_150_000), (.undelivered, 3),
            (.latencyUnder1, count * 900), (.latencyUnder2, count * 470), (.latencyUnder5, count * 700),
            (.latencyUnder10, count * 270), (.latencyUnder50, count * 240),
            (.latencyUnder100, count * 15), (.latencyUnder500, count * 4), (.latencyOver500, count / 50),
            (.loopLagMax, UInt64(2000 + worker * 150)),
            (.cpuUser, count * 200_000), (.cpuSystem, count * 110_000), (.rss, 402 << 20), (.managerLinkUp, 1),
        ]
        for (id, value) in set { report.values[raw: id.rawValue] = value }
        return report
    }
    static func manager(_ second: Int, _ now: UInt64, _ workers: Int) -> Report {
        var report = Report(.manager, boot: 0x51C0_AA37_0000_0000, time: now)
        report.pid = 2101
        report.startTime = wall - 1_047_600_000
        let count = UInt64(second) + 1_000_000
        let set: [(MetricID, UInt64)] = [
            (.workersConnected, 7), (.appsConnected, 2), (.publishes, count * 18_200),
            (.publishBytes, count * 9_800_000), (.forwarded, count * 15_600), (.queued, count * 2600),
            (.handed, count * 15_600), (.rejectedJSON, 0), (.rejectedSize, 0), (.refusedFull, 0), (.rejectedAuth, 0),
            (.loopLagMax, 1000), (.cpuUser, count * 150_000), (.cpuSystem, count * 70_000),
            (.rss, 84 << 20), (.fdsOpen, 31), (.fdLimit, 262_144),
        ]
        for (id, value) in set { report.values[raw: id.rawValue] = value }
        var depth: UInt64 = 0
        for subject in 0...workers {
            let waiting = UInt64(4400 + (subject * 37) % 200) + (subject == 0 ? 5000 : 0)
            depth += waiting
            for (id, value) in queue(count, waiting, part: 1) {
                report.subjects[UInt16(subject), default: MetricValues()][raw: id.rawValue] = value
            }
        }
        for (id, value) in queue(count, depth, part: UInt64(workers + 1)) { report.values[raw: id.rawValue] = value }
        for (id, value) in [
            (MetricID.queueLimitMessages, 1_000_000), (.queueLimitBytes, 256 << 20), (.queueTTL, 60_000),
            (.queueLimitPerClient, 100),
        ] as [(MetricID, UInt64)] {
            report.values[raw: id.rawValue] = value
        }
        return report
    }
    private static func queue(_ count: UInt64, _ depth: UInt64, part: UInt64) -> [(MetricID, UInt64)] {
        let expired = count * part / 1000 * 1000 / 900
        let dequeued = count * 2 * part
        return [
            (.queueMessages, depth), (.queueBytes, depth * 470), (.queueClients, depth * 55 / 100),
            (.queueOldest, 47_000), (.enqueued, dequeued + expired + 5 + depth), (.dequeued, dequeued),
            (.expired, expired), (.droppedFull, 5), (.queueAge0, depth / 2), (.queueAge10, depth / 5),
            (.queueAge20, depth * 9 / 50), (.queueAge40, depth * 3 / 25),
        ]
    }
    static func supervisor(_ second: Int, _ seconds: Int, _ now: UInt64, _ workers: Int) -> Report {
        var report = Report(.supervisor, boot: 0x6E0F_11AA_0000_0000, time: now)
        report.pid = 2098
        report.startTime = wall - 1_047_600_000
        let set: [(MetricID, UInt64)] = [
            (.configOK, 1), (.subscribers, 2), (.tcpInUse, 812_401), (.tcpTimeWait, 18_022), (.tcpOrphans, 41),
            (.tcpMemory, 11_904), (.tcpMemoryLimit, 1_048_576), (.listenOverflows, 0),
            (.listenDrops, 0), (.udpReceiveErrors, 0), (.filesOpen, 812_990), (.filesLimit, 4_194_304),
            (.memoryAvailable, 22 << 30), (.memoryTotal, 31 << 30), (.cpuCount, 16), (.loadAverage, 5200),
        ]
        for (id, value) in set { report.values[raw: id.rawValue] = value }
        for subject in 0...workers {
            var state = ProcessState.ready
            if subject == 6, second > seconds - 4 { state = .backoff }
            if subject == 8, second > seconds - 1 { state = .suspect }
            let crashed = state == .backoff
            let values: [(MetricID, UInt64)] = [
                (.childState, state.code), (.childDesired, 1), (.childPid, crashed ? 0 : UInt64(2109 + subject)),
                (.childGeneration, subject == 6 ? 4 : 1), (.childExits60s, subject == 6 ? 3 : 0),
                (.childExits24h, subject == 6 ? 3 : subject == 7 ? 1 : 0), (.childLastExitKind, subject == 6 ? 2 : 0),
                (.childLastExitCode, subject == 6 ? 11 : 0), (.childRetryIn, crashed ? 6600 : 0),
                (.childReadyIn, 210), (.childUptime, crashed ? 0 : 1_047_600_000), (.childReportsLost, 0),
                (.childHangKills, 0), (.childWatchdogHeld, 0),
            ]
            for (id, value) in values {
                report.subjects[UInt16(subject), default: MetricValues()][raw: id.rawValue] = value
            }
        }
        return report
    }
    /// The incident after a night that the hub remembers. The memory is 20 hours old. For one of these hours no hub
    /// ran.
    static let afterTheNight = {
        var model = shown
        let minute = 60 * second
        let first = (shown.now / minute - 1200) * minute
        for (total, quiet, busy) in [
            (StatsDay.Total.connections, 240_000, 790_000), (.queued, 9_000, 41_000), (.delivered, 40_500, 22_400_000),
        ] {
            for (measure, part) in [(StatsHistory.Measure.least, 97), (.mean, 100), (.most, 104)] {
                let values: [UInt64?] = (0..<1201).map { at in
                    // The curve falls for 8 hours, when the night is deepest, and rises again.
                    let share = abs(at - 480) * 1000 / 721
                    return (600..<660).contains(at) ? nil : UInt64((quiet + (busy - quiet) * share / 1000) * part / 100)
                }
                for start in stride(from: 0, to: values.count, by: 500) {
                    model.take(
                        StatsHistory(
                            role: .supervisor, instance: 0, metric: StatsHistory.metric(total.metric, measure),
                            subject: nil, stepMilliseconds: 60_000,
                            firstTime: first + UInt64(start) * minute,
                            values: Array(values[start..<min(values.count, start + 500)])))
                }
            }
        }
        return model
    }()
    /// A rolling restart that waits for the old w3.
    static let rolling = {
        var model = shown
        model.told.rolling = Told.Rolling(
            by: "uid 1001 (pid 4711) via megatop on pts/3", total: 8, done: 3, current: .worker(3),
            left: [.worker(4), .worker(6)])
        model.told.children[.worker(3), default: Told.Child()].drainsBeside = 38
        return model
    }()
    static func lost() -> Model {
        var model = incident()
        model.link = .lost(since: model.now, reason: "nobody listens there")
        model.now += 12 * second
        model.wall += 12_000
        model.tick()
        return model
    }
}
