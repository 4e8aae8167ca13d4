import Configuration
import Glibc
import Reactor
import Supervision

/// Why the program ends before it serves: one line, and a code of sysexits.h.
struct StartFailure: Error, CustomStringConvertible {
    let code: Int32
    let description: String
    init(_ code: Int32, _ description: String) {
        self.code = code
        self.description = description
    }
    static let unavailable: Int32 = 69, cannotCreate: Int32 = 73, temporary: Int32 = 75, denied: Int32 = 77, configuration: Int32 = 78
}

/// Every TCP port of the appliance, held by the supervisor: while a process is replaced, connections wait in the kernel and none is
/// refused. They come from systemd, from a daemon that outlived its supervisor, or are bound here.
struct Listeners {
    struct Listener {
        /// As in LISTEN_FDNAMES.
        let name: String
        let endpoint: Endpoint
        let setting: String
    }
    private var held: [ProcessName: [Int32]] = [:]

    static func wanted(_ name: ProcessName, _ settings: Settings) -> [Listener] {
        switch name {
        case .manager:
            [
                Listener(name: "workers", endpoint: Endpoint(settings.manager.address, UInt16(settings.manager.port)), setting: "manager.port"),
                Listener(name: "app", endpoint: Endpoint(settings.app.address, UInt16(settings.app.port)), setting: "app.port"),
            ]
        case .worker(let number):
            [
                Listener(
                    name: "clients", endpoint: Endpoint(settings.workers.address, UInt16(settings.workers.basePort + number)),
                    setting: "workers.base_port + \(number)")
            ]
        }
    }

    /// For a child to inherit, with their names.
    func inherited(_ name: ProcessName, _ settings: Settings) -> [(name: String, descriptor: Int32)] {
        zip(Listeners.wanted(name, settings), held[name] ?? []).map { ($0.name, $1) }
    }
    /// Those held for a process.
    func descriptors(_ name: ProcessName) -> [Int32] { held[name] ?? [] }

    /// Takes what an adopted daemon hands over; what is not wanted, or held already, is closed.
    mutating func take(_ descriptors: [Int32], for name: ProcessName, _ settings: Settings) {
        let wanted = Listeners.wanted(name, settings).map(\.endpoint.port)
        let fits = descriptors.count == wanted.count && descriptors.compactMap { Sockets.localEndpoint($0)?.port } == wanted
        if fits, held[name] == nil { held[name] = descriptors } else { descriptors.forEach(Sockets.close) }
    }
    /// Those that systemd holds for us (LISTEN_FDS) or that this process had before an upgrade, each known by its port. Returns the ports that
    /// nobody here wants.
    mutating func takeInherited(_ names: [ProcessName], _ settings: Settings) -> [UInt16] {
        defer { for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", Supervisor.inheritance] { unsetenv(name) } }
        func number(_ name: String) -> Int32? { getenv(name).flatMap { Int32(String(cString: $0)) } }
        var inherited: [Int32] = []
        if number("LISTEN_PID") == getpid(), let count = number("LISTEN_FDS"), count > 0 { inherited = Array(3..<(3 + count)) }
        if let own = getenv(Supervisor.inheritance) { inherited += String(cString: own).split(separator: ",").compactMap { Int32($0) } }
        var byPort: [UInt16: Int32] = [:]
        for descriptor in inherited {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            if let port = Sockets.localEndpoint(descriptor)?.port { byPort[port] = descriptor }
        }
        for name in names where held[name] == nil {
            let ports = Listeners.wanted(name, settings).map(\.endpoint.port)
            let found = ports.compactMap { byPort[$0] }
            guard found.count == ports.count else { continue }
            held[name] = found
            ports.forEach { byPort[$0] = nil }
        }
        byPort.values.forEach(Sockets.close)
        return byPort.keys.sorted()
    }
    /// Binds what is not held yet; all or nothing for each process.
    mutating func bind(_ name: ProcessName, _ settings: Settings) throws(StartFailure) {
        guard held[name] == nil else { return }
        var bound: [Int32] = []
        for listener in Listeners.wanted(name, settings) {
            do {
                bound.append(try Sockets.listen(listener.endpoint))
            } catch {
                bound.forEach(Sockets.close)
                throw Listeners.failure(listener.endpoint, listener.setting, error)
            }
        }
        held[name] = bound
    }

    static func failure(_ endpoint: Endpoint, _ setting: String, _ error: any Error) -> StartFailure {
        let code = (error as? SystemError)?.code ?? 0
        switch code {
        case EADDRINUSE: return StartFailure(StartFailure.unavailable, "port \(endpoint.port) (\(setting)) is taken: another program listens on \(endpoint)")
        case EACCES: return StartFailure(StartFailure.denied, "port \(endpoint.port) (\(setting)) may not be bound: ports under 1024 need CAP_NET_BIND_SERVICE")
        case EADDRNOTAVAIL: return StartFailure(StartFailure.unavailable, "address \(endpoint.address) (\(setting)) is none of this machine")
        default: return StartFailure(StartFailure.unavailable, "\(endpoint) (\(setting)): \(error)")
        }
    }
}
