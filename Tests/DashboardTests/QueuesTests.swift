import Dashboard
import Stats
import Testing
import Watch

/// The forecast on the screen of the queues.
struct QueuesTests {
    /// The screen after twenty seconds, in which the queue grows by so many messages each.
    private func text(growing: (_ second: Int) -> Int) -> String {
        var model = Samples.incident()
        var extra: UInt64 = 0
        for second in 91...110 {
            extra += UInt64(growing(second))
            model.now = Samples.start + UInt64(second) * Samples.second
            model.wall += 1000
            var report = Samples.manager(second, model.now, 8)
            for id in [MetricID.enqueued, .queueMessages] {
                report.values[raw: id.rawValue] = (report.values[id] ?? 0) + extra
            }
            model.take(report)
            model.tick()
        }
        var session = Session()
        session.screen = .queues
        return Views.draw(model, session, Size(200, 40), Capabilities()).text
    }

    @Test func queueThatGrows_isSaidToBeFull_inSoLong() throws {
        // At 20,000 a second more than a million wait before the first one expires.
        #expect(text { _ in 20_000 }.contains("full in 28s at this growth"))
    }
    /// The time to live is 60 s, and about 110 messages a second stay.
    @Test func queueWhoseMessagesExpireFirst_levelsOff() throws {
        let text = text { _ in 100 }
        #expect(text.contains("levels off near") && !text.contains("full in"), "\(text)")
    }
    @Test func growthThatIsOver_fillsNothing() {
        let text = text { $0 < 108 ? 100 : 0 }
        #expect(text.contains("growth 0") && !text.contains("full in"), "\(text)")
    }
}
