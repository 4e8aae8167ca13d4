/// The facts about a server that INFO tells.
package struct ServerInfo: Equatable, Sendable {
    /// Names this run of the server.
    package var runId = ""
    package var version: ServerVersion?
    /// `standalone`, `sentinel` or `cluster`.
    package var mode = ""
    package var usedMemory: UInt64 = 0
    /// 0: it has no bound.
    package var memoryBound: UInt64 = 0
    /// The server's way out when its memory is full (`maxmemory-policy`).
    package var memoryPolicy = ""

    /// Reads lines of `name:value`. Lines that are not known do not count.
    package init(_ text: String) {
        for line in text.utf8.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
            guard let colon = line.firstIndex(of: 58) else { continue }
            let value = String(decoding: line[line.index(after: colon)...], as: UTF8.self)
            switch String(decoding: line[..<colon], as: UTF8.self) {
            case "run_id": runId = value
            case "redis_version": version = ServerVersion(value)
            case "redis_mode": mode = value
            case "used_memory": usedMemory = UInt64(value) ?? 0
            case "maxmemory": memoryBound = UInt64(value) ?? 0
            case "maxmemory_policy": memoryPolicy = value
            default: break
            }
        }
    }
}
