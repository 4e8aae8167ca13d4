import Dashboard
import Stats
import Supervision
import Testing
import Watch

/// The ten minutes that are drawn: what is in them, and what must never be.
struct HistoryTests {
    private static let second = Samples.second

    private static func growth(_ samples: [(seconds: Double, count: UInt64)]) -> [Double?] {
        var growth = Growth()
        for (seconds, count) in samples { growth.note(count, time: UInt64(seconds * 1e9)) }
        return growth.history.values()
    }

    @Test func aProcessThatWakes_andReportsTwiceAtOnce_leavesNoPeak() {
        // It was stopped from 102.5 to 108.5, and delivered 600 messages then, in two milliseconds.
        let values = Self.growth([
            (100.5, 1000), (101.5, 1100), (102.5, 1200), (108.5, 1500), (108.502, 1800), (109.5, 1900),
        ])
        #expect(values.compactMap(\.self).allSatisfy { $0 <= 101 }, "\(values)")
        #expect(values[3..<8].allSatisfy { $0 == nil })
        // The two reports may also be in two seconds.
        let split = Self.growth([(100.5, 1000), (101.5, 1100), (105.999, 1400), (106.001, 1500), (107, 1600)])
        #expect(split.compactMap(\.self).allSatisfy { $0 <= 101 }, "\(split)")
    }
    @Test func reportsThatComeALittleEarlyOrLate_keepTheirRate() {
        let times = [100.0001, 100.9999, 102.0002, 102.9998, 104.0001, 104.9999, 106.0001]
        let values = Self.growth(times.map { ($0, UInt64($0 * 1000)) })
        #expect(values.compactMap(\.self).allSatisfy { abs($0 - 1000) < 5 }, "\(values)")
    }
    @Test func counterThatBeganAnew_isUnknownOnce() {
        let values = Self.growth([(100, 1000), (101, 1100), (102, 10), (103, 30)])
        #expect(values == [nil, 100, nil, 20])
    }
    /// The rate in a row and the peak of a line are made of the same reports.
    @Test func ratesOfTwoReportsAtOnce_areOverTheSecondsBefore() {
        var series = Series()
        for (time, count) in [(100_000, 1000), (106_500, 1600), (106_502, 1900)] as [(UInt64, UInt64)] {
            var values = MetricValues()
            values[raw: MetricID.delivered.rawValue] = count
            series.take(values, time: time * 1_000_000)
        }
        #expect(series.rate(.delivered).map { $0 < 150 } == true)
        #expect(series.change(.delivered).map { $0 < 150 } == true)
        var two = Series()
        for time in [UInt64(100_000), 100_002] {
            var values = MetricValues()
            values[raw: MetricID.delivered.rawValue] = time
            two.take(values, time: time * 1_000_000)
        }
        #expect(two.rate(.delivered) == nil && two.change(.delivered) == nil)
    }

    /// The hub's series of 100 s before the first report of a sample.
    private static func piece(
        _ role: StatsPacket.Role, _ id: MetricID, instance: UInt16 = 0, from: Int = 0, _ values: [UInt64?]
    ) -> StatsHistory {
        StatsHistory(
            role: role, instance: instance, metric: id.rawValue, subject: nil, stepMilliseconds: 1000,
            firstTime: Samples.start - UInt64(100 - from) * second, values: values)
    }
    @Test func theManagersLines_comeFromTheHub() throws {
        var model = Samples.incident(seconds: 5, workers: 2)
        model.take(Self.piece(.manager, .handed, (0..<100).map { $0 * 7 }))
        model.take(Self.piece(.manager, .workersConnected, (0..<100).map { _ in 2 }))
        model.take(Self.piece(.manager, .appsConnected, (0..<100).map { _ in 3 }))
        model.take(Self.piece(.manager, .publishes, (0..<100).map { $0 * 9 }))
        model.take(Self.piece(.manager, .enqueued, (0..<100).map { $0 * 4 }))
        let manager = try #require(model.processes[.manager])
        #expect(manager.deliveries.history.values().prefix(99).allSatisfy { $0 == 7 })
        #expect(manager.connections.values().prefix(100).allSatisfy { $0 == 2 })
        #expect(manager.apps.values().prefix(100).allSatisfy { $0 == 3 })
        #expect(model.publishes.history.values().prefix(99).allSatisfy { $0 == 9 })
        #expect(model.enqueued.history.values().prefix(99).allSatisfy { $0 == 4 })
    }
    @Test func aPieceThatGoesOn_leavesNoHole_andAGapIsUnknown() {
        var model = Samples.incident(seconds: 5, workers: 2)
        let counts = (0..<100).map { (40..<50).contains($0) ? nil : UInt64($0 * 5) }
        model.take(Self.piece(.manager, .publishes, Array(counts[..<70])))
        model.take(Self.piece(.manager, .publishes, from: 70, Array(counts[70...])))
        let values = model.publishes.history.values().prefix(99)
        #expect(values[39..<49].allSatisfy { $0 == nil })
        #expect(values[..<39].allSatisfy { $0 == 5 } && values[49...].allSatisfy { $0 == 5 }, "\(values)")
    }
    @Test func latenciesOfTheHub_neverChangeWhatWasSeen() {
        var model = Samples.incident(seconds: 5, workers: 1)
        func sums() -> [[Double]?] {
            LatencyHistory.sums(
                of: model.workers.map(\.latencies), first: Samples.start / Self.second - 100, seconds: 1, count: 106)
        }
        let live = sums()
        #expect(live.prefix(101).allSatisfy { $0 == nil } && live[103]?[0] == 900)
        for _ in 0..<2 {
            for (bucket, id) in LatencyBuckets.ids.enumerated() {
                model.take(Self.piece(.worker, id, (0..<106).map { $0 * UInt64(bucket + 1) }))
            }
        }
        #expect(Array(sums().suffix(5)) == Array(live.suffix(5)))
        #expect(sums()[1..<101].allSatisfy { $0 == [1, 2, 3, 4, 5, 6, 7, 8] })
        #expect(sums()[0] == nil)
    }
    @Test func latenciesOfTenMinutes_areInTheSpanOfTheirSecond() {
        var history = LatencyHistory()
        for second in UInt64(1000)...1700 where second < 1300 || second > 1400 {
            var values = MetricValues()
            for id in LatencyBuckets.ids { values[raw: id.rawValue] = second }
            history.note(values, time: second * Self.second)
        }
        let sums = LatencyHistory.sums(of: [history, LatencyHistory()], first: 1101, seconds: 10, count: 60)
        #expect(sums[0]?[0] == 10 && sums[19]?[7] == 9)
        // The 100 s without reports are unknown. What grew in them is in the second in which it was told.
        #expect(sums[20..<29].allSatisfy { $0 == nil } && sums[30]?[0] == 111)
        #expect(sums[59]?[0] == 10)
    }
}
