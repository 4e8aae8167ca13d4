import Base
import ControlLines
import Supervision
import Watch
import Wire

/// The cluster as `megacomet status --all` prints it: the manager's answer on the app port.
struct ClusterTable {
    let json: String
    private let answer: NodesAnswer

    /// Asks the manager. What goes wrong is said, and ends the command.
    init(_ config: ConfigurationOption) throws {
        json = try AppRequest(config, .read).send("GET", "/nodes")
        answer = try NodesAnswer(json: json)
    }

    var text: String {
        guard let engine = answer.engine else {
            return "cluster     none: this is one machine (cluster.redis is empty)"
        }
        var first = "engine      \(plainText(engine.address))"
        for word in [engine.role, engine.version].compactMap(\.self) { first += "  \(plainText(word))" }
        first += "  \(engine.up ? "up" : "AWAY for") \(Status.time(engine.sinceSeconds))"
        if let why = engine.why { first += ": \(plainText(why, most: 300))" }
        var second = "            memory \(engine.memoryBytes.map(bytes) ?? "-")"
        if let most = engine.memoryMaxBytes { second += " of \(bytes(most))" }
        second += ", \(whole(engine.appendsPerSecond)) appends/s, each \(latency(engine.latencyMicroseconds)) us (most "
        second += "\(latency(engine.latencyMaxMicroseconds))), backlog \(bytes(engine.backlogBytes)), lag "
        second += Status.time(engine.lagSeconds)
        let heading =
            "NODE".leftAligned(22) + "STATE".leftAligned(7) + "AGE".rightAligned(8) + "VERSION".rightAligned(10)
            + "CLIENTS".rightAligned(10) + "PUB/s".rightAligned(9) + "QUEUE".rightAligned(10) + "LAG".rightAligned(8)
            + "ENGINE us".rightAligned(11)
        let rows = answer.nodes.map { node in
            (plainText(node.node) + (node.own ? " *" : "")).leftAligned(22) + plainText(node.state).leftAligned(7)
                + Status.time(node.ageSeconds).rightAligned(8) + plainText(node.version).rightAligned(10)
                + whole(node.clients).rightAligned(10) + whole(node.publishesPerSecond).rightAligned(9)
                + whole(node.queued).rightAligned(10) + Status.time(node.lagSeconds).rightAligned(8)
                + latency(node.latencyMicroseconds).rightAligned(11)
        }
        return ([first, second, heading] + rows).joined(separator: "\n")
    }
    private func bytes(_ count: Double) -> String { Format.bytes(count) + "B" }
    private func latency(_ microseconds: Double?) -> String { microseconds.map(whole) ?? "-" }
}
