import Stats
import Supervision

// What a command waits for.
extension StatusAnswer {
    /// The row of a name, as an operator may write it; all of them without one.
    func rows(_ name: String?) -> [Row] {
        guard let name else { return processes }
        let wanted = ProcessName(name)
        return processes.filter { $0.name == name || wanted != nil && ProcessName($0.name) == wanted }
    }
    /// What is not ready, in a line.
    var notReady: String? {
        StatusAnswer.text(processes.filter { $0.state != .ready || $0.linked == false }) {
            $0.state == .ready ? "not linked to the manager" : $0.state.rawValue
        }
    }
    /// What will not become ready by waiting; nil where nothing is so.
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
    /// Nothing is under way with it any more, and it is as it should be.
    var isSettled: Bool { state == .ready && linked != false && beside.isEmpty }
    var isReadyWorker: Bool { name != "\(ProcessName.manager)" && state == .ready }
}
