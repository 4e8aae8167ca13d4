import Base
import Comet
import Engine
import Publishing
import Stats
import Wire

// The figures of the cluster, once a second: for the other machines, for operators, and for reports.
extension Cluster {
    /// The counts of publishes and entries of a second ago.
    struct LastSecond {
        var publishes: UInt64 = 0
        var appended: UInt64 = 0
    }
    /// This machine's word for the others. Call it once a second.
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
    func look(_ figures: Engine.Figures, now: UInt64) -> NodesAnswer {
        func known(_ number: UInt64) -> Double? { number == 0 ? nil : Double(number) }
        var told = NodesAnswer.Engine(
            address: figures.address.isEmpty ? settings.wanted : figures.address, up: isHere,
            sinceSeconds: Double(now - min(now, figures.since)) / 1000)
        told.why = away?.fault ?? (isHere ? nil : "what is in the log is being read")
        // These stay while it is away.
        if let version = figures.version {
            (told.role, told.version) = ("master", "\(version)")
            told.memoryBytes = Double(figures.usedMemory)
        }
        told.memoryMaxBytes = known(figures.memoryBound)
        told.latencyMicroseconds = known(figures.latency)
        told.latencyMaxMicroseconds = known(figures.latencyMost)
        told.backlogBytes = Double(backlog)
        told.lagSeconds = Double(lag) / 1000
        told.appendsPerSecond = Double(figures.appended - min(figures.appended, lastSecond.appended))
        told.replicas = Double(settings.replicas)
        lastSecond.appended = figures.appended
        return NodesAnswer(engine: told, nodes: manager.switchboard.machines(at: time(now: now)))
    }
    /// The engine and the machines in the manager's report. A manager of one machine reports none of it.
    func fill(_ report: inout StatsWriter) {
        report.set(.engineUp, isHere)
        report.set(.engineLatency, figures.latency)
        report.set(.engineLatencyMax, figures.latencyMost)
        report.set(.engineBacklog, backlog)
        report.set(.engineAppended, figures.appended)
        report.set(.engineRead, figures.read)
        report.set(.engineRefused, figures.refused)
        report.set(.engineLag, lag)
        report.set(.engineMemory, figures.usedMemory)
        report.set(.engineMemoryMax, figures.memoryBound)
        // These are of the last second, as operators see them.
        let machines = manager.port.cluster?.answer.nodes ?? []
        report.set(.nodes, machines.count)
        report.set(.nodesLost, machines.count { $0.state == NodeState.gone.rawValue })
    }
    /// Bytes that wait for the engine, sent or not.
    private var backlog: UInt64 {
        UInt64(engine.figures.bytesInFlight + calls.count + manager.switchboard.outgoing.bytes.count)
    }
}
