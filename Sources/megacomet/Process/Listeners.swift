import Base
import Configuration
import Glibc
import Reactor
import Supervision
import Wire

/// The TCP ports of the appliance. The supervisor holds all of them, so that connections wait in the kernel while a
/// process is replaced, and none is refused. They come from systemd, from a daemon that outlived its supervisor, or are
/// bound here.
final class Listeners {
    struct Listener {
        /// The name in LISTEN_FDNAMES.
        let name: String
        let endpoint: Endpoint
        let setting: String
    }
    /// The variable that tells the descriptors of the listeners to the program that this one becomes.
    static let inheritance = "MEGACOMET_LISTENERS"

    private var held: [ProcessName: [Int32]] = [:]
    /// Inherited listeners of ports that a process wants. Nobody holds them yet.
    private var spare: [UInt16: Int32] = [:]

    static func wanted(_ name: ProcessName, _ settings: Settings) -> [Listener] {
        switch name {
        case .manager:
            [
                Listener(
                    name: "workers", endpoint: Endpoint(settings.manager.address, UInt16(settings.manager.port)),
                    setting: "manager.port"),
                Listener(
                    name: "app", endpoint: Endpoint(settings.app.address, UInt16(settings.app.port)),
                    setting: "app.port"),
            ]
        case .worker(let number):
            [
                Listener(
                    name: "clients",
                    endpoint: Endpoint(settings.workers.address, UInt16(settings.workers.basePort + number)),
                    setting: "workers.base_port + \(number)")
            ]
        }
    }

    /// The listeners that a child inherits, with their names.
    func inherited(_ name: ProcessName, _ settings: Settings) -> [(name: String, descriptor: Int32)] {
        zip(Listeners.wanted(name, settings), held[name] ?? []).map { ($0.name, $1) }
    }
    /// The listeners of a process at which clients or apps are expected. (The link of a worker waits for its manager,
    /// however long that takes.)
    func clients(_ name: ProcessName, _ settings: Settings) -> [Int32] {
        inherited(name, settings).filter { $0.name != "workers" }.map(\.descriptor)
    }
    /// The listeners that are held for a process.
    func descriptors(_ name: ProcessName) -> [Int32] { held[name] ?? [] }

    /// All listeners that are held, under the names by which the service manager keeps them: `worker-3.clients`.
    func kept(_ settings: Settings) -> [(name: String, descriptor: Int32)] {
        held.keys.sorted().flatMap { process in
            inherited(process, settings).map { ("\(process).\($0.name)", $0.descriptor) }
        }
    }
    private static func isKeptName(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2 && ProcessName(String(parts[0])) != nil
            && ["workers", "app", "clients"].contains(parts[1])
    }

    /// Takes the listeners that an adopted daemon hands over. Listeners that are not wanted, or are held already, are
    /// closed.
    func take(_ descriptors: [Int32], for name: ProcessName, _ settings: Settings) {
        let wanted = Listeners.wanted(name, settings).map(\.endpoint.port)
        let fits =
            descriptors.count == wanted.count && descriptors.compactMap { Sockets.localEndpoint($0)?.port } == wanted
        if fits, held[name] == nil, Listeners.names(settings).contains(name) {
            held[name] = descriptors
        } else {
            descriptors.forEach(Sockets.close)
        }
    }

    /// Inherited listeners that are of no use.
    struct Foreign {
        /// The addresses of listeners from a socket unit, or from this process before an upgrade.
        var closed: [String] = []
        /// The names of listeners that the service manager keeps for us, but whose ports or addresses are no longer in
        /// the configuration.
        var kept: [String] = []
    }
    /// Takes the listeners that systemd has bound or keeps for us (`handedDown`), and those that this process had
    /// before an upgrade. The port tells which is which. A kept listener must also have the address of the
    /// configuration, which may have changed meanwhile: from :: to 0.0.0.0, for one. A socket unit decides its address
    /// itself ("ListenStream=8000" is one IPv6 socket for both families), and hands it down at each start.
    func takeInherited(_ handedDown: [(descriptor: Int32, name: String)], _ settings: Settings) -> Foreign {
        let wanted = Listeners.names(settings).flatMap { Listeners.wanted($0, settings).map(\.endpoint) }
        var foreign = Foreign()
        for (descriptor, keptName) in Listeners.inheritedDescriptors(handedDown) {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let endpoint = Sockets.isTCPListener(descriptor) ? Sockets.localEndpoint(descriptor) : nil
            let isWanted =
                endpoint.map { own in
                    wanted.contains { $0.port == own.port && (keptName == nil || $0 == own) }
                } ?? false
            if isWanted, let port = endpoint?.port, spare[port] == nil {
                spare[port] = descriptor
                continue
            }
            if !isWanted, let keptName {
                foreign.kept.append(keptName)
            } else if keptName == nil {
                foreign.closed.append(
                    (endpoint.map { "\($0)" } ?? "descriptor \(descriptor), no TCP listener")
                        + (isWanted ? " (a second one)" : ""))
            }
            Sockets.close(descriptor)
        }
        for name in Listeners.names(settings)
        where Listeners.wanted(name, settings).allSatisfy({ spare[$0.endpoint.port] != nil }) {
            held[name] = Listeners.wanted(name, settings).compactMap { spare.removeValue(forKey: $0.endpoint.port) }
        }
        return foreign
    }
    /// The descriptors that were handed down, each with the name under which the service manager keeps it, and those
    /// that the environment names. The variable is removed, since it is not for the children.
    private static func inheritedDescriptors(_ handedDown: [(descriptor: Int32, name: String)])
        -> [(descriptor: Int32, keptName: String?)]
    {
        defer { unsetenv(Listeners.inheritance) }
        let inherited = handedDown.map {
            (descriptor: $0.descriptor, keptName: Listeners.isKeptName($0.name) ? $0.name : nil)
        }
        let before = getenv(Listeners.inheritance).map { String(cString: $0) } ?? ""
        let ours = before.split(separator: ",").compactMap { Int32($0) }
        return inherited + ours.map { ($0, nil) }
    }
    private static func names(_ settings: Settings) -> [ProcessName] { Fleet.names(workers: settings.workers.count) }

    /// Binds the ports that are not held or inherited. For each process it binds all or none.
    func bind(_ settings: Settings) throws(StartFailure) {
        for name in Listeners.names(settings) where held[name] == nil { held[name] = try bound(name, settings) }
        spare.values.forEach(Sockets.close)
        spare = [:]
    }
    private func bound(_ name: ProcessName, _ settings: Settings) throws(StartFailure) -> [Int32] {
        var bound: [Int32] = []
        for listener in Listeners.wanted(name, settings) {
            do {
                bound.append(try spare.removeValue(forKey: listener.endpoint.port) ?? Sockets.listen(listener.endpoint))
            } catch {
                bound.forEach(Sockets.close)
                throw Listeners.failure(listener.endpoint, listener.setting, error)
            }
        }
        return bound
    }

    /// `isUDP` stands for the stats port.
    static func failure(_ endpoint: Endpoint, _ setting: String, isUDP: Bool = false, _ error: any Error)
        -> StartFailure
    {
        let code = (error as? SystemError)?.code ?? 0
        switch code {
        case EADDRINUSE:
            let holder =
                PortHolder.find(endpoint, isUDP: isUDP)?.description
                ?? "another program listens on \(endpoint)"
            return StartFailure(StartFailure.unavailable, "port \(endpoint.port) (\(setting)) is taken: \(holder)")
        case EACCES:
            return StartFailure(
                StartFailure.denied,
                "port \(endpoint.port) (\(setting)) may not be bound: ports under 1024 need CAP_NET_BIND_SERVICE")
        case EADDRNOTAVAIL:
            return StartFailure(
                StartFailure.unavailable, "address \(endpoint.host) (\(setting)) is none of this machine")
        case EAFNOSUPPORT:
            return StartFailure(
                StartFailure.unavailable,
                "\(endpoint) (\(setting)): this machine has no IPv6: use an IPv4 address, or 0.0.0.0 for all")
        default: return StartFailure(StartFailure.unavailable, "\(endpoint) (\(setting)): \(error)")
        }
    }
}
