import Base
import Store
import Wire

// The receipts of an earlier manager. It may have died between the record of an end and the end of what it is about.
// Then both are there, and no second end is told.
extension Switchboard {
    /// The ends and deliveries that were told, by message and name.
    private struct Told {
        private struct Key: Hashable {
            let message: UInt64
            let name: UInt64
        }
        private var ends: Set<Key> = []
        private var deliveries: Set<Key> = []

        private static func key(_ message: UInt64, _ name: LogName) -> Key {
            Key(message: message, name: IdIndex.hash(name.name, seed: UInt64(name.kind.rawValue)))
        }
        mutating func add(_ event: KeptEvent) {
            guard event.message > 0 else { return }
            let key = Told.key(event.message, event.owner)
            if event.kind.isEnd { ends.insert(key) } else { deliveries.insert(key) }
        }
        func hasEnd(_ message: UInt64, _ name: LogName) -> Bool { ends.contains(Told.key(message, name)) }
        func hasDelivery(_ message: UInt64, _ name: LogName) -> Bool { deliveries.contains(Told.key(message, name)) }
    }

    /// Takes up receipts, when events and messages are there.
    mutating func recoverReceipts(_ found: Found, _ now: UInt64) {
        let marked = found.messages.filter {
            let record = logs.arena.record($0.ref)
            return record.state == .live && LogName.marks(record).contains(.receipt)
        }
        guard !marked.isEmpty || !found.receipts.isEmpty else { return }
        var told = Told()
        logs.events.forEach(logs.arena) { told.add($0) }
        for message in marked {
            let record = logs.arena.record(message.ref)
            let (slot, name) = (Slot<Message>(record.owner), LogName(record))
            guard name.kind == .client else { continue }
            if told.hasEnd(message.id, name) {
                logs.remove(slot, .ended, tells: false)
            } else if told.hasDelivery(message.id, name) {
                logs.messages[slot].isTold = true
            }
        }
        for receipt in found.receipts {
            let record = logs.arena.record(receipt)
            if told.hasEnd(record.id, LogName(record)) {
                logs.arena.end(receipt, .ended)
            } else if record.flags & Receipt.handedFlag != 0 {
                recoverHanded(receipt, record, now)
            } else {
                recoverShared(receipt, record)
            }
        }
    }
    private mutating func recoverHanded(_ ref: Arena.Ref, _ record: Arena.Record, _ now: UInt64) {
        // The message had not left its log: it is handed again.
        if let client = presence.find(record.name), let log = presence[client].log.known, logs.keeps(record.id, in: log)
        {
            return logs.arena.end(ref, .ended)
        }
        let deadline = UInt32(truncatingIfNeeded: now) &+ Limits.handedMilliseconds
        logs.receipts.hand(record.id, to: record.name, deadline: deadline, ref, &logs.arena)
    }
    private mutating func recoverShared(_ ref: Arena.Ref, _ record: Arena.Record) {
        let name = LogName(record)
        var receipt = Receipt(id: record.id, record: ref)
        receipt.value = record.value
        receipt.isFromBefore = true
        receipt.counts.readers = record.body.loadUnaligned(as: UInt32.self)
        guard let channel = channels.find(name), let log = channels[channel].log.known,
            let message = logs.first(log, after: record.id - 1), logs[message].id == record.id
        else {
            // It left its log, and the manager died before it told that.
            receipt.counts.expired = receipt.counts.pending
            logs.events.addDone(record.id, of: name, receipt.counts, &logs.arena)
            return logs.arena.end(ref, .ended)
        }
        receipt.message = message
        if name.kind == .channel {
            // Positions are recorded before the counts.
            let pending = pending(record.id, message, in: channel)
            let ended = receipt.counts.readers - min(receipt.counts.readers, pending)
            receipt.counts.acknowledged += ended - min(ended, receipt.counts.ended)
        }
        logs.receipts.add(receipt, in: log, &logs.arena)
        logs.endIfDone(record.id, in: log)
    }
    /// Subscribers that have not had the message.
    private func pending(_ id: UInt64, _ message: Slot<Message>, in channel: Slot<Channel>) -> UInt32 {
        var (count, next) = (UInt32(0), channels.next(in: channel, after: nil))
        while let slot = next {
            let subscription = channels[slot]
            let from = max(subscription.from, presence[subscription.client].position)
            if from < id, !logs.isExcepted(message, presence.id(subscription.client)) { count += 1 }
            next = channels.next(in: channel, after: slot)
        }
        return count
    }
}
