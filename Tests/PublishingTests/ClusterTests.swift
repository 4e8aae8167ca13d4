import Base
import Comet
import Testing
import Wire

@testable import Publishing

/// Requests that go through the engine of a cluster, and what may happen meanwhile.
@Suite struct ClusterTests {
    /// An app on a machine of a cluster. What it ships stays at the engine.
    private func app(
        keys: [AppKey] = [], maxWaits: Int = 10_000, _ cluster: App.Cluster = .alike
    ) -> App {
        let app = App.$cluster.withValue(cluster) { App(keys: keys, maxWaits: maxWaits) }
        app.holdsShipments = true
        return app
    }
    private let publish = #"{"client":"c1","message":1}"#
    private func bodies(_ app: App) -> [String] {
        app.takeShipments()
        return app.shipped.map { one in
            one.record.withUnsafeBytes {
                guard case .record(let record, $0.count) = AppRecord.parse($0) else { return "no record" }
                return String(decoding: record.body, as: UTF8.self)
            }
        }
    }
    private func next(_ app: App) throws {
        app.takeShipments()
        try #require(!app.shipped.isEmpty)
        app.comeBack(app.shipped.removeFirst())
    }
    private func fail(_ app: App, _ fault: ShippingFault) {
        app.port.failShipped(fault, app.shipped.map(\.number), &app.board, now: app.now)
    }

    // MARK: one after the other

    @Test func pipelinedRequests_goOneByOne_andWhatOnlyLooksWaitsBehindThem() throws {
        let app = app()
        app.receive(App.post(publish) + App.get("/cursor") + App.chunked(["[", publish, "]"]) + App.get("/cursor"))
        #expect(bodies(app) == [publish] && app.take() == "" && app.queued == 0)
        try next(app)
        let first = app.take()
        #expect(first.contains(#"{"id":1000000,"status":"queued"}"#) && first.contains(#"{"cursor":1000000}"#))
        #expect(bodies(app) == ["[\(publish)]"])
        try next(app)
        let second = app.take()
        #expect(second.contains(#"[{"id":1000001,"status":"queued"}]"#) && second.contains(#"{"cursor":1000001}"#))
        #expect(bodies(app).isEmpty && app.port.shippedCount == 0 && app.queued == 2)
    }
    @Test func lines_goTogether_upToOneThatStandsForItself() throws {
        let app = app()
        let other = #"{"op":"subscribe","client":"c1","channel":"x"}"#
        app.receive("\(publish)\n\n\(other)\r\n{\"app\":\"jobs\"}\n\(publish)\nnonsense\n\(publish)\n\(publish)")
        #expect(bodies(app) == ["\(publish)\n\n\(other)\r\n"] && app.session.name == nil && app.take() == "")
        try next(app)
        #expect(app.take().split(separator: "\n").count == 2 && app.session.name == "jobs")
        #expect(bodies(app) == [publish + "\n"])
        try next(app)
        #expect(bodies(app) == [publish + "\n"], "the last line is not whole")
        #expect(app.take().split(separator: "\n").map { $0.contains("queued") } == [true, false])
        app.session.ended()
        try next(app)
        #expect(bodies(app) == [publish + "\n"] && app.session.next == .wait(reads: false, writes: true))
        _ = app.take()
        #expect(app.session.next == .wait(reads: false, writes: false), "the answer is not there yet")
        try next(app)
        #expect(app.take().contains("queued") && app.session.next == .close && app.queued == 4)
    }
    @Test func manyLines_goInPieces_andAreNotReadWithoutEnd() throws {
        let app = app()
        let line = #"{"client":"c1","message":"\#(String(repeating: "x", count: 1000))"}"# + "\n"
        app.receive(String(repeating: line, count: 1000))
        #expect(!app.wantsInput && app.claimedBytes >= 1000 * line.utf8.count)
        var sizes: [Int] = []
        while case let all = bodies(app), !all.isEmpty {
            sizes += all.map(\.utf8.count)
            try next(app)
            _ = app.take()
        }
        #expect(sizes.reduce(0, +) == 1000 * line.utf8.count && app.wantsInput && app.claimedBytes == 0)
        #expect(sizes.allSatisfy { $0 <= Limits.shippedLinesBytes } && sizes.count == 4)
        let long = #"{"client":"c1","message":[\#(String(repeating: "1,", count: 200_000))1]}"# + "\n"
        let large = App.$cluster.withValue(.alike) { App { $0.maxMessage = 1_000_000 } }
        large.holdsShipments = true
        large.receive(line + "\n" + long + line)
        while case let all = bodies(large), !all.isEmpty {
            sizes += all.map(\.utf8.count)
            try next(large)
        }
        #expect(sizes.suffix(3) == [line.utf8.count + 1, long.utf8.count, line.utf8.count])
    }
    @Test func whatIsRefusedInAnyCase_needsNoEngine() {
        for body in ["", "nonsense", "7", "{", "{}", #"{"client":7,"message":1}"#, #"{"op":"subscribe"}"#, "\"[\""] {
            let app = app()
            let alone = App()
            #expect(app.send(App.post(body)) == alone.send(App.post(body)), "\(body)")
            #expect(bodies(app).isEmpty)
        }
        let app = app()
        #expect(app.send(App.post("[\(publish)]", "Idempotency-Key: k\r\n")).contains("bad_once"))
        #expect(app.send(App.post("[\(publish)]", path: "/publish?wait=1")).contains("bad_wait"))
        #expect(bodies(app).isEmpty)
    }

    // MARK: what may happen meanwhile

    @Test func anAppThatLeaves_isStillHeard() throws {
        for request in [App.post(publish), publish + "\n", App.post(publish, path: "/publish?wait=9")] {
            let app = app()
            app.receive(request)
            app.takeShipments()
            app.port.closed(app.session, &app.board)
            #expect(app.port.shippedCount == 0 && app.port.shippedWaits == 0 && app.claimedByAll == 0)
            try next(app)
            #expect(app.queued == 1 && app.port.heldCount == 0)
        }
    }
    @Test func whoWaitsForTheEngine_hasTime() {
        for request in [App.post(publish), App.post(publish) + "GET /st", publish + "\n", App.chunked([publish]) + "G"]
        {
            let app = app()
            app.receive(request)
            let end = (0...86_400).first { app.session.isOver(now: app.now + $0 * 1000) }
            #expect(end == nil && app.isTrusted, "\(request)")
            app.session.ended()
            #expect(app.session.next == .wait(reads: false, writes: false))
        }
    }
    @Test func aKeyThatGoesMeanwhile_counted() throws {
        let key = AppKey(name: "shop", rights: .publish, secret: Array("sesame-1".utf8))
        let app = app(keys: [key])
        app.receive(App.post(publish, "X-API-Key: sesame-1\r\n"))
        app.takeShipments()
        app.replace(keys: [AppKey(name: "other", rights: .all, secret: Array("sesame-2".utf8))])
        try next(app)
        #expect(app.take().contains("queued"))
        #expect(app.send(App.post(publish, "X-API-Key: sesame-1\r\n")).contains("unauthorized"))
    }
    @Test func heldAnswers_areCountedWhileTheirRequestsAreAway() throws {
        let app = app(maxWaits: 1)
        let first = app.session
        app.receive(App.post(publish, path: "/publish?wait=2"))
        app.connect()
        #expect(app.send(App.post(publish, path: "/publish?wait=2")).contains("too_many_waits"))
        #expect(bodies(app).count == 1)
        try next(app)
        #expect(app.port.heldCount == 1 && app.port.shippedWaits == 0)
        app.session = first
        #expect(app.later(1900) == "" && answer(app.later(200)).status == 202)
    }
    @Test func onceIsTheSame_onAllMachines() throws {
        func key(_ name: String) -> AppKey { AppKey(name: name, rights: .all, secret: Array("sesame-1".utf8)) }
        let body = #"{"client":"c1","message":1,"once":"o"}"#
        for (name, again) in [("shop", true), ("news", false), (AppKey.plainName, false)] {
            let (here, there) = (app(keys: [key("shop")], .unlike), app(keys: [key(name)], .unlike))
            there.receive(App.post(body, "X-API-Key: sesame-1\r\n"))
            there.takeShipments()
            let isRead = there.shipped[0].record.withUnsafeBytes {
                here.port.apply($0, &here.board, now: here.now)
            }
            #expect(isRead && here.queued == 1 && here.port.counters == AppCounters())
            here.receive(App.post(body, "X-API-Key: sesame-1\r\n"))
            try next(here)
            #expect(here.take().contains(#""again":true"#) == again && here.queued == (again ? 1 : 2), "\(name)")
        }
    }

    @Test func anotherMachinesRequest_isInNoAnswer() throws {
        let (here, there) = (app(.unlike), app(.unlike))
        here.receive(App.post(#"{"client":"c1","message":1,"ttl":1}"#, path: "/publish?wait=5"))
        try next(here)
        there.receive(App.post("[\(publish)]"))
        there.takeShipments()
        for one in there.shipped {
            let isRead = one.record.withUnsafeBytes { here.port.apply($0, &here.board, now: here.now) }
            #expect(isRead)
        }
        #expect(here.take() == "" && here.queued == 2)
        #expect(answer(here.later(3000)).body == #"{"id":1000000,"status":"expired"}"#)
    }

    // MARK: the engine is away

    @Test func whileItIsAway_changesAreRefused_andLooksAreAnswered() {
        let app = app()
        app.port.engineFault = "it said \"no\""
        let got = app.send(App.post(publish))
        #expect(answer(got).status == 503 && got.contains("Retry-After: 1\r\n"))
        #expect(
            answer(got).body == #"{"error":{"code":"engine","message":"the engine of the cluster is away: "#
                + #"try again later (it said \"no\")"}}"#)
        #expect(app.send(App.post("{}")).contains("bad_client"), "a mistake is told as ever")
        #expect(app.send(App.get("/cursor")).contains(#"{"cursor":"#))
        app.connect()
        let lines = app.send("\(publish)\n{\"op\":\"follow\",\"client\":\"c1\"}\nnonsense\n\(publish)\n")
        #expect(
            lines.split(separator: "\n").map { $0.contains(#""code":"engine""#) } == [true, false, false, true])
        #expect(bodies(app).isEmpty && app.queued == 0)
        app.port.engineFault = nil
        app.receive(publish + "\n")
        #expect(bodies(app).count == 1)
    }
    @Test func whoWaitedTooLong_isToldSo_andALateRequestCountsAllTheSame() throws {
        let app = app()
        app.receive(App.post(publish) + App.post(#"{"client":"c2","message":2}"#))
        app.takeShipments()
        let (before, numbers) = (app.port.shippedBefore(app.now), app.port.shippedBefore(app.now + 1))
        #expect(before == [] && numbers == app.shipped.map(\.number))
        fail(app, .away)
        let got = app.take()
        #expect(answer(got).status == 503 && got.contains("Retry-After: 1\r\n") && got.contains(#""code":"engine""#))
        app.takeShipments()
        #expect(app.shipped.count == 2, "the next request went on its way")
        try next(app)
        #expect(app.take() == "" && app.queued == 1, "the first is nobody's answer")
        try next(app)
        #expect(app.take().contains(#"{"id":1000001,"status":"queued"}"#) && app.queued == 2)
    }
    @Test func tooFewReplicas_eachLineIsTold() throws {
        let app = app()
        app.receive("\(publish)\n\(publish)\n")
        app.takeShipments()
        fail(app, .unsafe)
        #expect(app.take().split(separator: "\n").map { $0.contains(#""code":"engine_unsafe""#) } == [true, true])
        try next(app)
        #expect(app.take() == "" && app.queued == 2)
        let closing = self.app()
        closing.receive(App.post(publish, "Connection: close\r\n"))
        closing.takeShipments()
        #expect(!closing.isClosing)
        fail(closing, .unsafe)
        #expect(closing.isClosing && closing.take().contains("Connection: close\r\n"))
        try next(closing)
    }
    @Test func aRecordThatCantBeRead_doesNothing() {
        let app = app(.unlike)
        for bytes in [[], [2, 1], [1, 1, 0, 0, 0, 0, 0, 0, 0, 9]] as [[UInt8]] {
            let isRead = bytes.withUnsafeBytes { app.port.apply($0, &app.board, now: app.now) }
            #expect(!isRead && app.queued == 0)
        }
        // Ops that belong to a connection have none there.
        var out = Buffer()
        Array("{\"op\":\"events\"}\n{\"op\":\"follow\",\"client\":\"c\"}\n{\"key\":\"k\"}\n".utf8).withUnsafeBytes {
            AppRecord(.lines, body: $0).write(to: &out)
        }
        let isRead = app.port.apply(out.bytes, &app.board, now: app.now)
        #expect(isRead && app.port.streamCount == 0 && app.port.readers.count == 0 && app.port.waiting.count == 0)
    }
}

extension App {
    fileprivate var claimedByAll: Int { port.inputBytes }
}
