import Dashboard
import Stats
import Supervision
import Testing
import Watch

/// Event streams and WebSockets on the screens, and their alerts.
struct TransportsTests {
    /// The appliance after some seconds in which `change` is made to each report of a worker.
    private static func after(_ seconds: Int, _ change: (inout Report, UInt64) -> Void) -> Model {
        var model = Samples.incident(workers: 2)
        for second in 1...seconds {
            let now = Samples.start + UInt64(90 + second) * Samples.second
            for worker in 0..<2 {
                var report = Samples.report(worker, 90 + second, now)
                change(&report, UInt64(second))
                model.take(report)
            }
            model.now = now
            model.tick()
        }
        return model
    }
    private static func raised(_ model: Model, _ key: String) -> Alert? { model.alerts.first { $0.key == key } }

    @Test func pollsAreWhatIsNoStreamAndNoSocket() throws {
        let model = Samples.shown
        let worker = try #require(model.processes[.worker(1)])
        #expect(worker.polls(model.now).value == 99_993)
        #expect(worker.stays(model.now).value == 15_007)
        var before = Report(.worker, 0, boot: 1, time: Samples.start)
        before.values[raw: MetricID.connsParked.rawValue] = 500
        var old = Model()
        old.now = Samples.start
        old.take(before)
        #expect(old.totals.polls.value == 500, "a worker without streams has polls only")
        #expect(old.totals.stays == .absent)
    }
    @Test func streamsBehind_areAnAlert_ifTheyAreMany() throws {
        let few = Self.after(4) { report, _ in report.values[raw: MetricID.streamsBehind.rawValue] = 700 }
        #expect(Self.raised(few, "behind") == nil)
        let many = Self.after(4) { report, _ in report.values[raw: MetricID.streamsBehind.rawValue] = 800 }
        let alert = try #require(Self.raised(many, "behind"))
        #expect(!alert.isCritical && alert.sentence.hasPrefix("streams behind: 1,600 of 30,007"))
        let most = Self.after(4) { report, _ in report.values[raw: MetricID.streamsBehind.rawValue] = 4000 }
        #expect(Self.raised(most, "behind")?.isCritical == true)
        #expect(
            Views.draw(most, Session(), Size(140, 36), Capabilities()).text.contains("behind 8,000 C"))
    }
    @Test func missedHeartbeats_areAnAlert_ifTheyAreManyOfThoseSent() throws {
        func model(_ missed: UInt64) -> Model {
            Self.after(10) { report, second in
                report.values[raw: MetricID.heartbeatsMissed.rawValue] = 200_018 + second * missed
            }
        }
        #expect(Self.raised(model(20), "heartbeats") == nil)
        let alert = try #require(Self.raised(model(60), "heartbeats"))
        #expect(!alert.isCritical && alert.sentence.hasPrefix("heartbeats missed: 120/s"))
        #expect(Self.raised(model(300), "heartbeats")?.isCritical == true)
    }
    @Test func aFewClients_raiseNothing() {
        let model = Self.after(10) { report, _ in
            for (id, value) in [
                (MetricID.streams, 9), (.sockets, 0), (.streamsBehind, 4), (.heartbeats, 1), (.heartbeatsMissed, 1),
            ] as [(MetricID, UInt64)] { report.values[raw: id.rawValue] = value }
        }
        #expect(Self.raised(model, "behind") == nil && Self.raised(model, "heartbeats") == nil)
    }
}
