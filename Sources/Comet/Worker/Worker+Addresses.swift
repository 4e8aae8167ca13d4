package import Base
import Store
import Wire

/// A connection's part of the table of addresses, in 4 bytes. Workers without bounds by address have none of them.
struct AddressNote: OptionSet {
    let rawValue: UInt32
    /// The number of the address, plus one. 0: nothing is held.
    private static let number: UInt32 = 0xF_FFFF
    /// The connection is a trusted proxy's. The address is that of the receiver on it, and held as long as it is.
    static let isTrusted = AddressNote(rawValue: 1 << 31)
    /// It comes from a private address, and has sent no request. A proxy may be there.
    static let mayBeProxy = AddressNote(rawValue: 1 << 30)
    /// It is over a bound: its next request is refused.
    static let isOverHeld = AddressNote(rawValue: 1 << 29)
    static let isOverNew = AddressNote(rawValue: 1 << 28)
    static let isOver: AddressNote = [isOverHeld, isOverNew]

    var address: Addresses.Number? {
        get { rawValue & AddressNote.number == 0 ? nil : Addresses.Number(rawValue & AddressNote.number - 1) }
        set {
            self = AddressNote(rawValue: rawValue & ~AddressNote.number | (newValue.map { $0.number + 1 } ?? 0))
        }
    }
}

// The bounds by address. A client that comes by itself is bounded in its connections. The connections of a proxy carry
// many clients, so there each client is bounded in what is held for it: polls, event streams and WebSockets.
extension Worker {
    /// A connection was accepted from this address. `nil`: the address has so many over its bounds that it is told a
    /// bare 429, and closed.
    package mutating func opened(from peer: IPAddress, now: UInt64) -> ConnectionSlot? {
        guard addresses != nil else { return opened(now: now) }
        let time = UInt32(truncatingIfNeeded: now)
        var note: AddressNote = []
        if settings.forwardedFor.trusts(peer) {
            note = .isTrusted
            trustedPeer = peer
        } else if let number = addresses?.number(of: peer, now: time) {
            let excess = addresses?.hold(number, isNew: true, now: time)
            if let excess {
                count(excess)
                guard addresses?.beginRefusal(number) ?? false else { return nil }
                note = excess == .held ? .isOverHeld : .isOverNew
            } else if addresses?.record(number).isProxy ?? false {
                counters.addressLimitSkipped += 1
            }
            note.address = number
            if peer.isPrivate { note.insert(.mayBeProxy) }
        } else {
            counters.addressLimitSkipped += 1
        }
        let slot = opened(now: now)
        while notes.count <= Int(slot.number) { notes.append([]) }
        notes[Int(slot.number)] = note
        return slot
    }
    private mutating func count(_ excess: Addresses.Excess) {
        switch excess {
        case .held: counters.refusedAddressConnections += 1
        case .new: counters.refusedAddressAccepts += 1
        }
    }

    /// There are bounds by address, so `opened` wants to know who connected.
    package var boundsAddresses: Bool { addresses != nil }
    /// The addresses that are known here.
    package var countedAddresses: Int { addresses?.count ?? 0 }
    package func busiestAddresses(_ most: Int, now: UInt64) -> [BusyAddress] {
        addresses?.busiest(most, now: UInt32(truncatingIfNeeded: now)) ?? []
    }
    var addressBytes: Int {
        (addresses?.memoryBytes ?? 0) + notes.capacity * MemoryLayout<AddressNote>.stride
    }

    // MARK: requests

    /// A request came. The result says why it is refused for the address of its connection. If the connection is a
    /// trusted proxy's, its client's address is found (`asker`).
    mutating func addressExcess(_ slot: ConnectionSlot, _ request: HTTPRequest) -> Addresses.Excess? {
        asker = nil
        guard Int(slot.number) < notes.count else { return nil }
        var note = notes[Int(slot.number)]
        if note.contains(.isTrusted) {
            let found = settings.forwardedFor.address(of: request, from: trustedPeer)
            // A proxy that names nobody asks for itself.
            if found.isForwarded { asker = found.client }
            return nil
        }
        if note.contains(.mayBeProxy), let number = note.address {
            note.remove(.mayBeProxy)
            if !request.values(of: "x-forwarded-for").isEmpty {
                addresses?.isProxy(number, wasRefused: !note.isDisjoint(with: .isOver))
                note.subtract(.isOver)
                hasUnnamedProxy = true
                counters.addressLimitSkipped += 1
            }
            notes[Int(slot.number)] = note
        }
        return note.contains(.isOverHeld) ? .held : note.contains(.isOverNew) ? .new : nil
    }
    /// Whether the asker may have no receiver that stays, or that takes the place of `old`.
    mutating func receiverExcess(replacing old: ConnectionSlot?, _ now: UInt32) -> Addresses.Excess? {
        guard let asker, let number = addresses?.number(of: asker, now: now) else { return nil }
        return addresses?.excess(number, isNew: true, replaces: holds(old, number), now: now)
    }
    /// The asker's receiver is to be held on this connection. It takes the place of `old`. The result says why it is
    /// not held. A poll is nothing new: its client polls again after each message.
    mutating func holdReceiver(
        _ slot: ConnectionSlot, stays: Bool, replacing old: ConnectionSlot?, _ now: UInt32
    ) -> Addresses.Excess? {
        guard let asker else { return nil }
        guard let number = addresses?.number(of: asker, now: now) else {
            counters.addressLimitSkipped += 1
            return nil
        }
        let excess = addresses?.hold(number, isNew: stays, replaces: holds(old, number), now: now)
        if let excess { count(excess) } else { notes[Int(slot.number)].address = number }
        return excess
    }
    private func holds(_ slot: ConnectionSlot?, _ number: Addresses.Number) -> Bool {
        slot.map { notes[Int($0.number)].contains(.isTrusted) && notes[Int($0.number)].address == number } ?? false
    }

    // MARK: the end

    /// The receiver on this connection has ended.
    mutating func releaseReceiver(_ slot: ConnectionSlot) {
        guard Int(slot.number) < notes.count, notes[Int(slot.number)].contains(.isTrusted) else { return }
        if let number = notes[Int(slot.number)].address { addresses?.release(number) }
        notes[Int(slot.number)].address = nil
    }
    /// The connection has ended.
    mutating func releaseConnection(_ slot: ConnectionSlot) {
        guard Int(slot.number) < notes.count else { return }
        let note = notes[Int(slot.number)]
        notes[Int(slot.number)] = []
        guard let number = note.address else { return }
        if note.isDisjoint(with: .isOver) { addresses?.release(number) } else { addresses?.endRefusal(number) }
    }
}

extension Addresses.Excess {
    /// The error that a client is told.
    var error: (code: StaticString, message: StaticString) {
        switch self {
        case .held: ("too_many_connections", "this address has too many connections (workers.max_per_address)")
        case .new: ("too_many_new", "too many new connections come from this address (workers.accepts_per_address)")
        }
    }
}
