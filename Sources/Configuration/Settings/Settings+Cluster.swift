package import Base

// The machines that share a store.
extension Settings {
    /// The most Sentinels. They are asked in turn at each connect.
    private static let mostSentinels = 16

    /// The address of the shared store. `nil` if this is one machine.
    package var redis: RedisAddress? { try? RedisAddress.parse(cluster.redis) }

    /// Gives the machine the first part of its host name if it is to have a name and the settings give none. A host
    /// name that is no name for a machine is not taken; then it is a mistake that there is none.
    package mutating func nameMachine(_ hostName: String?) {
        guard cluster.isOn, cluster.name.isEmpty, let first = hostName?.prefix(while: { $0 != "." }) else { return }
        if ClusterText.isNode(String(first)) { cluster.name = String(first) }
    }

    /// Whether the seed's two commands are spoken on the manager's port. Its workers can't tell what their clients have
    /// read, and machines of a cluster must know it of each other's clients.
    package func speaksSeed(appsNeedKey: Bool) -> Bool { !cluster.isOn && (manager.seedProtocol ?? !appsNeedKey) }

    var clusterConflicts: [SettingConflict] {
        var found: [SettingConflict] = []
        func say(_ key: String, _ message: String) { found.append(SettingConflict(key: key, message: message)) }
        if cluster.isOn, cluster.name.isEmpty {
            say(
                "cluster.name",
                "is needed with cluster.redis, and the host name gives none (1 to 32 letters, digits, - and _)")
        }
        if !cluster.isOn, !cluster.sentinels.isEmpty {
            say(
                "cluster.redis",
                "is empty beside cluster.sentinels: its user, password and database count, as in "
                    + "\"redis://:PASSWORD@localhost/0\"")
        }
        if cluster.sentinels.isEmpty, !cluster.sentinelMaster.isEmpty {
            say("cluster.sentinels", "none is named for cluster.sentinel_master")
        }
        if !cluster.sentinels.isEmpty, cluster.sentinelMaster.isEmpty {
            say("cluster.sentinel_master", "is needed: the name that cluster.sentinels have for the server")
        }
        if case .unix? = redis?.place, !cluster.sentinels.isEmpty {
            say("cluster.sentinels", "stand beside a socket on this machine (unix://): give one of both")
        }
        if cluster.sentinels.count > Settings.mostSentinels {
            say("cluster.sentinels", "\(cluster.sentinels.count) Sentinels, and \(Settings.mostSentinels) are asked")
        }
        if cluster.isOn, manager.seedProtocol == true {
            say(
                "manager.seed_protocol",
                "is not spoken in a cluster (cluster.redis): its workers can't tell what their clients have read")
        }
        return found
    }

    /// Whoever reaches the store can read and write all messages.
    var openStore: [String] {
        guard case .tcp(let endpoint)? = redis?.place, redis?.password == nil else { return [] }
        let isOwn = endpoint.ip?.isLoopback ?? (endpoint.host.lowercased() == "localhost")
        guard !isOwn || !cluster.sentinels.isEmpty else { return [] }
        return ["cluster.redis: no password, so whoever reaches the server can read and write every message"]
    }
}
