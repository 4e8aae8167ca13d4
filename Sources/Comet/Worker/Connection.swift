import Base
package import Store
import Wire

package typealias ConnectionSlot = Slot<Connection>

/// A client's connection on a worker, in 32 bytes; behind it in the slab lies the I/O layer's watcher. A waiting one
/// owns nothing else than its few bytes in the byte store: no buffer, no timer, no object.
///
///     reading --request--> waiting --message, timeout, replaced--> replying --all sent--> reading or closed
///        |                    |                                       |
///        |                    +-the client ends its side: replying---+
///        |                    +--------- the client leaves ----------+-------------------> closed
///        +--bad request--> lingering --the client leaves, or 2 s--> closed
package struct Connection {
    package enum State: UInt8, Equatable, Sendable {
        /// For a request, or for the rest of one.
        case reading
        /// A poll is held.
        case waiting
        /// An answer is on its way, and the client has not taken all of it.
        case replying
        /// The last answer was sent; what still comes in is thrown away, so that closing does not reset the connection
        /// under it.
        case lingering
    }

    /// Who receives here while a poll is held.
    var receiver = Receiver()
    /// Neighbours in the list of deadlines that this connection is in.
    var neighbours = Neighbours<Connection>()
    /// Milliseconds of the worker's clock, modulo 2^32.
    var deadline: UInt32 = 0
    package internal(set) var state = State.reading
    /// The list of `Deadlines` that it is in.
    var list = Deadlines.Kind.header.rawValue
    /// Which of the allowed origins asked, plus one; 0: none that needs to be named.
    var origin: UInt8 = 0
    var marks: Marks = [.http11]

    struct Marks: OptionSet {
        let rawValue: UInt8
        static let http11 = Marks(rawValue: 1)
        static let keepAlive = Marks(rawValue: 2)
        /// The worker keeps bytes for it, in or out: see `Pending`.
        static let hasPending = Marks(rawValue: 4)
        /// Its next request is here already and waits for the end of the turn.
        static let resuming = Marks(rawValue: 8)
        /// The client has ended its side: it sends nothing more, and may still read, or be gone altogether.
        static let inputEnded = Marks(rawValue: 16)
        /// It sent too much ahead, and is read no further.
        static let paused = Marks(rawValue: 32)
    }
    mutating func set(_ mark: Marks, _ isOn: Bool) {
        if isOn { marks.insert(mark) } else { marks.remove(mark) }
    }
    /// The poll is not held: its answer is what waits now.
    var isAtOnce: Bool { receiver.isHello || marks.contains(.inputEnded) }

    init() {}
}

/// Bytes that a few connections own for a while: the start of a request, requests that came while a poll was held, the
/// rest of an answer.
final class Pending {
    var input = Buffer()
    var output = Buffer()
    /// The frames of the answer that is being written, until it is out whole: its messages go back if it never is. Of a
    /// poll with a cursor, whose messages the manager keeps anyway, one frame without its body.
    var frames = Buffer()
    /// Messages in that answer.
    var messages: UInt64 = 0
    /// The link that they came on.
    var link: UInt64 = 0
}

/// Why a connection was closed: the worker counts each.
package enum CloseReason: Equatable, Sendable { case client, timeout, drain, error, slow, answered }
