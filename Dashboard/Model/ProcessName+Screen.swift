package import Supervision

/// The names of processes on the screens: `mgr`, `w0`.
extension ProcessName {
    /// Takes the forms that an operator types: `W0`, `mgr`, `worker-0`.
    package init?(typed text: String) { self.init(text.lowercased()) }
    /// The process of a subject in the stats channel: 0 is the manager, n + 1 is worker n.
    package init(subject: UInt16) { self = subject == 0 ? .manager : .worker(Int(subject) - 1) }

    package var short: String {
        switch self {
        case .manager: "mgr"
        case .worker(let number): "w\(number)"
        }
    }
}
