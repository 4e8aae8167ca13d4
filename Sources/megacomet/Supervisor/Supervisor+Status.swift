import Base
import Glibc
import Reactor
import Stats
import Supervision

// The process table as JSON: for `megacomet status --json`, GET /status and the dashboard.
extension Supervisor {
    var statusJSON: String { "{" + statusMembers + "}" }
    var statusMembers: String {
        let now = Supervisor.now
        var text =
            "\"ready\":\(fleet.isAllReady && !fleet.isShuttingDown),"
            + "\"state\":\"\(fleet.isShuttingDown ? "stopping" : fleet.isAllReady ? "ready" : "not_ready")\""
        text +=
            ",\"pid\":\(getpid()),\"uptime\":\((now - startedAt).asSeconds),\"run_directory\":\(jsonText(folder.path))"
        text += ",\"rolling\":\(rollingJSON),\"events\":\(events.events.last?.number ?? 0)"
        return text + ",\"processes\":["
            + fleet.names.compactMap { fleet[$0].map { row($0, now) } }.joined(separator: ",") + "]"
    }

    private func row(_ slot: FleetSlot, _ now: Milliseconds) -> String {
        func optional(_ value: (some CustomStringConvertible)?) -> String { value.map { "\($0)" } ?? "null" }
        let copy = slot.main.map { CopyName(slot.name, $0.generation) }
        let report = copy.flatMap { lastReports[$0] }
        var text = "{\"name\":\"\(slot.name)\",\"state\":\"\(slot.state.rawValue)\",\"pid\":\(optional(slot.main?.pid))"
        text +=
            ",\"restarts\":\(max(0, slot.generation - 1)),"
            + "\"uptime\":\(optional(slot.main.map { (now - $0.startedAt).asSeconds }))"
        text +=
            ",\"connections\":\(optional(report?.connections)),\"last_exit\":\(exit(slot, now)),"
            + "\"desired\":\"\(slot.desired.rawValue)\""
        text +=
            ",\"generation\":\(slot.main?.generation ?? slot.generation),"
            + "\"boot\":\(jsonText(copy.flatMap { children[$0]?.boot } ?? ""))"
        text +=
            ",\"retry_in\":\(optional(slot.retryAt.map { max(0, $0 - now).asSeconds })),"
            + "\"crashloop\":\(slot.isCrashLooping)"
        text +=
            ",\"exits\":\(slot.exitsTotal),\"exits_60s\":\(slot.exits(since: now - 60_000)),"
            + "\"exits_24h\":\(slot.exits(since: now - 86_400_000))"
        text += ",\"hang_kills\":\(slot.hangKillsTotal),\"ready_in\":\(optional(slot.readyIn?.asSeconds))"
        text += ",\"report_age\":\(optional(report.map { (now - $0.at).asSeconds })),\"hold\":\(slot.isWatchdogHeld)"
        text += ",\"overloaded\":\(hub?.isOverloaded(slot.name, pid: slot.main?.pid) ?? false)"
        text += ",\"linked\":\(optional(slot.main?.isLinked)),\"deaf\":\(slot.main?.isDeaf ?? false)"
        text += ",\"adopted\":\(copy.flatMap { children[$0]?.isAdopted } ?? false)"
        let others = slot.copies.dropFirst(slot.main == nil ? 0 : 1).map {
            "{\"generation\":\($0.generation),\"pid\":\(optional($0.pid)),\"state\":\"\($0.state.rawValue)\","
                + "\"left\":\(optional($0.deadline.map { max(0, $0 - now).asSeconds }))}"
        }
        return text + ",\"beside\":[" + others.joined(separator: ",") + "]}"
    }
    private func exit(_ slot: FleetSlot, _ now: Milliseconds) -> String {
        guard let last = slot.lastExit else { return "null" }
        let kind =
            last.wasHung ? "hang" : last.ending.signal != nil ? "signal" : last.ending.code != nil ? "exit" : "unknown"
        return
            "{\"kind\":\"\(kind)\",\"code\":\(last.ending.code.map(String.init) ?? "null"),"
            + "\"signal\":\(last.ending.signal.map(String.init) ?? "null")"
            + ",\"ordered\":\(last.wasPlanned),\"uptime\":\(last.uptime.asSeconds),\"age\":\((now - last.at).asSeconds)"
            + ",\"text\":\(jsonText(last.ending.text))}"
    }
    var rollingJSON: String {
        guard let run = fleet.rolling else { return "null" }
        return "{\"by\":\(jsonText(run.by)),\"total\":\(run.total),\"done\":\(run.done.count),\"current\":"
            + (run.current.map { "\"\($0)\"" } ?? "null") + ",\"left\":["
            + run.left.map { "\"\($0)\"" }.joined(separator: ",") + "]}"
    }
}
