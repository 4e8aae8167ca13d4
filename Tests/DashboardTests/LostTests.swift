import Dashboard
import Stats
import Supervision
import Testing
import Watch

/// While no supervisor answers, every figure is marked, and what is said of the processes is true.
struct LostTests {
    /// The supervisor died so many seconds ago. The processes with these pids have gone.
    private func model(seconds: UInt64, gone: Set<Int32> = []) -> Model {
        var model = Samples.incident()
        model.link = .lost(since: model.now, reason: "no supervisor answers")
        model.supervisor.isGone = true
        model.now += seconds * Samples.second
        model.wall += seconds * 1000
        model.markGone(gone.contains)
        model.tick()
        return model
    }
    private func text(_ model: Model, _ size: Size = Size(140, 36)) -> String {
        Views.draw(model, Session(), size, Capabilities()).text
    }

    @Test func deadSupervisor_theProcessesLeaveSoon_andTheTimeRunsDown() {
        #expect(
            text(model(seconds: 12)).contains(
                "9 of 9 processes are alive; in 0:18 they drain and leave."))
        #expect(text(model(seconds: 12), Size(80, 24)).contains("in 0:18 they drain and leave."))
        #expect(text(model(seconds: 41), Size(80, 24)).contains("no supervisor came in 30s: they drain and leave."))
        let all = Set((2101...2117).map(Int32.init) + [24417])
        let nobody = text(model(seconds: 90, gone: all))
        #expect(nobody.contains("0 of 9 processes are alive: nobody is served. U starts them."), "\(nobody)")
        #expect(!nobody.contains("it adopts them"))
    }
    /// A supervisor that is only silent holds its processes: they don't leave.
    @Test func silentSupervisor_lightsNoFuse() {
        var model = model(seconds: 12)
        model.supervisor.isGone = false
        #expect(!text(model).contains("they drain"))
    }
    @Test func everyFigure_isMarkedAsOld() throws {
        let text = text(model(seconds: 12), Size(200, 60))
        let lines = text.split(separator: "\n").map(String.init)
        #expect(try #require(lines.first { $0.hasPrefix(" ALL") }).contains("7/9~ ok"), "w5 and w7 were not ready")
        #expect(try #require(lines.first { $0.hasPrefix(" FLOW/s") }).contains("balance ok on 9 of 9~"))
        let host = try #require(lines.first { $0.hasPrefix(" HOST") })
        #expect(host.contains("load 5.2 on 16 cpus~") && host.contains("sockets 812,401~"), "\(host)")
        #expect(try #require(lines.first { $0.hasPrefix(" DELIV") }).contains("p99 49ms~"), "\(lines)")
        #expect(self.text(model(seconds: 12), Size(20, 4)).contains("7/9~ ok"))
    }
    @Test func goneProcess_saysHowThatIsKnown() {
        let alert = model(seconds: 12, gone: [2112]).alerts.first { $0.key == "w2 gone" }
        #expect(alert?.sentence == "w2 is gone: its pid 2112 is no more, and no supervisor answers")
    }
}
