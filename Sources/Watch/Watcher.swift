import Base
package import Stats
package import Supervision

/// Watches an appliance: it takes its reports and events, and keeps the alerts and the ledger of losses. The supervisor
/// has one. The clocks are handed in.
package struct Watcher: Sendable {
    package private(set) var model = Model()
    private var book = AlertBook()
    private var ledger = LossLedger()
    /// Conditions that happened once and are to be seen for `standingMilliseconds`, by the key of their alert.
    private var standing: [String: Standing] = [:]
    private var departure: Departure?
    /// The wall clock's distance from the monotonic one, in milliseconds.
    private var wallAhead: Int64?
    /// No departure is looked for before this time, in ms since 1970: the last one is still in the samples.
    private var quietUntil: UInt64 = 0

    private struct Standing {
        var condition: Condition
        var until: UInt64
    }
    /// Many clients left at about the same time.
    private struct Departure {
        var at: UInt64
        var before: Double
        var lowest: Double
    }
    private static let standingMilliseconds: UInt64 = 3_600_000
    private static let clockMilliseconds: UInt64 = 600_000
    private static let departureMilliseconds: UInt64 = 600_000
    /// Clients that leave within so many samples, a second each, leave together.
    private static let departureSamples = 10
    private static let quietMilliseconds: UInt64 = 12_000
    /// Fewer are no departure.
    private static let fewestLeavers = 20.0

    package init() {}
    /// `losses` is what an earlier supervisor counted, `policy` what it does with silent processes.
    package init(losses: LossesAnswer?, policy: Model.Server.Policy) {
        if let losses { ledger = LossLedger(losses) }
        model.server.policy = policy
    }

    package var alerts: [Alert] { book.raised }
    package var losses: LossesAnswer { ledger.losses }
    package mutating func set(_ policy: Model.Server.Policy) { model.server.policy = policy }
    package mutating func acknowledge(_ key: String?, by who: String) -> Int {
        for (name, _) in standing where key == nil || key == name { standing[name] = nil }
        return book.acknowledge(key, by: who)
    }

    // MARK: inputs

    package mutating func take(_ report: Report, wall: UInt64) {
        guard report.role.isDaemon else { return model.take(report) }
        let id: ProcessName =
            switch report.role {
            case .manager: .manager
            case .webhook: .webhook
            default: .worker(report.instance)
            }
        // Only numbers are kept of the time before: a copy of the process would have its histories copied as well.
        let bootBefore = model.processes[id]?.boot ?? 0
        let isNewManager = id == .manager && bootBefore != 0 && bootBefore != report.boot
        let queued = isNewManager ? model.queue : Series()
        // In a cluster the shared log has the messages, and the new manager may still read them.
        let isShared = isNewManager && model.processes[id]?.own.count(.engineUp) != nil
        model.take(report)
        // A generation that still drains is no news.
        guard model.processes[id]?.boot == report.boot else { return }
        if isNewManager, !isShared { noteDeath(queued, report, wall) }
        for (way, metric) in LossLedger.counters(id) {
            guard let value = report.values[metric] else { continue }
            ledger.note(way, id, metric, value, boot: report.boot, wall: wall)
        }
    }
    /// A new manager has reported. What the old one had in its last report, and the new one has not, is lost.
    private mutating func noteDeath(_ old: Series, _ report: Report, _ wall: UInt64) {
        let waited = old.count(.queueMessages) ?? 0
        let back = min(waited, max(report.values[.queueMessages] ?? 0, report.values[.journalReplayed] ?? 0))
        let lost = waited - back
        ledger.add(.died, lost, wall: wall, estimated: true)
        guard lost > 0 else { return }
        let bytes = old.value(.queueBytes).map { " (\(Format.bytes($0)))" } ?? ""
        let clients = old.value(.queueClients).map { " of \(Format.grouped($0)) clients" } ?? ""
        stand(
            .died, .critical, at: ProcessName.manager.short,
            "\(Format.grouped(Double(lost)))\(bytes)\(clients), by its last report; with queue.journal they would have "
                + "stayed", wall)
    }
    /// Kinds of events that ask for a look, until the order is given again and succeeds.
    private static let failures = ["ROLLING_FAILED": "rolling restart", "UPGRADE_FAILED": "upgrade"]
    /// Answers what it cost, in words. `nil` if it cost nothing.
    @discardableResult
    package mutating func take(_ event: Event, wall: UInt64) -> String? {
        model.take(event)
        if Watcher.failures[event.kind] != nil {
            let what = Watcher.failures[event.kind] ?? event.kind
            let place = event.process.map { " at \($0.short)" } ?? ""
            stand(.failed, .warning, at: "", "\(what)\(place): \(event.text)", wall)
        }
        if ["ROLLED", "UPGRADED"].contains(event.kind) { standing[AlertKind.failed.rawValue] = nil }
        return noteCut(event, wall)
    }
    /// The connections of a worker that ended without an order were cut. A copy that was to replace it had none.
    private mutating func noteCut(_ event: Event, _ wall: UInt64) -> String? {
        guard event.kind == "EXIT", event.severity >= .error, let id = event.process, id.isWorker,
            let process = model.processes[id], event.generation == Int(process.generation)
        else { return nil }
        let count = process.own.count(.connsOpen) ?? 0
        ledger.add(.cut, count, wall: wall, estimated: true)
        return count > 0 ? "\(Format.grouped(Double(count))) clients cut" : nil
    }
    /// The process table, which the supervisor has itself.
    package mutating func take(_ status: StatusAnswer) { model.take(status) }
    package mutating func diagnosed(_ id: ProcessName, _ diagnosis: String?) {
        model.told.children[id]?.diagnosis = diagnosis
    }
    private mutating func stand(_ kind: AlertKind, _ level: Level, at place: String, _ text: String, _ wall: UInt64) {
        let condition = Condition(kind, level, at: place, text, certain: true)
        standing[condition.key] = Standing(condition: condition, until: wall + Watcher.standingMilliseconds)
    }

    /// Called once a second. `now` is in ns of CLOCK_MONOTONIC, `wall` in ms since 1970. Answers what has changed.
    package mutating func tick(now: UInt64, wall: UInt64) -> [AlertBook.Change] {
        (model.now, model.wall) = (now, wall)
        ledger.beginDay(wall)
        noteClock(now, wall)
        let totals = model.totals
        let connections = totals.connections
        noteDeparture(connections, wall)
        standing = standing.filter { $0.value.until > wall }
        var conditions = model.conditions(totals) + standing.values.map(\.condition)
        if let departure, let left = connections.value {
            let lost = departure.before - departure.lowest
            let waiting = model.queue.value(.queueMessages) ?? 0
            conditions.append(
                Condition(
                    .left, lost >= departure.before / 2 ? .critical : .warning,
                    "\(Format.grouped(lost)) of \(Format.grouped(departure.before)) at \(UTC.clock(departure.at)), "
                        + "\(Format.grouped(max(0, left - departure.lowest))) are back; "
                        + "\(Format.grouped(waiting)) messages wait: network, proxy, or the page?", certain: true))
        }
        return book.note(conditions, sample: now / 1_000_000_000, wall: wall)
    }

    // MARK: what changes over time

    private mutating func noteClock(_ now: UInt64, _ wall: UInt64) {
        let ahead = Int64(wall) - Int64(now / 1_000_000)
        defer { wallAhead = ahead }
        guard let before = wallAhead, abs(ahead - before) >= 1000 else { return }
        let step = Double(ahead - before) / 1000
        let condition = Condition(
            .clock, .warning,
            "\(step > 0 ? "forward" : "back") by \(Format.span(abs(step))): times of events and tokens are off by it",
            certain: true)
        standing[condition.key] = Standing(condition: condition, until: wall + Watcher.clockMilliseconds)
    }
    private mutating func noteDeparture(_ connections: Quantity, _ wall: UInt64) {
        guard connections.freshness == .fresh, let present = connections.value else { return }
        if var known = departure {
            known.lowest = min(known.lowest, present)
            let areHalfBack = present - known.lowest >= (known.before - known.lowest) / 2
            guard areHalfBack || wall > known.at + Watcher.departureMilliseconds else {
                departure = known
                return
            }
            departure = nil
            quietUntil = wall + Watcher.quietMilliseconds
        }
        guard wall >= quietUntil, let gone = leavers, gone >= max(Watcher.fewestLeavers, (present + gone) / 5) else {
            return
        }
        departure = Departure(at: wall, before: present + gone, lowest: present)
    }
    /// By how many connections the workers together had more within their last samples than now. Only workers count
    /// that run on: a worker that ends or drains loses its clients in another way.
    private var leavers: Double? {
        let staying = model.workers.filter {
            let condition = $0.state(model.now).condition
            return condition == .told(.ready) || condition == .overload
        }
        let samples = staying.map { $0.own.samples.suffix(Watcher.departureSamples).map { $0.values[.connsOpen] ?? 0 } }
        let shortest = samples.map(\.count).min() ?? 0
        guard shortest > 1 else { return nil }
        let sums = (1...shortest).map { back in samples.reduce(0) { $0 + Double($1[$1.count - back]) } }
        return (sums.max() ?? 0) - sums[0]
    }
}
