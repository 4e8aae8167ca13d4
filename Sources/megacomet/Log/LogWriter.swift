import Base
import Glibc
import Reactor
import Stats
import Supervision

/// The log: the appliance's own lines and those of its children, with the time and the writer's name, on standard error
/// or in a file.
///
/// It never waits for a reader. If the terminal or the journal takes no more, the line is left out and counted.
final class LogWriter {
    enum Format: String { case text, json }
    private var descriptor: Int32 = 2
    private let format: Format
    private var path: String?
    /// The size at which the file becomes FILE.1. The FILE.1 before it is gone then.
    private static let mostBytes = 16 << 20
    /// systemd's journal takes priorities as `<N>`, and adds the time itself.
    private let isJournald = StandardError.isJournal
    private(set) var leftOut: UInt64 = 0

    init(format: String) { self.format = Format(rawValue: format) ?? .text }

    /// Writes into a file from now on. Another call opens it anew, after SIGUSR1, for tools that move logs away.
    func open(_ path: String) throws {
        let opened = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard opened >= 0 else { throw SystemError("open \(path)") }
        if descriptor != 2 { Sockets.close(descriptor) }
        descriptor = opened
        self.path = path
    }
    func reopen() {
        guard let path else { return }
        try? open(path)
    }

    func write(_ event: Event) {
        let who = event.name ?? "megacomet"
        let pid = event.pid ?? (event.name == nil ? Int(getpid()) : nil)
        line(event.severity, who, pid, event.kind + " " + event.text)
    }
    /// Writes a line of a child's output, unchanged.
    func forward(_ text: String, from who: String, pid: Int32) {
        // A daemon's own line begins with time, level and name already (see StandardErrorLog).
        let head = text.firstRange(of: "]: ").map { text[..<$0.lowerBound] } ?? ""
        if format == .json ? text.hasPrefix("{") : head.hasSuffix("\(who)[\(pid)") {
            put((isJournald && path == nil ? "<6>" : "") + text + "\n")
        } else {
            line(.info, who, Int(pid), text)
        }
    }

    private func line(_ severity: Severity, _ who: String, _ pid: Int?, _ text: String) {
        switch format {
        case .json:
            let pid = pid.map { ",\"pid\":\($0)" } ?? ""
            put(
                "{\"time\":\"\(UTC.text(Clock.wallMilliseconds))\",\"level\":\"\(severity.rawValue)\","
                    + "\"who\":\"\(who)\"\(pid),"
                    + "\"message\":\(jsonText(text))}\n"
            )
        case .text:
            let time = isJournald && path == nil ? "<\(severity.priority)>" : UTC.text(Clock.wallMilliseconds) + " "
            let mark = severity == .info ? "" : severity.rawValue.uppercased() + " "
            put("\(time)\(who)\(pid.map { "[\($0)]" } ?? ""): \(mark)\(text)\n")
        }
    }
    private func put(_ text: String) {
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&ready, 1, 0) == 1 else {
            leftOut += 1
            return
        }
        if !Files.writeAll(descriptor, text) { leftOut += 1 }
        if let path, lseek(descriptor, 0, SEEK_END) > LogWriter.mostBytes {
            rename(path, path + ".1")
            reopen()
        }
    }
}

extension Severity {
    /// The priority of syslog.
    var priority: Int {
        switch self {
        case .info: 6
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
