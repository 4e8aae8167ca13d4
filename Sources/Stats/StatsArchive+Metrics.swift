// The metrics that the archive keeps. There may be 256 workers, so of those it keeps what the tables of megatop show.
// The other processes are single, and of them it keeps all.
extension StatsArchive {
    static let ofWorkers: [MetricID] =
        [
            .connsOpen, .connsParked, .connLimit, .fdsOpen, .fdLimit, .accepts, .rejectedLimit, .closesClient,
            .closesTimeout, .closesDrain, .closesError, .closesSlow, .closesAnswered, .polls, .pollsAnswered,
            .pollsEmpty, .pollsReplaced, .httpRefused, .delivered, .deliverErrors, .bytesOut, .streams, .sockets,
            .streamsBehind, .heartbeats, .heartbeatsMissed, .managerLinkUp, .tlsCertificateEnd, .tokensVerified,
            .tokensRefused, .refusedAddressConnections, .refusedAddressAccepts, .acceptErrors,
        ] + LatencyBuckets.ids + [.loopLagMax, .cpuUser, .cpuSystem, .rss]
    static let ofManager = ids(
        Metric.manager + Metric.queue + Metric.channels + Metric.events + Metric.journal + Metric.engine)
    private static let ofWebhook = ids(Metric.webhook)
    private static let ofSupervisor = ids(Metric.supervisor + Metric.host)
    /// The manager's metrics about the messages for the clients of each worker.
    private static let ofQueues: [MetricID] = [
        .queueMessages, .queueBytes, .queueClients, .queueOldest, .enqueued, .dequeued, .expired, .droppedFull,
    ]
    /// The supervisor's metrics about each process.
    private static let ofChildren: [MetricID] = [
        .childState, .childDesired, .childPid, .childGeneration, .childExits60s, .childExits24h, .childLastExitKind,
        .childLastExitCode, .childRetryIn, .childUptime, .childHangKills, .childWatchdogHeld, .childOverloaded,
    ]
    private static func ids(_ metrics: [Metric]) -> [MetricID] { (metrics + Metric.process).map(\.id) }

    /// Workers report it, and the archive does not keep it.
    package static func leavesOut(_ id: MetricID) -> Bool {
        [.worker, .process].contains(Metric[id].scope) && !ofWorkers.contains(id)
    }
    static func metrics(_ role: StatsPacket.Role, hasSubject: Bool) -> [MetricID] {
        switch role {
        case .worker: hasSubject ? [] : ofWorkers
        case .manager: hasSubject ? ofQueues : ofManager
        case .supervisor: hasSubject ? ofChildren : ofSupervisor
        case .webhook: hasSubject ? [] : ofWebhook
        case .reader: []
        }
    }
}
