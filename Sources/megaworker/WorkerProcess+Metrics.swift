import Base
import Comet
import Reactor
import Stats

extension WorkerProcess {
    var load: Overload.Load {
        Overload.Load(
            share: Double(clients.worker.connections) / Double(clients.worker.settings.maxConnections),
            refused: clients.worker.counters.rejectedFull + clients.refusedOverfull)
    }

    var socketCount: Int { clients.worker.connections }

    /// The worker's own values of a report. What they mean stands in the table of metrics.
    func fill(_ report: inout StatsWriter) {
        let counters = clients.worker.counters
        report.set(.connsOpen, clients.worker.connections)
        report.set(.connsParked, clients.worker.waiting)
        report.set(.connsPeak, counters.peakConnections)
        report.set(.connLimit, clients.worker.settings.maxConnections)
        report.set(.accepts, acceptor?.acceptedCount ?? 0)
        report.set(.acceptErrors, acceptor?.errorCount ?? 0)
        report.set(.rejectedLimit, counters.rejectedFull + clients.refusedOverfull)
        report.set(.closesClient, counters.closedByClient)
        report.set(.closesTimeout, counters.closedTimeout)
        report.set(.closesDrain, counters.closedDrain)
        report.set(.closesError, counters.closedError)
        report.set(.closesSlow, counters.closedSlow)
        report.set(.closesAnswered, counters.closedAnswered)
        report.set(.polls, counters.polls)
        report.set(.pollsAnswered, counters.pollsAnswered)
        report.set(.pollsEmpty, counters.pollsEmpty)
        report.set(.pollsReplaced, counters.pollsReplaced)
        report.set(.httpRefused, counters.refused)
        report.set(.headerTimeouts, counters.headerTimeouts)
        report.set(.delivered, counters.delivered)
        report.set(.deliverErrors, counters.deliverErrors)
        report.set(.undelivered, counters.undelivered)
        report.set(.undeliveredLost, counters.undeliveredLost)
        report.set(.partialWrites, counters.partialWrites)
        report.set(.bytesIn, counters.bytesIn)
        report.set(.bytesOut, counters.bytesOut)
        let latency = counters.latency
        report.set(.latencyUnder1, latency.0)
        report.set(.latencyUnder2, latency.1)
        report.set(.latencyUnder5, latency.2)
        report.set(.latencyUnder10, latency.3)
        report.set(.latencyUnder50, latency.4)
        report.set(.latencyUnder100, latency.5)
        report.set(.latencyUnder500, latency.6)
        report.set(.latencyOver500, latency.7)
        report.set(.latencySum, counters.latencyMicroseconds)
        report.set(.managerLinkUp, clients.worker.isLinked)
        report.set(.managerReconnects, counters.linkLosses)
        report.set(.managerFramesIn, counters.framesIn)
        report.set(.managerFramesOut, counters.framesOut)
        report.set(.linkBacklog, clients.worker.toManager.count)
        report.set(.clientMemory, clientMemoryBytes)
    }

    /// Counted anew where connections came or went, or polls came: to count is to touch every table, and a report of an
    /// idle worker is to touch little.
    private var clientMemoryBytes: Int {
        let (polls, connections) = (clients.worker.counters.polls, clients.worker.connections)
        if memoryCount == nil || memoryCount?.polls != polls || memoryCount?.connections != connections {
            memoryCount = MemoryCount(polls: polls, connections: connections, bytes: clients.worker.memoryBytes)
        }
        return memoryCount?.bytes ?? 0
    }
}
