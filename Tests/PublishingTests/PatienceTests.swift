import Comet
import Testing
import Wire

@testable import Publishing

/// How long a connection of an app may stay, with the clock moved.
@Suite struct PatienceTests {
    private let came: UInt64 = 9_000_000
    /// The seconds after which the connection's time is over, counted from its beginning. `nil` if that is more than a
    /// day. `lastProgress` is the time of its last progress, in seconds from its beginning.
    private func end(_ app: App, lastProgress: UInt64 = 0) -> UInt64? {
        app.session.lastProgress = came + lastProgress * 1000
        return (0...86_400).first { app.session.isOver(now: came + $0 * 1000) }
    }

    @Test func whoShowsNoKeyAndNoPublish_hasThirtySeconds() {
        #expect(end(App()) == Limits.appProofSeconds)
        for begun in ["{", "{\"client\":\"c1\",\"message\":", "{}\n", "{nonsense\n"] {
            let app = App()
            _ = app.send(begun)
            // Progress meanwhile does not matter.
            #expect(end(app, lastProgress: 29) == Limits.appProofSeconds, "\(begun)")
        }
    }
    @Test func whoHas_mayStay() {
        let published = App()
        _ = published.send("{\"client\":\"c1\",\"message\":1}\n")
        #expect(end(published) == nil && published.isTrusted)
        let known = App(key: "sesame")
        _ = known.send("{\"key\":\"sesame\"}\n")
        #expect(end(known) == nil && known.isTrusted)
    }
    @Test func overHTTP_eachRequestHasItsTime() {
        for (request, seconds) in [
            ("GET /stats HT", Limits.appRequestSeconds), (App.get("/stats"), Limits.appIdleSeconds),
            (String(App.chunked(["{}"]).dropLast(5)), Limits.appRequestSeconds),
        ] {
            let app = App()
            _ = app.send(request)
            #expect(end(app) == seconds && end(app, lastProgress: 20) == seconds + 20, "\(request)")
            #expect(!app.isTrusted)
        }
    }
    /// A body in chunks is one request: a chunk does not begin it anew.
    @Test func aChunk_isNoProgress() {
        let app = App()
        let request = App.chunked(["{", "}"])
        for byte in request.utf8.dropLast() {
            app.now += 1
            _ = app.send([byte])
            #expect(app.session.lastProgress == came + 1 && !app.isBetween)
        }
        app.now += 1
        _ = app.send([10])
        #expect(app.session.lastProgress == app.now && app.isBetween)
    }
    @Test func theKeyOrAPublishOverHTTP_isTrusted() {
        let published = App()
        _ = published.send(App.post("{\"client\":\"c1\",\"message\":1}"))
        let known = App(key: "sesame")
        _ = known.send(App.get("/stats", "Authorization: Bearer sesame\r\n"))
        let unknown = App(key: "sesame")
        _ = unknown.send(App.get("/nothing"))
        #expect(published.isTrusted && known.isTrusted && !unknown.isTrusted)
    }
}
