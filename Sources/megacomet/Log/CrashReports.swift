import Base
import ControlLines
import Glibc
import Reactor
import Supervision

extension CrashReport {
    init(
        _ copy: CopyName, pid: Int32, boot: String, _ ending: Ending, wasHung: Bool, _ usage: ProcessExit?,
        uptime: Milliseconds, lastReport: [(name: String, value: UInt64)], lines: [OutputLine]
    ) {
        let time = Int64(Clock.wallMilliseconds)
        let at = UTC.text(time)
        self.init(
            id: at.filter { $0.isNumber || $0 == "T" } + "-\(copy.name)", time: UInt64(time), at: at, copy: copy,
            pid: pid, boot: boot, ending: ending, wasHung: wasHung, core: usage?.leftCore ?? false, uptime: uptime,
            lastReport: NamedValues(lastReport), lines: lines.map { Line(time: $0.time, text: $0.text) })
        userMicroseconds = usage?.userMicroseconds
        systemMicroseconds = usage?.systemMicroseconds
        peakBytes = usage?.peakBytes
    }

    /// The text for people, as in the file `ID.txt`.
    var page: String {
        var page = "\(name) generation \(generation), pid \(pid): \(text)"
        page += "\(kind == .hang ? ", aborted because it hung" : "")\(core ? ", core left" : "")\n"
        page += "at        \(at), after \(uptime) s\n"
        if let userMicroseconds, let systemMicroseconds, let peakBytes {
            page += "used      \(Double(userMicroseconds) / 1e6) s user, \(Double(systemMicroseconds) / 1e6) s system, "
            page += "peak \(peakBytes >> 20) MiB\n"
        }
        if !boot.isEmpty { page += "boot      \(boot)\n" }
        if !lastReport.list.isEmpty {
            page += "\nlast report\n" + lastReport.list.map { "  \($0.name) \($0.value)\n" }.joined()
        }
        let words = lines.map { "  \(UTC.text(Int64(clamping: $0.time))) \($0.text)\n" }.joined()
        return page + "\nlast lines\n" + (words.isEmpty ? "  none\n" : words)
    }
}

/// The newest twenty reports, as `ID.txt` for people and `ID.json` for programs.
struct CrashFolder {
    static let kept = 20
    let path: String

    func save(_ report: CrashReport) throws {
        if mkdir(path, 0o750) != 0, errno != EEXIST { throw SystemError("mkdir \(path)") }
        try Files.write("\(path)/\(report.id).json", JSONLine.text(report) + "\n", mode: 0o640)
        try Files.write("\(path)/\(report.id).txt", report.page, mode: 0o640)
        for id in ids().dropLast(CrashFolder.kept) {
            unlink("\(path)/\(id).json")
            unlink("\(path)/\(id).txt")
        }
    }
    /// The ids, the oldest first.
    func ids() -> [String] {
        Files.names(in: path).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }
    func report(_ id: String) -> CrashReport? {
        guard ids().contains(id), let text = try? Files.text("\(path)/\(id).json") else { return nil }
        return try? CrashReport(json: text)
    }
}
