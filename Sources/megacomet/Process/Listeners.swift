import Base
import Configuration
import Glibc
import Reactor
import Supervision
import Wire

/// The TCP ports of the appliance. The supervisor holds all of them, so that connections wait in the kernel while a
/// process is replaced, and none is refused. They come from systemd, from a daemon that outlived its supervisor, or are
/// bound here. A port that all workers share is one socket, which each of them inherits.
final class Listeners {
    struct Listener {
        /// The name in LISTEN_FDNAMES.
        let name: String
        /// The process that serves it. `nil` if all workers do.
        let owner: ProcessName?
        let endpoint: Endpoint
        let setting: String
        /// The name under which the service manager keeps it: `worker-3.clients`, or `workers.shared`.
        var keptName: String { "\(owner.map(\.description) ?? "workers").\(name)" }
        var isTLS: Bool { name.hasSuffix("tls") }
    }
    /// A listener that is held.
    struct Held {
        let listener: Listener
        let descriptor: Int32
    }
    /// The variable that tells the descriptors of the listeners to the program that this one becomes.
    static let inheritance = "MEGACOMET_LISTENERS"

    /// By `keptName`.
    private var held: [String: Int32] = [:]

    /// The listeners of one process alone.
    static func own(_ name: ProcessName, _ settings: Settings) -> [Listener] {
        func listener(_ listenerName: String, _ address: String, _ port: Int, _ setting: String) -> Listener {
            Listener(name: listenerName, owner: name, endpoint: Endpoint(address, UInt16(port)), setting: setting)
        }
        switch name {
        case .manager:
            return [
                listener("workers", settings.manager.address, settings.manager.port, "manager.port"),
                listener("app", settings.app.address, settings.app.port, "app.port"),
            ]
        case .webhook: return []
        case .worker(let number):
            let (address, port) = (settings.workers.address, settings.workers.basePort + number)
            let plain = listener("clients", address, port, "workers.base_port + \(number)")
            guard settings.tls.basePort > 0 else { return [plain] }
            return [plain, listener("tls", address, settings.tls.basePort + number, "tls.base_port + \(number)")]
        }
    }
    /// The listeners that all workers share.
    static func shared(_ settings: Settings) -> [Listener] {
        [("shared", settings.workers.port, "workers.port"), ("shared-tls", settings.tls.port, "tls.port")]
            .filter { $0.1 > 0 }
            .map { name, port, setting in
                Listener(
                    name: name, owner: nil, endpoint: Endpoint(settings.workers.address, UInt16(port)),
                    setting: setting)
            }
    }
    /// The listeners that a process inherits.
    static func wanted(_ name: ProcessName, _ settings: Settings) -> [Listener] {
        own(name, settings) + (name.isWorker ? shared(settings) : [])
    }
    private static func all(_ settings: Settings) -> [Listener] {
        names(settings).flatMap { own($0, settings) } + shared(settings)
    }
    static func names(_ settings: Settings) -> [ProcessName] {
        Fleet.names(workers: settings.workers.count, webhook: settings.app.hasWebhook)
    }
    private func held(of listeners: [Listener]) -> [Held] {
        listeners.compactMap { listener in
            held[listener.keptName].map { Held(listener: listener, descriptor: $0) }
        }
    }

    /// The listeners that a child inherits, with their names.
    func inherited(_ name: ProcessName, _ settings: Settings) -> [(name: String, descriptor: Int32)] {
        held(of: Listeners.wanted(name, settings)).map { ($0.listener.name, $0.descriptor) }
    }
    /// The listeners at which clients or apps expect this process alone. (The link of a worker waits for its manager,
    /// however long that takes.)
    func doors(_ name: ProcessName, _ settings: Settings) -> [Held] {
        held(of: Listeners.own(name, settings)).filter { $0.listener.name != "workers" }
    }
    /// The listeners at which clients expect any of the workers.
    func sharedDoors(_ settings: Settings) -> [Held] { held(of: Listeners.shared(settings)) }
    /// The listeners from which a process takes connections.
    func descriptors(_ name: ProcessName, _ settings: Settings) -> [Int32] {
        held(of: Listeners.wanted(name, settings)).map(\.descriptor)
    }
    func servesTLS(_ name: ProcessName, _ settings: Settings) -> Bool {
        held(of: Listeners.wanted(name, settings)).contains(where: \.listener.isTLS)
    }
    /// All listeners that are held, under the names by which the service manager keeps them.
    func kept(_ settings: Settings) -> [(name: String, descriptor: Int32)] {
        held(of: Listeners.all(settings)).map { ($0.listener.keptName, $0.descriptor) }
    }
    private static func isKeptName(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        return parts[0] == "workers"
            ? ["shared", "shared-tls"].contains(parts[1])
            : ProcessName(String(parts[0])) != nil && ["workers", "app", "clients", "tls"].contains(parts[1])
    }

    /// Takes the listeners that an adopted daemon hands over. Listeners that are not wanted, or are held already, are
    /// closed. Returns those that the daemon serves: one of an earlier release, or with other settings, has fewer.
    func take(_ descriptors: [Int32], for name: ProcessName, _ settings: Settings) -> [Listener] {
        guard Listeners.names(settings).contains(name) else {
            descriptors.forEach(Sockets.close)
            return []
        }
        let wanted = Listeners.wanted(name, settings)
        return descriptors.compactMap { descriptor in
            let port = Sockets.isTCPListener(descriptor) ? Sockets.localEndpoint(descriptor)?.port : nil
            let listener = wanted.first { $0.endpoint.port == port }
            if let listener, held[listener.keptName] == nil {
                held[listener.keptName] = descriptor
            } else {
                Sockets.close(descriptor)
            }
            return listener
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
        let wanted = Listeners.all(settings)
        var foreign = Foreign()
        for (descriptor, keptName) in Listeners.inheritedDescriptors(handedDown) {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let endpoint = Sockets.isTCPListener(descriptor) ? Sockets.localEndpoint(descriptor) : nil
            let fits = wanted.filter {
                $0.endpoint.port == endpoint?.port && (keptName == nil || $0.endpoint == endpoint)
            }
            // Two listeners may have one port at different addresses.
            let exact = fits.filter { $0.endpoint == endpoint }
            if let fit = (exact + fits).first(where: { held[$0.keptName] == nil }) {
                held[fit.keptName] = descriptor
                continue
            }
            if fits.isEmpty, let keptName {
                foreign.kept.append(keptName)
            } else if keptName == nil {
                foreign.closed.append(
                    (endpoint.map { "\($0)" } ?? "descriptor \(descriptor), no TCP listener")
                        + (fits.isEmpty ? "" : " (a second one)"))
            }
            Sockets.close(descriptor)
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

    /// Binds the ports that are not held yet.
    func bind(_ settings: Settings) throws(StartFailure) {
        for listener in Listeners.all(settings) where held[listener.keptName] == nil {
            do { held[listener.keptName] = try Sockets.listen(listener.endpoint) } catch {
                throw Listeners.failure(listener.endpoint, listener.setting, error)
            }
        }
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
