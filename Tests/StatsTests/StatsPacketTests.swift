import Stats
import Testing

/// Datagrams written by one process, for tests.
struct Sender: ~Copyable {
    static let token = StatsToken(high: 0x0011_2233_4455_6677, low: 0x8899_AABB_CCDD_EEFF)
    var writer: StatsWriter
    var time: UInt64 = 1_000_000_000

    init(
        boot: UInt64 = 7, role: StatsPacket.Role = .worker, instance: UInt16 = 3, generation: UInt16 = 1,
        token: StatsToken = Sender.token
    ) {
        var header = StatsPacket.Header()
        header.boot = boot
        header.role = role
        header.instance = instance
        header.generation = generation
        header.pid = 4711
        header.interval = 1000
        writer = StatsWriter(header, token: token)
    }

    /// The datagrams of one report, a second after the last.
    mutating func report(_ kind: StatsPacket.Kind = .report, _ fill: (inout StatsWriter) -> Void) -> [[UInt8]] {
        fill(&writer)
        var datagrams: [[UInt8]] = []
        writer.finish(kind, state: .ready, sampleTime: time, wallTime: 5) { datagrams.append(Array($0)) }
        time += 1_000_000_000
        return datagrams
    }
}

@Suite struct StatsPacketTests {
    private func parse(_ bytes: [UInt8], length: Int? = nil, token: StatsToken? = Sender.token) -> StatsPacket.Mistake?
    {
        bytes.withUnsafeBytes {
            if case .wrong(let mistake) = StatsPacket.parse($0, length: length ?? bytes.count, token: token) {
                return mistake
            }
            return nil
        }
    }

    @Test func layout_isAsDocumented() {
        var sender = Sender()
        let bytes = sender.report { $0.set(.connsOpen, 0x0102_0304 as UInt64) }[0]
        #expect(bytes.count == 64 + 12 + 16)
        #expect(Array(bytes[0..<8]) == Array("MGST".utf8) + [1, 1, 0, 64])
        #expect(Array(bytes[8..<28]) == [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 1, 0, 3, 0, 0, 0x12, 0x67])
        #expect(Array(bytes[28..<32]) == [0, 2, 1, 1])
        #expect(Array(bytes[56..<64]) == [0, 0, 3, 0xE8, 0, 2, 0, 1])
        #expect(Array(bytes[64..<76]) == [0, 1, UInt8(ascii: "G"), 0, 0, 0, 0, 0, 1, 2, 3, 4])
        #expect(Array(bytes[76...]) == Sender.token.bytes)
        #expect(StatsToken(hex: "00112233445566778899aabbccddeeff\n") == Sender.token)
        #expect(Sender.token.description == "00112233445566778899aabbccddeeff")
        #expect(
            StatsToken(hex: "00112233445566778899aabbccddeef") == nil
                && StatsToken(hex: "+0112233445566778899aabbccddeeff") == nil)
    }

    @Test func whatIsNotOurs_isRefusedByItsReason() {
        var sender = Sender()
        let good = sender.report { $0.set(.connsOpen, 1) }[0]
        #expect(parse(good) == nil)
        #expect(parse([]) == .badMagic)
        #expect(parse(Array("GET / HTTP/1.1\r\n\r\n".utf8)) == .badMagic)
        #expect(parse(good, length: good.count + 1) == .truncated)
        for count in 8..<80 { #expect(parse(Array(good[..<count])) == .truncated) }
        var wrong = good
        wrong[wrong.count - 1] ^= 1
        #expect(parse(wrong) == .badToken)
        #expect(parse(wrong, token: nil) == nil)
        wrong = good
        wrong[4] = 2
        #expect(parse(wrong) == .newer(2))
        wrong = good
        wrong[5] = 99
        #expect(parse(wrong) == .foreign)
        wrong = good
        wrong[7] = 250
        #expect(parse(wrong) == .truncated)
        wrong = good
        wrong[30] = 2
        #expect(parse(wrong) == .truncated)
        #expect(parse([UInt8](repeating: 0x4D, count: 2000)) == .badMagic)
    }

    @Test func longerHeaders_areSkippedOver() {
        var sender = Sender()
        var bytes = sender.report { $0.set(.connsOpen, 9) }[0]
        bytes.insert(contentsOf: [1, 2, 3, 4], at: 64)
        bytes[7] = 68
        var found: [UInt16: UInt64] = [:]
        bytes.withUnsafeBytes {
            guard case .packet(let packet) = StatsPacket.parse($0, length: bytes.count, token: Sender.token) else {
                return
            }
            packet.forEachMetric { id, value, _ in found[id] = value }
        }
        #expect(found == [1: 9])
    }

    @Test func mutatedDatagrams_neverTrap() {
        var random = SystemRandomNumberGenerator()
        var sender = Sender()
        let good = sender.report { writer in
            for id in MetricID.allCases.prefix(40) where id != .subject { writer.set(id, 5) }
            writer.subject(2)
            writer.set(.queueMessages, 1)
        }[0]
        var reader = StatsReader(token: nil)
        for round in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes = Array(bytes[..<Int.random(in: 0...bytes.count, using: &random)])
            bytes.withUnsafeBytes { _ = reader.receive($0, length: bytes.count, now: UInt64(round)) }
        }
        #expect(reader.sources.count <= 512)
    }

    @Test func aLongReport_isCutIntoPartsThatStandAlone() {
        var sender = Sender(role: .manager, instance: 0)
        let datagrams = sender.report { writer in
            writer.set(.publishes, 77)
            for worker in [nil] + (0..<128).map({ Optional($0) }) {
                writer.subject(worker)
                for (at, id) in [
                    MetricID.queueMessages, .queueBytes, .queueOldest, .enqueued, .dequeued, .expired, .droppedFull,
                ].enumerated() {
                    writer.set(id, UInt64((worker ?? 999) * 10 + at))
                }
            }
        }
        #expect(datagrams.count > 5 && datagrams.allSatisfy { $0.count <= StatsPacket.mostBytes })
        var reader = StatsReader(token: Sender.token)
        // Each value finds its owner in any order of the datagrams, and if one is missing.
        for bytes in datagrams { bytes.withUnsafeBytes { _ = reader.receive($0, length: bytes.count, now: 1) } }
        let source = reader.current(.manager)
        #expect(source?.values[.publishes] == 77)
        #expect(source?.subjects.count == 129 && source?.lost == 0)
        for worker in 0..<128 {
            #expect(source?.subject(worker: worker)?.values[.droppedFull] == UInt64(worker * 10 + 6))
        }
        #expect(source?.subject(worker: nil)?.values[.queueMessages] == 9990)
    }
}

@Suite struct MetricTableTests {
    @Test func everyId_hasOneRow_andEachNameIsUniqueInItsScope() {
        #expect(Metric.all.count == MetricID.allCases.count)
        #expect(Set(Metric.all.map(\.id)).count == Metric.all.count)
        for id in MetricID.allCases { #expect(Metric.named(id.rawValue)?.id == id) }
        #expect(Set(Metric.all.map { "\($0.scope).\($0.name)" }).count == Metric.all.count)
        #expect(Metric.named(54) == nil && Metric.named(60_000) == nil)
    }
    @Test func everyRow_explainsItself() {
        for metric in Metric.all {
            #expect(metric.help.hasSuffix("."), "\(metric.name)")
            #expect(
                metric.kind == .counter || metric.kind == .bucket
                    ? metric.name.hasSuffix("_total") : !metric.name.hasSuffix("_total"), "\(metric.name)")
            if let threshold = metric.threshold { #expect(threshold.warning < threshold.critical) }
        }
    }
    /// An id keeps its meaning, since recordings and other versions rely on it.
    @Test func ids_neverChange() {
        let fixed: [(UInt16, String)] = [
            (1, "conns_open"), (4, "conn_limit"), (7, "accepts_total"), (10, "closes_client_total"),
            (16, "polls_total"), (21, "delivered_total"), (26, "bytes_out_total"),
            (28, "q_msgs"), (33, "enq_total"), (36, "dropped_full_total"), (41, "q_age_40_up"),
            (42, "latency_under_1ms_total"), (50, "latency_sum_us_total"),
            (53, "loop_lag_max_us"), (58, "rss_bytes"), (63, "report_send_errors_total"),
            (69, "mgr_link_backlog_bytes"), (100, "workers_connected"), (104, "publishes_total"),
            (110, "forwarded_total"), (123, "seed_rejected_total"), (129, "client_memory_bytes"),
            (131, "channels"), (136, "channel_over_total"), (141, "presence_told_total"), (142, "journal_mode"),
            (153, "journal_error"), (160, "state"),
            (179, "watchdog_held"), (200, "config_generation"),
            (215, "http_requests_total"), (220, "tcp_inuse"), (237, "conntrack_limit"), (255, "subject"),
        ]
        for (id, name) in fixed { #expect(Metric.named(id)?.name == name) }
    }
}
