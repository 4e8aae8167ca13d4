import Glibc
import Reactor

/// sd_notify(3) without a library: one datagram to the socket that the service manager named. `megacomet start` listens
/// in the same way.
///
/// It also keeps descriptors for us (systemd's file descriptor store), and hands them to our next start as LISTEN_FDS:
/// a port whose daemon is down when this supervisor dies goes on taking connections.
struct ServiceManager {
    private let socket: String?
    /// How many descriptors it keeps: FDSTORE, which systemd says since its version 254. Nil: it did not say, and what
    /// is too many for it it closes.
    private let room: Int?
    /// How long it may take to read a datagram that must not be lost, and to do what it said.
    private static let patienceMilliseconds: Int32 = 1000, barrierMilliseconds: Int32 = 5000
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
        room = take("FDSTORE").flatMap { Int($0) }
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

    /// Hands over listeners to be kept, each under its name; one that it has already stays as it is. How many it did
    /// not take.
    func keep(_ listeners: [(name: String, descriptor: Int32)]) -> Int {
        guard let socket, room != 0 else { return 0 }
        for (index, listener) in listeners.enumerated() {
            let hasRoom = index < room ?? .max
            let text = "FDSTORE=1\nFDNAME=\(listener.name)"
            guard hasRoom,
                UnixSockets.send(
                    text, to: socket, descriptors: [listener.descriptor], patience: ServiceManager.patienceMilliseconds)
            else {
                return listeners.count - index
            }
        }
        return 0
    }
    /// Closes what it keeps under these names. Returns when that is done, since a port may be bound anew only then: it
    /// has read so far when it has closed the pipe that comes last (sd_notify_barrier(3)).
    func forget(_ names: [String]) {
        guard let socket, !names.isEmpty else { return }
        for name in names {
            UnixSockets.send(
                "FDSTOREREMOVE=1\nFDNAME=\(name)", to: socket, patience: ServiceManager.patienceMilliseconds)
        }
        guard let pipe = try? Processes.outputPipe() else { return }
        UnixSockets.send(
            "BARRIER=1", to: socket, descriptors: [pipe.write], patience: ServiceManager.patienceMilliseconds)
        Sockets.close(pipe.write)
        var end = pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0)
        _ = poll(&end, 1, ServiceManager.barrierMilliseconds)
        Sockets.close(pipe.read)
    }
}
