/// One life of one process, from one boot id to the next, as its reports tell it.
package struct StatsSource: Sendable {
    /// The header of the newest datagram.
    package internal(set) var header: StatsPacket.Header
    /// The newest values of the process itself.
    package internal(set) var values = MetricValues()
    /// The values that it reports about other processes, by worker number. For `nil` see `MetricID.subject`.
    package internal(set) var subjects: [UInt16: Subject] = [:]
    /// The subjects of the newest datagram, in its order. A report of many subjects is several datagrams.
    package internal(set) var newestSubjects: [UInt16] = []
    /// The time when the newest datagram came, on the reader's own clock, in ns of CLOCK_MONOTONIC.
    package internal(set) var arrived: UInt64
    /// Datagrams that never came, that came twice or too late, and that were good.
    package internal(set) var lost: UInt64 = 0
    package internal(set) var late: UInt64 = 0
    package internal(set) var received: UInt64 = 0
    /// The process has said that it ends as planned.
    package internal(set) var saidGoodbye = false
    package struct Subject: Sendable {
        package internal(set) var values = MetricValues()
        package internal(set) var time: UInt64 = 0
    }

    init(_ header: StatsPacket.Header, arrived: UInt64) {
        self.header = header
        self.arrived = arrived
    }

    package func subject(worker: Int?) -> Subject? { subjects[UInt16((worker ?? -1) + 1)] }

    /// Milliseconds since its last report.
    package func age(now: UInt64) -> UInt64 { now > arrived ? (now - arrived) / 1_000_000 : 0 }

    package enum Freshness: Sendable, Comparable {
        case fresh
        /// Older than 3 intervals. Its values are still shown, with a mark.
        case stale
        /// Older than 10 intervals. It has no rates.
        case old
        /// Older than 60 s.
        case gone
    }
    package func freshness(now: UInt64) -> Freshness {
        let age = age(now: now)
        let interval = UInt64(max(1, header.interval))
        return age > 60_000 ? .gone : age > 10 * interval ? .old : age > 3 * interval ? .stale : .fresh
    }
}
