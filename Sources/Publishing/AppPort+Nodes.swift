import Base
import Comet
import Wire

// The answer about the cluster that this machine is in.
extension AppPort {
    /// Answers GET /nodes.
    mutating func writeNodes(_ call: HTTPCall) -> Int {
        (cluster.map { NodesAnswer($0, now: call.app.now) } ?? NodesAnswer()).write(to: &body)
        return 200
    }
}

extension NodesAnswer {
    /// The answer at a time in milliseconds. What was looked at has become older since.
    init(_ look: ClusterLook, now: UInt64) {
        let since = now - min(now, look.time)
        func known(_ number: UInt64) -> Double? { number == 0 ? nil : Double(number) }
        func seconds(_ milliseconds: UInt64) -> Double { Double(milliseconds) / 1000 }
        let engine = look.engine
        var told = Engine(
            address: engine.address, up: engine.isUp, sinceSeconds: seconds(engine.sinceMilliseconds + since))
        told.why = engine.isUp || engine.why.isEmpty ? nil : engine.why
        told.role = engine.role.isEmpty ? nil : engine.role
        told.version = engine.version.isEmpty ? nil : engine.version
        told.memoryBytes = engine.role.isEmpty ? nil : Double(engine.memoryBytes)
        told.memoryMaxBytes = known(engine.memoryMostBytes)
        told.latencyMicroseconds = known(engine.latencyMicroseconds)
        told.latencyMaxMicroseconds = known(engine.latencyMostMicroseconds)
        told.backlogBytes = Double(engine.backlogBytes)
        told.lagSeconds = seconds(engine.lagMilliseconds)
        told.appendsPerSecond = Double(engine.appendsPerSecond)
        told.replicas = Double(engine.replicas)
        let nodes = look.nodes.map { node in
            var row = Node(
                node: node.name, own: node.isOwn, state: node.state.rawValue,
                ageSeconds: seconds(node.ageMilliseconds + since), version: node.summary.version)
            row.clients = Double(node.summary.clients)
            row.publishesPerSecond = Double(node.summary.publishesPerSecond)
            row.queued = Double(node.summary.queued)
            row.lagSeconds = seconds(node.summary.lagMilliseconds)
            row.latencyMicroseconds = known(node.summary.latencyMicroseconds)
            return row
        }
        self.init(engine: told, nodes: nodes)
    }
}
