import Configuration
import Stats
import Supervision

/// The supervisor's interface for its hub.
protocol HubOwner: AnyObject {
    var facts: SupervisorFacts { get }
    /// The process table.
    var table: StatusAnswer { get }
    /// The ledger of losses, each second.
    func counted(_ losses: LossesAnswer)
    /// A daemon's report came.
    func reported(pid: Int32, boot: String, _ metrics: MetricValues)
    /// A daemon's own event came.
    func heard(_ event: Event, pid: Int32)
}

/// The facts of the supervisor's report that the hub does not know itself.
struct SupervisorFacts {
    var fleet: Fleet
    var configurationGeneration: Int
    var isConfigurationGood: Bool
    /// Requests at the operator's port.
    var operatorRequests: UInt64
    /// Connections that were turned away because their process was down, by process.
    var turnedAway: [ProcessName: UInt64]
    var listeners: Listeners
    var settings: Settings
}
