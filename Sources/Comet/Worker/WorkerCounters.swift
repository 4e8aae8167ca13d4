/// The counters of a worker since it started. Everything that it drops, cuts or refuses is counted.
///
/// A counter is called what its metric is called (`MetricID`), and the table of metrics says what it means.
package struct WorkerCounters: Sendable {
    package var connsPeak: UInt64 = 0
    package var rejectedLimit: UInt64 = 0
    package var refusedAddressConnections: UInt64 = 0
    package var refusedAddressAccepts: UInt64 = 0
    package var addressLimitSkipped: UInt64 = 0
    package var closesClient: UInt64 = 0
    package var closesTimeout: UInt64 = 0
    package var closesDrain: UInt64 = 0
    package var closesError: UInt64 = 0
    package var closesSlow: UInt64 = 0
    package var closesAnswered: UInt64 = 0
    package var polls: UInt64 = 0
    package var pollsAnswered: UInt64 = 0
    package var pollsEmpty: UInt64 = 0
    package var pollsReplaced: UInt64 = 0
    package var streamsOpened: UInt64 = 0
    package var socketsOpened: UInt64 = 0
    package var heartbeats: UInt64 = 0
    package var heartbeatsMissed: UInt64 = 0
    package var acknowledgements: UInt64 = 0
    package var leaves: UInt64 = 0
    package var tokensRefused: UInt64 = 0
    package var tokensExpired: UInt64 = 0
    package var httpRefused: UInt64 = 0
    package var headerTimeouts: UInt64 = 0
    package var delivered: UInt64 = 0
    package var deliverErrors: UInt64 = 0
    package var undelivered: UInt64 = 0
    package var undeliveredLost: UInt64 = 0
    package var partialWrites: UInt64 = 0
    package var bytesIn: UInt64 = 0
    package var bytesOut: UInt64 = 0
    package var managerFramesIn: UInt64 = 0
    package var managerFramesOut: UInt64 = 0
    package var managerReconnects: UInt64 = 0
    /// Answers by the milliseconds from the manager's turn to the end of their write, and the sum of these times in
    /// microseconds.
    package var latencyUnder1: UInt64 = 0
    package var latencyUnder2: UInt64 = 0
    package var latencyUnder5: UInt64 = 0
    package var latencyUnder10: UInt64 = 0
    package var latencyUnder50: UInt64 = 0
    package var latencyUnder100: UInt64 = 0
    package var latencyUnder500: UInt64 = 0
    package var latencyOver500: UInt64 = 0
    package var latencySum: UInt64 = 0

    package init() {}

    mutating func count(_ reason: CloseReason) {
        switch reason {
        case .client: closesClient += 1
        case .timeout: closesTimeout += 1
        case .drain: closesDrain += 1
        case .error: closesError += 1
        case .slow: closesSlow += 1
        case .answered: closesAnswered += 1
        }
    }
    mutating func count(latencyMicroseconds us: UInt64) {
        latencySum += us
        switch us {
        case ..<1_000: latencyUnder1 += 1
        case ..<2_000: latencyUnder2 += 1
        case ..<5_000: latencyUnder5 += 1
        case ..<10_000: latencyUnder10 += 1
        case ..<50_000: latencyUnder50 += 1
        case ..<100_000: latencyUnder100 += 1
        case ..<500_000: latencyUnder500 += 1
        default: latencyOver500 += 1
        }
    }
}
