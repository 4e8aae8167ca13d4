import Base
import Stats
import Watch

// How messages left clients' queues, and what apps are told of it, on the screen of the queues.
extension Views {
    /// The messages that went out of the queue, by what became of them. A wide terminal has them as a sum:
    /// ` OUT  18,001,620 = acknowledged 15,000,000 + handed 3,100,000 + replaced 1,620 + unsubscribed 0 - never queued
    /// 100,000`. A narrow one has no room for its last part, and lists the others.
    static func outcomesLine(_ context: Context, width: Int) -> Line {
        let totals = context.totals
        let isSum = width >= wideFrom
        // The words of the sum take 76 columns and leave the rest to six numbers. Those of the list leave it to four.
        let digits = max(5, min(11, isSum ? (width - 76) / 6 : (width - 54) / 4))
        func number(_ quantity: Quantity) -> String { context.number(quantity, width: digits) }
        var line = Line(" OUT", .title)
        if isSum { line.add(number(totals.waiting(.dequeued)) + " =") }
        for (index, (name, id)) in [
            ("acknowledged", MetricID.outcomeAcknowledged), ("handed", .outcomeHanded), ("replaced", .outcomeReplaced),
            ("unsubscribed", .outcomeEnded),
        ].enumerated() {
            line.add(
                (isSum && index > 0 ? "+ " : "") + "\(name) " + number(totals.ofManager(id)),
                leaves: isSum ? 0 : index, gap: isSum ? 1 : 2)
        }
        if isSum { line.add("- never queued " + number(totals.neverQueued), gap: 1) }
        return line
    }

    /// The events about messages and clients that apps read. `nil` if no app has asked for it.
    static func eventsLine(_ context: Context) -> Line? {
        let totals = context.totals
        guard totals.hasEvents else { return nil }
        func number(_ id: MetricID) -> String { totals.ofManager(id).text { Format.number($0, width: 9) } }
        var line = Line(" EVENTS", .title)
        line.add(totals.events(seconds: context.seconds).text(Format.rate) + "/s", gap: 1)
        let lost = totals.ofManager(.eventsLost)
        if lost.value ?? 0 > 0 { line.add("lost " + number(.eventsLost) + " W", role: .warning, leaves: 1) }
        line.add("kept " + number(.events), leaves: 2)
        line.add(totals.ofManager(.eventBytes).text(Format.bytes), leaves: 6, gap: 1)
        line.add("answers held " + number(.answersHeld), leaves: 3)
        line.add("streams " + number(.eventStreams), leaves: 4)
        // The receipt of a message in a client's queue is a mark there, and is not counted.
        line.add("receipts beside queues " + number(.receipts), leaves: 5)
        return line
    }
}
