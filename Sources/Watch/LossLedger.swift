import Base
import Stats
package import Supervision

/// Counts what is lost, from the counters of the reports. A counter that is seen for the first time is only remembered:
/// its process may have counted for days. The counter of a process that began anew counts from zero.
package struct LossLedger: Equatable, Sendable {
    package private(set) var losses: LossesAnswer
    private struct Source: Hashable {
        var process: ProcessName
        var id: MetricID
    }
    private struct Seen: Equatable {
        var boot: UInt64
        var value: UInt64
    }
    private var seen: [Source: Seen] = [:]

    /// `losses` is what an earlier supervisor counted.
    package init(_ losses: LossesAnswer = LossesAnswer()) { self.losses = losses }

    /// The counters of each way, and whose they are.
    private static let ofManager: [(LossWay, MetricID)] = [
        (.expired, .expired), (.dropped, .droppedFull), (.damaged, .journalDamaged), (.channels, .channelDropped),
        (.unread, .eventsLost), (.refused, .refusedFull), (.refused, .journalRefused), (.gaps, .gaps),
    ]
    private static let ofWebhook: [(LossWay, MetricID)] = [(.unread, .webhookGaps)]
    private static let ofWorkers: [(LossWay, MetricID)] = [(.died, .undeliveredLost)]
    static func counters(_ process: ProcessName) -> [(way: LossWay, id: MetricID)] {
        switch process {
        case .manager: ofManager
        case .webhook: ofWebhook
        case .worker: ofWorkers
        }
    }

    /// Takes up a counter of a process. `boot` is the number of its life.
    mutating func note(
        _ way: LossWay, _ process: ProcessName, _ id: MetricID, _ value: UInt64, boot: UInt64, wall: UInt64
    ) {
        let source = Source(process: process, id: id)
        let before = seen[source]
        seen[source] = Seen(boot: boot, value: value)
        guard let before else { return }
        add(way, before.boot == boot ? value - min(value, before.value) : value, wall: wall)
    }
    mutating func add(_ way: LossWay, _ count: UInt64, wall: UInt64, estimated: Bool = false) {
        beginDay(wall)
        guard count > 0 else { return }
        losses[way].today &+= count
        losses[way].last = wall
        if estimated { losses[way].estimated = true }
    }
    /// Begins the ledger anew at midnight (UTC). The times of the last ones stay.
    mutating func beginDay(_ wall: UInt64) {
        let day = UTC.date(wall)
        guard losses.day != day else { return }
        losses.day = day
        for way in LossWay.allCases {
            losses[way].today = 0
            losses[way].estimated = false
        }
    }
}
