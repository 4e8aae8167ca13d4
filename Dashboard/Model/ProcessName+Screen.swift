package import Supervision

/// A process as the screens know it: `mgr`, `w0`.
extension ProcessName {
    /// As an operator types it: `W0`, `mgr`, `worker-0`.
    package init?(typed text: String) { self.init(text.lowercased()) }
    /// As in the stats channel: 0 the manager, n + 1 worker n.
    package init(subject: UInt16) { self = subject == 0 ? .manager : .worker(Int(subject) - 1) }

    package var short: String {
        switch self {
        case .manager: "mgr"
        case .worker(let number): "w\(number)"
        }
    }
}
