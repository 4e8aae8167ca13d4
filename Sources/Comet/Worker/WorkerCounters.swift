/// What a worker counts since it started. Nothing that it drops, cuts or refuses is missing here.
package struct WorkerCounters: Sendable {
    package var peakConnections: UInt64 = 0
    /// Refused because the worker was full.
    package var rejectedFull: UInt64 = 0
    package var closedByClient: UInt64 = 0
    package var closedTimeout: UInt64 = 0
    package var closedDrain: UInt64 = 0
    package var closedError: UInt64 = 0
    package var closedSlow: UInt64 = 0
    package var closedAnswered: UInt64 = 0
    package var polls: UInt64 = 0
    /// Polls answered with messages, with nothing (timeout or drain), with `replaced`.
    package var pollsAnswered: UInt64 = 0
    package var pollsEmpty: UInt64 = 0
    package var pollsReplaced: UInt64 = 0
    /// Requests refused with a 4xx or 5xx.
    package var refused: UInt64 = 0
    package var headerTimeouts: UInt64 = 0
    package var slowClients: UInt64 = 0
    /// Messages written to their client.
    package var delivered: UInt64 = 0
    /// Answers whose connection turned out to be dead.
    package var deliverErrors: UInt64 = 0
    /// Messages given back to the manager, and those that were on their way back when the link broke.
    package var undelivered: UInt64 = 0
    package var undeliveredLost: UInt64 = 0
    package var partialWrites: UInt64 = 0
    package var bytesIn: UInt64 = 0
    package var bytesOut: UInt64 = 0
    package var framesIn: UInt64 = 0
    package var framesOut: UInt64 = 0
    package var linkLosses: UInt64 = 0
    /// Answers by the time from the manager's turn to the end of their write: one for each bucket of
    /// `count(latencyMicroseconds:)`.
    package var latency: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    package var latencyMicroseconds: UInt64 = 0

    package init() {}

    mutating func count(_ reason: CloseReason) {
        switch reason {
        case .client: closedByClient += 1
        case .timeout: closedTimeout += 1
        case .drain: closedDrain += 1
        case .error: closedError += 1
        case .slow: closedSlow += 1
        case .answered: closedAnswered += 1
        }
    }
    /// Bounds of the buckets: 1, 2, 5, 10, 50, 100 and 500 ms.
    mutating func count(latencyMicroseconds us: UInt64) {
        latencyMicroseconds += us
        switch us {
        case ..<1_000: latency.0 += 1
        case ..<2_000: latency.1 += 1
        case ..<5_000: latency.2 += 1
        case ..<10_000: latency.3 += 1
        case ..<50_000: latency.4 += 1
        case ..<100_000: latency.5 += 1
        case ..<500_000: latency.6 += 1
        default: latency.7 += 1
        }
    }
}
