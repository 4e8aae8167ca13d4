import Base
import Store
import Wire

// The ends of messages with a receipt, as events. A record of the end is made before the record of the message or
// receipt is ended. So a manager that is killed in between leaves both, and the next one tells no second end.
extension Logs {
    // MARK: a client's own log

    /// A message with a receipt leaves its log.
    mutating func tellEnd(_ slot: Slot<Message>, _ how: Arena.State) {
        let message = messages[slot]
        let own = logs[message.log]
        guard own.client == nil else {
            // A stream was sent it, and its worker is still to say that it has written it.
            if how == .handed, !message.isTold { return expectWord(of: slot, now: receipts.now) }
            // A client that acknowledges has it only if it was written to it, whatever its worker has said until now.
            if how == .acknowledged { tellDelivered(slot) }
            guard let kind = EventKind(how) else { return }
            return events.add(kind, message.id, of: name(slot).name, &arena)
        }
        guard let receipt = receipts.find(message.id, in: message.log) else { return }
        // A user without clients had one to come.
        if isUsers(message.log) { receipts[receipt].counts.readers = max(1, receipts[receipt].counts.readers) }
        var counts = receipts[receipt].counts
        counts.end(counts.pending, as: how == .dropped ? .dropped : how == .replaced ? .replaced : .expired)
        receipts[receipt].counts = counts
        endShared(receipt, in: message.log)
    }
    /// A message was written to its client's connection.
    private mutating func tellDelivered(_ slot: Slot<Message>) {
        let message = messages[slot]
        guard !message.isTold else { return }
        message.isTold = true
        events.add(.delivered, message.id, of: name(slot).name, &arena)
    }
    /// The name of the message's log, from its record, which stays where it is while others are appended.
    private func name(_ message: Slot<Message>) -> LogName { LogName(arena.record(messages[message].record)) }

    /// The client's worker says that it has written the message. `log` is the client's own.
    mutating func delivered(_ id: UInt64, to client: UnsafeRawBufferPointer, _ log: Slot<Log>?) {
        if let handed = receipts.find(id, of: client) {
            events.add(.delivered, id, of: client, &arena)
            return endHanded(handed, .handed)
        }
        guard let log, id > 0, let message = first(log, after: id - 1), messages[message].id == id,
            messages[message].marks.contains(.receipt)
        else { return }
        tellDelivered(message)
    }

    // MARK: messages that were handed to a client which acknowledges nothing

    /// The message is written to the link of the client's worker, and leaves its log.
    mutating func hand(_ slot: Slot<Message>, now: UInt64) {
        let message = messages[slot]
        guard message.marks.contains(.receipt) else { return take(slot) }
        expectWord(of: slot, now: now)
        remove(slot, .handed, tells: false)
    }
    /// The message leaves its log, and the worker of its client says later what became of it.
    private mutating func expectWord(of slot: Slot<Message>, now: UInt64) {
        let message = messages[slot]
        let end = now + UInt64(Limits.handedMilliseconds)
        let client = name(slot).name
        let record = arena.append(.receipt, flags: Receipt.handedFlag, id: message.id, value: end, name: client)
        receipts.hand(message.id, to: client, deadline: UInt32(truncatingIfNeeded: end), record ?? .none, &arena)
    }
    func hasHanded(_ id: UInt64, to client: UnsafeRawBufferPointer) -> Bool { receipts.find(id, of: client) != nil }
    /// The message came back into its log, where its mark is its receipt.
    mutating func takeBack(_ id: UInt64, of client: UnsafeRawBufferPointer) {
        if let receipt = receipts.find(id, of: client) { receipts.removeHanded(receipt, &arena) }
    }
    /// The message came back and can't be kept.
    mutating func endHanded(_ id: UInt64, of client: UnsafeRawBufferPointer, _ kind: EventKind) {
        if let receipt = receipts.find(id, of: client) { endHanded(receipt, kind) }
    }
    private mutating func endHanded(_ receipt: Slot<Receipt>, _ kind: EventKind) {
        events.add(kind, receipts[receipt].id, of: receipts.client(receipt), &arena)
        receipts.removeHanded(receipt, &arena)
    }
    /// Ends the next one of whose worker nothing more is expected. False if there is none.
    mutating func endNextHanded(now: UInt32) -> Bool {
        guard let receipt = receipts.nextOver(now: now) else { return false }
        endHanded(receipt, .handed)
        return true
    }

    // MARK: messages that many read

    /// The message was put into the log, for so many readers.
    mutating func beginReceipt(_ id: UInt64, in log: Slot<Log>, _ owner: LogName, readers: Int) {
        guard let message = last(log), messages[message].id == id, messages[message].marks.contains(.receipt) else {
            return
        }
        let count = UInt32(clamping: readers)
        let record = withUnsafeBytes(of: count) {
            arena.append(.receipt, flags: owner.flags, id: id, name: owner.name, body: $0)
        }
        var receipt = Receipt(id: id, record: record ?? .none, message: message)
        receipt.counts.readers = count
        receipts.add(receipt, in: log, &arena)
        endIfDone(id, in: log)
    }
    /// Tells the end if all readers of the message have it.
    mutating func endIfDone(_ id: UInt64, in log: Slot<Log>) {
        if let receipt = receipts.find(id, in: log), isDone(receipt, in: log) { endShared(receipt, in: log) }
    }
    private func isDone(_ receipt: Slot<Receipt>, in log: Slot<Log>) -> Bool {
        let counts = receipts[receipt].counts
        guard counts.ended >= counts.readers else { return false }
        // A user's message waits for the user's next client, even if those that there were have gone.
        return !isUsers(log) || counts.acknowledged + counts.handed > 0
    }
    /// A reader of the log has come from one id to another.
    mutating func advanced(
        _ log: Slot<Log>, _ reader: UnsafeRawBufferPointer, after from: UInt64, upTo id: UInt64,
        _ how: WritableKeyPath<ReaderCounts, UInt32>
    ) {
        for receipt in receipts.of(log, after: from, upTo: id) {
            let entry = receipts[receipt]
            guard !isExcepted(entry.message, reader) else { continue }
            var counts = entry.counts
            counts[keyPath: how] += 1
            entry.counts = counts
            if entry.record != .none { arena.set(entry.record, value: entry.value) }
            if isDone(receipt, in: log) { endShared(receipt, in: log) }
        }
    }
    /// A client begins to read the log after one id, and was not among the readers of messages up to another. It is one
    /// of them now. If an earlier manager began a receipt, nobody knows whether that had counted the client.
    mutating func joined(
        _ log: Slot<Log>, _ reader: UnsafeRawBufferPointer, after from: UInt64, upTo id: UInt64 = .max
    ) {
        for receipt in receipts.of(log, after: from, upTo: id) {
            let entry = receipts[receipt]
            if !entry.isFromBefore, !isExcepted(entry.message, reader) { entry.counts.readers += 1 }
        }
    }
    private func isUsers(_ log: Slot<Log>) -> Bool {
        first(log).map { name($0).kind == .user } ?? false
    }
    private mutating func endShared(_ receipt: Slot<Receipt>, in log: Slot<Log>) {
        let entry = receipts[receipt]
        entry.counts.readers = max(entry.counts.readers, entry.counts.ended)
        events.addDone(entry.id, of: name(entry.message), entry.counts, &arena)
        receipts.remove(receipt, from: log, &arena)
    }
}

extension EventKind {
    /// The end that a record's end is. `nil` for one that is no end of a message.
    init?(_ how: Arena.State) {
        switch how {
        case .acknowledged: self = .acknowledged
        case .handed: self = .handed
        case .expired: self = .expired
        case .dropped: self = .dropped
        case .replaced: self = .replaced
        case .live, .ended: return nil
        }
    }
}
