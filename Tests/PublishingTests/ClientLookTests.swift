import Base
import Comet
import TestSupport
import Testing
import Wire

@testable import Publishing

/// The answers to operators and apps about one client, and about the clients of a user.
@Suite struct ClientLookTests {
    private func ask(_ app: App, _ target: String) -> (status: Int, body: String) {
        answer(app.send(App.get(target)))
    }

    @Test func whatWaits_hasBytes_anAge_andAnEnd() {
        let app = App()
        _ = app.send(App.post(#"{"client":"c1","message":"hello","ttl":30}"#))
        app.now += 12_400
        _ = app.send(App.post(#"{"client":"c1","message":1,"ttl":600}"#))
        app.now += 1000
        let body = ask(app, "/clients/c1").body
        #expect(
            body.contains(#""queued":2,"channels":[],"known":true,"form":null,"behind":true,"bytes":8,"#), "\(body)")
        // The first to expire is the first of them here: 30 s after it came.
        #expect(body.contains(#""oldest_seconds":13,"expires_seconds":16,"#), "\(body)")
        #expect(JSONScanner.isValid(body))
    }
    /// Its own mailbox is empty, and yet something waits for it.
    @Test func whatWaitsInAChannel_isBehind() {
        let app = App()
        app.poll("c1")
        _ = app.send(App.post(#"{"client":"c1","channel":"room:7"}"#, path: "/subscribe"))
        #expect(ask(app, "/clients/c1").body.contains(#""behind":false"#))
        _ = app.send(App.post(#"{"client":"c1","message":1}"#))  // ends the poll
        _ = app.send(App.post(#"{"channel":"room:7","message":2}"#))
        let body = ask(app, "/clients/c1").body
        #expect(body.contains(#""queued":0,"channels":["room:7"],"known":true,"form":null,"behind":true"#), "\(body)")
    }
    @Test func revokedTokens_areTold_alsoThoseOfItsUser() {
        let app = App(takesTokens: true)
        _ = app.send(App.post(#"{"user":"42","revoke":1}"#, path: "/disconnect"))
        #expect(ask(app, "/clients/42:a").body.contains(#""known":false,"#))
        #expect(ask(app, "/clients/42:a").body.hasSuffix(#""revoked_until":1}"#))
        #expect(ask(app, "/clients/43:a").body.hasSuffix(#""revoked_until":null}"#))
    }

    @Test func clientsOfAUser_areListed_thoseWithMostWaitingFirst() {
        let app = App()
        for client in ["42:a", "42:b", "42", "43:a"] { app.poll(client) }
        for _ in 0..<3 { _ = app.send(App.post(#"{"client":"42:b","message":[1]}"#)) }
        let first = #"{"client":"42:b","connected":true,"worker":0,"queued":2,"bytes":6,"oldest_seconds":0}"#
        let all = ask(app, "/clients?user=42").body
        #expect(all.hasPrefix(#"{"user":"42","count":3,"connected":3,"clients":[\#(first),"#), "\(all)")
        #expect(all.contains(#""client":"42:a""#) && all.contains(#""client":"42","#) && !all.contains("43"))
        #expect(JSONScanner.isValid(all))
        #expect(
            ask(app, "/clients?user=42&most=1").body
                == #"{"user":"42","count":3,"connected":3,"clients":[\#(first)]}"#)
        #expect(
            ask(app, "/clients?user=nob%6fdy").body == #"{"user":"nobody","count":0,"connected":0,"clients":[]}"#)
        // The grace of a client that polls no more is over.
        app.now += 11_000
        app.board.tick(now: app.now)
        #expect(ask(app, "/clients?user=42").body.contains(#""client":"42:b","connected":false"#))
    }
    @Test func wrongUsers_areRefused() {
        for wrong in ["42:a", "a%2fb", "%zz", "", String(repeating: "x", count: 129)] {
            let got = ask(App(), "/clients?user=\(wrong)")
            #expect(got.status == 400 && got.body.contains("bad_user"), "\(wrong): \(got)")
        }
    }
}
