import Base
import Glibc
import TLS

/// TLS between sockets and bytes. Its calls are like the kernel's read and write, so the rest of a process knows
/// nothing of it. Without `--tls` a process has none, and pays nothing.
///
/// Each connection has a seat: the number of a client, or a descriptor. A session is parked after its handshake, so
/// that one process can hold many thousands.
final class SocketTLS {
    /// When a client comes with a ticket.
    enum Resumption: Equatable {
        case never
        /// As browsers do: when it was there before.
        case onReturn
        /// As soon as there is a ticket.
        case always
    }

    private struct Seat {
        var handle = TLSSessions.Handle.plain
        var wasThere = false
    }

    private var sessions = TLSSessions()
    private let context: TLSContext
    /// The context of the one connection that keeps its SSL object, since only that takes tickets. `nil` for a server.
    private let keeping: TLSContext?
    private let resumption: Resumption
    private var seats: [Seat]
    /// All clients of the process come back with the same ticket: for a server that is the same work.
    private(set) var ticket: Ticket?
    /// The seat of the connection that waits for a ticket. -1 if there is none.
    private var scout = -1
    private let sealed = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 * 1024, alignment: 64)

    /// More plain text than there are sealed bytes can come only from the start of a record that came before.
    private static let mostHeld = 17 * 1024

    /// Clients. They offer one suite, so that every server seals with the same.
    init?(clients: Int, resumption: Resumption) {
        guard let context = TLSContext(only: .aes128), let keeping = TLSContext(only: .aes128) else { return nil }
        keeping.parks = false
        (self.context, self.keeping, self.resumption) = (context, keeping, resumption)
        seats = Array(repeating: Seat(), count: max(1, clients))
    }
    /// A server with this certificate. Its tickets are good while it runs.
    init(server context: TLSContext, seats count: Int) {
        (self.context, keeping, resumption) = (context, nil, .never)
        seats = Array(repeating: Seat(), count: count)
    }
    deinit { sealed.deallocate() }

    /// Handshakes that are done, and those of them that used a ticket.
    var handshakes: (all: Int, resumed: Int) { (Int(sessions.counters.handshakes), Int(sessions.counters.resumed)) }
    /// Why the last handshake failed.
    var failure: String { sessions.failure }

    func isShaking(_ seat: Int) -> Bool { sessions.isShaking(seats[seat].handle) }

    /// A connection begins. A client says hello. False: the socket does not take it yet, and it is to begin again.
    func begin(_ seat: Int, _ descriptor: Int32) -> Bool {
        guard let keeping else {
            seats[seat].handle = sessions.begin(context)
            return true
        }
        let wantsTicket = resumption != .never && ticket == nil && scout < 0
        let mayResume = resumption == .always || (resumption == .onReturn && seats[seat].wasThere)
        if wantsTicket { scout = seat }
        seats[seat].handle = sessions.begin(wantsTicket ? keeping : context, ticket: mayResume ? ticket : nil)
        let progress = sessions.shake(&seats[seat].handle, UnsafeRawBufferPointer(start: nil, count: 0))
        if progress == .more, flush(descriptor) { return true }
        drop(seat)
        return false
    }

    /// Like read(2), with its results: the bytes that came, 0 at the end, or -1 with EAGAIN. It goes on with a
    /// handshake, too. A client's last bytes of that go out with the first that it writes.
    func read(_ seat: Int, _ descriptor: Int32, _ room: UnsafeMutableRawBufferPointer) -> Int {
        let most = min(sealed.count, room.count - SocketTLS.mostHeld)
        guard most > 0 else { return 0 }
        let count = Glibc.read(descriptor, sealed.baseAddress, most)
        guard count > 0 else { return count }
        var bytes = UnsafeRawBufferPointer(rebasing: sealed[..<count])
        let wasShaking = isShaking(seat)
        if wasShaking {
            switch sessions.shake(&seats[seat].handle, bytes) {
            case .more: return flush(descriptor) ? nothing : 0
            case .failed, .plain: return ended(descriptor)
            case .done(let left): bytes = bytes.part(count - left, left)
            }
        }
        let result = sessions.open(seats[seat].handle, bytes, second: UInt32(monotonicNanoseconds() / 1_000_000_000))
        if seat == scout, ticket == nil { ticket = sessions.ticket(seats[seat].handle) }
        let plain = sessions.plain.bytes
        guard result != .failed, plain.count <= room.count else { return ended(descriptor) }
        // The end of a handshake goes out, and an answer to a new key. A client's end waits for its request.
        if !wasShaking || keeping == nil, !flush(descriptor) { return 0 }
        if plain.isEmpty { return result == .ended ? 0 : nothing }
        room.copyMemory(from: plain)
        return plain.count
    }
    private var nothing: Int {
        errno = EAGAIN
        return -1
    }
    /// The peer may be told why.
    private func ended(_ descriptor: Int32) -> Int {
        _ = flush(descriptor)
        return 0
    }

    /// Writes all of these bytes. False: the socket did not take them.
    func write(_ seat: Int, _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset < bytes.count {
            guard let count = sessions.seal(seats[seat].handle, bytes.part(offset, bytes.count - offset)) else {
                sessions.tookOut()
                return false
            }
            offset += count
        }
        return flush(descriptor)
    }

    /// Says goodbye, before the descriptor is closed.
    func end(_ seat: Int, _ descriptor: Int32) {
        guard seats[seat].handle != .plain else { return }
        if !isShaking(seat) {
            sessions.sayEnd(seats[seat].handle)
            _ = flush(descriptor)
        }
        drop(seat)
        seats[seat].wasThere = true
    }

    private func drop(_ seat: Int) {
        sessions.end(seats[seat].handle)
        sessions.tookOut()
        seats[seat].handle = .plain
        if seat == scout, ticket == nil { scout = -1 }
    }

    /// Writes what the last steps made. A socket of loopback takes it whole, or its peer is in trouble.
    private func flush(_ descriptor: Int32) -> Bool {
        let out = sessions.out.bytes
        guard !out.isEmpty else { return true }
        let count = Glibc.send(descriptor, out.baseAddress, out.count, Int32(MSG_NOSIGNAL))
        let isTaken = count == out.count
        sessions.tookOut()
        return isTaken
    }
}
