import Base
import Stats
import Testing

@Suite struct StatsDayTests {
    static let second: UInt64 = 1_000_000_000

    /// A hub that hears two workers and the manager each second.
    private struct Appliance: ~Copyable {
        var archive: StatsArchive
        var reader = StatsReader(token: Sender.token)
        var first = Sender(boot: 1, instance: 0), second = Sender(boot: 2, instance: 1)
        var manager = Sender(boot: 3, role: .manager, instance: 0)
        /// Deliveries so far, by worker.
        var delivered: [UInt64] = [0, 0]

        init(day: StatsDay = StatsDay()) { archive = StatsArchive(day: day) }

        mutating func hear(_ second: UInt64, _ connections: [UInt64?], queued: UInt64?, rate: UInt64 = 0) {
            let time = second * StatsDayTests.second
            (first.time, self.second.time, manager.time) = (time, time, time)
            for (number, count) in connections.enumerated() {
                delivered[number] += rate
                guard let count else { continue }
                let total = delivered[number]
                func fill(_ writer: inout StatsWriter) {
                    writer.set(.connsOpen, count)
                    writer.set(.delivered, total)
                }
                note(
                    number == 0 ? first.report(.report, fill) : self.second.report(.report, fill), UInt64(number + 1),
                    second)
            }
            if let queued { note(manager.report(.report) { $0.set(.queueMessages, queued) }, 3, second) }
        }
        private mutating func note(_ datagrams: [[UInt8]], _ boot: UInt64, _ second: UInt64) {
            for bytes in datagrams {
                bytes.withUnsafeBytes {
                    _ = reader.receive($0, length: bytes.count, now: second * StatsDayTests.second)
                }
            }
            if let source = reader.sources[boot] { archive.note(source, now: second * StatsDayTests.second) }
        }
        mutating func close(_ second: UInt64) -> ClosedRange<UInt64>? {
            archive.closeSteps(now: second * StatsDayTests.second)
        }
    }
    private static func span(_ least: UInt32, _ mean: UInt32, _ most: UInt32) -> StatsDay.Span {
        var span = StatsDay.Span()
        (span.least, span.mean, span.most) = (least, mean, most)
        return span
    }
    private static func step(_ value: UInt32) -> StatsDay.Step {
        var step = StatsDay.Step()
        for total in StatsDay.Total.allCases { step[total] = span(value, value + 1, value + 2) }
        return step
    }

    @Test func everyTenSeconds_leastMeanAndMostOfTheTotals_areKept() {
        var hub = Appliance()
        for second in UInt64(90)..<110 {
            // There are 300 connections in all, but 500 in one second and 100 in another. The queue grows, and each
            // worker delivers 7 a second.
            hub.hear(second, [second == 105 ? 300 : 100, second == 107 ? 0 : 200], queued: second, rate: 7)
            if second < 100 { #expect(hub.close(second) == nil) }
        }
        #expect(hub.close(110) == 9...10)
        #expect(hub.close(119) == nil)
        let step = hub.archive.day.step(10)
        #expect(step.connections == Self.span(100, 300, 500))
        #expect(step.queued == Self.span(100, 105, 109))
        #expect(step.delivered == Self.span(14_000, 14_000, 14_000))
    }
    /// A hub that has just begun has only some of the processes in its first second.
    @Test func sumsOfTheFirstSeconds_areNoTotals() {
        var hub = Appliance()
        hub.hear(100, [nil, 5], queued: nil)
        for second in UInt64(101)..<110 { hub.hear(second, [5, 5], queued: 1) }
        #expect(hub.close(110) == 10...10)
        #expect(hub.archive.day.step(10).connections == Self.span(10, 10, 10))
    }
    @Test func stepWithoutAReport_isUnknown_notZero() {
        var hub = Appliance()
        for second in UInt64(100)..<120 { hub.hear(second, [1, 1], queued: 0) }
        for second in UInt64(150)..<160 { hub.hear(second, [2, 2], queued: 0) }
        #expect(hub.close(160) == 10...15)
        let day = hub.archive.day
        #expect((10...15).map { day.step($0).connections.isKnown } == [true, true, true, false, false, true])
        // A silent process counts with its last value for three intervals.
        #expect(day.step(12).connections == Self.span(2, 2, 2) && day.step(15).connections == Self.span(4, 4, 4))
        #expect(day.step(15).queued == Self.span(0, 0, 0))
        #expect(!day.step(16).connections.isKnown && !day.step(9).connections.isKnown)
    }
    @Test func lateOrLostReport_isNoDip_andACounterThatBeginsAnew_noPeak() {
        var hub = Appliance()
        for second in UInt64(100)..<120 {
            if second == 112 { hub.delivered[1] = 0 }
            hub.hear(second, [second == 115 ? nil : 10, 10], queued: 0, rate: 100)
        }
        #expect(hub.close(120) == 10...11)
        let step = hub.archive.day.step(11)
        #expect(step.connections == Self.span(20, 20, 20))
        #expect(step.delivered.least == 100_000 && step.delivered.most == 200_000)
    }
    @Test func silentWorker_leavesTheTotal() {
        var hub = Appliance()
        for second in UInt64(100)..<120 { hub.hear(second, [10, second < 110 ? 10 : nil], queued: 0) }
        _ = hub.close(120)
        #expect(hub.archive.day.step(11).connections == Self.span(10, 12, 20))
    }
    @Test func whatIsLongerAgoThanTheArchiveGoes_isUnknown() {
        var hub = Appliance()
        for second in UInt64(100)..<110 { hub.hear(second, [1, 1], queued: 0) }
        #expect(hub.close(5000) == 440...499)
        #expect(hub.archive.day.newest == 499 && !hub.archive.day.step(499).connections.isKnown)
    }

    @Test func after24Hours_theOldestGoes() {
        var day = StatsDay()
        for number in UInt64(5)..<UInt64(5 + StatsDay.steps + 100) { day.put(Self.step(UInt32(number)), at: number) }
        #expect(!day.step(104).queued.isKnown)
        #expect(day.step(105) == Self.step(105))
        #expect(day.step(UInt64(StatsDay.steps) + 104) == Self.step(UInt32(StatsDay.steps) + 104))
        // A clock that stood or went back, which can't happen, changes nothing.
        day.put(Self.step(1), at: 3)
        #expect(day.newest == UInt64(StatsDay.steps) + 104 && !day.step(3).queued.isKnown)
        // Then no hub runs for a week.
        day.put(Self.step(9), at: 80_000)
        #expect(day.step(80_000) == Self.step(9))
        #expect((UInt64(80_000 - StatsDay.steps)..<80_000).allSatisfy { !day.step($0).queued.isKnown })
    }

    @Test func viewer_getsItByTheMinute_fromTheFirstThatIsKnown() throws {
        var day = StatsDay()
        for number in UInt64(100)..<200 where !(120..<132).contains(number) {
            day.put(Self.step(UInt32(number)), at: number)
        }
        let now = 2005 * Self.second
        let least = try #require(day.history(.queued, .least, now: now)),
            mean = try #require(day.history(.queued, .mean, now: now)),
            most = try #require(day.history(.queued, .most, now: now))
        #expect(least.firstTime == 960 * Self.second && least.stepMilliseconds == 60_000 && least.role == .supervisor)
        #expect(least.id == .queueMessages && least.measure == .least && most.measure == .most)
        // Steps 96 to 101 are the first minute, of which two are known. Steps 120 to 131 are two minutes of silence.
        #expect(least.values.prefix(6) == [100, 102, 108, 114, nil, nil])
        #expect(mean.values.prefix(2) == [102, 106] && most.values.prefix(2) == [103, 109])
        #expect(least.values.count == 18 && most.values.last == 201)
        #expect(day.history(.queued, .value, now: now) == nil)
        // A day later none of it is visible.
        #expect(day.history(.queued, .least, now: now + 86_500 * Self.second) == nil)
        #expect(StatsDay().history(.queued, .least, now: now) == nil)
    }
    @Test func aWholeDay_isAtMost63Datagrams_andWhatWasSentComesBack() {
        var day = StatsDay()
        var random = SystemRandomNumberGenerator()
        for number in UInt64(0)..<UInt64(StatsDay.steps) {
            var step = StatsDay.Step()
            for total in StatsDay.Total.allCases {
                step[total] = Self.span(
                    UInt32.random(in: 0 ..< .max, using: &random), UInt32.random(in: 0 ..< .max, using: &random),
                    UInt32.random(in: 0 ..< .max, using: &random))
            }
            day.put(step, at: number)
        }
        let archive = StatsArchive(day: day)
        let now = UInt64(StatsDay.steps) * StatsDay.secondsInStep * Self.second - 1
        #expect(archive.keys.count == 9)
        var datagrams = 0
        for key in archive.keys {
            guard let history = archive.history(key, now: now) else {
                Issue.record("no history")
                return
            }
            #expect(history.values.count == 1440)
            var sent = 0
            var values: [UInt64?] = []
            while sent < history.values.count {
                var body = Buffer()
                sent += history.write(from: sent, to: &body)
                datagrams += 1
                guard let piece = StatsHistory(body.bytes) else {
                    Issue.record("not read")
                    return
                }
                #expect(piece.metric == history.metric && piece.subject == nil)
                values += piece.values
            }
            #expect(values == history.values)
        }
        #expect(datagrams <= 63)
    }
    /// An older viewer finds an id that is in no table, of a process that has no series.
    @Test func seriesOfTheDay_meanNothingToAnOlderViewer() {
        var day = StatsDay()
        day.put(Self.step(1), at: 10)
        for key in StatsArchive(day: day).keys {
            #expect(MetricID(rawValue: key.metric) == nil && Metric.named(key.metric) == nil && key.role == .supervisor)
        }
    }

    @Test func file_bringsBackTheLast24Hours_andNothingElse() {
        var day = StatsDay()
        let last = UInt64(3 * StatsDay.steps + 77)
        var file = [UInt8](repeating: 0, count: StatsDay.steps * StatsDay.recordBytes)
        // Two days of steps, with an hour in which no hub ran. There the file still has the day before.
        for number in (last - UInt64(2 * StatsDay.steps))...last where !(last - 1000..<last - 640).contains(number) {
            day.put(Self.step(UInt32(number)), at: number)
            var record = Buffer()
            day.write(number, to: &record)
            file.replaceSubrange(
                StatsDay.place(number)..<StatsDay.place(number) + StatsDay.recordBytes, with: record.bytes)
        }
        let now = (last + 31) * StatsDay.secondsInStep * Self.second
        func read(_ bytes: [UInt8], _ now: UInt64) -> StatsDay {
            bytes.withUnsafeBytes { StatsDay(records: $0, now: now) }
        }
        let back = read(file, now)
        #expect(back.newest == last)
        let first = last + 31 - UInt64(StatsDay.steps) + 1
        #expect((first...last).allSatisfy { back.step($0) == day.step($0) })
        #expect(
            !back.step(last - 700).queued.isKnown && back.step(last - 600).queued.isKnown
                && !back.step(first - 1).queued.isKnown)
        // Places that were never written hold no step. This includes the place of step 0.
        #expect(read([UInt8](repeating: 0, count: file.count), 5000 * Self.second).newest == nil)
        // A file that is cut, empty, of a later time, or random never causes a trap.
        #expect(read(Array(file.prefix(1000)), now).newest.map { $0 <= last } ?? true)
        #expect(read([], now).newest == nil && read(file, 0).newest == nil)
        var random = SystemRandomNumberGenerator()
        let noise = (0..<file.count).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(read(noise, now).newest == nil)
        for _ in 0..<50 { file[Int.random(in: 0..<file.count, using: &random)] ^= 0xFF }
        var damaged = StatsArchive(day: read(file, now))
        _ = damaged.closeSteps(now: now)
        for key in damaged.keys { _ = damaged.history(key, now: now) }
    }
}
