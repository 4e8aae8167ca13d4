import Stats
import Supervision

/// The supervisor, as its hub sees it.
protocol HubOwner: AnyObject {
    var facts: SupervisorFacts { get }
    /// A daemon's report came.
    func reported(pid: Int32, boot: String, _ metrics: MetricValues)
    /// A daemon's own event came.
    func heard(_ event: Event, pid: Int32)
}

/// What the supervisor's own report says beyond what the hub knows itself.
struct SupervisorFacts {
    var fleet: Fleet
    var configurationGeneration: Int
    var isConfigurationGood: Bool
    /// Requests at the operator's port.
    var operatorRequests: UInt64
    /// Connections by the process that they were for, which was down.
    var turnedAway: [ProcessName: UInt64]
    var listeners: Listeners
}
