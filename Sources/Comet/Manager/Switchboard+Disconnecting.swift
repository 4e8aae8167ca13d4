import Base
import Store
import Wire

/// A client or user whose receivers an app ends.
package enum Disconnected {
    case client(UnsafeRawBufferPointer)
    /// All clients of a user.
    case user(UnsafeRawBufferPointer)

    var name: LogName {
        switch self {
        case .client(let name): LogName(.client, name)
        case .user(let name): LogName(.user, name)
        }
    }
}

// Apps end receivers, and tokens.
extension Switchboard {
    /// Ends the receivers of a client, or of all clients of a user. The result is how many clients were connected.
    package mutating func disconnect(_ who: Disconnected, now: UInt64) -> Int {
        clients(of: who).reduce(0) { $0 + disconnect($1, isRevoked: false, now) }
    }
    /// The same, and from now on the tokens of the client or user that were made up to this second count no more. If
    /// that can't be recorded, nothing is done.
    package mutating func revoke(_ who: Disconnected, upTo moment: UInt32, now: UInt64) throws(RevokeError) -> Int {
        do { try revocations.add(who.name, upTo: moment, now: now, &logs.arena) } catch {
            if error == .journalFull { counters.journalRefused += 1 }
            throw error
        }
        return clients(of: who).reduce(0) { $0 + disconnect($1, isRevoked: true, now) }
    }
    func clients(of who: Disconnected) -> [Slot<ClientRecord>] {
        switch who {
        case .client(let name): return presence.find(name).map { [$0] } ?? []
        case .user(let name):
            // The client that has the user's own name may not read the user's log.
            var clients = presence.find(name).map { [$0] } ?? []
            guard let user = channels.find(LogName(.user, name)) else { return clients }
            let own = clients.first
            var next = channels.next(in: user, after: nil)
            while let slot = next {
                if channels[slot].client != own { clients.append(channels[slot].client) }
                next = channels.next(in: user, after: slot)
            }
            return clients
        }
    }
    private mutating func disconnect(_ client: Slot<ClientRecord>, isRevoked: Bool, _ now: UInt64) -> Int {
        let record = presence[client]
        let wasConnected = record.isPresent
        if record.isHeld {
            if isRevoked { counters.revoked += 1 }
            endReceiver(client, byApp: now, isRevoked: isRevoked)
        } else {
            // A poll that is on its way is judged by its token, and one with a new token is welcome at once.
            if record.place == .grace, wasConnected || isRevoked { record.isToBeDisconnected = !isRevoked }
            record.isPresent = false
            note(client)
        }
        return wasConnected ? 1 : 0
    }

    /// Tells the worker that the app ended the client's receiver.
    mutating func endReceiver(_ client: Slot<ClientRecord>, byApp now: UInt64, isRevoked: Bool = false) {
        let record = presence[client]
        tellEnd(record.link, tag: record.tag, slot: record.slot, presence.id(client), isRevoked: isRevoked)
        endReceiver(client, present: false, now)
    }
    private mutating func tellEnd(
        _ link: LinkSlot, tag: UInt16, slot: UInt32, _ client: UnsafeRawBufferPointer, isRevoked: Bool
    ) {
        guard links.version(link) == .two else { return }
        links.write(
            Frame(
                op: .disconnect, flags: isRevoked ? .revoked : [], tag: tag, slot: slot, number: 0, client: client),
            to: link)
    }

    /// The frame came with a token that was revoked.
    @inline(__always) func isRefused(_ frame: Frame, _ grant: Grant) -> Bool {
        grant.issuedAt > 0 && revocations.count > 0 && revocations.isRevoked(frame.client, issuedAt: grant.issuedAt)
    }
    /// A receiver came with a revoked token. It is told so, and takes nobody's place. Only the worker that it is on has
    /// ended the client's receiver for it already.
    mutating func refuse(_ link: LinkSlot, _ frame: Frame, _ now: UInt64) {
        counters.revoked += 1
        tellEnd(link, tag: frame.tag, slot: frame.slot, frame.client, isRevoked: true)
        guard let client = presence.find(frame.client) else { return }
        if presence[client].isHeld, presence[client].link == link { endReceiver(client, present: false, now) }
    }

    /// Revocations that are kept.
    package var revocationCount: Int { revocations.count }
}
