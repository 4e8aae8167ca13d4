/// The ids on the wire. Gaps are ids that an earlier design used; they stay unused.
package enum MetricID: UInt16, Sendable, CaseIterable {
    // A worker's clients.
    case connsOpen = 1, connsParked, connsPeak, connLimit
    case fdsOpen = 5, fdLimit
    case accepts = 7, acceptErrors, rejectedLimit
    case closesClient = 10, closesTimeout, closesDrain, closesError, closesSlow, closesAnswered
    case polls = 16, pollsAnswered, pollsEmpty, pollsReplaced, httpRefused
    case delivered = 21
    case deliverErrors = 23, partialWrites, bytesIn, bytesOut
    // The manager's queues, by worker number: the messages that wait.
    case queueClients = 27, queueMessages, queueBytes, queueOldest, queueLimitMessages, queueLimitBytes
    case enqueued = 33, dequeued, expired, droppedFull
    case queueAge0 = 38, queueAge10, queueAge20, queueAge40
    // Delivery latency, from the manager's turn to the write.
    case latencyUnder1 = 42, latencyUnder2, latencyUnder5, latencyUnder10, latencyUnder50, latencyUnder100,
        latencyUnder500, latencyOver500
    case latencySum = 50
    // Every daemon's loop and cost.
    case loopIterations = 51, loopBusy, loopLagMax, turnBusyMax = 55
    case cpuUser = 56, cpuSystem, rss, minorFaults
    // A worker's link.
    case managerLinkUp = 60, managerReconnects, managerFramesIn
    case reportSendErrors = 63
    case managerFramesOut = 64, undelivered, undeliveredLost, headerTimeouts, clientMemory, linkBacklog
    case queueTTL = 72, queueLimitPerClient
    // Receivers of a worker that stay: event streams and WebSockets.
    case streams = 74, sockets, streamsBehind, streamsOpened, socketsOpened, heartbeats, heartbeatsMissed,
        acknowledgements, leaves
    // Its bounds by address.
    case refusedAddressConnections = 83, refusedAddressAccepts, addressesCounted, addressLimitSkipped
    // Tokens, as the manager sees them.
    case revocations = 90, revoked, grantsRefused
    case tokensVerified = 96, tokensRefused, tokensExpired, tokensKnown

    // The manager.
    case workersConnected = 100, appsConnected, clientsKnown, clientsWaiting
    case publishes = 104, publishBytes, rejectedJSON, rejectedSize, rejectedAuth, rejectedRequest
    case forwarded = 110, queued, refusedFull, handed, returned
    case framesIn = 115, clientsConnected, clientsGone, clientsReplaced, gaps
    case linksAccepted = 120, linksRefused, linksLost, seedRejected
    case workerBacklog = 124, workerBacklogMax, appBacklogMax
    case appAccepts = 127, appAcceptErrors, managerMemory, linkVersion
    // Its channels.
    case channels = 131, subscriptions, channelMessages, channelBytes, channelEnqueued, channelOver, channelDropped,
        channelReplaced, fanouts, fanoutReceivers, presenceTold
    // Its journal.
    case journalMode = 142, journalBytes, journalAllocated, journalSegments, journalRecords, journalRefused
    case journalSyncMax = 149, journalReplay, journalReplayed, journalDamaged, journalError

    // The supervisor's table, behind a subject.
    case childState = 160, childDesired, childPid, childGeneration, childStarts, childExits, childExits60s,
        childExits24h
    case childLastExitKind = 168, childLastExitCode, childLastExitAge, childRetryIn, childReadyIn, childReportAge
    case childReportsLost = 174, childHangKills, listenQueueNow, listenQueueLimit, childUptime, childWatchdogHeld,
        childTurnedAway, childOverloaded

    // The webhook.
    case webhookLinked = 183, webhookRequests, webhookEvents, webhookFailures, webhookGaps
    case webhookWaiting = 188, webhookStatus, webhookSuccessAge, webhookFailing, webhookLatency, webhookLatencyMax

    // The supervisor and its hub.
    case configGeneration = 200, configOK, subscribers, hubReports, hubLost, hubLate
    case hubBadToken = 206, hubBadMagic, hubTruncated, hubForeign, hubQueueDrops, hubReceiveBuffer, hubRelayed,
        hubRelayErrors, subscribersRefused
    case httpRequests = 215
    // The machine.
    case tcpInUse = 220, tcpTimeWait, tcpOrphans, tcpMemory, tcpMemoryLimit
    case listenOverflows = 225, listenDrops, udpReceiveErrors, filesOpen, filesLimit
    case memoryAvailable = 230, memoryTotal, psiMemory, psiCPU, cpuCount, loadAverage, conntrack, conntrackLimit,
        oomKills, cpuThrottled

    // A worker's TLS.
    case tlsParked = 240, tlsWhole, tlsShaking, tlsHandshakes, tlsResumed, tlsHandshakesFailed, tlsBadRecords,
        tlsKeyUpdates, tlsCertificateEnd, tlsAlerts

    // The manager's receipts and events.
    case outcomeAcknowledged = 300, outcomeHanded, outcomeReplaced, outcomeEnded
    case eventsDelivered = 304, eventsAcknowledged, eventsExpired, eventsDropped, eventsReplaced, eventsHanded,
        eventsDone, eventsConnected, eventsAbsent, eventsSubscribed, eventsUnsubscribed
    case events = 315, eventBytes, eventsLost, receipts, answersHeld, eventStreams

    // The engine of a cluster, and its machines, as the manager sees them.
    case engineUp = 330, engineLatency, engineLatencyMax, engineBacklog, engineAppended, engineRead, engineRefused,
        engineLag, engineMemory, engineMemoryMax
    case nodes = 341, nodesLost

    /// The bound of ids.
    package static let bound: UInt16 = 512

    /// The metrics that follow, up to the next subject, are about this process: 0 is the manager, n + 1 is worker n,
    /// and `webhookSubject` the webhook. For a queue, 0 means the clients that were on no worker.
    case subject = 255
    package static let webhookSubject: UInt16 = 1000
}
