import Stats
import Supervision

/// Gathers the conditions that are not as they should be.
struct Conditions {
    var found: [Condition] = []
    mutating func add(
        _ kind: AlertKind, _ level: Level, at place: String = "", certain: Bool = false, counter: Double? = nil,
        _ text: @autoclosure () -> String
    ) {
        guard level != .fine else { return }
        found.append(Condition(kind, level, at: place, text(), certain: certain, counter: counter))
    }
}

extension Model {
    /// The time over which rates of alerts are taken, in seconds: long enough not to flicker, and short enough for an
    /// alert within five seconds.
    static let alertSeconds = 3.0

    /// All conditions of this sample that are not as they should be.
    package func conditions(_ totals: Totals) -> [Condition] {
        var found = Conditions()
        for process in totals.ordered {
            addLife(of: process, to: &found)
            if process.state(now).isRunning, process.own.freshness(now) == .fresh { addLoad(of: process, to: &found) }
        }
        addClients(totals, to: &found)
        addDeliveries(totals, to: &found)
        if let manager = totals.manager, manager.state(now).isRunning {
            addWaiting(totals, to: &found)
            addApps(manager, totals, to: &found)
            addKept(manager, to: &found)
            addEngine(manager, to: &found)
        }
        addMachine(totals, to: &found)
        return found.found
    }

    /// Adds that a process is down, silent or full, or that it ended.
    private func addLife(of process: ProcessModel, to found: inout Conditions) {
        let name = process.id.short
        let condition = process.state(now).condition
        switch condition {
        case .told(.backoff), .told(.crashloop):
            found.add(.down, .critical, at: name, certain: true, "\(condition.word)" + afterExits(process))
        case .told(.held):
            let exit = told.children[process.id]?.lastExit ?? "its last exit"
            found.add(.held, .critical, at: name, certain: true, "\(exit); U starts it when it is mended")
        case .told(.suspect):
            let age = process.own.age(now).map { "no report for \(Format.span($0))" } ?? "no report"
            let why = told.children[process.id]?.diagnosis.map { "; \($0)" } ?? ""
            let limit = Format.span(server.policy.watchdog)
            let next =
                process.child.count(.childWatchdogHeld) == 1
                ? "the watchdog is held, nobody ends it" : "aborted at \(limit) unless it reports (H holds)"
            found.add(.suspect, .warning, at: name, certain: true, "\(age)\(why); \(next)")
        case .overload:
            found.add(.overload, .warning, at: name, certain: true, overloadText(process))
        case .gone:
            let why =
                (process.isGone ? "its pid \(process.pid) is no more" : "no report for over a minute")
                + ", and no supervisor answers"
            found.add(.gone, .critical, at: name, certain: true, why)
        case .told, .orphan, .left, .unknown: break
        }
        if let exits = process.child.value(.childExits60s), exits > 0, !(process.state(now).level == .critical) {
            let last = told.children[process.id]?.lastExit ?? ""
            let ready = process.child.value(.childReadyIn).map { ", back in \(Format.milliseconds($0))" } ?? ""
            let back = process.state(now).isReady ? ready : ""
            found.add(
                .exits, exits >= (Metric[.childExits60s].threshold?.critical ?? 5) ? .critical : .warning, at: name,
                certain: true,
                (last.isEmpty ? "" : last + back + "; ") + "\(Format.whole(exits)) in 60s, crash report on 4")
        }
    }
    private func overloadText(_ process: ProcessModel) -> String {
        if let open = process.own.value(.connsOpen), let most = process.own.value(.connLimit), most > 0, open >= most {
            return "all \(Format.grouped(most)) connections are taken: add workers, or raise workers.max_connections"
        }
        if let event = events.last(where: { $0.kind == "OVERLOADED" && $0.isOf(process.id) }) { return event.text }
        let lag = process.own.value(.loopLagMax).map { Format.milliseconds($0 / 1000) } ?? "?"
        return "its loop is late again and again, now by \(lag): it does too much for one core, add workers"
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
            text += "; \(Format.grouped(held)) messages wait for its clients"
        }
        return text
    }
    /// Adds that a running process comes near a bound of its own.
    private func addLoad(of process: ProcessModel, to found: inout Conditions) {
        let name = process.id.short
        let lag = process.own.value(.loopLagMax)
        found.add(
            .lag, Level(lag, Metric[.loopLagMax].threshold), at: name,
            "its event loop was late by \(Format.milliseconds((lag ?? 0) / 1000))")
        let cpu = process.cpuShare
        found.add(
            .cpu, Level(cpu.map { $0 * 1e6 }, Metric[.cpuUser].threshold), at: name,
            "\(Format.percent(cpu ?? 0)) of a core: a process is one thread; "
                + (process.id == .manager ? "publish less, or split the apps over two appliances" : "add workers"))
        let files = process.own.value(.fdsOpen), limit = process.own.value(.fdLimit)
        found.add(
            .fds, .share(.fdsOpen, files, limit), at: name,
            "\(Format.grouped(files ?? 0)) of \(Format.grouped(limit ?? 0)) are open: raise LimitNOFILE")
        if process.own.count(process.id == .webhook ? .webhookLinked : .managerLinkUp) == 0 {
            found.add(.link, .warning, at: name, "not linked to the manager: its clients get no message")
        }
        if let time = process.failing(now) {
            found.add(
                .webhook, process.failingLevel, at: name,
                "for \(Format.span(time / 1000)): last answer \(process.webhookAnswer)")
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
