import Base
import Reactor
import Supervision
import Wire

/// The lines that the processes write. Each line goes to the log, and the last 200 of each process are kept, over its
/// copies. So an operator can see what it said before it died.
final class OutputLog {
    private static let kept = 200
    private let log: LogWriter
    private var lines: [ProcessName: [OutputLine]] = [:]

    init(_ log: LogWriter) { self.log = log }

    func add(_ text: String, of name: ProcessName, pid: Int32) {
        keep(OutputLine(time: Clock.wallMilliseconds, pid: pid, text: text), of: name)
        log.forward(text, from: "\(name)", pid: pid)
    }
    /// Takes up a line that an earlier supervisor has kept.
    func takeUp(_ line: OutputLine, of name: ProcessName) {
        var line = line
        line.text = plainText(line.text, most: Limits.outputLineBytes)
        keep(line, of: name)
    }
    private func keep(_ line: OutputLine, of name: ProcessName) {
        lines[name, default: []].append(line)
        if let count = lines[name]?.count, count > OutputLog.kept + 50 {
            lines[name]?.removeFirst(count - OutputLog.kept)
        }
    }

    func newest(_ name: ProcessName) -> ArraySlice<OutputLine> { (lines[name] ?? []).suffix(OutputLog.kept) }
    /// The newest lines of each process, for the program that this one becomes. Each process has the same room.
    func newest(bytes: Int) -> [(name: ProcessName, line: OutputLine)] {
        lines.keys.flatMap { name in
            var room = bytes / lines.count
            let fitting = newest(name).reversed().prefix { line in
                room -= line.text.utf8.count
                return room >= 0
            }
            return fitting.reversed().map { (name, $0) }
        }
    }
}
