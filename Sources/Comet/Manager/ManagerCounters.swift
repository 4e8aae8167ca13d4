import Store

/// The manager's counts since it started. Each counter has the name of its metric.
package struct ManagerCounters: Equatable {
    /// Publishes that were taken up, and the bytes of their messages.
    package var publishes: UInt64 = 0
    package var publishBytes: UInt64 = 0
    /// The outcomes of publishes.
    package var forwarded: UInt64 = 0
    package var queued: UInt64 = 0
    package var refusedFull: UInt64 = 0
    package var journalRefused: UInt64 = 0
    /// News of who came to channels and left them.
    package var presenceTold: UInt64 = 0
    /// Receivers that got a frame which they share with others.
    package var fanoutReceivers: UInt64 = 0
    /// Messages handed to workers for a poll, again or for the first time, and those that came back.
    package var handed: UInt64 = 0
    package var returned: UInt64 = 0
    /// Frames from workers, polls that they announced, polls that ended without an answer, polls replaced by one on
    /// another worker.
    package var framesIn: UInt64 = 0
    package var clientsConnected: UInt64 = 0
    package var clientsGone: UInt64 = 0
    package var clientsReplaced: UInt64 = 0
    /// Answers that told of a gap.
    package var gaps: UInt64 = 0
    /// Receivers, acknowledgements and leaves that came with a revoked token, and receivers that a revocation ended.
    package var revoked: UInt64 = 0
    /// Channels of tokens that clients were not subscribed to, since they had too many or the journal was full.
    package var grantsRefused: UInt64 = 0
    /// Workers' links that were accepted, that were refused, and that ended.
    package var linksAccepted: UInt64 = 0
    package var linksRefused: UInt64 = 0
    package var linksLost: UInt64 = 0
    /// Messages of the seed that were refused: not UTF-8, or a bad id.
    package var seedRejected: UInt64 = 0
    package init() {}

    /// The counts of publishes are those of another moment.
    mutating func takePublishes(of other: ManagerCounters) {
        publishes = other.publishes
        publishBytes = other.publishBytes
        forwarded = other.forwarded
        queued = other.queued
    }
}

/// How messages of clients' own logs ended, beside those that expired or were dropped (`QueueAccount`).
package struct Outcomes: Equatable {
    package private(set) var acknowledged: UInt64 = 0
    package private(set) var handed: UInt64 = 0
    package private(set) var replaced: UInt64 = 0
    package private(set) var ended: UInt64 = 0

    mutating func count(_ how: Arena.State) {
        switch how {
        case .acknowledged: acknowledged += 1
        case .handed: handed += 1
        case .replaced: replaced += 1
        case .ended: ended += 1
        case .live, .expired, .dropped: break
        }
    }
}
