import Base
import Stats
import Testing

@Suite struct StatsArchiveTests {
    @Test func archive_keepsTenMinutes_withItsGaps() {
        var archive = StatsArchive()
        var reader = StatsReader(token: Sender.token)
        var sender = Sender()
        let second: UInt64 = 1_000_000_000
        for step in 1...700 as ClosedRange<UInt64> where step < 300 || step > 310 {
            sender.time = step * second
            for bytes in sender.report(
                .report,
                {
                    $0.set(.connsOpen, step)
                    $0.set(.leaves, 1)
                })
            {
                bytes.withUnsafeBytes { _ = reader.receive($0, length: bytes.count, now: step * second) }
            }
            if let source = reader.sources[7] { archive.note(source, now: step * second) }
        }
        #expect(archive.keys.count == 1)
        guard let key = archive.keys.first, let history = archive.history(key, now: 700 * second) else {
            Issue.record("no history")
            return
        }
        #expect(history.values.count == 600 && history.firstTime == 101 * second)
        #expect(history.values.first == 101 && history.values.last == 700)
        #expect(
            history.values[300 - 101] == nil && history.values[310 - 101] == nil && history.values[311 - 101] == 311)
        #expect(archive.history(key, now: 703 * second)?.values.suffix(4) == [700, nil, nil, nil])
        #expect(archive.history(key, now: 2000 * second) == nil)
    }
    private static let second: UInt64 = 1_000_000_000
    private static func values(_ set: (MetricID, UInt64)...) -> MetricValues {
        var values = MetricValues()
        for (id, value) in set { values[raw: id.rawValue] = value }
        return values
    }
    private static func known(_ archive: StatsArchive, _ place: StatsArchive.Place, _ id: MetricID, _ step: UInt64)
        -> UInt64?
    {
        archive.values(place, at: step)?[id]
    }

    /// A series takes no room until it changes, and nobody sees the difference.
    @Test func aSeriesThatChanges_isWhatItWasBefore_too() {
        var archive = StatsArchive()
        let place = StatsArchive.Place(.supervisor)
        for step in 10...30 as ClosedRange<UInt64> where step != 20 {
            archive.note(
                Self.values((.configOK, step < 25 ? 1 : 0), (.fdLimit, 5)), of: .supervisor, now: step * Self.second)
        }
        for step in 8...32 as ClosedRange<UInt64> {
            let isThere = step != 20 && (10...30).contains(step)
            #expect(Self.known(archive, place, .configOK, step) == (isThere ? (step < 25 ? 1 : 0) : nil))
            #expect(Self.known(archive, place, .fdLimit, step) == (isThere ? 5 : nil))
        }
        // After ten minutes the first value has gone, although it never changed.
        var steady = StatsArchive()
        for step in 1...601 as ClosedRange<UInt64> {
            steady.note(Self.values((.fdLimit, 5)), of: .supervisor, now: step * Self.second)
        }
        #expect(Self.known(steady, place, .fdLimit, 1) == nil && Self.known(steady, place, .fdLimit, 2) == 5)
    }

    /// megatop's archive begins with the pieces of the hub's, which come after the first live values.
    @Test(arguments: 0..<20 as Range<UInt64>) func anArchiveOfPieces_isTheSame(seed: UInt64) {
        var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func next(_ bound: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (random >> 33) % bound
        }
        var hub = StatsArchive(), copy = StatsArchive()
        let last = 900 + next(400)
        var sum: UInt64 = 0
        for step in 1...last where next(8) > 0 {
            sum += next(2) == 0 ? 0 : next(1 << 40)
            let now = step * Self.second
            hub.note(
                Self.values(
                    (.tcpInUse, next(3)), (.hubReports, sum), (.fdLimit, 9), (.subscribers, step > 1000 ? 2 : 1)),
                of: .supervisor, now: now)
            hub.note(Self.values((.childState, step / 300), (.childPid, 7)), of: .supervisor, subject: 3, now: now)
        }
        let now = last * Self.second
        copy.note(hub.values(.init(.supervisor), at: last) ?? MetricValues(), of: .supervisor, now: now)
        for key in hub.keys {
            guard let history = hub.history(key, now: now) else { continue }
            var sent = 0
            while sent < history.values.count {
                var body = Buffer()
                sent += history.write(from: sent, to: &body)
                if let piece = StatsHistory(body.bytes) { copy.take(piece) }
            }
        }
        for place in [StatsArchive.Place(.supervisor), .init(.supervisor, subject: 3)] {
            for step in last - 599...last + 1 {
                #expect(copy.values(place, at: step) == hub.values(place, at: step), "\(place) \(step)")
            }
        }
        #expect(Set(copy.keys) == Set(hub.keys))
    }

    @Test func allThatIsKept_canBeSent() {
        for metric in Metric.all {
            let id = StatsHistory.metric(metric.id, .value)
            let history = StatsHistory(
                role: .manager, instance: 0, metric: id, subject: nil, stepMilliseconds: 1000, firstTime: 0, values: [])
            #expect(history.id == metric.id && history.measure == .value)
        }
    }

    @Test func aReplacedProcess_thatStillDrains_isNotTheOneOfItsPlace() {
        var reader = StatsReader(token: Sender.token)
        var old = Sender(boot: 1, instance: 0), new = Sender(boot: 2, instance: 0, generation: 2)
        func hear(_ datagrams: [[UInt8]]) {
            for bytes in datagrams { bytes.withUnsafeBytes { _ = reader.receive($0, length: bytes.count, now: 1) } }
        }
        hear(old.report(.report) { $0.set(.connsOpen, 1) })
        #expect(reader.sources[1].map { reader.isPresent($0.header) } == true)
        hear(new.report(.report) { $0.set(.connsOpen, 2) })
        hear(old.report(.report) { $0.set(.connsOpen, 3) })
        #expect(reader.sources[1].map { reader.isPresent($0.header) } == false)
        #expect(reader.sources[2].map { reader.isPresent($0.header) } == true)
    }
}
