import ControlLines
import Reactor
import Supervision

/// RUNDIR/children: the processes that the next supervisor must find if this one dies, and the operator's wishes. There
/// is a line of JSON for each living copy, and one for each process without a copy.
final class ChildrenFile {
    struct Record: Codable {
        var name: String
        /// 0 if it has no process. The line then has the wish alone.
        var pid: Int32
        /// In clock ticks since the machine started. If the pid was given to another process, this differs.
        var start: UInt64
        var generation: Int
        var desired: Desired
    }

    private let path: String
    /// Copies came or went since the file was written.
    private var isOld = false
    private var savedWishes: [Bool] = []
    /// Why the last writing failed.
    private(set) var failure: String?

    init(path: String) { self.path = path }

    /// The records that an earlier supervisor left.
    var records: [Record] {
        let lines = ((try? Files.text(path)) ?? "").split(separator: "\n")
        return lines.compactMap { try? Record(json: $0) }
    }
    /// A copy came or went: the next `save` writes.
    func changed() { isOld = true }

    /// Writes the changes. The result is a failure to report. `nil` if there was none, or if it is the one of last
    /// time.
    func save(_ fleet: Fleet, _ children: Children) -> String? {
        let wishes = fleet.names.map { fleet[$0]?.desired == .down }
        guard isOld || wishes != savedWishes else { return nil }
        isOld = false
        savedWishes = wishes
        let records = fleet.names.flatMap { ChildrenFile.records($0, fleet, children) }
        do {
            try Files.write(path, records.map { JSONLine.text($0) + "\n" }.joined(), mode: 0o640)
            failure = nil
            return nil
        } catch {
            isOld = true  // the next beat writes it
            defer { failure = "\(error)" }
            return failure == "\(error)" ? nil : "\(error)"
        }
    }
    private static func records(_ name: ProcessName, _ fleet: Fleet, _ children: Children) -> [Record] {
        guard let slot = fleet[name] else { return [] }
        func record(_ pid: Int32, _ generation: Int) -> Record {
            let start = pid > 0 ? ProcessTable.startTime(pid) ?? 0 : 0
            return Record(name: "\(name)", pid: pid, start: start, generation: generation, desired: slot.desired)
        }
        let living = slot.copies.compactMap { children[CopyName(name, $0.generation)] }
        return living.isEmpty ? [record(0, slot.generation)] : living.map { record($0.pid, $0.copy.generation) }
    }
}
