import Base
package import Store
import Wire

package typealias ConnectionSlot = Slot<Connection>

/// A client's connection on a worker, in 32 bytes. Behind it in the slab is the I/O layer's watcher. A connection that
/// waits owns only its few bytes in the byte store: no buffer, no timer, no object.
///
///     reading --request--> waiting --message, timeout, replaced--> replying --all sent--> reading or closed
///        |                    |                                       |
///        |                    +-the client ends its side: replying---+
///        |                    +--------- the client leaves ----------+-------------------> closed
///        +--bad request--> lingering --the client leaves, or 2 s--> closed
///
/// A receiver that stays is waiting until it ends: then it is lingering, or closed.
package struct Connection: BitwiseCopyable {
    package enum State: UInt8, Equatable, Sendable, BitwiseCopyable {
        /// It waits for a request, or for the rest of one.
        case reading
        /// A poll is held, or a receiver stays.
        case waiting
        /// An answer is being written, and the client has not taken all of it.
        case replying
        /// The last answer was sent. Bytes that still come in are thrown away, so that closing does not reset the
        /// connection under the answer.
        case lingering
    }

    /// The receiver while a poll is held.
    var receiver = Receiver()
    /// Neighbours in the list of deadlines that this connection is in.
    var neighbours = Neighbours<Connection>()
    /// Milliseconds of the worker's clock, modulo 2^32.
    var deadline: UInt32 = 0
    package internal(set) var state = State.reading
    /// The list of `Deadlines` that it is in.
    var list = Deadlines.Kind.header.rawValue
    /// The number of the allowed origin that asked, plus one. 0 if no origin needs to be named. When the head of a
    /// receiver that stays has been written, it is how much credit is owed to the manager (`Worker+Streams`).
    var origin: UInt8 = 0
    var marks: Marks = [.http11]

    struct Marks: OptionSet {
        let rawValue: UInt8
        static let http11 = Marks(rawValue: 1)
        static let keepAlive = Marks(rawValue: 2)
        /// The worker keeps bytes for it, of requests or of an answer: see `Pending`.
        static let hasPending = Marks(rawValue: 4)
        /// Its next request is here already, and waits for the end of the turn.
        static let resuming = Marks(rawValue: 8)
        /// The client has ended its side. It sends nothing more; it may still read, or may be gone.
        static let inputEnded = Marks(rawValue: 16)
        /// It sent too much ahead, so no more is read from it.
        static let paused = Marks(rawValue: 32)
        /// A WebSocket's client has sent something since the last heartbeat.
        static let heard = Marks(rawValue: 64)
        /// It was sent a ping with the last heartbeat.
        static let pinged = Marks(rawValue: 128)
        /// Lingering: it was told that it ends. That is no mistake of its client.
        static let saidFarewell = Marks(rawValue: 128)
    }
    mutating func set(_ mark: Marks, _ isOn: Bool) {
        if isOn { marks.insert(mark) } else { marks.remove(mark) }
    }
    /// The poll is not held, but is answered at once.
    var isAtOnce: Bool { receiver.isHello || marks.contains(.inputEnded) }

    init() {}
}

/// Bytes that a few connections own for a while: the start of a request, requests that came while a poll was held, or
/// the rest of an answer.
final class Pending {
    var input = Buffer()
    var output = Buffer()
    /// The frames of the answer that is being written, until it is written whole. If it never is, its messages go back.
    /// For a poll with a cursor the manager keeps the messages anyway, and this is one frame without its body.
    var frames = Buffer()
    /// Messages in that answer, and the ids of those whose delivery the manager wants to know.
    var messages: UInt64 = 0
    var told: [UInt64] = []
    /// A receiver that stays is behind: its socket has not taken all that is in `output`.
    var backlog: Backlog?
    /// The client's WebSocket message that is not whole yet.
    var reader: WebSocketReader?
}

/// Why a connection was closed. The worker counts each reason.
package enum CloseReason: Equatable, Sendable { case client, timeout, drain, error, slow, answered }
