import Base
import Stats
import Testing

@Suite struct StatsReaderTests {
    private static let second: UInt64 = 1_000_000_000
    private func take(_ reader: inout StatsReader, _ bytes: [UInt8], now: UInt64 = 1) -> StatsReader.Outcome {
        bytes.withUnsafeBytes { reader.receive($0, length: bytes.count, now: now) }
    }

    @Test func aGap_isCounted_andTotalsStayExact() {
        var sender = Sender()
        var reader = StatsReader(token: Sender.token)
        let reports = (0..<10).map { n in sender.report { $0.set(.delivered, UInt64(n * 100)) }[0] }
        #expect(take(&reader, reports[0]) == .report(boot: 7, isNewBoot: true, lost: 0))
        #expect(take(&reader, reports[1]) == .report(boot: 7, isNewBoot: false, lost: 0))
        #expect(take(&reader, reports[5]) == .report(boot: 7, isNewBoot: false, lost: 3))
        #expect(reader.sources[7]?.lost == 3)
        #expect(reader.sources[7]?.values[.delivered] == 500)
    }

    @Test func timeThatGoesBack_orThatNoClockShows_isNoTrap() {
        var sender = Sender()
        var reader = StatsReader(token: Sender.token)
        for time in [5, 3] as [UInt64] {
            sender.time = time * Self.second
            _ = take(&reader, sender.report { $0.set(.delivered, UInt64(1)) }[0])
        }
        #expect(reader.sources[7]?.header.sampleTime == 3 * Self.second)
        sender.time = 1 << 62
        #expect(take(&reader, sender.report { $0.set(.delivered, UInt64(1)) }[0]) == .dropped(.foreign))
    }

    @Test func lateAndDoubled_areCountedAndLeftOut() {
        var sender = Sender()
        var reader = StatsReader(token: Sender.token)
        let reports = (0..<4).map { n in sender.report { $0.set(.delivered, UInt64(n)) }[0] }
        for at in [0, 2, 2, 1] { _ = take(&reader, reports[at]) }
        #expect(reader.sources[7]?.late == 2)
        #expect(reader.sources[7]?.values[.delivered] == 2)
    }

    /// The hub sends a new viewer the newest report, and then everything that comes.
    @Test func newestReport_standsRightBeforeWhatComesNext() throws {
        var sender = Sender()
        sender.writer.header.sequence = .max - 3
        func long(_ writer: inout StatsWriter) {
            for worker in 0..<60 {
                writer.subject(worker)
                for _ in 0..<5 { writer.set(.queueMessages, worker) }
            }
        }
        var newest = NewestReport()
        let short = { (writer: inout StatsWriter) in writer.set(.delivered, 1) }
        for fill in [long, short, long] {
            let report = sender.report { fill(&$0) }
            for (index, part) in report.enumerated() { newest.take(part, part: UInt8(index + 1)) }
        }
        let last = sender.writer.newestSequence
        sender.writer.send(.event, sampleTime: 1, wallTime: 1) { _ in }
        var reader = StatsReader(token: Sender.token)
        let datagrams = newest.datagrams(upTo: sender.writer.newestSequence)
        for datagram in datagrams { _ = take(&reader, datagram) }
        #expect(datagrams.count > 2 && reader.sources[7]?.received == UInt64(datagrams.count))
        #expect(reader.sources[7]?.header.sequence == last &+ 1)
        let next = sender.report { $0.set(.delivered, 2) }
        for datagram in next { _ = take(&reader, datagram) }
        #expect(reader.sources[7]?.lost == 0 && reader.sources[7]?.late == 0)
    }

    @Test func numbers_goOnOverTheEndOf32Bits() {
        var sender = Sender()
        sender.writer.header.sequence = .max
        var reader = StatsReader(token: Sender.token)
        let reports = (0..<3).map { n in sender.report { $0.set(.delivered, UInt64(n)) }[0] }
        for report in reports { _ = take(&reader, report) }
        #expect(
            reader.sources[7]?.lost == 0 && reader.sources[7]?.late == 0 && reader.sources[7]?.values[.delivered] == 2)
    }

    @Test func aNewBoot_isANewSource() {
        var old = Sender(boot: 7)
        var new = Sender(boot: 8, generation: 2)
        var reader = StatsReader(token: Sender.token)
        for n in 1...3 { _ = take(&reader, old.report { $0.set(.delivered, UInt64(n * 1000)) }[0]) }
        #expect(take(&reader, new.report { $0.set(.delivered, 5) }[0]) == .report(boot: 8, isNewBoot: true, lost: 0))
        #expect(reader.current(.worker, 3)?.header.boot == 8)
        #expect(reader.current(.worker, 3)?.values[.delivered] == 5)
        #expect(reader.current(.worker, 4) == nil)
        // The draining worker beside it is still counted for itself.
        #expect(reader.sources[7]?.values[.delivered] == 3000)
        reader.forget(olderThan: 60_000, now: 70 * Self.second)
        #expect(reader.sources.keys.sorted() == [8])
    }

    @Test func aLifeThatIsOver_givesWay_toOneOfASmallerGeneration() {
        var old = Sender(boot: 7, generation: 5)
        var new = Sender(boot: 8, generation: 1)
        var reader = StatsReader(token: Sender.token)
        _ = take(&reader, old.report { $0.set(.delivered, 1) }[0], now: 1 * Self.second)
        _ = take(&reader, new.report { $0.set(.delivered, 1) }[0], now: 2 * Self.second)
        #expect(reader.current(.worker, 3)?.header.boot == 7)
        _ = take(&reader, new.report { $0.set(.delivered, 2) }[0], now: 12 * Self.second)
        #expect(reader.current(.worker, 3)?.header.boot == 8)
    }

    @Test func age_decidesWhatMayBeShown() {
        var sender = Sender()
        var reader = StatsReader(token: Sender.token)
        _ = take(&reader, sender.report { $0.set(.delivered, 1) }[0], now: 100 * Self.second)
        let source = reader.sources[7]
        #expect(source?.freshness(now: 103 * Self.second) == .fresh)
        #expect(source?.freshness(now: 104 * Self.second) == .stale)
        #expect(source?.freshness(now: 111 * Self.second) == .old)
        #expect(source?.freshness(now: 161 * Self.second) == .gone)
        #expect(source?.freshness(now: 99 * Self.second) == .fresh)
    }

    @Test func goodbye_isPlanned() {
        var sender = Sender()
        var reader = StatsReader(token: Sender.token)
        _ = take(&reader, sender.report(.goodbye) { $0.set(.delivered, 1) }[0])
        #expect(reader.sources[7]?.saidGoodbye == true)
    }

    @Test func forged_foreignAndBroken_areCountedAndNotShown() {
        var forger = Sender(boot: 66, token: StatsToken(high: 1, low: 2))
        var reader = StatsReader(token: Sender.token)
        #expect(take(&reader, forger.report { $0.set(.connsOpen, 1_000_000) }[0]) == .dropped(.badToken))
        #expect(take(&reader, Array("hello".utf8)) == .dropped(.badMagic))
        #expect(take(&reader, Array("MGSThello".utf8)) == .dropped(.truncated))
        #expect(reader.sources.isEmpty)
        #expect(reader.drops.badMagic == 1 && reader.drops.truncated == 1 && reader.drops.badToken == 1)
    }

    @Test func events_areJSON() {
        var sender = Sender()
        var reader = StatsReader(token: Sender.token)
        var body = Buffer()
        Event(
            time: 12, severity: .error, name: "worker-5", kind: "EXIT", text: "a \"quoted\"\nline", pid: 3,
            generation: 2
        ).write(to: &body)
        var datagram: [UInt8] = []
        sender.writer.send(.event, sampleTime: 1, wallTime: 2, body: body.bytes) { datagram = Array($0) }
        guard case .event(let text, let header) = take(&reader, datagram) else {
            Issue.record("no event")
            return
        }
        #expect(
            text
                == #"{"time":12,"severity":"error","name":"worker-5","kind":"EXIT","text":"a \"quoted\"\\nline","pid":3,"generation":2}"#
        )
        #expect(header.kind == .event)
        var long = Buffer()
        Event(
            time: 12, severity: .info, name: nil, kind: "X",
            text: String(repeating: "\u{1F4A5}", count: 5000)
        ).write(to: &long)
        #expect(long.count < StatsPacket.mostBytes - 80)
    }

    @Test func history_comesBackAsItWas() {
        var values: [UInt64?] = (0..<600).map { UInt64(100_000 + ($0 * 7919) % 300) }
        for at in stride(from: 5, to: 600, by: 50) { values[at] = nil }
        values[17] = .max
        values[18] = 0
        values[0] = nil
        let history = StatsHistory(
            role: .worker, instance: 3, metric: 1, subject: nil, stepMilliseconds: 1000, firstTime: 5_000_000_000,
            values: values)
        var back: [UInt64?] = []
        var pieces = 0
        while back.count < values.count {
            var body = Buffer()
            let count = history.write(from: back.count, to: &body)
            guard let piece = StatsHistory(body.bytes) else {
                Issue.record("not read back")
                return
            }
            #expect(piece.values.count == count && body.count <= StatsPacket.mostBytes - 80)
            #expect(piece.firstTime == 5_000_000_000 + UInt64(back.count) * 1_000_000_000)
            for cut in 0..<body.count { #expect(StatsHistory(body.bytes.part(0, cut)) == nil) }
            back += piece.values
            pieces += 1
        }
        #expect(back == values && pieces <= 3)
    }
}
