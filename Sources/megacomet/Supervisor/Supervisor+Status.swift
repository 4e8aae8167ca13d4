import Base
import Configuration
import Glibc
import Stats
import Supervision
import Wire

// The process table, for `megacomet status`, GET /status and the dashboard.
extension Supervisor {
    var status: StatusAnswer {
        var answer = table
        answer.alerts = hub?.watchman.alerts
        answer.verdict = answer.alerts.map { Verdict($0) }
        answer.losses = hub?.watchman.losses
        return answer
    }
    /// The processes alone.
    var table: StatusAnswer {
        let now = Supervisor.now
        var answer = StatusAnswer(
            fleet, pid: getpid(), uptime: (now - startedAt).asSeconds, runDirectory: folder.path,
            events: events.newestNumber, processes: fleet.names.compactMap { row($0, now) })
        answer.certificate = tls.status
        answer.lastRolling = fleet.lastRolling.map { RollingAnswer.Last($0, wallAhead: wallAhead) }
        return answer
    }
    private func row(_ name: ProcessName, _ now: Milliseconds) -> StatusAnswer.Row? {
        guard let slot = fleet[name] else { return nil }
        var row = StatusAnswer.Row(slot, now: now)
        row.overloaded = hub?.isOverloaded(name, pid: slot.main?.pid) ?? false
        guard let copy = slot.main.map({ CopyName(name, $0.generation) }) else { return row }
        let child = children[copy]
        row.boot = child?.boot ?? ""
        row.adopted = child?.isAdopted ?? false
        if slot.state == .suspect, let pid = slot.main?.pid { row.diagnosis = ProcessTable.pulse(pid).diagnosis }
        row.connections = child?.lastReport?.connections
        row.reportAge = child?.lastReport.map { (now - $0.at).asSeconds }
        return row
    }
}

extension Supervisor: OperatorPages {
    var hosts: [String] { settings.operator.hosts }
    var metricsText: String {
        hub?.metricsText(fleet.names, node: settings.cluster.isOn ? settings.cluster.name : nil) ?? ""
    }
    var problems: [String] { fleet.problems }
    var alerts: [Alert] { hub?.watchman.alerts ?? [] }
}

extension Supervisor: HubOwner {
    var facts: SupervisorFacts {
        SupervisorFacts(
            fleet: fleet, configurationGeneration: configurationGeneration, isConfigurationGood: isConfigurationGood,
            operatorRequests: operatorPort?.requests ?? 0, turnedAway: standIn.turnedAway, listeners: listeners,
            settings: settings)
    }
    func counted(_ losses: LossesAnswer) { history.remember(losses, now: Supervisor.now) }
    func reported(pid: Int32, boot: String, _ metrics: MetricValues) {
        guard let child = children[pid: pid] else { return }
        if !hearsReports { hearReports() }
        child.boot = boot
        child.lastReport = LastReport(at: Supervisor.now, metrics: metrics)
        // Most reports change nothing, and the next beat comes anyway.
        let isManager = child.copy.name == .manager
        let isLinked = isManager ? nil : metrics[.managerLinkUp].map { $0 != 0 }
        // A manager of release 1 does not report the link's version.
        let takesWorkers = isManager ? metrics[.linkVersion] ?? 1 >= Int(LinkVersion.two.rawValue) : nil
        let actions = fleet.reported(
            child.copy, isLinked: isLinked, takesWorkers: takesWorkers, now: Supervisor.now)
        if !actions.isEmpty { perform(actions) }
    }
    func heard(_ event: Event, pid: Int32) {
        guard let child = children[pid: pid] else { return }
        events.heard(
            Event(
                time: 0, severity: event.severity, name: child.copy.name.description, kind: event.kind,
                text: event.text,
                pid: Int(pid), generation: child.copy.generation))
    }
}
