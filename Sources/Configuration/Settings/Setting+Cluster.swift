import Base

extension Setting {
    /// More than one machine: the store that they share.
    static let ofTheCluster: [Setting] = [
        Setting(
            "cluster.redis", .text(\.cluster.redis, .redis), .restart,
            "The Redis server (7.0 or later, or Valkey) that several machines share: then a client may come to any of "
                + "them, and an app may publish on any. redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or "
                + "unix://[[USER]:PASSWORD@]/PATH[?db=DATABASE]. Empty: this is one machine. The manager gets the "
                + "address in a file (--redis-file), never on its command line."),
        Setting(
            "cluster.name", .text(\.cluster.name, .node), .restart, manager: "node", webhook: "node",
            "The name of this machine, which no other machine of the cluster has. Empty: the first part of the host "
                + "name."),
        Setting(
            "cluster.sentinels", .list(\.cluster.sentinels, .endpoint), .restart, manager: "sentinels",
            "Redis Sentinels, which are asked where the server is. Of cluster.redis then only user, password and "
                + "database count."),
        Setting(
            "cluster.sentinel_master", .text(\.cluster.sentinelMaster, .sentinelMaster), .restart,
            manager: "sentinel-master",
            "The name that the Sentinels have for the server."),
        Setting(
            "cluster.prefix", .text(\.cluster.prefix, .keyPrefix), .restart, manager: "redis-prefix",
            "What the keys of the cluster in Redis begin with, 1 to 64 bytes. Two clusters on one server need two "
                + "prefixes or two databases."),
        Setting(
            "cluster.replicas", .integer(\.cluster.replicas, 0...16, unit: "replicas"), .restart, manager: "replicas",
            "Replicas of the server that must have a publish before the app is answered. If fewer have it in time, the "
                + "answer is 503 with the code engine_unsafe."),
    ]
}

/// Forms of the texts in [cluster].
enum ClusterText {
    /// The fault of the address of a Redis server. `nil` if it is good, or empty.
    static func redisFault(_ text: String) -> String? {
        guard !text.isEmpty else { return nil }
        guard text.utf8.allSatisfy({ (33...126).contains($0) }), text.utf8.count <= mostRedisBytes else {
            return "has a space or another character that an address writes as %XX, or over \(mostRedisBytes) bytes"
        }
        do {
            // What `check --show` prints was taken for a file.
            guard try RedisAddress.parse(text).password != RedisAddress.mask else {
                return "has the mask of a password that is not shown: write the password"
            }
        } catch { return error.description }
        return nil
    }
    private static let mostRedisBytes = 1024

    /// The name of a machine: 1 to 32 letters, digits, - and _.
    static func isNode(_ text: String) -> Bool { isWord(text, most: 32, more: "-_") }
    /// The name of a server as Sentinel takes it.
    static func isSentinelMaster(_ text: String) -> Bool { isWord(text, most: 64, more: "-_.") }
    /// Braces would choose the slot of a key in a Redis cluster.
    static func isKeyPrefix(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 32 && $0 != 127 && $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: "}") }
    }
    static func isEndpoint(_ text: String) -> Bool { Endpoint(parsing: text).map { $0.port > 0 } ?? false }

    private static func isWord(_ text: String, most: Int, more: String) -> Bool {
        (1...most).contains(text.utf8.count)
            && text.utf8.allSatisfy { (97...122).contains($0 | 32) || isDigit($0) || more.utf8.contains($0) }
    }
}
