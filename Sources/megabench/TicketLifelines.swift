import Base
import Crypto
import Glibc
import TLS

/// The lifelines of workers that run without a supervisor, over TLS. A worker gives tickets only if it was told their
/// keys, and it is told them over its lifeline. So each of these workers has one, and the same key.
final class TicketLifelines {
    /// The variable that names a lifeline's descriptor to a worker, as `ChildProcess` hands it over.
    static let variable = "MEGACOMET_LIFELINE=3"
    private let line: [UInt8]
    /// Our ends. A worker whose lifeline ends looks for another supervisor, and after a while leaves.
    private var ends: [Int32] = []

    init() throws {
        guard let key = randomBytes(TLSContext.ticketKeyBytes) else {
            throw Fleet.Trouble(description: "the system has no random bytes for the key of tickets")
        }
        line = Array("tickets \(hex(key))\n".utf8)
    }
    deinit { for end in ends { close(end) } }

    /// A worker's end, on which the key waits. The caller closes it when the worker has it.
    func end() throws(Socket.Failure) -> Int32 {
        let (ours, theirs) = try Socket.pair()
        ends.append(ours)
        guard write(ours, line, line.count) == line.count else {
            throw Socket.Failure(call: "write to a lifeline", code: errno)
        }
        return theirs
    }
}
