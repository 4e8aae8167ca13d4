import Base
import Store
import Wire

// Which positions of clients the other machines are told: those that let messages go from logs. A poll that got nothing
// tells nothing.
extension Switchboard {
    /// The client is about to acknowledge messages of its own log.
    mutating func tellAcknowledged(_ client: Slot<ClientRecord>, _ log: Slot<Log>, upTo cursor: UInt64) {
        guard presence[client].place != .elsewhere, let first = logs.first(log), logs[first].id <= cursor else {
            return
        }
        logs.peers.emitPosition(cursor, acknowledges: true, presence.id(client))
    }
    /// The client came from this position to the one that it has now. If a shared log had something for it in between,
    /// no machine sends it again, and receipts count it.
    mutating func tellPosition(_ client: Slot<ClientRecord>, after from: UInt64) {
        let record = presence[client]
        guard record.place != .elsewhere, !record.isNew, hasPassed(client, after: from) else { return }
        logs.peers.emitPosition(record.position, acknowledges: record.acknowledges, presence.id(client))
    }
    private func hasPassed(_ client: Slot<ClientRecord>, after from: UInt64) -> Bool {
        let position = presence[client].position
        if channels.everyoneNewest > from, channels.everyoneNewest <= position { return true }
        var next = presence[client].subscription.known
        while let slot = next {
            let newest = channels[channels[slot].channel].newest
            // A channel may have got something newer since, so the newest one may be past the position.
            if newest > from { return true }
            next = channels.next(of: slot)
        }
        return false
    }
}
