/// A process of the appliance: `mgr`, `w0` on the screens, `manager`, `worker-0` in commands and files.
package enum ProcessID: Hashable, Comparable, Sendable {
    case manager
    case worker(Int)

    /// As an operator may write it: either form.
    package init?(_ text: String) {
        let text = text.lowercased()
        if text == "mgr" || text == "manager" {
            self = .manager
            return
        }
        let digits = text.hasPrefix("worker-") ? text.dropFirst(7) : text.hasPrefix("w") ? text.dropFirst(1) : ""
        guard !digits.isEmpty, digits.allSatisfy(\.isASCII), let number = Int(digits), (0..<1000).contains(number) else { return nil }
        self = .worker(number)
    }
    /// As in the stats channel: 0 the manager, n + 1 worker n.
    package init(subject: UInt16) { self = subject == 0 ? .manager : .worker(Int(subject) - 1) }

    package var short: String {
        switch self {
        case .manager: "mgr"
        case .worker(let number): "w\(number)"
        }
    }
    package var long: String {
        switch self {
        case .manager: "manager"
        case .worker(let number): "worker-\(number)"
        }
    }
    private var order: Int {
        switch self {
        case .manager: -1
        case .worker(let number): number
        }
    }
    package static func < (one: ProcessID, other: ProcessID) -> Bool { one.order < other.order }
}
