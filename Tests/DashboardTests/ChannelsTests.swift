import Dashboard
import Stats
import Supervision
import Testing
import Watch
import Wire

/// Channels and the journal on the screens and in the alerts.
struct ChannelsTests {
    /// The incident, with a manager that has channels and a journal.
    static func model(_ changes: [(MetricID, UInt64)] = [], growing: MetricID? = nil) -> Model {
        var model = Samples.incident()
        for second in 91...95 {
            model.now = Samples.start + UInt64(second) * Samples.second
            model.wall += 1000
            var report = Samples.manager(second, model.now, 8)
            let set: [(MetricID, UInt64)] = [
                (.channels, 31), (.subscriptions, 9120), (.channelMessages, 1204), (.channelBytes, 327_680),
                (.channelEnqueued, 1300), (.channelOver, 60), (.channelDropped, 0), (.channelReplaced, 36),
                (.fanouts, 2), (.fanoutReceivers, 5_000_000), (.presenceTold, 9), (.journalMode, 2),
                (.journalBytes, 1 << 20), (.journalAllocated, 64 << 20), (.journalSegments, 4),
                (.journalRecords, 9000), (.journalRefused, 0), (.journalSyncMax, 4000),
                (.journalReplay, 12), (.journalReplayed, 800), (.journalDamaged, 0), (.journalError, 0),
            ]
            for (id, value) in set + changes { report.values[raw: id.rawValue] = value }
            if let growing { report.values[raw: growing.rawValue] = UInt64(second) * 10 }
            model.take(report)
            model.tick()
        }
        model.told.channels.take(
            [
                .init(channel: "news", subscribers: 826, connected: 812, messages: 5, bytes: 320),
                .init(channel: "evil\u{1B}[2J\n\u{202E}", subscribers: 3, connected: 1, messages: 0, bytes: 0),
            ], time: model.now)
        return model
    }
    private func text(_ model: Model, _ screen: Screen, _ size: Size = Size(120, 40)) -> String {
        var session = Session()
        session.screen = screen
        return Views.draw(model, session, size, Capabilities()).text
    }
    /// The alerts of channels and of the journal.
    private static let own: Set = ["damaged", "journal", "journal full", "fanouts", "channels", "channel books"]
    private func keys(_ model: Model) -> [String] { model.alerts.map(\.key) }

    @Test(arguments: [Size(80, 24), Size(120, 40)]) func screens_areAsTheyWere(_ size: Size) throws {
        for screen in [Screen.queues, .host] {
            try Golden.compare(
                "channels-\(screen)-\(size.width)x\(size.height)", text(ChannelsTests.model(), screen, size))
        }
    }
    @Test func hostileName_movesNoCursor_andMakesNoLine() {
        let text = text(ChannelsTests.model(), .queues)
        #expect(text.contains(#" evil\u001b[2J\n\u202e"#))
        #expect(!text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E })
    }
    @Test func managerWithoutTheMetrics_hasNoZeros_andNoAlerts() {
        let old = Samples.shown
        let queues = text(old, .queues)
        #expect(queues.contains(" CHANS  -  subscribers -  stored - -  fan-outs -\n"), "\(queues)")
        #expect(!queues.contains("BUSIEST CHANNELS"))
        #expect(text(old, .host).contains(" JOURNAL  -\n"))
        #expect(!keys(old).contains { Self.own.contains($0) })
    }
    @Test func alerts_sayWhatIsWrong() {
        #expect(
            !keys(ChannelsTests.model()).contains { Self.own.contains($0) },
            "nothing is wrong")
        let wrong: [(String, Bool, Model)] = [
            ("damaged", true, ChannelsTests.model([(.journalDamaged, 1)])),
            ("journal", true, ChannelsTests.model([(.journalError, 28)])),
            ("journal full", true, ChannelsTests.model(growing: .journalRefused)),
            ("fanouts", false, ChannelsTests.model([(.fanouts, 100)])),
            ("channels", false, ChannelsTests.model(growing: .channelDropped)),
            ("channel books", true, ChannelsTests.model([(.channelOver, 59)])),
        ]
        for (key, isCritical, model) in wrong {
            #expect(model.alerts.first { $0.key == key }?.isCritical == isCritical, "\(key)")
        }
        #expect(text(ChannelsTests.model([(.journalError, 28)]), .host).contains("ERROR No space left on device C"))
        // A number that is no errno is shown, too.
        #expect(text(ChannelsTests.model([(.journalError, .max)]), .host).contains("ERROR error 18446744073709551615"))
    }
}
