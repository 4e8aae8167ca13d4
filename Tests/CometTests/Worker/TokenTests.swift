import Base
import Testing
import Tokens
import Wire

@testable import Comet

/// Whose a request is: tokens at the worker.
@Suite struct WorkerTokenTests {
    let signer: TokenSigner
    init() throws { signer = try TokenSigner() }

    /// A linked worker that serves nobody without a token.
    private func harness(_ change: (inout WorkerSettings) -> Void = { _ in }) -> WorkerHarness {
        let harness = WorkerHarness {
            $0.requiresTokens = true
            change(&$0)
        }
        harness.changeTokens(signer.verifier)
        harness.link()
        return harness
    }
    private func bearer(_ token: String) -> String { "Authorization: Bearer \(token)\r\n" }
    private let upgrade =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    private func code(_ harness: WorkerHarness, _ slot: ConnectionSlot) -> String {
        harness.sent[slot]?.firstMatch(of: #/"error":\{"code":"([a-z_]+)"/#).map { String($0.output.1) } ?? ""
    }

    @Test func token_isTaken_inAuthorization_andInTheQuery() throws {
        let harness = harness()
        let token = try signer.token("42", channels: ["room:7", "b"])
        for (target, headers) in [
            ("/42.json", bearer(token)), ("/42:tab1.json?cursor=3&token=\(token)", ""),
            ("/42:a:b.json", "authorization: bearer \(token)\r\n"), ("/42%3Ac.json?token=\(token)", ""),
        ] {
            let slot = harness.poll(target, headers)
            #expect(harness.sent[slot] == "", "\(target)")
        }
        #expect(harness.worker.waiting == 4 && harness.worker.tokensVerified == 1 && harness.worker.tokensKnown == 1)
        _ = harness.frames()
        for client in ["42", "42:tab1", "42:a:b", "42:c"] {
            #expect(harness.grants[client] == 1_800_000_000)
            #expect(harness.channels[client] == ["room:7", "b"])
        }
    }
    @Test func requestWithoutARightToken_isRefused_andTheConnectionGoesOn() throws {
        let harness = harness()
        let (good, other) = (try signer.token("42"), try TokenSigner(secret: String(repeating: "B", count: 42)))
        let cases = [
            ("/42.json", "", "401 Unauthorized", "token_missing"),
            ("/42.json", bearer("nonsense"), "401 Unauthorized", "token_bad"),
            ("/42.json", bearer(""), "401 Unauthorized", "token_missing"),
            ("/42.json?token=", "", "401 Unauthorized", "token_bad"),
            ("/42.json", bearer(try other.token("42")), "401 Unauthorized", "token_bad"),
            ("/42.json", bearer(try signer.token("42", from: -100, to: -50)), "401 Unauthorized", "token_expired"),
            ("/43.json", bearer(good), "403 Forbidden", "token_client"),
            ("/421:a.json", bearer(good), "403 Forbidden", "token_client"),
            ("/4.json", bearer(good), "403 Forbidden", "token_client"),
            (":42.json", bearer(good), "400 Bad Request", ""),
            ("/:42.json", bearer(good), "403 Forbidden", "token_client"),
            ("/42.json?token=\(good)", bearer(good), "400 Bad Request", "two_tokens"),
            ("/42.json?token=\(good)&token=\(good)", "", "400 Bad Request", "two_tokens"),
            ("/42.events?cursor=1", "", "401 Unauthorized", "token_missing"),
        ]
        for (target, headers, status, expected) in cases {
            let slot = harness.poll(target, headers)
            #expect(harness.status(slot) == "HTTP/1.1 \(status)", "\(target) \(headers)")
            guard !expected.isEmpty else { continue }
            #expect(code(harness, slot) == expected, "\(target) \(headers)")
            #expect(
                harness.sent[slot]?.contains("WWW-Authenticate: Bearer") == status.hasPrefix("401"), "\(target)")
            harness.sent[slot] = ""
            harness.get(slot, "/42.json?c=\(expected)", bearer(good))
            #expect(harness.sent[slot] == "", "the next request of the connection is held")
        }
        for (method, path) in [("POST", "/42.ack?cursor=5"), ("POST", "/42.leave")] {
            let slot = harness.open()
            harness.receive(slot, "\(method) \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            #expect(code(harness, slot) == "token_missing", "\(path)")
        }
        let preflight = harness.open()
        harness.receive(
            preflight,
            "OPTIONS /42.json HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\nAccess-Control-Request-Headers: authorization\r\n\r\n"
        )
        #expect(harness.status(preflight) == "HTTP/1.1 204 No Content", "a browser sends no token with it")
        #expect(harness.worker.counters.tokensExpired == 1)
    }
    @Test func whatCameBeforeOnAConnection_provesNothing() throws {
        let harness = harness()
        let (ann, bob) = (try signer.token("ann"), try signer.token("bob"))
        let slot = harness.poll("/ann:1.json?cursor=1", bearer(ann))
        _ = harness.frames()
        harness.manager(.message, [], 5, "ann:1", "\"for ann\"")
        for (headers, expected) in [("", "token_missing"), (bearer(bob), "token_client")] {
            harness.sent[slot] = ""
            harness.get(slot, "/ann:1.json?cursor=1", headers)
            #expect(code(harness, slot) == expected)
        }
        harness.sent[slot] = ""
        harness.get(slot, "/bob:1.json", bearer(bob))
        #expect(harness.frames() == ["connected 0 bob:1 0"])
    }
    @Test func eachTransport_isToldInItsForm() throws {
        let harness = harness()
        let script = harness.poll("/42.js?callback=f&cursor=3")
        #expect(
            harness.body(script).hasPrefix("/**/f({\"messages\":[],\"cursor\":3,\"error\":{\"code\":\"token_missing\""))
        let foreign = try signer.token("43")
        for (query, expected, close) in [("", "token_missing", 4003), ("?token=\(foreign)", "token_client", 4004)] {
            let socket = harness.poll("/42.ws\(query)", upgrade)
            #expect(harness.status(socket) == "HTTP/1.1 101 Switching Protocols")
            let raw = harness.raw[socket] ?? []
            #expect(code(harness, socket) == expected)
            #expect(Array(raw.suffix(2)) == [UInt8(close >> 8), UInt8(close & 255)])
        }
        #expect(harness.worker.waiting == 0)
    }
    @Test func tokensThatAreNotRequired_areVerifiedAllTheSame() throws {
        let harness = harness { $0.requiresTokens = false }
        #expect(harness.sent[harness.poll("/1.json")] == "")
        let bad = harness.poll("/1.json?token=x")
        #expect(code(harness, bad) == "token_bad")
        _ = harness.frames()
        #expect(harness.grants["1"] == nil)
    }

    // MARK: keys and the book

    @Test func newKeys_cutNobody_andCountForTheNextRequest() throws {
        let harness = harness()
        let token = try signer.token("42")
        let stream = harness.poll("/42:s.events?cursor=1", bearer(token))
        let held = harness.poll("/42:p.json?cursor=1", bearer(token))
        harness.changeTokens(try TokenSigner(secret: String(repeating: "C", count: 42)).verifier)
        #expect(harness.worker.waiting == 2 && harness.closed.isEmpty && harness.sent[held] == "")
        #expect(code(harness, harness.poll("/42:q.json", bearer(token))) == "token_bad")
        harness.changeTokens(signer.verifier)
        #expect(harness.sent[harness.poll("/42:q.json", bearer(token))] == "")
        #expect(harness.worker.tokensVerified == 3)
        _ = harness.frames()
        harness.broke(stream)
        harness.broke(held)
        #expect(harness.worker.tokensKnown == 1, "entries of old keys go with the last receiver")
    }
    @Test func book_isBounded_andKeepsWhatIsHeld() throws {
        var book = TokenBook(most: 3, seed: 1)
        book.change(signer.verifier)
        func find(_ user: String, to end: Int = 100, now: UInt64 = 1_800_000_000) throws -> TokenSlot {
            var token = try signer.token(user, to: end)
            return try token.withUTF8 { (bytes) throws(TokenError) in
                try book.find(UnsafeRawBufferPointer(bytes), now: now)
            }
        }
        let held = try find("held")
        book.hold(held)
        for user in 0..<10 { _ = try find("\(user)") }
        #expect(book.count == 3)
        #expect(String(decoding: book.user(held), as: UTF8.self) == "held")
        for user in 0..<5 { book.hold(try find("h\(user)")) }
        #expect(book.count == 6, "all are held")
        book.release(held)
        _ = try find("late", to: 400, now: 1_800_000_200)
        #expect(book.count == 6, "one that is over has gone")
        #expect(throws: TokenError.expired) { try find("h1", now: 1_800_000_200) }
    }
    @Test func longListsOfChannels_goToTheManagerWhole() throws {
        let harness = harness()
        let channels = (0..<60).map { "channel-with-a-long-name-\($0)" }
        _ = harness.poll("/42.json", bearer(try signer.token("42", channels: channels)))
        _ = harness.frames()
        #expect(harness.channels["42"] == channels)
    }

    // MARK: the end of a token

    @Test func poll_endsWithItsToken() throws {
        let harness = harness()
        let token = bearer(try signer.token("42", to: 5))
        let slot = harness.poll("/42.json?cursor=7", token)
        harness.pass(13_000)
        #expect(harness.sent[slot] == "", "until the leeway of 10 s is over, the token is taken")
        harness.pass(2_100)
        // It was held for 14 s and answered empty; the next is held for the rest.
        #expect(harness.body(slot) == "{\"messages\":[],\"cursor\":7}")
        harness.sent[slot] = ""
        harness.get(slot, "/42.json?cursor=7", token)
        #expect(code(harness, slot) == "token_expired")
    }
    @Test func stream_endsWithItsToken_howeverMuchItIsSent() throws {
        let harness = harness()
        let slot = harness.poll("/42.events?cursor=1", bearer(try signer.token("42", to: 30)))
        _ = harness.frames()
        harness.manager(.message, [], 1, "42")
        for id in 2..<400 {
            harness.manager(.message, [], UInt64(id), "42", "1")
            harness.pass(100)
        }
        #expect(!harness.ended.contains(slot) && !harness.closed.contains(slot))
        for id in 400..<420 {
            harness.manager(.message, [], UInt64(id), "42", "1")
            harness.pass(100)
        }
        let events = StreamTests.events(harness, slot)
        #expect(
            events.hasSuffix(
                "retry:86400000\nevent:token\ndata:{\"code\":\"token_expired\",\"message\":\"the token has expired\"}\n\nEND"
            ))
        #expect(harness.frames().contains { $0.hasPrefix("gone") })
        #expect(harness.worker.counters.tokensExpired == 1 && harness.worker.streams == 0)
    }
    @Test func idleSocket_endsWithItsToken_withinASecond() throws {
        let harness = harness()
        let token = try signer.token("42", to: 100)
        let slot = harness.poll("/42.ws?token=\(token)&cursor=1", upgrade)
        _ = harness.frames()
        harness.manager(.message, [], 1, "42")
        for _ in 0..<109 {
            harness.pass(1000)
            harness.receive(slot, bytes: [0x8A, 0x80, 0, 0, 0, 0])  // a pong, since it is pinged
        }
        #expect(harness.worker.sockets == 1)
        harness.pass(1000)
        harness.pass(1000)
        #expect(harness.worker.sockets == 0 && code(harness, slot) == "token_expired")
        #expect(Array((harness.raw[slot] ?? []).suffix(2)) == [4003 >> 8, 4003 & 255])
    }

    // MARK: revocation

    @Test func revokedReceivers_areToldInTheirForm() throws {
        let harness = harness()
        let token = bearer(try signer.token("42"))
        let poll = harness.poll("/42:p.json?cursor=1", token)
        let script = harness.poll("/42:j.js?callback=f&cursor=1", token)
        let opening = harness.poll("/42:o.events?cursor=1", token)
        let begun = harness.poll("/42:e.events?cursor=1", token)
        let socket = harness.poll("/42:w.ws?cursor=1", token + upgrade)
        _ = harness.frames()
        harness.manager(.message, [], 1, "42:e")
        harness.manager(.message, [], 1, "42:w")
        for client in ["42:p", "42:j", "42:o", "42:e", "42:w"] { harness.manager(.disconnect, .revoked, 0, client) }
        #expect(harness.status(poll) == "HTTP/1.1 401 Unauthorized" && code(harness, poll) == "token_revoked")
        #expect(code(harness, script) == "token_revoked" && harness.body(script).hasPrefix("/**/f("))
        #expect(harness.status(opening) == "HTTP/1.1 401 Unauthorized", "which stops an EventSource")
        #expect(StreamTests.events(harness, begun).contains("event:token\ndata:{\"code\":\"token_revoked\""))
        #expect(code(harness, socket) == "token_revoked")
        #expect(Array((harness.raw[socket] ?? []).suffix(2)) == [4003 >> 8, 4003 & 255])
        #expect(harness.worker.waiting == 0 && harness.worker.streams == 0 && harness.worker.sockets == 0)
        #expect(harness.frames().isEmpty, "the manager knows")
    }
    @Test func olderToken_takesNobodysPlace() throws {
        let harness = harness()
        let (old, new) = (try signer.token("42", from: -10), try signer.token("42", from: -5))
        let held = harness.poll("/42.json?cursor=1", bearer(new))
        #expect(code(harness, harness.poll("/42.json?cursor=1", bearer(old))) == "token_bad")
        #expect(code(harness, harness.poll("/42.ws?cursor=1&token=\(old)", upgrade)) == "token_bad")
        #expect(harness.sent[held] == "")
        let second = harness.poll("/42.json?cursor=1", bearer(try signer.token("42", from: -5, to: 99)))
        #expect(code(harness, held) == "replaced" && harness.sent[second] == "")
    }

    // MARK: cookies

    @Test func cookie_countsOnlyForOurPages() throws {
        let harness = harness {
            $0.tokenCookie = Array("push".utf8)
            $0.origins = ["https://a", "null"]
        }
        let token = try signer.token("42")
        let cookie = "Cookie: x=1; push=\(token); y=2\r\n"
        let (named, same) = ("Origin: https://a\r\n", "Sec-Fetch-Site: same-origin\r\n")
        let cases = [
            ("/42:1.json", cookie + named, ""), ("/42:2.json", cookie + same, ""),
            ("/42:3.json", cookie, "token_missing"),
            ("/42:3.json", cookie + "Sec-Fetch-Site: cross-site\r\n", "token_missing"),
            ("/42:3.json", cookie + "Sec-Fetch-Site: same-site\r\n", "token_missing"),
            ("/42:3.json", cookie + "Origin: null\r\n" + same, "token_missing"),
            ("/42:3.json", cookie + "Origin: https://b\r\n", "origin"),
            ("/42:3.ws", cookie + upgrade + "Origin: https://b\r\n", "origin"),
            ("/42:3.events", cookie + "Origin: https://b\r\n", "origin"),
            ("/42:3.js?callback=f", cookie + same, "token_missing"), ("/42:3.js", cookie + same, "token_missing"),
            ("/42:4.events", cookie + named, ""),
            ("/42:3.json", "Cookie: push=\(token); push=\(token)\r\n" + same, "two_tokens"),
            ("/42:3.json", "Cookie: xpush=\(token)\r\n" + same, "token_missing"),
            ("/42:5.json?token=\(token)", "Cookie: push=nonsense\r\n" + same, ""),
        ]
        for (target, headers, expected) in cases {
            let slot = harness.poll(target, headers)
            #expect(code(harness, slot) == expected, "\(target) \(headers)")
        }
        let slot = harness.poll("/42.json?hello=1&cursor=1", cookie + named)
        _ = harness.frames()
        harness.manager(.message, [], 1, "42")
        #expect(
            harness.sent[slot]?.contains(
                "Access-Control-Allow-Origin: https://a\r\nVary: Origin\r\nAccess-Control-Allow-Credentials: true")
                == true)
    }
}
