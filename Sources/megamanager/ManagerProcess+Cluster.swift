import Base
import Comet
import Engine
import Stats
import Wire

// What this machine says of its cluster, once a second: to the other machines, to operators, and in its reports.
extension Cluster {
    /// The counts of publishes and entries of a second ago.
    struct LastSecond {
        var publishes: UInt64 = 0
        var appended: UInt64 = 0
    }
    /// What the others are told of this machine. Call it once a second.
    func summarize() -> NodeSummary {
        let publishes = manager.switchboard.counters.publishes
        defer { lastSecond.publishes = publishes }
        var summary = NodeSummary()
        summary.version = Version.text
        summary.clients = UInt64(max(0, manager.switchboard.connectedHere))
        summary.publishesPerSecond = publishes - min(publishes, lastSecond.publishes)
        summary.queued = UInt64(manager.switchboard.queue.depth)
        summary.lagMilliseconds = lag
        summary.latencyMicroseconds = engine.figures.latency
        return summary
    }
    /// The picture for operators. Call it once a second.
    func look(_ figures: Engine.Figures, now: UInt64) -> ClusterLook {
        var look = ClusterLook()
        look.time = now
        look.engine.address = figures.address.isEmpty ? settings.wanted : figures.address
        look.engine.isUp = isHere
        look.engine.sinceMilliseconds = now - min(now, figures.since)
        look.engine.why = away?.fault ?? (isHere ? "" : "what is in the log is being read")
        look.engine.role = figures.version == nil ? "" : "master"
        look.engine.version = figures.version.map { "\($0)" } ?? ""
        look.engine.memoryBytes = figures.usedMemory
        look.engine.memoryMostBytes = figures.memoryBound
        look.engine.latencyMicroseconds = figures.latency
        look.engine.latencyMostMicroseconds = figures.latencyMost
        look.engine.backlogBytes = backlog
        look.engine.lagMilliseconds = lag
        look.engine.appendsPerSecond = figures.appended - min(figures.appended, lastSecond.appended)
        look.engine.replicas = settings.replicas
        lastSecond.appended = figures.appended
        look.nodes = manager.switchboard.machines(at: time(now: now))
        return look
    }
    func engineFigures(_ figures: Engine.Figures, _ look: ClusterLook) -> EngineFigures {
        var told = EngineFigures()
        told.isUp = isHere
        told.latencyMicroseconds = figures.latency
        told.latencyMostMicroseconds = figures.latencyMost
        told.backlogBytes = backlog
        told.appended = figures.appended
        told.read = figures.read
        told.refused = figures.refused
        told.lagMilliseconds = lag
        told.memoryBytes = figures.usedMemory
        told.memoryMostBytes = figures.memoryBound
        told.nodes = UInt64(look.nodes.count)
        told.nodesLost = UInt64(look.nodes.count { $0.state == .gone })
        return told
    }
    /// Bytes that wait for the engine, sent or not.
    private var backlog: UInt64 {
        UInt64(engine.figures.bytesInFlight + calls.count + manager.switchboard.outgoing.bytes.count)
    }
}
