import Store
import TestSupport
import Testing

@testable import Comet
@testable import Publishing

/// `disconnect` with `revoke`.
@Suite struct RevokeTests {
    /// The second of the app port's clock.
    private static let second: UInt64 = 1_800_000_000

    private static func app(_ arena: consuming Arena = Arena()) -> App {
        let app = App(takesTokens: true, arena: arena)
        app.board.beginTurn(nanoseconds: 0, wallMilliseconds: second * 1000)
        return app
    }
    private static func disconnect(_ app: App, _ fields: String) -> (status: Int, body: String) {
        answer(app.send(App.post("{\(fields)}", path: "/disconnect")))
    }

    @Test func aUsersTokens_endWithTheirReceivers() {
        let app = RevokeTests.app()
        for client in ["42", "42:a", "421"] { app.poll(client, issuedAt: UInt32(RevokeTests.second)) }
        let got = RevokeTests.disconnect(app, #""user":"42","revoke":true"#)
        #expect(got.status == 200 && got.body == #"{"status":"disconnected","clients":2}"#)
        #expect(Set(app.revoked()) == ["42", "42:a"])
        app.poll("42:b", issuedAt: UInt32(RevokeTests.second))
        app.poll("42:c", issuedAt: UInt32(RevokeTests.second + 1))
        #expect(app.revoked() == ["42:b"], "the second of the revocation counts, the next one does not")
        // One client, on a line and in a batch. Nobody of that name is there.
        app.connect()
        #expect(
            app.send(#"{"op":"disconnect","client":"42:c","revoke":true}"# + "\n")
                == #"{"status":"disconnected","clients":1}"# + "\n")
        app.connect()
        let batch = answer(app.send(App.post(#"[{"client":"x","revoke":1},{"user":"x"}]"#, path: "/disconnect")))
        #expect(batch.body == #"[{"status":"disconnected","clients":0},{"status":"disconnected","clients":0}]"#)
        #expect(app.board.revocationCount == 3, "a disconnect alone revokes nothing")
    }

    /// The clocks of the app's machine and of this one may differ by a minute.
    @Test func theMoment_isAtMostAMinuteAhead() {
        let app = RevokeTests.app()
        let late = RevokeTests.second + 61
        for moment in ["\(late)", "\(UInt32.max)", "4294967296", "-1", "1.5", #""true""#] {
            app.poll("42", issuedAt: 1)
            let got = RevokeTests.disconnect(app, "\"user\":\"42\",\"revoke\":\(moment)")
            #expect(got.status == 400 && got.body.contains(#""code":"bad_revoke""#), "\(moment): \(got)")
            #expect(got.body.contains("a second since 1970, at most 60 s ahead"))
        }
        #expect(app.revoked().isEmpty && app.board.revocationCount == 0, "nothing was done")
        #expect(RevokeTests.disconnect(app, "\"user\":\"42\",\"revoke\":\(late - 1)").status == 200)
        app.poll("42:late", issuedAt: UInt32(late - 1))
        app.poll("42:later", issuedAt: UInt32(late))
        #expect(app.revoked() == ["42", "42:late"])
    }

    @Test func withoutTokens_thereIsNothingToRevoke() {
        let app = App()
        app.poll("42")
        let got = RevokeTests.disconnect(app, #""user":"42","revoke":true"#)
        #expect(got.status == 400)
        #expect(got.body.contains(#""code":"bad_revoke","message":"there are no tokens (tokens.keys)""#))
        #expect(RevokeTests.disconnect(app, #""user":"42","revoke":false"#).body.contains(#""clients":1"#))
    }

    /// None is forgotten for another: then its tokens would be good again.
    @Test func aFullTable_refuses_andEndsNobody() {
        let app = RevokeTests.app()
        app.board.revocations = Revocations(tokenMaxAge: 60_000, seed: 1, most: 2)
        for user in ["a", "b"] {
            #expect(RevokeTests.disconnect(app, "\"user\":\"\(user)\",\"revoke\":5").status == 200)
        }
        app.poll("c", issuedAt: 5)
        let full = app.send(App.post(#"{"user":"c","revoke":5}"#, path: "/disconnect"))
        #expect(answer(full).status == 503 && full.contains("Retry-After: "))
        #expect(
            answer(full).body
                == #"{"error":{"code":"revocations_full","message":"there are a million revocations: try again later"}}"#
        )
        #expect(app.revoked().isEmpty && app.send(App.get("/clients/c")).contains(#""connected":true"#))
        // One that is there may get a later moment, and a disconnect alone takes no place.
        #expect(RevokeTests.disconnect(app, #""user":"a","revoke":6"#).status == 200)
        #expect(RevokeTests.disconnect(app, #""user":"c""#).body.contains(#""clients":1"#))
        app.poll("a", issuedAt: 6)
        #expect(app.revoked() == ["a"])
    }

    @Test func aFullJournal_refuses_andEndsNobody() throws {
        let app = RevokeTests.app(try Arena(HeapMemory(capacity: 256 << 10), segmentBytes: 64 << 10, salt: 1))
        app.poll("42", issuedAt: 5)
        let large = #"{"client":"c","message":"\#(String(repeating: "x", count: 30_000))"}"#
        for _ in 0..<20 { _ = app.send(App.post(large)) }
        for number in 0..<1000 where app.board.revocationCount == number {
            _ = RevokeTests.disconnect(app, "\"user\":\"u\(number)\",\"revoke\":5")
        }
        let got = RevokeTests.disconnect(app, #""user":"42","revoke":5"#)
        #expect(got.status == 503 && got.body.contains("journal_full"), "\(got)")
        #expect(app.revoked().isEmpty)
    }
}
