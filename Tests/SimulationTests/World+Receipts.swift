import Comet
import TestSupport

/// The events that apps were told of messages with a receipt.
struct ToldEvents {
    struct Key: Hashable {
        let message: UInt64
        /// A client's name, or the log that many read.
        let owner: String
    }
    /// The ends that must be told, and those that were.
    var owed: Set<Key> = []
    var ends: [Key: EventKind] = [:]
    var delivered: Set<Key> = []
    var cursor: UInt64 = 0
    var handed = 0
}

// The events that apps read must say the truth: each message with a receipt has one end for each of its logs, and one
// that is acknowledged was received.
extension World {
    func options() -> PublishOptions {
        var options = PublishOptions()
        options.receipt = settings.receipts && chance(800)
        return options
    }
    /// The message of this publish must have an end for each of these.
    func expect(_ outcome: Publication, _ owners: [String]) {
        let id: UInt64
        switch outcome {
        case .sent(let sent), .queued(let sent), .several(let sent, _, _): id = sent
        // A channel that nobody reads keeps the message, and its receipt is done at once.
        default: return
        }
        for owner in owners { told.owed.insert(ToldEvents.Key(message: id, owner: owner)) }
    }

    /// Reads all events behind the last one.
    func readEvents() {
        if told.cursor > 0, manager.switchboard.eventGap(after: told.cursor) != nil { problem("events are gone") }
        var events: [(id: UInt64, kind: EventKind, key: ToldEvents.Key, counts: ReaderCounts)] = []
        var cursor = told.cursor
        manager.switchboard.readEvents(after: &cursor, .all, client: nil) { event in
            events.append(
                (
                    event.id, event.kind, ToldEvents.Key(message: event.message, owner: event.ownerText),
                    event.counts
                ))
            return true
        }
        if let last = events.last, last.id > cursor { problem("the cursor \(cursor) is before event \(last.id)") }
        told.cursor = cursor
        for event in events { take(event.kind, event.key, event.counts) }
    }
    private func take(_ kind: EventKind, _ key: ToldEvents.Key, _ counts: ReaderCounts) {
        note(key.owner, "\(key.message) \(kind)")
        if let end = told.ends[key] { return problem("\(key) is \(kind) after it was \(end)") }
        guard kind != .delivered else {
            if !told.delivered.insert(key).inserted { problem("\(key) was delivered twice") }
            return
        }
        told.ends[key] = kind
        if kind == .done { return check(key, counts) }
        guard let client = clients.first(where: { $0.name == key.owner }) else { return problem("\(key) of nobody") }
        switch kind {
        case .acknowledged:
            if !told.delivered.contains(key) { problem("\(key) is acknowledged and was not delivered") }
            if !client.received.contains(key.message) { problem("\(key) is acknowledged and never came") }
        case .handed: told.handed += 1
        default: break
        }
    }
    private func check(_ key: ToldEvents.Key, _ counts: ReaderCounts) {
        let ended =
            counts.acknowledged + counts.handed + counts.left + counts.expired + counts.dropped + counts.replaced
        if ended < counts.readers { problem("\(key) is done with \(counts)") }
        guard key.owner.hasPrefix("channel") else { return }
        if ended > counts.readers { problem("\(key) is done with \(counts)") }
        // Clients that have it said so; some of them have left since.
        let received = clients.filter { $0.received.contains(key.message) }.count
        if counts.acknowledged > received { problem("\(key) has \(counts), and came to \(received) clients") }
    }

    /// When everything is over, no end is missing, and none was told of anything else.
    func finishReceipts() {
        for _ in 0..<40 {
            now += 5_000
            manager.switchboard.beginTurn(nanoseconds: now * 1_000_000, wallMilliseconds: wallSeconds * 1000)
            while manager.switchboard.tick(now: now) {}
            readEvents()
        }
        for key in told.owed where told.ends[key] == nil { problem("\(key) has no end") }
        if manager.switchboard.receiptCount > 0 { problem("\(manager.switchboard.receiptCount) receipts are left") }
    }
}
