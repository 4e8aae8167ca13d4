import Base
import Comet
import Reactor
import Stats
import TLS
import Wire

extension WorkerProcess {
    var load: Overload.Load {
        Overload.Load(
            share: Double(clients.worker.connections) / Double(clients.worker.settings.maxConnections),
            refused: clients.worker.counters.rejectedLimit + clients.refusedOverfull)
    }

    var busiestAddresses: [BusyAddress] {
        clients.worker.busiestAddresses(Limits.toldAddresses, now: Clock.monotonicMilliseconds)
    }

    var socketCount: Int { clients.worker.connections }

    /// The worker's own values of a report. The table of metrics says what they mean.
    func fill(_ report: inout StatsWriter) {
        let counters = clients.worker.counters
        report.set(.connsOpen, clients.worker.connections)
        report.set(.connsParked, clients.worker.waiting)
        report.set(.connsPeak, counters.connsPeak)
        report.set(.connLimit, clients.worker.settings.maxConnections)
        report.set(.accepts, acceptors.reduce(0) { $0 + $1.acceptedCount })
        report.set(.acceptErrors, acceptors.reduce(0) { $0 + $1.errorCount })
        report.set(.rejectedLimit, counters.rejectedLimit + clients.refusedOverfull)
        report.set(.refusedAddressConnections, counters.refusedAddressConnections)
        report.set(.refusedAddressAccepts, counters.refusedAddressAccepts)
        report.set(.addressesCounted, clients.worker.countedAddresses)
        report.set(.addressLimitSkipped, counters.addressLimitSkipped)
        report.set(.closesClient, counters.closesClient)
        report.set(.closesTimeout, counters.closesTimeout)
        report.set(.closesDrain, counters.closesDrain)
        report.set(.closesError, counters.closesError)
        report.set(.closesSlow, counters.closesSlow)
        report.set(.closesAnswered, counters.closesAnswered)
        report.set(.polls, counters.polls)
        report.set(.pollsAnswered, counters.pollsAnswered)
        report.set(.pollsEmpty, counters.pollsEmpty)
        report.set(.pollsReplaced, counters.pollsReplaced)
        report.set(.streams, clients.worker.streams)
        report.set(.sockets, clients.worker.sockets)
        report.set(.streamsBehind, clients.worker.streamsBehind)
        report.set(.streamsOpened, counters.streamsOpened)
        report.set(.socketsOpened, counters.socketsOpened)
        report.set(.heartbeats, counters.heartbeats)
        report.set(.heartbeatsMissed, counters.heartbeatsMissed)
        report.set(.acknowledgements, counters.acknowledgements)
        report.set(.leaves, counters.leaves)
        report.set(.tokensVerified, clients.worker.tokensVerified)
        report.set(.tokensRefused, counters.tokensRefused)
        report.set(.tokensExpired, counters.tokensExpired)
        report.set(.tokensKnown, clients.worker.tokensKnown)
        let sessions = (counters: clients.secure.sessions.counters, parked: clients.secure.sessions.parked)
        report.set(.tlsParked, sessions.parked)
        report.set(.tlsWhole, clients.secure.sessions.unparked)
        report.set(.tlsShaking, clients.secure.sessions.shaking)
        report.set(.tlsHandshakes, sessions.counters.handshakes)
        report.set(.tlsResumed, sessions.counters.resumed)
        report.set(.tlsHandshakesFailed, sessions.counters.handshakesFailed)
        report.set(.tlsBadRecords, sessions.counters.badRecords)
        report.set(.tlsKeyUpdates, sessions.counters.keyUpdates)
        report.set(.tlsAlerts, sessions.counters.alertsReceived)
        report.set(.tlsCertificateEnd, certificateEnd)
        report.set(.httpRefused, counters.httpRefused)
        report.set(.headerTimeouts, counters.headerTimeouts)
        report.set(.delivered, counters.delivered)
        report.set(.deliverErrors, counters.deliverErrors)
        report.set(.undelivered, counters.undelivered)
        report.set(.undeliveredLost, counters.undeliveredLost)
        report.set(.partialWrites, counters.partialWrites)
        report.set(.bytesIn, counters.bytesIn)
        report.set(.bytesOut, counters.bytesOut)
        report.set(.latencyUnder1, counters.latencyUnder1)
        report.set(.latencyUnder2, counters.latencyUnder2)
        report.set(.latencyUnder5, counters.latencyUnder5)
        report.set(.latencyUnder10, counters.latencyUnder10)
        report.set(.latencyUnder50, counters.latencyUnder50)
        report.set(.latencyUnder100, counters.latencyUnder100)
        report.set(.latencyUnder500, counters.latencyUnder500)
        report.set(.latencyOver500, counters.latencyOver500)
        report.set(.latencySum, counters.latencySum)
        report.set(.managerLinkUp, clients.worker.isLinked)
        report.set(.managerReconnects, counters.managerReconnects)
        report.set(.managerFramesIn, counters.managerFramesIn)
        report.set(.managerFramesOut, counters.managerFramesOut)
        report.set(.linkBacklog, clients.worker.toManager.count)
        report.set(.clientMemory, clientMemoryBytes)
    }

    /// The memory is counted again only if connections or polls came or went. Counting touches every table, and the
    /// report of an idle worker should touch little.
    private var clientMemoryBytes: Int {
        let (polls, connections) = (clients.worker.counters.polls, clients.worker.connections)
        if memoryCount == nil || memoryCount?.polls != polls || memoryCount?.connections != connections {
            memoryCount = MemoryCount(
                polls: polls, connections: connections,
                bytes: clients.worker.memoryBytes + clients.secure.sessions.memoryBytes)
        }
        return memoryCount?.bytes ?? 0
    }
}
