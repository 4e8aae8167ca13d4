import Stats
import Supervision

// The conditions that commands wait for.
extension StatusAnswer {
    /// The row of a process whose name an operator may write in any form. Without a name, all rows.
    func rows(_ name: String?) -> [Row] {
        guard let name else { return processes }
        let wanted = ProcessName(name)
        return processes.filter { $0.name == name || wanted != nil && ProcessName($0.name) == wanted }
    }
    /// The processes that are not ready, in a line.
    var notReady: String? {
        StatusAnswer.text(processes.filter { $0.state != .ready || $0.linked == false }) {
            $0.state == .ready ? "not linked to the manager" : $0.state.rawValue
        }
    }
    /// The processes that will not become ready by waiting. `nil` if there are none.
    static func hopeless(_ rows: [Row]) -> String? {
        text(rows.filter { $0.state == .held || $0.state == .crashloop }) {
            "\($0.state.rawValue): \($0.lastExit?.text ?? "")"
        }
    }
    private static func text(_ rows: [Row], _ what: (Row) -> String) -> String? {
        rows.isEmpty ? nil : rows.map { "\($0.name) is \(what($0))" }.joined(separator: ", ")
    }
}

extension StatusAnswer.Row {
    /// Nothing is under way with this process any more, and it is as it should be.
    var isSettled: Bool { state == .ready && linked != false && beside.isEmpty }
    var isReadyWorker: Bool { ProcessName(name)?.isWorker == true && state == .ready }
}
