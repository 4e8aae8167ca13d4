import Glibc

/// Publishing to a server that is killed: connections that break are made again, and the ledger says what that means
/// for their publishes.
extension Generator {
    /// A publisher's connection is gone. Without a ledger the whole run is meaningless then.
    func lost(_ index: Int, _ reason: String) {
        guard ledger != nil else { return fail(reason) }
        let publisher = publishers[index]
        while let client = publisher.takeUnanswered() { ledger?.broke(Int(client) - plan.first) }
        publisher.hangUp()
        brokenPublishers.append(index)
        nextPublisherTry = 0
    }

    /// Tries every 5 ms to connect what broke. A connection that the server doesn't keep breaks again.
    func connectBroken(now: UInt64) {
        guard now >= nextPublisherTry else { return }
        nextPublisherTry = now + 5_000_000
        brokenPublishers.removeAll { index in
            guard let publisher = try? Publisher(plan: plan) else { return false }
            publishers[index] = publisher
            poller.add(publisher.descriptor, Poller.readable, Kind.publisher | UInt64(index))
            return true
        }
    }

    func countLedger() {
        guard let ledger else { return }
        (counts.owed, counts.unknown, counts.unknownSeen) = (ledger.owed, ledger.unknown, ledger.unknownSeen)
    }
}
