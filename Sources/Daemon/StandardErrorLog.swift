import Base
import Configuration
import Glibc
package import Logging
import Reactor
import Stats

/// Writes swift-log's messages to standard error: a line of text for people, or a JSON object for machines. Under
/// systemd's journal each text line begins with its priority. A line is written with one call, so that lines of several
/// processes do not mix.
package struct StandardErrorLog: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    /// The process's name: "worker-3".
    private let name: String
    private let boot: String
    private let isJSON: Bool
    private let isJournal: Bool
    /// The supervisor reads these lines and forwards them, with the time and the process's name.
    private let isForwarded = getenv("MEGACOMET_LIFELINE") != nil

    package init(name: String, boot: UInt64, level: String, format: String) {
        self.name = name
        self.boot = hex(boot, digits: 16)
        logLevel = Logger.Level(rawValue: level) ?? .info
        isJSON = format == "json"
        isJournal = StandardError.isJournal
    }

    static func make(_ arguments: DaemonArguments, boot: UInt64) -> Logger {
        let log = arguments.settings.log
        let handler = StandardErrorLog(name: arguments.name, boot: boot, level: log.level, format: log.format)
        return Logger(label: arguments.name) { _ in handler }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = Buffer()
        let time = UTC.text(Clock.wallMilliseconds)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        if isJSON {
            line.append(string: "{\"time\":\"\(time)\",\"level\":\"\(event.level)\",\"name\":")
            line.append(jsonString: name)
            line.append(string: ",\"pid\":\(getpid()),\"boot\":\"\(boot)\",\"message\":")
            line.append(jsonString: event.message.description)
            for (key, value) in all {
                line.append(",")
                line.append(jsonString: key)
                line.append(":")
                line.append(jsonString: value.description)
            }
            line.append("}\n")
        } else {
            if isForwarded {
                if event.level != .info { line.append(string: "\(event.level): ") }
            } else {
                if isJournal { line.append(string: "<\(event.level.priority)>") }
                line.append(string: "\(time) \(event.level) \(name)[\(getpid())]: ")
            }
            // A newline in a message, such as in a request's path, would let it forge another line.
            line.append(string: plainText(event.message.description + all.map { " \($0.key)=\($0.value)" }.joined()))
            line.append("\n")
        }
        _ = Glibc.write(STDERR_FILENO, line.bytes.baseAddress, line.count)
    }
}

extension Logger.Level {
    /// The priorities of syslog(3).
    fileprivate var priority: Int {
        switch self {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }
}
