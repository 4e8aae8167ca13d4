import Base
import Glibc
import Reactor
import Stats
import Supervision
import Testing
import Watch

@testable import Dashboard

/// A program in ssh's place, which says what a hostile machine might say.
@Suite(.serialized)
struct RemoteHostTests {
    private let folder = "/tmp/megatop-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"

    /// Looks at a machine that says these bytes and then is silent, until the model is as wanted.
    private func look(_ bytes: [UInt8], until holds: (Model) -> Bool) throws -> Model {
        mkdir(folder, 0o700)
        defer {
            for name in ["said", "ssh"] { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        let said = try #require(fopen("\(folder)/said", "w"))
        fwrite(bytes, 1, bytes.count, said)
        fclose(said)
        try Files.write("\(folder)/ssh", "#!/bin/sh\ncat '\(folder)/said'\nexec sleep 60\n")
        chmod("\(folder)/ssh", 0o700)
        var options = Options()
        options.ssh = ["\(folder)/ssh"]
        let loop = Loop()
        let source = try Source(loop, options, host: "evil")
        defer { RemoteHost.end([source.remote].compactMap(\.self)) }
        let deadline = Clock.monotonicNanoseconds + 60_000_000_000
        var found = Model()
        try withoutActuallyEscaping(holds) { holds in
            let timer = Timer(loop) {
                source.tick()
                found = source.model
                if holds(found) || Clock.monotonicNanoseconds > deadline { loop.stop() }
            }
            timer.start(after: 0.01, every: 0.01)
            source.retry()
            loop.run()
            try #require(Clock.monotonicNanoseconds <= deadline, "\(found.link)")
        }
        return found
    }
    private func stream(_ contents: [Served.Content]) -> [UInt8] {
        var out = Buffer()
        for content in [.state(ServedState())] + contents {
            Served.write(content, time: 5_000_000_000, wall: Samples.wall, to: &out)
        }
        return Array("MGTS1\n".utf8) + Array(out.bytes)
    }
    private func lostReason(_ model: Model) -> String {
        if case .lost(_, let reason) = model.link { reason } else { "" }
    }

    @Test func moreProcessesThanAnApplianceHas_endTheConnection() throws {
        var reports: [Served.Content] = []
        for worker in 0..<600 {
            var header = StatsPacket.Header()
            (header.boot, header.role, header.instance) = (UInt64(worker + 1), .worker, UInt16(worker))
            var writer = StatsWriter(header, token: StatsToken())
            writer.set(.connsOpen, 1)
            writer.finish(state: .ready, sampleTime: 5, wallTime: 5) { reports.append(.datagram(Array($0))) }
        }
        let model = try look(stream(reports)) { lostReason($0).contains("more than an appliance has") }
        #expect(model.processes.count < 600)
        let few = try look(stream(Array(reports.prefix(8)))) { $0.processes.count == 8 }
        #expect(lostReason(few).isEmpty)
    }
    @Test func moreEventsThanFit_endTheConnection() throws {
        let text = String(repeating: "x", count: 1 << 20)
        let events = (1...20).map { number in
            Served.Content.answer(
                #"{"number":\#(number),"time":1,"severity":"info","name":null,"kind":"A","text":"\#(text)"}"#, .events)
        }
        _ = try look(stream(events)) { lostReason($0).contains("more than an appliance has") }
    }
    @Test func answersThatNobodyAskedFor_areNotTaken_andTextsAreNotObeyed() throws {
        let evil = #"\u001b[2J\u009b31m\nforged\u202e"#
        let model = try look(
            stream([
                .answer(#"{"ok":true,"lines":[{"time":0,"pid":7,"text":"unasked"}]}"#, .log(.worker(0))),
                .answer(
                    #"{"number":1,"time":1,"severity":"error","name":"\#(evil)","kind":"\#(evil)","text":"\#(evil)"}"#,
                    .events),
            ])
        ) { !$0.events.isEmpty }
        #expect(model.told.children.isEmpty)
        for screen in Screen.allCases {
            var session = Session()
            session.screen = screen
            let text = Views.draw(model, session, Size(120, 40), Capabilities(isUTF8: true)).text
            #expect(!text.unicodeScalars.contains { $0.isObeyed && $0 != "\n" })
        }
    }
    @Test func anotherStream_isNamed_andDamageEndsIt() throws {
        _ = try look([UInt8](repeating: UInt8(ascii: "z"), count: 5000)) {
            lostReason($0).contains("no megatop --serve answers there, but \"zzz")
        }
        let damaged = stream([]) + [UInt8](repeating: 0xFF, count: 64)
        _ = try look(damaged) { lostReason($0) == "what came is damaged" }
    }
}
