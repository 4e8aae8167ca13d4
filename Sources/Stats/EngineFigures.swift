/// What the manager reports of the engine and the machines of its cluster. A manager of one machine reports none of it.
package struct EngineFigures: Equatable, Sendable {
    package var isUp = false
    /// The last append, and the longest since the last report.
    package var latencyMicroseconds: UInt64 = 0
    package var latencyMostMicroseconds: UInt64 = 0
    package var backlogBytes: UInt64 = 0
    /// Counts since the manager's start: entries that the engine took, entries that were read, entries it refused.
    package var appended: UInt64 = 0
    package var read: UInt64 = 0
    package var refused: UInt64 = 0
    package var lagMilliseconds: UInt64 = 0
    package var memoryBytes: UInt64 = 0
    /// 0: the server has no bound.
    package var memoryMostBytes: UInt64 = 0
    package var resyncs: UInt64 = 0
    /// Machines that are known, with this one, and those of them that were given up.
    package var nodes: UInt64 = 0
    package var nodesLost: UInt64 = 0
    package init() {}
}

extension StatsWriter {
    package mutating func set(_ engine: EngineFigures) {
        set(.engineUp, engine.isUp)
        set(.engineLatency, engine.latencyMicroseconds)
        set(.engineLatencyMax, engine.latencyMostMicroseconds)
        set(.engineBacklog, engine.backlogBytes)
        set(.engineAppended, engine.appended)
        set(.engineRead, engine.read)
        set(.engineRefused, engine.refused)
        set(.engineLag, engine.lagMilliseconds)
        set(.engineMemory, engine.memoryBytes)
        set(.engineMemoryMax, engine.memoryMostBytes)
        set(.engineResyncs, engine.resyncs)
        set(.nodes, engine.nodes)
        set(.nodesLost, engine.nodesLost)
    }
}
