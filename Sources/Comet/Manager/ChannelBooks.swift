import Store

/// The account of the channels' messages, with users and everyone. A message is stored once, whoever reads it.
///
/// `enqueued - over - dropped - replaced == depth` holds at every moment. Its end by the time to live is no loss by
/// itself: most of its readers have read it by then.
package struct ChannelBooks: Equatable {
    package private(set) var enqueued: UInt64 = 0
    package private(set) var over: UInt64 = 0
    package private(set) var dropped: UInt64 = 0
    package private(set) var replaced: UInt64 = 0
    package private(set) var depth = 0
    package private(set) var bytes = 0

    mutating func enter(bytes: Int) {
        enqueued += 1
        depth += 1
        self.bytes += bytes
    }
    mutating func leave(bytes: Int, _ how: Arena.State) {
        switch how {
        case .dropped: dropped += 1
        case .replaced: replaced += 1
        default: over += 1
        }
        depth -= 1
        self.bytes -= bytes
    }
}

extension QueueBooks.Leaving {
    /// A message that `latest` replaced counts as gone out: its successor is there in its place.
    init(_ state: Arena.State) {
        switch state {
        case .expired: self = .expired
        case .dropped: self = .dropped
        default: self = .dequeued
        }
    }
}
