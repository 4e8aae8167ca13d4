/// Every publish has a receipt: what events tell of it is read meanwhile, and looked at in the end.
extension Bench {
    /// Waits for the ends that are not told yet, and checks that each message had one. A WebSocket acknowledges its
    /// last messages after 5 s.
    func checkReceipts(_ result: inout Measurement, _ counts: LoadCounts) throws {
        guard let reader = fleet.receipts else { return }
        let taken = counts.sent + counts.queued
        let deadline = monotonicNanoseconds() + 30_000_000_000
        while reader.tally.ended < taken, monotonicNanoseconds() < deadline { try fleet.hold(seconds: 0.1) }
        let tally = reader.tally
        result.add("messages_with_receipt", taken)
        result.add("events", tally.events)
        result.add("acknowledged", tally.acknowledged)
        result.add("handed", tally.handed)
        result.add("without_end", taken - tally.ended)
        let faults = [
            ("messages without an end", max(0, taken - tally.ended)),
            ("ends of messages that nobody published", max(0, tally.ended - taken)),
            ("messages expired, dropped or replaced", tally.lost), ("events told twice", tally.doubles),
            ("messages acknowledged that were not delivered", tally.undelivered),
            ("gaps in the events", tally.gaps), ("lines of events not understood", tally.errors),
        ]
        for (what, count) in faults where count != 0 { result.complaints.append("\(count) \(what)") }
    }
}
