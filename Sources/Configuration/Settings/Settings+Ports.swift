import Base

// The ports on which the appliance listens, and the files that those for TLS need.
extension Settings {
    /// One port, or one for each worker. (The stats port is UDP's.)
    private struct Ports {
        let key: String
        let address: String
        let first: Int
        /// `nil`: it is one port alone.
        var workers: Int?
        /// The word for the ports of workers in sentences.
        var kind = ""

        var last: Int { first + (workers ?? 1) - 1 }
        /// Whose this port of them is.
        func owner(of port: Int) -> String {
            guard let workers else { return "\(key)'s already" }
            return "worker-\(port - first)'s\(kind) (\(key) \(first), workers.count \(workers))"
        }
        /// The name of this port of them at the beginning of a sentence.
        func name(of port: Int) -> String {
            workers == nil ? "port \(port)" : "port \(port) of worker-\(port - first)"
        }
    }
    /// In the order of who was there first: a later one is told to give way.
    private var allPorts: [Ports] {
        [
            Ports(
                key: "workers.base_port", address: workers.address, first: workers.basePort, workers: workers.count),
            Ports(key: "manager.port", address: manager.address, first: manager.port),
            Ports(key: "app.port", address: app.address, first: app.port),
            Ports(key: "operator.port", address: `operator`.address, first: `operator`.port),
            Ports(key: "workers.port", address: workers.address, first: workers.port),
            Ports(
                key: "tls.base_port", address: workers.address, first: tls.basePort, workers: workers.count,
                kind: " for TLS"),
            Ports(key: "tls.port", address: workers.address, first: tls.port),
        ].filter { $0.first > 0 }
    }

    var portConflicts: [SettingConflict] {
        let all = allPorts
        var found: [SettingConflict] = []
        for (at, ports) in all.enumerated() {
            if let workers = ports.workers, ports.last > 65_535 {
                found.append(
                    SettingConflict(
                        key: ports.key, message: "\(workers) workers from port \(ports.first) on end above port 65535"))
            }
            for other in all[..<at] where Settings.meet(ports.address, other.address) {
                let port = max(ports.first, other.first)
                guard port <= min(ports.last, other.last) else { continue }
                found.append(
                    SettingConflict(key: ports.key, message: "\(ports.name(of: port)) is \(other.owner(of: port))"))
            }
        }
        return found
    }
    private static func meet(_ one: String, _ other: String) -> Bool {
        guard let a = IPAddress(one), let b = IPAddress(other) else { return one == other }
        return a.meets(b)
    }

    var tlsConflicts: [SettingConflict] {
        var found: [SettingConflict] = []
        func say(_ key: String, _ message: String) { found.append(SettingConflict(key: key, message: message)) }
        if tls.certificate.isEmpty, tls.isOn {
            say("tls.certificate", "no file is named, and \(tls.basePort > 0 ? "tls.base_port" : "tls.port") needs one")
        } else if tls.certificate.isEmpty, !tls.key.isEmpty {
            say("tls.certificate", "no file is named for the key of tls.key")
        }
        if tls.key.isEmpty, !tls.certificate.isEmpty {
            say("tls.key", "no file is named for the key of tls.certificate (it may be the same file)")
        }
        if !tls.isOn, !tls.certificate.isEmpty {
            say("tls.base_port", "neither it nor tls.port is set, so nobody would be served over TLS")
        }
        return found
    }
}
