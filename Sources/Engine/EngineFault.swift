import Base

/// A fault of the engine. The text is for operators, and says in words what to look at.
package enum EngineFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// No connection: refused, no route, no such name.
    case unreachable(String, reason: String)
    /// The connection ended.
    case closed(String, reason: String)
    /// No answer in time, to what is named.
    case timeout(String, what: String)
    /// The password, or the lack of one.
    case wrongPassword(String)
    /// The user may not do what is needed.
    case noPermission(String)
    /// The server is a replica, or a sentinel.
    case notMaster(String, role: String)
    case tooOld(ServerVersion)
    /// The server is a part of a Redis Cluster.
    case shards
    /// The server reads its data from disk.
    case loading
    /// No sentinel has answered.
    case noSentinel(reasons: String)
    /// Sentinels have answered, and none knows the name.
    case unknownMaster(String)
    /// Sentinels name another server by now.
    case moved(to: String)
    /// The life of the store is another one: it was emptied, or it is another store.
    case lifeChanged
    /// The server's memory is full (`maxmemory`).
    case outOfMemory
    /// The server takes no writes, since it can't save (`MISCONF`).
    case cannotSave(String)
    /// Fewer replicas have the batch than must have it.
    case tooFewReplicas(wanted: Int, found: Int)
    /// Another error that the server answered.
    case refused(String)
    /// An answer that no server of this protocol gives.
    case unreadable(String)

    /// A fault by an error that the server answered. `address` names the server.
    package static func answered(_ text: String, by address: String, replicas: Int = 0) -> EngineFault {
        let text = plainText(text, most: 200)
        switch text.prefix(while: { $0 != " " }) {
        case "WRONGPASS", "NOAUTH": return .wrongPassword(text)
        case "NOPERM": return .noPermission(text)
        case "READONLY": return .notMaster(address, role: "replica")
        case "UNBLOCKED": return .notMaster(address, role: "replica")
        case "MASTERDOWN": return .notMaster(address, role: "replica")
        case "LOADING": return .loading
        case "LIFE": return .lifeChanged
        case "OOM": return .outOfMemory
        case "MISCONF": return .cannotSave(text)
        case "NOREPLICAS": return .tooFewReplicas(wanted: max(1, replicas), found: 0)
        case "MOVED", "CROSSSLOT", "CLUSTERDOWN": return .shards
        default:
            if text.hasPrefix("ERR AUTH") { return .wrongPassword(text) }
            // A script's command that its user may not use, in the words of Redis 7.0 and of later ones.
            let isNotAllowed =
                text.contains("The user executing the script can't") || text.contains("ACL failure in script")
            return isNotAllowed ? .noPermission(text) : .refused(text)
        }
    }

    /// True for a fault of one batch: the engine stays up, and the next batch may be taken.
    package var isOfOneBatch: Bool {
        switch self {
        case .outOfMemory, .cannotSave, .tooFewReplicas, .noPermission, .refused: true
        default: false
        }
    }

    package var description: String {
        switch self {
        case .unreachable(let address, let reason): "no connection to \(address): \(reason)"
        case .closed(let address, let reason): "the connection to \(address) ended: \(reason)"
        case .timeout(let address, let what): "\(address) does not answer: \(what)"
        case .wrongPassword(let text): "the user or password in cluster.redis is wrong or missing (\(text))"
        case .noPermission(let text): "the user in cluster.redis may not do what MegaComet needs (\(text))"
        case .notMaster(let address, let role): "\(address) is a \(role), and takes no writes"
        case .tooOld(let version):
            "its version is \(version), and MegaComet needs Redis \(EngineBounds.oldestVersion) or later, or Valkey"
        case .shards: "the server is a part of a Redis Cluster, and MegaComet needs a server that has all keys"
        case .loading: "the server reads its data from disk"
        case .noSentinel(let reasons): "no sentinel answers: \(reasons)"
        case .unknownMaster(let name): "no sentinel knows the name \"\(name)\" (cluster.sentinel_master)"
        case .moved(let address): "the sentinels name another server by now, \(address)"
        case .lifeChanged: "the store was emptied, or is another one than before"
        case .outOfMemory: "the server's memory is full (maxmemory)"
        case .cannotSave(let text): "the server takes no writes, since it can't save its data (\(text))"
        case .tooFewReplicas(let wanted, let found):
            "\(found == 0 ? "no replica has" : "\(found) replicas have") the data, and cluster.replicas wants \(wanted)"
        case .refused(let text): "the server refuses: \(text)"
        case .unreadable(let text): "the server's answer can't be read: \(text)"
        }
    }
}
