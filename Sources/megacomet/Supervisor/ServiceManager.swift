import Glibc
import Reactor

/// sd_notify(3) without a library: one datagram to the socket that the service manager named. `megacomet start` listens in the same way.
struct ServiceManager {
    private let socket: String?
    /// How often it wants to hear that we live, in seconds; nil: it does not.
    let watchdogSeconds: Double?
    /// Its variables as they were, for the program that this one may become.
    let environment: [String]

    /// Takes the variables out of the environment: they are not for the children.
    init() {
        var taken: [String] = []
        func take(_ name: String) -> String? {
            guard let value = getenv(name).map({ String(cString: $0) }) else { return nil }
            unsetenv(name)
            taken.append("\(name)=\(value)")
            return value
        }
        socket = take("NOTIFY_SOCKET")
        let isForUs = take("WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
        let interval = take("WATCHDOG_USEC").flatMap { Double($0) }
        watchdogSeconds = isForUs && socket != nil ? interval.map { $0 / 2_000_000 } : nil
        environment = taken
    }
    func tell(_ words: String...) {
        guard let socket else { return }
        UnixSockets.send(words.joined(separator: "\n"), to: socket)
    }
    func reloading() { tell("RELOADING=1", "MONOTONIC_USEC=\(Clock.monotonicNanoseconds / 1000)") }
}
