import Base
import Configuration
import Dashboard
import Glibc
import Stats
import Supervision
import Testing
import Watch
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
                datagrams.finish(state: .ready, sampleTime: second * 1_000_000_000, wallTime: second) {
                    writer.add($0, time: second * 1_000_000_000, wall: second)
                }
            }
        }
        let pieces = try Recording.read(path).get()
        #expect(pieces.count == 5)
        var seen: [Double] = []
        func play(from: Double, to: Double?) {
            var replay = Replay(pieces, Model.Server(), from: from, to: to, speed: 10, now: 0)
            replay.advance(now: 0, moment: .max)
            let model = replay.model
            seen.append(model.processes[.worker(3)]?.own.value(.connsOpen) ?? 0)
        }
        play(from: 0, to: nil)
        play(from: 0, to: 2)
        #expect(seen == [50, 30])
    }
    @Test func answers_arePlayedToo() throws {
        let path = "/tmp/megatop-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).mgtr"
        defer { unlink(path) }
        let told: [(Question, String)] = [
            (
                .status,
                #"{"ok":true,"processes":[{"name":"worker-3","hold":true,"last_exit":{"text":"signal 11 (SIGSEGV)","signal":11,"uptime":3.1},"beside":[{"generation":1,"pid":7,"state":"draining","left":9.5}]}],"rolling":{"by":"uid 0","total":8,"done":2,"current":"worker-3","left":["worker-4"]}}"#
            ),
            (
                .events,
                #"{"ok":true,"events":[{"number":1,"time":1,"severity":"error","name":"worker-3","kind":"EXIT","text":"SIGSEGV"}]}"#
            ),
            (.events, #"{"number":2,"time":2,"severity":"info","name":"worker-3","kind":"READY","text":"again"}"#),
            (.log(.worker(3)), #"{"ok":true,"lines":[{"time":0,"pid":7,"text":"last words"}]}"#),
            (
                .doctor,
                #"{"ok":true,"rows":[{"name":"net.core.somaxconn","have":"128","want":">= 65535","why":"accept queue","enough":false}]}"#
            ),
            (.crashes, #"{"ok":true,"crashes":["20261123T140228-worker-3"]}"#),
            (
                .crash("20261123T140228-worker-3"),
                #"{"ok":true,"crash":{"id":"20261123T140228-worker-3","time":0,"at":"2026-11-23T14:02:28.000Z","name":"worker-3","pid":7,"boot":"9ac41f20","generation":1,"kind":"signal","code":null,"signal":11,"core":false,"uptime":3.1,"text":"SIGSEGV","last_report":{"connections_open":2},"lines":[{"time":0,"text":"Fatal error"}]}}"#
            ),
            (.clients, #"{"clients":[{"client":"alice","worker":null,"queued":5,"bytes":40,"oldest_seconds":1.5}]}"#),
            (
                .apps,
                #"{"apps":[{"peer":"10.0.1.5:1","form":"lines","connected_seconds":10.5,"publishes":100,"bytes":1000,"errors":1,"idle_seconds":0.1,"backlog_bytes":0}],"more":2}"#
            ),
            (
                .apps,
                #"{"apps":[{"peer":"10.0.1.5:1","form":"lines","connected_seconds":12.5,"publishes":150,"bytes":1100,"errors":1,"idle_seconds":0.1,"backlog_bytes":7}],"more":0}"#
            ),
            (.status, "not JSON"),
            (.group(.user("4 2")), #"{"user":"4 2","count":1,"connected":1,"clients":[]}"#),
        ]
        do {
            let writer = try #require(Recording.Writer(path))
            for (at, (question, answer)) in told.enumerated() {
                writer.add(answer, to: question, time: UInt64(at) * 1_000_000_000, wall: UInt64(at))
            }
        }
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600, "it names clients")
        var replay = Replay(
            try Recording.read(path).get(), Model.Server(), from: 0, to: nil, speed: 1, now: 0)
        replay.advance(now: 0, moment: .max)
        let model = replay.model
        let child = try #require(model.told.children[.worker(3)])
        #expect(child.isHeld && child.lastExit == "SIGSEGV after 3.1s" && child.drainsBeside == 9.5)
        #expect(child.output == ["00:00:00 last words"])
        #expect(
            model.told.rolling == Told.Rolling(by: "uid 0", total: 8, done: 2, current: .worker(3), left: [.worker(4)]))
        #expect(model.events.map(\.kind) == ["EXIT", "READY"])
        #expect(model.told.doctor.map(\.enough) == [false])
        #expect(model.told.crashes(of: .worker(3))?.first?.lines?.contains { $0.contains("Fatal error") } == true)
        #expect(model.told.clients.rows.map(\.id) == ["alice"] && model.told.clients.problem.isEmpty)
        let app = try #require(model.told.apps.rows.first)
        #expect(
            app.peer == "10.0.1.5:1" && app.backlogBytes == 7
                && app.rates == Told.Apps.Rates(publishes: 25, bytes: 50, errors: 0))
        #expect(model.told.group?.name == .user("4 2") && model.told.group?.count == 1)
        #expect(model.told.apps.count == 1 && model.told.apps.time == 9_000_000_000)
    }
    @Test func theDay_isPlayedToo() throws {
        let path = "/tmp/megatop-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).mgtr"
        defer { unlink(path) }
        var day = StatsDay()
        var step = StatsDay.Step()
        (step.connections.least, step.connections.mean, step.connections.most) = (3, 4, 5)
        (step.delivered.least, step.delivered.mean, step.delivered.most) = (1500, 2500, 3500)
        for number in UInt64(1000)..<2000 { day.put(step, at: number) }
        let archive = StatsArchive(day: day)
        let now = 20_000 * Samples.second
        do {
            let writer = try #require(Recording.Writer(path))
            var header = StatsPacket.Header()
            header.boot = 7
            header.role = .supervisor
            var datagrams = StatsWriter(header, token: StatsToken())
            for key in archive.keys {
                var body = Buffer()
                guard let history = archive.history(key, now: now) else { continue }
                #expect(history.write(from: 0, to: &body) == history.values.count)
                datagrams.send(.history, sampleTime: now, wallTime: 1, body: body.bytes) {
                    writer.add($0, time: now, wall: 1)
                }
            }
        }
        var replay = Replay(
            try Recording.read(path).get(), Model.Server(), from: 0, to: nil, speed: 1, now: 0)
        replay.advance(now: 0, moment: .max)
        let model = replay.model
        let connections = try #require(model.days[.connections]?.range),
            delivered = try #require(model.days[.delivered]?.range)
        #expect(connections == (3, 4, 5) && delivered == (1.5, 2.5, 3.5) && model.days[.queued] == nil)
        #expect(model.days[.connections]?.values(now: now).compactMap(\.self).count == 168)
    }
    @Test func otherFiles_areRefused() {
        if case .success = Recording.read("/etc/passwd") { Issue.record("taken for a recording") }
        if case .success = Recording.read("/nowhere") { Issue.record("taken for a recording") }
    }
    @Test func manual_isTheTables() {
        let manual = Reference.manual()
        #expect(
            Golden.contents(Golden.folder + "../../../config/man/megatop.1") == manual,
            "write it anew: megatop --manual > config/man/megatop.1")
        for binding in Binding.all where !binding.help.isEmpty {
            #expect(manual.contains(binding.help.replacing("-", with: "\\-")))
        }
    }
}
