package import Stats
package import Supervision

/// The names of processes on the screens: `mgr`, `hook`, `w0`.
extension ProcessName {
    /// Takes the forms that an operator types: `W0`, `mgr`, `worker-0`.
    package init?(typed text: String) { self.init(text.lowercased()) }

    /// The counter of all that a process of this kind hands over: the manager to workers, a worker to clients, the
    /// webhook to the app.
    package var delivered: MetricID {
        switch self {
        case .manager: .handed
        case .webhook: .webhookEvents
        case .worker: .delivered
        }
    }
    package var kind: String {
        switch self {
        case .manager: "manager"
        case .webhook: "webhook"
        case .worker: "worker"
        }
    }
    package var short: String {
        switch self {
        case .manager: "mgr"
        case .webhook: "hook"
        case .worker(let number): "w\(number)"
        }
    }
}
