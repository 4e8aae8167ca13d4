import Base
import Comet

// What this machine says of itself in the shared log, once a second.
extension ManagerProcess {
    var summary: String {
        let counters = switchboard.counters
        var summary = NodeSummary()
        summary.version = Version.text
        summary.receivers = UInt64(switchboard.waitingCount)
        summary.clients = UInt64(switchboard.connectedHere)
        summary.workers = UInt64(switchboard.workerCount)
        summary.publishes = counters.publishes
        summary.handed = counters.handed
        summary.messages = UInt64(switchboard.kept.messages)
        summary.lag = cluster?.lag
        summary.latency = cluster?.latency
        return summary.text
    }
}
