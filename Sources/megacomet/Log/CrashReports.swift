import Base
import Glibc
import Reactor
import Supervision

/// What is known of a copy that ended though nobody told it to.
struct CrashReport {
    var copy: CopyName
    var pid: Int32
    var boot: String
    var ending: Ending
    var usage: ProcessExit?
    var uptime: Milliseconds
    var wasHung: Bool
    /// Milliseconds since 1970.
    var time: Int64
    /// The last report on the stats channel, by metric; empty where none came.
    var lastReport: [(name: String, value: UInt64)] = []
    var lines: [(time: Int64, text: String)] = []

    /// `20261123T140228618-worker-5`: sorts by time.
    var id: String { WallClock.text(time).filter { $0.isNumber || $0 == "T" } + "-\(copy.name)" }
    private var kind: String {
        wasHung ? "hang" : ending.signal != nil ? "signal" : ending.code != nil ? "exit" : "unknown"
    }

    var json: String {
        var text =
            "{\"id\":\"\(id)\",\"time\":\(time),\"at\":\"\(WallClock.text(time))\",\"name\":\"\(copy.name)\","
            + "\"pid\":\(pid),\"boot\":\"\(boot)\""
        text +=
            ",\"generation\":\(copy.generation),\"kind\":\"\(kind)\",\"code\":\(ending.code.map(String.init) ?? "null")"
        text +=
            ",\"signal\":\(ending.signal.map(String.init) ?? "null"),\"core\":\(usage?.leftCore ?? false),"
            + "\"uptime\":\(uptime.asSeconds)"
        if let usage {
            text +=
                ",\"cpu_user_us\":\(usage.userMicroseconds),\"cpu_system_us\":\(usage.systemMicroseconds),"
                + "\"peak_bytes\":\(usage.peakBytes)"
        }
        text +=
            ",\"text\":\(jsonText(ending.text)),\"last_report\":{"
            + lastReport.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",")
        text +=
            "},\"lines\":[" + lines.map { "{\"time\":\($0.time),\"text\":\(jsonText($0.text))}" }.joined(separator: ",")
            + "]}"
        return text
    }
    var text: String {
        var text =
            "\(copy.name) generation \(copy.generation), pid \(pid): \(ending.text)"
            + "\(wasHung ? ", aborted because it hung" : "")"
        text += usage?.leftCore == true ? ", core left\n" : "\n"
        text += "at        \(WallClock.text(time)), after \(uptime.asSeconds) s\n"
        if let usage {
            text +=
                "used      \(Double(usage.userMicroseconds) / 1e6) s user, \(Double(usage.systemMicroseconds) / 1e6) s "
                + "system, peak \(usage.peakBytes >> 20) MiB\n"
        }
        if !boot.isEmpty { text += "boot      \(boot)\n" }
        if !lastReport.isEmpty {
            text += "\nlast report\n" + lastReport.map { "  \($0.name) \($0.value)\n" }.joined()
        }
        text +=
            "\nlast lines\n"
            + (lines.isEmpty ? "  none\n" : lines.map { "  \(WallClock.text($0.time)) \($0.text)\n" }.joined())
        return text
    }
}

/// The newest twenty reports, as `ID.txt` for people and `ID.json` for programs.
struct CrashFolder {
    static let kept = 20
    let path: String

    func save(_ report: CrashReport) throws {
        if mkdir(path, 0o750) != 0, errno != EEXIST { throw SystemError("mkdir \(path)") }
        try RunFolder.write("\(path)/\(report.id).json", report.json + "\n", mode: 0o640)
        try RunFolder.write("\(path)/\(report.id).txt", report.text, mode: 0o640)
        for id in ids().dropLast(CrashFolder.kept) {
            unlink("\(path)/\(id).json")
            unlink("\(path)/\(id).txt")
        }
    }
    /// The oldest first.
    func ids() -> [String] {
        RunFolder.names(in: path).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }
    func json(_ id: String) -> String? {
        guard ids().contains(id) else { return nil }
        return (try? RunFolder.read("\(path)/\(id).json")).map { String($0.drop { $0 == "\n" }.prefix { $0 != "\n" }) }
    }
}

extension Milliseconds {
    /// In seconds, with three digits.
    var asSeconds: Double { Double(self) / 1000 }
}
