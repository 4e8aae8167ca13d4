import Dashboard
import Stats
import Testing
import Watch

/// Outcomes of messages that left the queue, on the screen of the queues.
struct OutcomesTests {
    /// The incident, with a manager that counts outcomes. 100,000 messages were handed to pollers and never queued.
    static func model(_ changes: [(MetricID, UInt64)] = []) -> Model {
        var model = Samples.incident()
        for second in 91...95 {
            model.now = Samples.start + UInt64(second) * Samples.second
            model.wall += 1000
            var report = Samples.manager(second, model.now, 8)
            let out = report.values[.dequeued] ?? 0
            let set: [(MetricID, UInt64)] = [
                (.outcomeAcknowledged, 15_000_000), (.outcomeReplaced, 1620), (.outcomeEnded, 3),
                (.outcomeHanded, out + 100_000 - 15_001_623), (.eventsDelivered, 0), (.eventsLost, 0),
                (.events, 0), (.eventBytes, 0), (.receipts, 0), (.answersHeld, 0), (.eventStreams, 0),
            ]
            for (id, value) in set + changes { report.values[raw: id.rawValue] = value }
            // Two events a second.
            if !changes.isEmpty { report.values[raw: MetricID.eventsDelivered.rawValue] = UInt64(second) * 2 }
            model.take(report)
            model.tick()
        }
        return model
    }
    static let withEvents: [(MetricID, UInt64)] = [
        (.events, 4200), (.eventBytes, 1_300_000), (.receipts, 12), (.answersHeld, 3), (.eventStreams, 1),
    ]
    private func text(_ model: Model, _ size: Size) -> String {
        var session = Session()
        session.screen = .queues
        return Views.draw(model, session, size, Capabilities()).text
    }

    @Test(arguments: [Size(40, 12), Size(80, 24), Size(140, 36)]) func screens_areAsTheyWere(_ size: Size) throws {
        for (name, changes) in [("plain", []), ("events", Self.withEvents)] {
            try Golden.compare("outcomes-\(name)-\(size.width)x\(size.height)", text(Self.model(changes), size))
        }
    }
    @Test func sumOfOutcomes_isWhatWentOut() {
        let text = text(Self.model(), Size(160, 36))
        let sum =
            " = acknowledged 15,000,000 + handed 3,100,087 + replaced 1,620 + unsubscribed 3 - never queued 100,000\n"
        #expect(text.contains(" OUT  18,001,710" + sum), "\(text)")
        #expect(!text.contains(" EVENTS "), "no app has asked for events")
    }
    /// The sum is never shown in part.
    @Test func sum_isWhole_orAList() {
        let model = Self.model()
        for width in [70, 80, 100, 119, 120, 125, 132, 140, 144, 160, 250] {
            let line = text(model, Size(width, 30)).split(separator: "\n").first { $0.hasPrefix(" OUT") } ?? ""
            #expect(line.contains("=") == line.contains("never queued"), "\(width): \(line)")
            #expect(line.contains("acknowledged 15") && line.contains("unsubscribed 3"), "\(width): \(line)")
        }
    }
    @Test func eventsThatWereLost_areMarked() {
        let text = text(Self.model(Self.withEvents + [(.eventsLost, 7)]), Size(80, 24))
        #expect(text.contains(" EVENTS 2.0/s  lost 7 W  kept 4,200  answers held 3  streams 1"), "\(text)")
    }
    @Test func managerWithoutTheCounts_hasNoZeros() {
        let text = text(Samples.shown, Size(80, 24))
        #expect(
            text.contains(" OUT  acknowledged -  handed -  replaced -  unsubscribed -\n") && !text.contains(" EVENTS "))
        let wide = self.text(Samples.shown, Size(140, 36))
        #expect(wide.contains("- never queued -\n"), "\(wide)")
    }
    @Test func moreOutThanEnded_isNoNumber() {
        let model = Self.model([(.outcomeAcknowledged, 1)])
        #expect(model.totals.neverQueued.value == nil)
        #expect(text(model, Size(140, 36)).contains("- never queued ?\n"))
    }
}
