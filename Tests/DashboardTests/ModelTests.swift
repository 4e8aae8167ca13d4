import Base
import Dashboard
import Stats
import Supervision
import Testing
import Watch

struct ModelTests {
    private static func series(_ values: [(second: UInt64, value: UInt64)]) -> Series {
        var series = Series()
        for (second, value) in values {
            var one = MetricValues()
            one[raw: MetricID.delivered.rawValue] = value
            series.take(one, time: second * Samples.second)
        }
        return series
    }

    @Test func rate_isBySampleTime_alsoOverALostReport() {
        #expect(Self.series([(10, 100), (11, 150)]).rate(.delivered) == 50)
        #expect(Self.series([(10, 100), (14, 300)]).rate(.delivered) == 50)
        #expect(Self.series([(10, 100), (11, 200), (12, 500)]).rate(.delivered, seconds: 2) == 200)
    }
    @Test func rate_isUnknown_withOneSample_orACounterThatWentBack() {
        #expect(Self.series([(10, 100)]).rate(.delivered) == nil)
        #expect(Self.series([(10, 100), (11, 90)]).rate(.delivered) == nil)
        #expect(Self.series([(10, 100), (11, 200)]).rate(.polls) == nil)
    }
    @Test func newBoot_makesNoRateAcross() {
        var model = Model()
        for (second, boot, value) in [(UInt64(10), UInt64(1), UInt64(5000)), (11, 2, 10), (12, 2, 30)] {
            var report = Report(.worker, 0, boot: boot, time: second * Samples.second)
            report.values[raw: MetricID.delivered.rawValue] = value
            model.take(report)
            if second == 11 { #expect(model.processes[.worker(0)]?.own.rate(.delivered) == nil) }
        }
        #expect(model.processes[.worker(0)]?.own.rate(.delivered) == 20)
    }
    @Test func oldValues_areMarked_andRatesUnknown_neverZero() {
        let series = Self.series([(10, 100), (11, 150)])
        #expect(series.freshness(13 * Samples.second) == .fresh)
        #expect(series.freshness(15 * Samples.second) == .stale)
        #expect(series.freshness(25 * Samples.second) == .old)
        #expect(Quantity(5, .stale).text(Format.rate) == "5.0~")
        #expect(Quantity(nil, .old).text(Format.rate) == "?")
        #expect(Quantity.absent.text(Format.rate) == "-")
    }
    /// Somebody sets the clock. Rates, ages and history use the sample time, so only the clock in the title changes.
    @Test(arguments: [-86_400_000, -1000, 3_600_000] as [Int64]) func steppedClock_changesNoFigure(_ step: Int64) {
        var stepped = Samples.shown
        stepped.wall = UInt64(Int64(stepped.wall) + step)
        func figures(_ model: Model) -> [String] {
            let context = Context(model, Session(), Capabilities())
            return [Screen.overview, .queues, .delivery].flatMap { screen in
                Table(screen, context, width: 200).rows.flatMap { row in
                    Columns.of(screen).map { $0.cell(row, context).text }
                }
            }
        }
        #expect(figures(stepped) == figures(Samples.shown))
        #expect(stepped.alerts == Samples.shown.alerts)
    }
    @Test func overloaded_isReady_andAnAlert() {
        var model = Samples.shown
        var report = Samples.report(2, 91, model.now + Samples.second)
        report.state = StatsPacket.State.overloaded.rawValue
        model.take(report)
        model.now += Samples.second
        model.tick()
        #expect(model.processes[.worker(2)]?.state(model.now).word == "OVERLOAD")
        #expect(model.totals.readyCount == Samples.shown.totals.readyCount)
        #expect(model.alerts.contains { $0.what == "w2 is overloaded" && !$0.isCritical })
    }
    @Test func whatWasSentBeforeTheFirstReport_isNotLost() {
        var model = Model()
        for (second, lost) in [(UInt64(10), UInt64(0)), (11, 3), (12, 2)] {
            var report = Report(.worker, 0, boot: 1, time: second * Samples.second)
            report.lost = lost
            model.take(report)
        }
        #expect(model.health.lost == 2)
        #expect(model.processes[.worker(0)]?.lost == 2)
    }
    @Test func gonePids_areGONE_untilTheSupervisorIsBack() {
        var model = Samples.shownLost
        model.markGone { $0 == 2112 }
        #expect(model.processes[.worker(2)]?.state(model.now).word == "GONE")
        #expect(model.processes[.worker(1)]?.state(model.now).word == "READY")
        #expect(Views.draw(model, Session(), Size(100, 30), Capabilities()).text.contains("8 of 9 processes are alive"))
        model.markGone { _ in false }
        #expect(model.processes[.worker(2)]?.state(model.now).word == "READY")
    }
    @Test func exits_areInTheColumnOfTheirTime() {
        var model = Model()
        model.wall = Samples.wall
        for (hours, severity) in [
            (0.1, Severity.error), (0.2, .error), (23.9, .error), (25, .error), (12, .info),
        ] {
            model.take(
                Samples.event(time: Samples.wall - UInt64(hours * 3_600_000), severity, "worker-1", "EXIT", ""))
        }
        let exits = model.exits(of: .worker(1), columns: 48)
        #expect(exits.map(\.failed) == [1] + [Int](repeating: 0, count: 46) + [2])
        #expect(exits.map(\.wasOrdered).firstIndex(of: true) == 23)
    }
    @Test func lostSupervisor_leavesTheLastStates_andNoZeros() {
        let text = Views.draw(Samples.shownLost, Session(), Size(80, 24), Capabilities()).text
        #expect(text.contains("NO STATS FOR 12s"))
        #expect(text.contains("READY~"))
        #expect(text.contains("BACKOFF~"))
        #expect(!text.contains("DELIV  0"))
    }
    @Test func books_thatDontBalance_areSeen() {
        var report = Samples.manager(1, Samples.start, 2)
        report.subjects[1]?[raw: MetricID.dequeued.rawValue] = 5
        var model = Samples.shown
        report.time = model.now
        model.take(report)
        #expect(model.totals.balance.wrong.map(\.0) == [.worker(0)])
        model.now += 1_000_000
        let session = {
            var session = Session()
            session.screen = .queues
            return session
        }()
        #expect(Views.draw(model, session, Size(80, 24), Capabilities()).text.contains("balance w0"))
    }
    @Test func history_isFilledFromTheHub_behindTheFirstLiveReport() {
        var history = History()
        history.note(9, time: 100 * Samples.second)
        for second in UInt64(95)...98 { history.note(Double(second), time: second * Samples.second) }
        #expect(history.values() == [95, 96, 97, 98, nil, 9])
        #expect(history.values(now: 105 * Samples.second).last == .some(nil))
    }
    private static let minute = 60 * Samples.second
    @Test func day_isToldByTheHub_andGoesOnFromWhatIsSeen() {
        var day = Day()
        day.note(50, time: 2000 * Self.minute)
        day.note(70, time: 2000 * Self.minute + Samples.second)
        #expect(day.range?.mean == 60)
        // The hub's pieces come after the first picture. The hub has seen more of the present minute.
        for (measure, values) in [
            (StatsHistory.Measure.least, [1.0, 3, 40]), (.mean, [2, 4, 60]), (.most, [3, 5, 90]),
        ] {
            for (back, value) in values.reversed().enumerated() {
                day.fill(measure, value, time: UInt64(2000 - back) * Self.minute)
            }
        }
        let now = 2002 * Self.minute
        #expect(day.values(now: now).count == 1440)
        #expect(Array(day.values(now: now).suffix(6)) == [nil, 3, 5, 90, nil, nil])
        #expect(day.range?.least == 1 && day.range?.mean == 22 && day.range?.most == 90)
        day.note(7, time: 2002 * Self.minute)
        #expect(Array(day.values(now: now).suffix(3)) == [90, nil, 7])
        // After a day the oldest value has gone, and a value that comes too late is not taken.
        day.note(9, time: 3440 * Self.minute)
        day.fill(.most, 1000, time: 2000 * Self.minute)
        #expect(day.values(now: 3440 * Self.minute).compactMap(\.self) == [7, 9])
        #expect(Day().values(now: now).allSatisfy { $0 == nil } && Day().range == nil)
    }
    /// At the first pictures some processes have not reported yet.
    @Test func sumsOfTheFirstPictures_areNotOfTheDay() {
        var model = Model()
        for (second, workers) in [(0, 1), (0, 3), (1, 2), (2, 3), (3, 3)] {
            model.now = Samples.start + UInt64(second) * Samples.second
            for worker in 0..<workers { model.take(Samples.report(worker, second, model.now)) }
            if workers > 1 {
                model.take(Samples.manager(second, model.now, 3))
                model.take(Samples.supervisor(second, 60, model.now, 3))
            }
            model.tick()
        }
        #expect(model.days[.connections]?.range?.least == Double(3 * 116_000 + 3 * 31 + 3 * 2 * 30))
        #expect(model.days[.delivered]?.range?.least == 7800)
    }
    @Test func dayOfAYoungHub_isBlankBefore() throws {
        var model = Samples.shown
        let time = (model.now / Self.minute - 720) * Self.minute
        model.take(
            StatsHistory(
                role: .supervisor, instance: 0, metric: StatsHistory.metric(.connsOpen, .most), subject: nil,
                stepMilliseconds: 60_000, firstTime: time,
                values: [UInt64?](repeating: 5, count: 720)))
        let line = Capabilities().history(try #require(model.days[.connections]).values(now: model.now), width: 100)
        #expect(
            line.prefix(49).allSatisfy { $0 == " " } && line.dropFirst(51).allSatisfy { $0 != " " && $0 != "x" },
            "\(line)")
    }
    @Test func totalsOfTenMinutes_comeFromTheHub_forEveryLine() {
        var model = Samples.incident(seconds: 5, workers: 2)
        for worker in UInt16(0)...1 {
            for (metric, step) in [(MetricID.connsOpen, UInt64(0)), (.delivered, 5)] {
                model.take(
                    StatsHistory(
                        role: .worker, instance: worker, metric: metric.rawValue, subject: nil, stepMilliseconds: 1000,
                        firstTime: Samples.start - 100 * Samples.second,
                        values: (0..<100).map { 1000 + step * $0 }))
            }
        }
        #expect(
            model.connections.values().prefix(100).allSatisfy { $0 == 2000 } && model.connections.values().count == 106)
        #expect(model.deliveries.values().prefix(99).allSatisfy { $0 == 10 })
    }
    @Test func latency_isReadFromTheBuckets() {
        #expect(Latency.percentile(0.5, [0, 100, 0, 0, 0, 0, 0, 0]) == 1.5)
        #expect(Latency.percentile(0.99, [100, 0, 0, 0, 0, 0, 0, 0]) == 0.99)
        #expect(Latency.percentile(0.5, [0, 0, 0, 0, 0, 0, 0, 0]) == nil)
    }
    @Test(arguments: [(812_344.0, "812,344"), (0, "0"), (-12, "-12"), (999, "999"), (1000, "1,000")]) func grouped(
        _ value: Double, _ text: String
    ) { #expect(Format.grouped(value) == text) }
    @Test(arguments: [(15_600.0, "15.6k"), (1_000_000, "1.00M"), (999, "999"), (999_700, "1.00M"), (0, "0")])
    func short(_ value: Double, _ text: String) { #expect(Format.short(value) == text) }
    @Test(arguments: [(6.6, "6.6s"), (41, "41s"), (62, "1m02s"), (7860, "2h11m"), (1_047_600, "12d03h")]) func span(
        _ value: Double, _ text: String
    ) { #expect(Format.span(value) == text) }
    @Test func clock_isUTC() {
        #expect(UTC.clock(Samples.wall) == "14:02:31")
        #expect(UTC.date(Samples.wall) == "2026-11-23")
    }
}
