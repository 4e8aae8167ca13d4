import Dashboard
import Stats
import Supervision
import Testing
import Watch

/// The webhook's process on the screens: a row like the others', with its own words.
struct WebhookTests {
    /// The appliance with a webhook. `failing` is how many milliseconds the app has not taken what is posted.
    private static func model(failing: UInt64 = 0, linked: Bool = true) -> Model {
        var model = Samples.incident(workers: 2)
        for second in 1...6 {
            let now = Samples.start + UInt64(90 + second) * Samples.second
            for worker in 0..<2 { model.take(Samples.report(worker, 90 + second, now)) }
            model.take(Samples.manager(90 + second, now, 2))
            var supervisor = Samples.supervisor(90 + second, 90, now, 2)
            for (id, value) in [
                (MetricID.childState, ProcessState.ready.code), (.childDesired, 1), (.childPid, 2105),
                (.childGeneration, 1), (.childUptime, 3_600_000), (.childReadyIn, 40), (.childExits60s, 0),
                (.childExits24h, 0), (.childLastExitKind, 0),
            ] as [(MetricID, UInt64)] {
                supervisor.subjects[MetricID.webhookSubject, default: MetricValues()][raw: id.rawValue] = value
            }
            model.take(supervisor)
            var report = Report(.webhook, boot: 0x7EB4_0000_0000_0001, time: now)
            (report.pid, report.startTime) = (2105, Samples.wall - 3_600_000)
            let count = UInt64(second) + 5000
            for (id, value) in [
                (MetricID.webhookLinked, linked ? 1 : 0), (.webhookRequests, count * 2),
                (.webhookEvents, failing > 0 ? 500_000 : count * 130), (.webhookFailures, failing > 0 ? 12 : 3),
                (.webhookGaps, 0), (.webhookWaiting, failing > 0 ? 500 : 0), (.webhookStatus, failing > 0 ? 503 : 200),
                (.webhookSuccessAge, failing > 0 ? failing + 200 : 400),
                (.webhookFailing, failing > 0 ? failing + UInt64(second) * 1000 : 0),
                (.webhookLatencyMax, 18_400), (.loopLagMax, 900), (.cpuUser, count * 4000), (.cpuSystem, count * 2000),
                (.rss, 9 << 20), (.fdsOpen, 12), (.fdLimit, 262_144),
            ] as [(MetricID, UInt64)] {
                report.values[raw: id.rawValue] = value
            }
            model.take(report)
            model.now = now
            model.tick()
        }
        return model
    }

    @Test(arguments: [Size(40, 12), Size(80, 24), Size(140, 36)]) func screens_areAsTheyWere(_ size: Size) throws {
        for (name, model) in [("well", Self.model()), ("failing", Self.model(failing: 190_000))] {
            func compare(_ screen: String, _ session: Session) throws {
                let grid = Views.draw(model, session, size, Capabilities())
                try Golden.compare("webhook-\(screen)-\(name)-\(size.width)x\(size.height)", grid.text)
            }
            var session = Session()
            try compare("overview", session)
            session.screen = .procs
            try compare("procs", session)
            session.overlay = .detail(.webhook, .history)
            try compare("detail", session)
        }
    }

    @Test func anAppThatTakesNothing_isAnAlert() throws {
        #expect(!Self.model().alerts.contains { $0.key.hasPrefix("hook") })
        let alert = try #require(Self.model(failing: 30_000).alerts.first { $0.key == "hook webhook" })
        #expect(!alert.isCritical && alert.sentence.contains("takes no events: for 36s: last answer 503"))
        #expect(Self.model(failing: 310_000).alerts.first { $0.key == "hook webhook" }?.isCritical == true)
        #expect(Self.model(linked: false).alerts.contains { $0.key == "hook link" })
    }

    @Test func itsMessages_areInNoSumOfWorkers() throws {
        let (with, without) = (Self.model(), Samples.incident(workers: 2))
        #expect(with.workers.map(\.id) == without.workers.map(\.id))
        #expect(with.ordered.map(\.id) == [.manager, .webhook, .worker(0), .worker(1)])
        #expect(ProcessName(typed: "Hook") == .webhook && ProcessName.webhook.short == "hook")
    }
}
