package import Base

// The answer of the app port about the cluster (docs/protocol.txt, 4).

/// GET /nodes: the engine that the machines of a cluster share, and the machines.
package struct NodesAnswer: Codable, Equatable, Sendable {
    /// The Redis server. `nil`: this is one machine.
    package struct Engine: Codable, Equatable, Sendable {
        /// Without a password.
        package var address: String
        package var up: Bool
        /// Seconds for which it has been up, or away.
        package var sinceSeconds: Double
        /// Why it is away, in words. `nil` while it is up.
        package var why: String?
        /// `nil` if it was never reached.
        package var role: String?
        package var version: String?
        package var memoryBytes: Double?
        /// `nil`: the server has no bound, or was never reached.
        package var memoryMaxBytes: Double?
        /// Whole microseconds: the last append (`nil`: there was none), and the longest of the last second (`nil`:
        /// there was none in it).
        package var latencyMicroseconds: Double?
        package var latencyMaxMicroseconds: Double?
        package var backlogBytes: Double
        /// How far the newest entry that was read is behind.
        package var lagSeconds: Double
        package var appendsPerSecond: Double
        package var replicas: Double

        package init(address: String, up: Bool, sinceSeconds: Double) {
            self.address = address
            self.up = up
            self.sinceSeconds = sinceSeconds
            (backlogBytes, lagSeconds, appendsPerSecond, replicas) = (0, 0, 0, 0)
        }
        enum CodingKeys: String, CodingKey {
            case address, up, why, role, version, replicas
            case sinceSeconds = "since_seconds"
            case memoryBytes = "memory_bytes"
            case memoryMaxBytes = "memory_max_bytes"
            case latencyMicroseconds = "latency_us"
            case latencyMaxMicroseconds = "latency_max_us"
            case backlogBytes = "backlog_bytes"
            case lagSeconds = "lag_seconds"
            case appendsPerSecond = "appends_per_second"
        }
    }
    /// A machine, by its last word.
    package struct Node: Codable, Equatable, Sendable {
        package var node: String
        /// It is the machine that answers.
        package var own: Bool
        /// `up`, `late` (silent for three seconds) or `gone` (given up; its clients count as absent).
        package var state: String
        /// Seconds since its last word.
        package var ageSeconds: Double
        package var version: String
        package var clients: Double
        package var publishesPerSecond: Double
        package var queued: Double
        package var lagSeconds: Double
        /// `nil`: it has appended nothing yet.
        package var latencyMicroseconds: Double?

        package init(node: String, own: Bool, state: String, ageSeconds: Double, version: String) {
            self.node = node
            self.own = own
            self.state = state
            self.ageSeconds = ageSeconds
            self.version = version
            (clients, publishesPerSecond, queued, lagSeconds) = (0, 0, 0, 0)
        }
        enum CodingKeys: String, CodingKey {
            case node, own, state, version, clients, queued
            case ageSeconds = "age_seconds"
            case publishesPerSecond = "publishes_per_second"
            case lagSeconds = "lag_seconds"
            case latencyMicroseconds = "latency_us"
        }
    }
    package var engine: Engine?
    /// By name. Empty if this is one machine.
    package var nodes: [Node]

    package init(engine: Engine? = nil, nodes: [Node] = []) {
        self.engine = engine
        self.nodes = nodes
    }
    enum CodingKeys: String, CodingKey { case engine, nodes }
}

extension NodesAnswer {
    package func write(to out: inout Buffer) {
        var object = JSONObject<CodingKeys>(to: &out)
        object.add(.engine, engine, to: &out) { $0.write(to: &$1) }
        object.add(.nodes, nodes, to: &out) { $0.write(to: &$1) }
        object.end(to: &out)
    }
}
extension NodesAnswer.Engine {
    fileprivate func write(to out: inout Buffer) {
        var object = JSONObject<CodingKeys>(to: &out)
        object.add(.address, address, to: &out)
        object.add(.up, up, to: &out)
        object.add(milliseconds: .sinceSeconds, sinceSeconds, to: &out)
        object.add(.why, why, to: &out)
        object.add(.role, role, to: &out)
        object.add(.version, version, to: &out)
        object.add(.memoryBytes, memoryBytes, to: &out)
        object.add(.memoryMaxBytes, memoryMaxBytes, to: &out)
        object.add(.latencyMicroseconds, latencyMicroseconds, to: &out)
        object.add(.latencyMaxMicroseconds, latencyMaxMicroseconds, to: &out)
        object.add(.backlogBytes, backlogBytes, to: &out)
        object.add(milliseconds: .lagSeconds, lagSeconds, to: &out)
        object.add(.appendsPerSecond, appendsPerSecond, to: &out)
        object.add(.replicas, replicas, to: &out)
        object.end(to: &out)
    }
}
extension NodesAnswer.Node {
    fileprivate func write(to out: inout Buffer) {
        var object = JSONObject<CodingKeys>(to: &out)
        object.add(.node, node, to: &out)
        object.add(.own, own, to: &out)
        object.add(.state, state, to: &out)
        object.add(milliseconds: .ageSeconds, ageSeconds, to: &out)
        object.add(.version, version, to: &out)
        object.add(.clients, clients, to: &out)
        object.add(.publishesPerSecond, publishesPerSecond, to: &out)
        object.add(.queued, queued, to: &out)
        object.add(milliseconds: .lagSeconds, lagSeconds, to: &out)
        object.add(.latencyMicroseconds, latencyMicroseconds, to: &out)
        object.end(to: &out)
    }
}
