import Dashboard
import Stats
import Testing
import Watch

/// The supervisor's facts about itself.
struct SupervisorTests {
    private func model(open: UInt64, most: UInt64) -> Model {
        var model = Samples.incident()
        for second in 91...95 {
            model.now = Samples.start + UInt64(second) * Samples.second
            var report = Samples.supervisor(second, 95, model.now, 8)
            report.values[raw: MetricID.fdsOpen.rawValue] = open
            report.values[raw: MetricID.fdLimit.rawValue] = most
            model.take(report)
            model.tick()
        }
        return model
    }
    private func screen(_ screen: Screen, _ model: Model) -> String {
        var session = Session()
        session.screen = screen
        return Views.draw(model, session, Size(140, 36), Capabilities()).text
    }

    @Test func itsDescriptors_areShown_andFewLeftIsAnAlert() {
        let model = model(open: 41, most: 1024)
        #expect(screen(.host, model).contains("supervisor 41/1,024  mgr 31"))
        #expect(screen(.procs, model).contains("descriptors 41 of 1,024"))
        #expect(!screen(.overview, model).contains("descriptors run out"))
        let full = screen(.overview, self.model(open: 1000, most: 1024))
        #expect(full.contains("supervisor descriptors run out: 1,000 of 1,024 are open"), "\(full)")
    }
}
