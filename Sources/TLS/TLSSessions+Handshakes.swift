import Base
import CTLS
import Store
import Wire

// Handshakes, and their order: one that has begun goes before one that has not, and only so many are under way at once.
extension TLSSessions {
    package enum Progress: Equatable {
        case more
        /// The handshake is done. So many of the bytes follow it: they are to be opened.
        case done(left: Int)
        case failed
    }
    /// Whether a handshake is under way.
    package func isShaking(_ handle: Handle) -> Bool {
        handle.isWhole && whole[handle.place].map { !$0.isDone } ?? false
    }
    /// Goes on with a handshake. A client's begins with no bytes. The session may be parked by it: then the handle is
    /// another.
    package mutating func shake(_ handle: inout Handle, _ bytes: UnsafeRawBufferPointer) -> Progress {
        let place = handle.place
        guard var session = whole[place] else { preconditionFailure("a handshake of a session that is over") }
        if session.session == nil {
            guard let made = mc_tls_new(session.context.pointer, session.context.isClient ? 1 : 0) else {
                return .failed
            }
            session.session = made
            if let ticket = session.ticket { mc_tls_use_ticket(made, ticket.pointer) }
            session.ticket = nil
            whole[place] = session
            shaking += 1
        }
        guard let pointer = session.session else { return .failed }
        var used = 0
        let result = mc_tls_handshake(pointer, bytes.baseAddress, bytes.count, &used)
        let records = takeOutput()
        switch Int(result) {
        case Int(MC_TLS_MORE): return .more
        case Int(MC_TLS_DONE):
            shaking -= 1
            counters.handshakes += 1
            if mc_tls_is_resumed(pointer) == 1 { counters.resumed += 1 }
            // A server's tickets go out with the end of its handshake. A client's last bytes are of the handshake.
            let isClient = session.context.isClient
            if session.context.parks, let new = park(isClient, pointer, tickets: isClient ? 0 : records) {
                // Keys were made there.
                mc_wipe_stack()
                forget(place)
                handle = new
            } else {
                whole[place]?.isDone = true
                unparked += 1
            }
            return .done(left: bytes.count - used)
        default:
            counters.handshakesFailed += 1
            failure = String(cString: mc_tls_failure())
            return .failed
        }
    }
    @inline(never)
    private mutating func park(_ isClient: Bool, _ session: OpaquePointer, tickets: UInt64) -> Handle? {
        var client = InlineArray<48, UInt8>(repeating: 0)
        var server = client
        var count = 0
        let number = withUnsafeMutableBytes(of: &client) { client in
            withUnsafeMutableBytes(of: &server) {
                mc_tls_secrets(session, client.baseAddress, $0.baseAddress, &count)
            }
        }
        defer {
            withUnsafeMutableBytes(of: &client) { mc_wipe($0.baseAddress, $0.count) }
            withUnsafeMutableBytes(of: &server) { mc_wipe($0.baseAddress, $0.count) }
        }
        guard let suite = CipherSuite(rawValue: UInt8(number)),
            let made = Parked(suite, isClient: isClient, client: client, server: server, ticketRecords: tickets)
        else { return nil }
        return Handle(parkedSessions.insert(made))
    }

    // MARK: their order

    /// A handshake can go on: bytes of the peer are there. It waits for `nextWaiting`.
    package mutating func enqueue(_ handle: Handle) {
        guard let session = whole[handle.place], !session.isQueued, !session.isDone else { return }
        whole[handle.place]?.isQueued = true
        if session.session == nil { fresh.append(handle.place) } else { begun.append(handle.place) }
    }
    package var hasWaiting: Bool { !begun.isEmpty || !fresh.isEmpty && shaking < Limits.handshakes }
    /// The next handshake that is to go on, with its owner. `nil` if there is none.
    package mutating func nextWaiting() -> (handle: Handle, owner: UInt32)? {
        while let place = begun.take() ?? (shaking < Limits.handshakes ? fresh.take() : nil) {
            guard let session = whole[place] else { continue }
            if session.isOver {
                forget(place)
                continue
            }
            whole[place]?.isQueued = false
            return (Handle(whole: place), session.owner)
        }
        return nil
    }
}
