import Base
import Glibc
import Stats
import Supervision
import Testing
import Watch

@testable import Dashboard

/// A recording may come from anywhere. No number and no text in it ends megatop or commands the terminal.
struct HostileRecordingTests {
    private func recorded(_ write: (Recording.Writer) -> Void) throws -> Result<[Recording.Piece], Recording.Mistake> {
        let path = "/tmp/megatop-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).mgtr"
        defer { unlink(path) }
        do {
            let writer = try #require(Recording.Writer(path))
            write(writer)
        }
        return Recording.read(path)
    }
    private func datagram(
        _ role: StatsPacket.Role, sample: UInt64, wall: UInt64 = 1, values: [(MetricID, UInt64)],
        change: (inout StatsPacket.Header) -> Void = { _ in }
    ) -> [UInt8] {
        var header = StatsPacket.Header()
        header.boot = 7
        header.role = role
        change(&header)
        var writer = StatsWriter(header, token: StatsToken())
        for (id, value) in values { writer.set(id, value) }
        var bytes: [UInt8] = []
        writer.finish(state: .ready, sampleTime: sample, wallTime: wall) { bytes = Array($0) }
        return bytes
    }
    /// Shows the pieces as megatop does, on every screen and in every form of output.
    private func show(_ pieces: [Recording.Piece], from: Double = 0, to: Double? = nil, speed: Double = 1) -> String {
        var replay = Replay(pieces, Model.Server(), from: from, to: to, speed: speed, now: 5)
        // The clock may also have been set back or forward.
        for now in [0, 5, 1_000_000_000] as [UInt64] { replay.advance(now: now, moment: nil) }
        for moment in [UInt64.max, 0, replay.first / 2 + replay.last / 2, .max] {
            replay.advance(now: 7, moment: moment)
            _ = replay.moment(ofEvent: true, from: moment, .info)
        }
        let model = replay.model
        var text = ""
        for screen in Screen.allCases {
            var session = Session()
            session.screen = screen
            for span in GraphSpan.allCases {
                session.span = span
                text += Views.draw(model, session, Size(200, 50), Capabilities(isUTF8: true)).text
            }
            let context = Context(model, session, Capabilities())
            for format in [Options.Format.text, .json, .csv, .prom] {
                text += BatchText.sample(context, format, isFirst: true)
            }
            text += Check.result(context).0
        }
        return text
    }

    @Test func timesOfNoClock_areDamage() throws {
        for (time, wall) in [(UInt64.max, UInt64(1)), (1, .max), (1 << 62, 1)] {
            guard case .failure = try recorded({ $0.add("{}", to: .status, time: time, wall: wall) }) else {
                Issue.record("taken: \(time) \(wall)")
                continue
            }
        }
    }
    @Test func everyTimeAndValue_isShown() throws {
        let times: [UInt64] = [0, 1, 999_999_999, 1 << 31, 1 << 61, (1 << 62) - 1, 1 << 62, 1 << 63, .max - 1, .max]
        let ids: [MetricID] = [
            .connsOpen, .connLimit, .delivered, .childUptime, .childState, .childRetryIn, .childExits60s,
            .queueMessages, .loopLagMax, .cpuUser, .subject,
        ]
        var chance = PropertyTests.Chance(state: 3)
        for _ in 0..<60 {
            let pieces = try recorded { writer in
                for number in 0..<12 {
                    let role =
                        [StatsPacket.Role.worker, .manager, .supervisor].randomElement(using: &chance) ?? .worker
                    let values = ids.map { ($0, times.randomElement(using: &chance) ?? 0) }
                    let bytes = datagram(
                        role, sample: times.randomElement(using: &chance) ?? 0,
                        wall: times.randomElement(using: &chance) ?? 0, values: values
                    ) {
                        $0.sequence = UInt32(number)
                        $0.boot = UInt64(role.rawValue) + 1
                        $0.startTime = times.randomElement(using: &chance) ?? 0
                        $0.interval = [0, 1, 1000, .max].randomElement(using: &chance) ?? 0
                        $0.instance = [0, 1, .max].randomElement(using: &chance) ?? 0
                    }
                    // The pieces are not in the order of their times.
                    bytes.withUnsafeBytes {
                        writer.add(
                            $0, time: times.prefix(6).randomElement(using: &chance) ?? 0,
                            wall: times.prefix(6).randomElement(using: &chance) ?? 0)
                    }
                }
            }.get()
            #expect(!show(pieces).isEmpty)
        }
    }
    @Test func everyPlaceAndSpeed_isPlayed() throws {
        let pieces = try recorded { writer in
            for time in [9, 3, 5] as [UInt64] {
                writer.add("{\"ok\":true}", to: .status, time: time * 1_000_000_000, wall: time)
            }
        }.get()
        let numbers = [0, -1, 1e-9, 2, 1e300, .infinity, -.infinity, .nan]
        for from in numbers {
            for speed in numbers { #expect(!show(pieces, from: from, to: from, speed: speed).isEmpty) }
        }
    }
    /// Numbers that do not fit into an Int64 were written as `?`, which is no JSON.
    @Test func greatNumbers_areJSON() throws {
        for value in [0, -3, 1.5, 1e15, 1.8e19, -1e300] { #expect(Double(BatchText.number(value)) == value) }
        #expect(BatchText.number(.infinity) == "?" && BatchText.number(.nan) == "?")
    }
    @Test func texts_areNotObeyed() throws {
        let evil = #"\u001b[2J\u009b31m\u007f\nforged\u2028\u202e\u0000"#
        let told: [(Question, String)] = [
            (
                .status,
                #"{"ok":true,"processes":[{"name":"worker-0","last_exit":{"text":"EVIL","uptime":3.1}}],"rolling":{"by":"EVIL","total":-5,"done":9223372036854775807,"current":"worker-0","left":["EVIL"]}}"#
            ),
            (
                .events,
                #"{"ok":true,"events":[{"number":1,"time":18446744073709551615,"severity":"error","name":"EVIL","kind":"EVIL","text":"EVIL"}]}"#
            ),
            (.log(.worker(0)), #"{"ok":true,"lines":[{"time":0,"pid":7,"text":"EVIL"}]}"#),
            (.doctor, #"{"ok":true,"rows":[{"name":"EVIL","have":"EVIL","want":"EVIL","why":"EVIL","enough":false}]}"#),
            (
                .clients,
                #"{"clients":[{"client":"EVIL","worker":null,"queued":1e300,"bytes":-1e300,"oldest_seconds":1e300}]}"#
            ),
            (
                .apps,
                #"{"apps":[{"peer":"EVIL","form":"EVIL","connected_seconds":1e300,"publishes":1e300,"bytes":1e300,"errors":1e300,"idle_seconds":1e300,"backlog_bytes":1e300,"number":1e300,"name":"EVIL","rights":["EVIL"],"refusal":{"code":"EVIL","message":"EVIL","seconds_ago":1e300}}],"more":1e300}"#
            ),
        ]
        let pieces = try recorded { writer in
            for (question, answer) in told {
                writer.add(answer.replacing("EVIL", with: evil), to: question, time: 1_000_000_000, wall: 1)
            }
            let bytes = datagram(.worker, sample: 1, values: [(.connsOpen, 1)])
            bytes.withUnsafeBytes { writer.add($0, time: 1_000_000_000, wall: 1) }
        }.get()
        let text = show(pieces)
        #expect(text.contains("forged"))
        #expect(!text.unicodeScalars.contains { $0.isObeyed && $0 != "\n" })
        #expect(!text.split(separator: "\n").contains { $0.hasPrefix("forged") })
    }
}
