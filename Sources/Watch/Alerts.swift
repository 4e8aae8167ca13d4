package import Stats
import Supervision

/// A thing that an operator should look at.
package struct Alert: Equatable, Sendable {
    /// The process and the condition. An alert that lasts keeps its key.
    package var key: String
    package var isCritical: Bool
    package var text: String
    /// It is certain and needs no second look, such as a process that is down.
    package var isCertain = false

    package init(key: String, isCritical: Bool, text: String, isCertain: Bool = false) {
        self.key = key
        self.isCritical = isCritical
        self.text = text
        self.isCertain = isCertain
    }
}

/// The alerts, with hysteresis: three samples in a row raise an alert, and ten samples without it end it. So nothing
/// flickers at a threshold.
package struct AlertBook: Equatable, Sendable {
    private static let samplesToRise = 3
    private static let samplesToFall = 10
    private struct Entry: Equatable {
        var alert: Alert
        var seen = 0
        var missed = 0
        var isRaised = false
    }
    private var entries: [String: Entry] = [:]
    private var lastSample: UInt64 = 0

    package init() {}

    /// Alerts that are raised now.
    package var raised: [Alert] {
        entries.values.filter(\.isRaised).map(\.alert).sorted {
            ($0.isCritical ? 0 : 1, $0.key) < ($1.isCritical ? 0 : 1, $1.key)
        }
    }
    /// `sample` is a second. Several pictures of one second count once.
    package mutating func note(_ conditions: [Alert], sample: UInt64) {
        let isNew = sample != lastSample
        lastSample = sample
        let present = Set(conditions.map(\.key))
        for condition in conditions {
            var entry = entries[condition.key] ?? Entry(alert: condition)
            entry.alert = condition
            entry.missed = 0
            if isNew || entry.seen == 0 { entry.seen += 1 }
            if condition.isCertain || entry.seen >= AlertBook.samplesToRise { entry.isRaised = true }
            entries[condition.key] = entry
        }
        guard isNew else { return }
        for key in entries.keys where !present.contains(key) {
            guard var entry = entries[key] else { continue }
            entry.missed += 1
            if !entry.isRaised || entry.alert.isCertain || entry.missed >= AlertBook.samplesToFall {
                entries[key] = nil
            } else {
                entries[key] = entry
            }
        }
    }
}

/// The level of a value, by the thresholds of its metric.
package enum Level: Int, Comparable, Sendable {
    case fine, warning, critical
    package static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }
    /// The mark behind a value: `W`, `C`.
    package var mark: String { self == .fine ? "" : self == .warning ? " W" : " C" }

    package init(_ value: Double?, _ threshold: Metric.Threshold?) {
        guard let value, let threshold else {
            self = .fine
            return
        }
        self = value >= threshold.critical ? .critical : value >= threshold.warning ? .warning : .fine
    }
    /// The level of a share, by the thresholds of the metric of the part.
    package static func share(_ id: MetricID, _ part: Double?, _ whole: Double?) -> Level {
        guard let part, let whole, whole > 0 else { return .fine }
        return Level(part / whole, Metric[id].threshold)
    }
}

/// Gathers the conditions that are not as they should be.
private struct Conditions {
    var alerts: [Alert] = []
    mutating func add(_ key: String, _ level: Level, _ text: String, certain: Bool = false) {
        guard level != .fine else { return }
        alerts.append(Alert(key: key, isCritical: level == .critical, text: text, isCertain: certain))
    }
}

extension Model {
    /// All conditions of this sample that are not as they should be.
    package func conditions(_ totals: Totals) -> [Alert] {
        var found = Conditions()
        for process in totals.ordered {
            addLife(of: process, to: &found)
            if process.state(now).isRunning, process.own.freshness(now) == .fresh { addLoad(of: process, to: &found) }
        }
        addWhole(totals, to: &found)
        addStreams(totals, to: &found)
        if let end = totals.certificateEnd.map({ CertificateEnd($0, wall: wall) }), let text = end.alert {
            found.add("certificate", end.level, text, certain: true)
        }
        if let manager = totals.manager, manager.state(now).isRunning { addKept(manager, to: &found) }
        return found.alerts
    }

    /// Adds that a process is down, silent or full.
    private func addLife(of process: ProcessModel, to found: inout Conditions) {
        let name = process.id.short
        let condition = process.state(now).condition
        switch condition {
        case .told(.backoff), .told(.crashloop):
            found.add(name, .critical, "\(name) \(condition.word)" + afterExits(process), certain: true)
        case .told(.held):
            let exit = told.children[process.id]?.lastExit ?? "its last exit"
            found.add(name, .critical, "\(name) HELD: \(exit); U starts it when it is mended", certain: true)
        case .told(.suspect):
            let age = process.own.age(now).map { "no report for \(Format.span($0))" } ?? "no report"
            let limit = Format.span(server.policy.watchdog)
            found.add(
                name, .warning,
                "\(name) SUSPECT: \(age); aborted at \(limit) unless it reports (H holds the watchdog)", certain: true)
        case .overload:
            found.add(
                "\(name) overload", .warning,
                "\(name) OVERLOADED: full, or its loop is late again and again (5 says which)", certain: true)
        case .gone:
            found.add(
                name, .critical, "\(name) GONE: no report for over a minute and no supervisor", certain: true)
        case .told, .orphan, .left, .unknown: break
        }
    }
    /// How and how often it ended, when it is tried again, and the messages that wait for its clients.
    private func afterExits(_ process: ProcessModel) -> String {
        var text = ""
        if let exit = told.children[process.id]?.lastExit, !exit.isEmpty { text += ": \(exit)" }
        if let exits = process.child.value(.childExits60s), exits > 1 {
            text += ", \(Format.whole(exits)) exits in 60s"
        }
        if let retry = process.child.value(.childRetryIn), retry > 0 {
            text += ", retry in \(Format.span(retry / 1000))"
        }
        if let held = process.queue.value(.queueMessages), held > 0 {
            text += "; \(Format.grouped(held)) msgs held by mgr"
        }
        return text
    }
    /// Adds that a running process comes near a bound of its own.
    private func addLoad(of process: ProcessModel, to found: inout Conditions) {
        let name = process.id.short
        let lag = process.own.value(.loopLagMax)
        found.add(
            "\(name) lag", Level(lag, Metric[.loopLagMax].threshold),
            "\(name) event loop late by \(Format.milliseconds((lag ?? 0) / 1000))")
        let cpu = process.cpuShare
        found.add(
            "\(name) cpu", Level(cpu.map { $0 * 1e6 }, Metric[.cpuUser].threshold),
            "\(name) uses \(Format.percent(cpu ?? 0)) of a core: a process is one thread; add workers")
        let files = process.own.value(.fdsOpen), limit = process.own.value(.fdLimit)
        found.add(
            "\(name) fds", .share(.fdsOpen, files, limit),
            "\(name) has \(Format.grouped(files ?? 0)) of \(Format.grouped(limit ?? 0)) descriptors open")
        if process.own.count(process.id == .webhook ? .webhookLinked : .managerLinkUp) == 0 {
            found.add("\(name) link", .warning, "\(name) is not linked to the manager")
        }
        if let time = process.failing(now) {
            found.add(
                "\(name) failing", process.failingLevel,
                "the app takes no events for \(Format.span(time / 1000)): last answer \(process.webhookAnswer)")
        }
    }
    /// Adds that the whole comes near a bound, loses messages, or was not reloaded.
    private func addWhole(_ totals: Totals, to found: inout Conditions) {
        let connections = totals.connections.value, most = totals.connectionLimit
        found.add(
            "conns", .share(.connsOpen, connections, most),
            "connections at \(Format.percent((connections ?? 0) / max(1, most ?? 1))) of the limit")
        let waiting = queue.value(.queueMessages), room = queue.value(.queueLimitMessages)
        found.add(
            "queue", .share(.queueMessages, waiting, room),
            "queue at \(Format.percent((waiting ?? 0) / max(1, room ?? 1))) of its limit")
        let refused = totals.manager(.refusedFull, seconds: 1).value
        found.add(
            "refused", Level(refused, Metric[.refusedFull].threshold),
            "publishes refused, the queue is full: \(Format.rate(refused ?? 0))/s")
        if let wrong = totals.balance.wrong.first {
            found.add(
                "balance", .critical,
                "\(wrong.0.short) books don't balance by \(wrong.1): messages lost without a trace")
        }
        let files = supervisor.own.value(.fdsOpen), mostFiles = supervisor.own.value(.fdLimit)
        found.add(
            "supervisor fds", .share(.fdsOpen, files, mostFiles),
            "the supervisor has \(Format.grouped(files ?? 0)) of \(Format.grouped(mostFiles ?? 0)) descriptors open")
        if supervisor.own.count(.configOK) == 0 {
            found.add("config", .warning, "the last reload was refused; megacomet check says why", certain: true)
        }
    }
}

extension Model {
    /// Adds that WebSockets vanish without a word, or that event streams and WebSockets don't keep up.
    private func addStreams(_ totals: Totals, to found: inout Conditions) {
        let missed = totals.sumRate(.heartbeatsMissed, seconds: 10).value
        found.add(
            "heartbeats", totals.missedLevel,
            "heartbeats missed: \(Format.rate(missed ?? 0))/s WebSockets closed; a proxy or firewall on the way drops "
                + "idle ones: raise its timeout, or lower workers.heartbeat")
        let behind = totals.sum(.streamsBehind).value ?? 0, all = totals.stays.value ?? 0
        found.add(
            "behind", totals.behindLevel,
            "streams behind: \(Format.grouped(behind)) of \(Format.grouped(all)); more is sent than their lines take: "
                + "send less or use latest; is the network full?")
    }

    /// Adds that channels lose messages or fall behind, or that the journal does not keep what it should.
    private func addKept(_ manager: ProcessModel, to found: inout Conditions) {
        let own = manager.own
        let damaged = own.value(.journalDamaged) ?? 0
        found.add(
            "journal damaged", damaged > 0 ? .critical : .fine,
            "the journal has set \(Format.grouped(damaged)) damaged segments or files aside: messages are lost")
        let refused = own.rate(.journalRefused, seconds: 1)
        found.add(
            "journal refused", Level(refused, Metric[.journalRefused].threshold),
            "publishes refused, the journal is full: \(Format.rate(refused ?? 0))/s")
        if let error = manager.journalError { found.add("journal error", .critical, "the journal fails: \(error)") }
        let fanouts = own.value(.fanouts)
        found.add(
            "fanouts", Level(fanouts, Metric[.fanouts].threshold),
            "\(Format.grouped(fanouts ?? 0)) fan-outs under way: messages for many come faster than they go out")
        let dropped = own.rate(.channelDropped, seconds: 1)
        found.add(
            "channel drops", Level(dropped, Metric[.channelDropped].threshold),
            "channels drop messages, channels.max_messages is reached: \(Format.rate(dropped ?? 0))/s")
        if let wrong = manager.channelImbalance, wrong != 0 {
            found.add("channel balance", .critical, "the books of channels don't balance by \(wrong)")
        }
    }
}

extension ProcessModel {
    /// The share of one core that the process uses, 0 to 1, as the sum of user and system time.
    package var cpuShare: Double? {
        guard let user = own.rate(.cpuUser, seconds: 2), let system = own.rate(.cpuSystem, seconds: 2) else {
            return nil
        }
        return (user + system) / 1e6
    }
}
