import Dashboard
import Stats
import Supervision
import Testing
import Watch

/// The figures of all processes together.
struct TotalsTests {
    /// Four workers that deliver 2,600 a second each. From second 10 on the workers in `silent` send nothing.
    private func model(seconds: Int = 16, silent: Set<Int> = []) -> Model {
        var model = Model()
        model.link = .live
        for second in 0...seconds {
            model.now = Samples.start + UInt64(second) * Samples.second
            model.wall = Samples.wall + UInt64(second) * 1000
            for worker in 0..<4 where second < 10 || !silent.contains(worker) {
                model.take(Samples.report(worker, second, model.now))
            }
            model.take(Samples.manager(second, model.now, 4))
            model.take(Samples.supervisor(second, seconds + 90, model.now, 4))
            model.tick()
        }
        return model
    }
    @Test func silentWorker_isNotInTheSumOfRates_andThatIsMarked() throws {
        let totals = model(silent: [1]).totals
        #expect(totals.deliveries(seconds: 1) == Quantity(7800, .stale))
        #expect(model().totals.deliveries(seconds: 1) == Quantity(10_400, .fresh))
        // Its clients are still there, as far as anybody knows.
        #expect(totals.connections.value ?? 0 > 4 * 116_000)
        // If all are silent, the last sum is the best there is.
        #expect(model(silent: [0, 1, 2, 3]).totals.deliveries(seconds: 1) == Quantity(10_400, .stale))
    }
    @Test func historyOfTheSum_goesOnWithoutIt_andSaysSo() throws {
        let model = model(silent: [1])
        #expect(model.deliveries.values(seconds: 2) == [7800, 7800])
        var session = Session()
        session.screen = .delivery
        let line = try #require(
            Views.draw(model, session, Size(140, 36), Capabilities()).lines.first { $0.hasPrefix(" 10min") })
        #expect(line.contains("##  ~ without w1"), "\(line)")
    }

    /// Two reports with these counters, a second apart.
    private func growing(_ worker: [(MetricID, UInt64)], _ manager: [(MetricID, UInt64)]) -> Model {
        var model = Samples.incident(seconds: 5, workers: 1)
        for second in 6...7 {
            model.now = Samples.start + UInt64(second) * Samples.second
            var ofWorker = Samples.report(0, second, model.now)
            var ofManager = Samples.manager(second, model.now, 1)
            for (id, step) in worker { ofWorker.values[raw: id.rawValue] = 5000 + step * UInt64(second) }
            for (id, step) in manager { ofManager.values[raw: id.rawValue] = 5000 + step * UInt64(second) }
            model.take(ofWorker)
            model.take(ofManager)
            model.take(Samples.supervisor(second, 99, model.now, 1))
        }
        return model
    }
    @Test func errors_areAllThatClientsAndAppsGot_andRefusedPublishesAreNoPublishes() {
        let model = growing(
            [(.deliverErrors, 1), (.httpRefused, 20), (.rejectedLimit, 300), (.refusedAddressAccepts, 0)],
            [
                (.publishes, 1000), (.refusedFull, 599), (.journalRefused, 1), (.rejectedJSON, 0), (.rejectedSize, 2),
                (.rejectedAuth, 0), (.rejectedRequest, 0),
            ])
        #expect(model.totals.errors(seconds: 1).value?.rounded() == 923)
        #expect(model.totals.published(seconds: 1).value?.rounded() == 400)
        let text = Views.draw(model, Session(), Size(140, 36), Capabilities()).text
        #expect(text.contains("PUB 400/s") && text.contains("ERR 923/s"), "\(text)")
    }
    @Test func connections_areThoseThatAreServed() {
        let model = growing([(.connsOpen, 0), (.connLimit, 0)], [])
        var full = model
        var report = Samples.report(0, 8, model.now + Samples.second)
        report.values[raw: MetricID.connsOpen.rawValue] = 700
        report.values[raw: MetricID.connLimit.rawValue] = 400
        full.take(report)
        full.now = report.time
        #expect(full.totals.connections.value == 400)
        #expect(full.processes[.worker(0)]?.connections.values().last == 400)
    }
    @Test func ratesOfARow_areOfTheSameSecond() throws {
        let model = growing([(.closesClient, 1500), (.accepts, 1500)], [])
        let process = try #require(model.processes[.worker(0)])
        let context = Context(model, Session(), Capabilities())
        func cell(_ id: String) throws -> String {
            try #require(Columns.named(id, .delivery)).cell(process, context).text
        }
        // The other reasons of the sample add 8 timeouts, 4 errors and an answer each second.
        #expect(try cell("close") == "1.5k" && cell("accept") == "1.5k")
    }
}
