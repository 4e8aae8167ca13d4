import Configuration
import ConfigurationFile
import Glibc
import Reactor
import Supervision

/// The programs that are started, and their environment.
enum Programs {
    /// The folder of the daemons. It is this program's own, or the one that MEGACOMET_PROGRAMS names (to try a build
    /// beside the installed one).
    private static let folder = Environment["MEGACOMET_PROGRAMS"] ?? Files.ownFolder
    /// The environment of daemons. They get their settings as arguments, and a variable may have a key in it.
    static let environmentOfDaemons = environment.filter {
        !EnvironmentSettings.isOurs(String($0.prefix { $0 != "=" }))
    }
    /// The environment of the next supervisor, and of a program that checks for it: the one that this one has, without
    /// the variables that the service manager meant for it alone. Swift's backtrace shows the memory that registers
    /// point to, which may be a client's message or token; it leaves that out, unless the operator wants it.
    static let environment: [String] = Dictionary(Environment.all.map { ($0.name, $0.value) }) { first, _ in first }
        .filter {
            ![
                "NOTIFY_SOCKET", "FDSTORE", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID",
                "LISTEN_FDNAMES", "MEGACOMET_LIFELINE", Listeners.inheritance,
                JournalMemory.inheritance, WorkersTLS.inheritance,
            ].contains($0.key)
        }
        .merging(["SWIFT_BACKTRACE": "registers=none"]) { given, ours in
            given.contains("registers=") ? given : given.isEmpty ? ours : "\(given),\(ours)"
        }
        .map { "\($0.key)=\($0.value)" }.sorted()

    static func path(_ name: ProcessName) -> String { "\(folder)/\(name.program)" }

    /// Checks that the programs of these processes are there and may be run.
    static func check(_ names: [ProcessName]) throws(StartFailure) {
        for name in names.prefix(while: { $0 <= .worker(0) }) {
            let path = path(name)
            guard access(path, F_OK) == 0 else {
                throw StartFailure(StartFailure.unavailable, "a program is missing: \(path)")
            }
            guard access(path, X_OK) == 0 else { throw StartFailure(StartFailure.denied, "may not be run: \(path)") }
        }
    }
}

extension ProcessName {
    private var role: DaemonArguments.Role {
        switch self {
        case .manager: .manager
        case .webhook: .webhook
        case .worker: .worker
        }
    }
    /// The name of its program.
    var program: String { role.rawValue }

    /// The process that runs a program. `number` is the worker's.
    init?(program: some StringProtocol, number: String?) {
        switch DaemonArguments.Role(rawValue: String(program)) {
        case .manager: self = .manager
        case .webhook: self = .webhook
        case .worker: self.init("worker-\(number ?? "")")
        case nil: return nil
        }
    }
}
