import Dashboard
import Glibc
import Testing
import Wire

struct RecordingTests {
    @Test func whatWasRecorded_isPlayed() throws {
        let path = "/tmp/megatop-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).mgtr"
        defer { unlink(path) }
        do {
            let writer = try #require(Recording.Writer(path))
            var header = StatsPacket.Header()
            header.boot = 7
            header.role = .worker
            header.instance = 3
            header.interval = 1000
            var datagrams = StatsWriter(header, token: StatsToken())
            for second in UInt64(1)...5 {
                datagrams.set(.connsOpen, second * 10)
                datagrams.finish(state: .ready, sampleTime: second * 1_000_000_000, wallTime: second) { writer.add($0, time: second * 1_000_000_000, wall: second) }
            }
        }
        let pieces = try Recording.read(path).get()
        #expect(pieces.count == 5)
        var seen: [Double] = []
        func play(from: Double, to: Double?) {
            var model = Model()
            var player = Player(pieces, from: from, to: to, speed: 10, now: 0)
            player.finish { outcome, reader in
                if case .report(let boot, _, let lost) = outcome, let source = reader.sources[boot] { model.take(Report(source, lost: lost)) }
            }
            seen.append(model.processes[.worker(3)]?.own.value(.connsOpen) ?? 0)
        }
        play(from: 0, to: nil)
        play(from: 0, to: 2)
        #expect(seen == [50, 30])
    }
    @Test func otherFiles_areRefused() {
        if case .success = Recording.read("/etc/passwd") { Issue.record("taken for a recording") }
        if case .success = Recording.read("/nowhere") { Issue.record("taken for a recording") }
    }
    @Test func manual_isTheTables() {
        let manual = Reference.manual()
        for binding in Binding.all where !binding.help.isEmpty { #expect(manual.contains(binding.help.replacing("-", with: "\\-"))) }
    }
}
