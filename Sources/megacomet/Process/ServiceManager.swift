import Glibc
import Reactor

/// sd_notify(3) without a library: one datagram to the socket that the service manager named. `megacomet start` listens
/// in the same way.
///
/// systemd also keeps descriptors for us (its file descriptor store), and hands them to our next start as LISTEN_FDS.
/// So a port whose daemon is down when this supervisor dies still takes connections, and the manager's queue is kept.
final class ServiceManager {
    private let socket: String?
    /// States that it had no room for yet, oldest first. There are few: a state follows a command, or the end of one.
    private var waiting: [String] = []
    private var again: Timer?
    private static let secondsUntilAgain = 0.1
    /// The number of descriptors that it keeps (FDSTORE; systemd tells it since version 254). If there are more, it
    /// closes the rest. `nil` if it did not tell.
    private let room: Int?
    /// The time that it may take to read a datagram that must not be lost, and to obey it.
    private static let patienceMilliseconds: Int32 = 1000, barrierMilliseconds: Int32 = 5000
    /// The interval in which it wants to hear that we live, in seconds. `nil` if it does not want to.
    let watchdogSeconds: Double?
    /// Its variables, unchanged, for the program that this one may become.
    let environment: [String]

    /// Removes the variables from the environment, since they are not for the children.
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
    /// From now on, states that it had no room for are told later.
    func begin(_ loop: Loop) {
        again = Timer(loop) { [unowned self] in tellWaiting() }
        tellWaiting()
    }
    /// Tells a state, for which it waits: READY=1 and the like. If there is no room, it is told as soon as there is.
    func tell(_ words: String...) {
        waiting.append(words.joined(separator: "\n"))
        tellWaiting()
    }
    private func tellWaiting() {
        guard let socket else { return waiting = [] }
        while let text = waiting.first {
            guard UnixSockets.send(text, to: socket) || errno != EAGAIN else {
                again?.start(after: ServiceManager.secondsUntilAgain)
                return
            }
            waiting.removeFirst()
        }
    }
    /// Tells what the next one replaces: that we live, or a text to show. Without room it is left out.
    func mention(_ words: String) {
        guard let socket, waiting.isEmpty else { return }
        UnixSockets.send(words, to: socket)
    }
    func reloading() { tell("RELOADING=1", "MONOTONIC_USEC=\(Clock.monotonicNanoseconds / 1000)") }

    /// Hands over descriptors to be kept, each under its name. One that it has already stays. It drops none because of
    /// what poll(2) says (FDPOLL=0). `leaving` is how many places are left for others. The result is how many it did
    /// not take.
    func keep(_ descriptors: [(name: String, descriptor: Int32)], leaving: Int = 0) -> Int {
        guard let socket, room != 0 else { return 0 }
        for (index, kept) in descriptors.enumerated() {
            let hasRoom = index < (room ?? .max) - leaving
            let text = "FDSTORE=1\nFDPOLL=0\nFDNAME=\(kept.name)"
            guard hasRoom,
                UnixSockets.send(
                    text, to: socket, descriptors: [kept.descriptor], patience: ServiceManager.patienceMilliseconds)
            else {
                return descriptors.count - index
            }
        }
        return 0
    }
    /// Closes the descriptors that it keeps under these names.
    func forget(_ names: [String]) {
        guard let socket else { return }
        for name in names {
            UnixSockets.send(
                "FDSTOREREMOVE=1\nFDNAME=\(name)", to: socket, patience: ServiceManager.patienceMilliseconds)
        }
    }
    /// The same for listeners. It returns when that is done, since a port may be bound anew only then. The end of the
    /// pipe that is sent last shows that all was read (sd_notify_barrier(3)).
    func forgetListeners(_ names: [String]) {
        guard let socket, !names.isEmpty else { return }
        forget(names)
        guard let pipe = try? Processes.outputPipe() else { return }
        UnixSockets.send(
            "BARRIER=1", to: socket, descriptors: [pipe.write], patience: ServiceManager.patienceMilliseconds)
        Sockets.close(pipe.write)
        var end = pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0)
        _ = poll(&end, 1, ServiceManager.barrierMilliseconds)
        Sockets.close(pipe.read)
    }
}
