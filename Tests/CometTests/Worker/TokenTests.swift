import Base
import Testing
import Tokens
import Wire

@testable import Comet

/// Whose a request is: tokens at the worker.
@Suite struct WorkerTokenTests {
    let tokens: TokenHarness
    init() throws { tokens = try TokenHarness() }
    private var signer: TokenSigner { tokens.signer }

    @Test func token_isTaken_inAuthorization_andInTheQuery() throws {
        let harness = tokens.worker()
        let token = try signer.token("42", channels: ["room:7", "b"])
        for (target, headers) in [
            ("/42.json", tokens.bearer(token)), ("/42:tab1.json?cursor=3&token=\(token)", ""),
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
        let harness = tokens.worker()
        let (good, other) = (try signer.token("42"), try TokenSigner(secret: String(repeating: "B", count: 42)))
        let cases = [
            ("/42.json", "", "401 Unauthorized", "token_missing"),
            ("/42.json", tokens.bearer("nonsense"), "401 Unauthorized", "token_bad"),
            ("/42.json", tokens.bearer(""), "401 Unauthorized", "token_missing"),
            ("/42.json?token=", "", "401 Unauthorized", "token_bad"),
            ("/42.json", tokens.bearer(try other.token("42")), "401 Unauthorized", "token_bad"),
            (
                "/42.json", tokens.bearer(try signer.token("42", from: -100, to: -50)), "401 Unauthorized",
                "token_expired"
            ),
            ("/43.json", tokens.bearer(good), "403 Forbidden", "token_client"),
            ("/421:a.json", tokens.bearer(good), "403 Forbidden", "token_client"),
            ("/4.json", tokens.bearer(good), "403 Forbidden", "token_client"),
            (":42.json", tokens.bearer(good), "400 Bad Request", ""),
            ("/:42.json", tokens.bearer(good), "403 Forbidden", "token_client"),
            ("/42.json?token=\(good)", tokens.bearer(good), "400 Bad Request", "two_tokens"),
            ("/42.json?token=\(good)&token=\(good)", "", "400 Bad Request", "two_tokens"),
            ("/42.json", tokens.bearer(good) + tokens.bearer(good), "400 Bad Request", "two_tokens"),
            ("/42.events?cursor=1", "", "401 Unauthorized", "token_missing"),
        ]
        for (target, headers, status, expected) in cases {
            let slot = harness.poll(target, headers)
            #expect(harness.status(slot) == "HTTP/1.1 \(status)", "\(target) \(headers)")
            guard !expected.isEmpty else { continue }
            #expect(tokens.code(harness, slot) == expected, "\(target) \(headers)")
            #expect(
                harness.sent[slot]?.contains("WWW-Authenticate: Bearer") == status.hasPrefix("401"), "\(target)")
            harness.sent[slot] = ""
            harness.get(slot, "/42.json?c=\(expected)", tokens.bearer(good))
            #expect(harness.sent[slot] == "", "the next request of the connection is held")
        }
        for (method, path) in [("POST", "/42.ack?cursor=5"), ("POST", "/42.leave")] {
            let slot = harness.open()
            harness.receive(slot, "\(method) \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            #expect(tokens.code(harness, slot) == "token_missing", "\(path)")
        }
        let preflight = harness.open()
        harness.receive(
            preflight,
            "OPTIONS /42.json HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\n"
                + "Access-Control-Request-Headers: authorization\r\n\r\n"
        )
        #expect(harness.status(preflight) == "HTTP/1.1 204 No Content", "a browser sends no token with it")
        #expect(harness.worker.counters.tokensExpired == 1)
    }
    @Test func whatCameBeforeOnAConnection_provesNothing() throws {
        let harness = tokens.worker()
        let (ann, bob) = (try signer.token("ann"), try signer.token("bob"))
        let slot = harness.poll("/ann:1.json?cursor=1", tokens.bearer(ann))
        _ = harness.frames()
        harness.manager(.message, [], 5, "ann:1", "\"for ann\"")
        for (headers, expected) in [("", "token_missing"), (tokens.bearer(bob), "token_client")] {
            harness.sent[slot] = ""
            harness.get(slot, "/ann:1.json?cursor=1", headers)
            #expect(tokens.code(harness, slot) == expected)
        }
        harness.sent[slot] = ""
        harness.get(slot, "/bob:1.json", tokens.bearer(bob))
        #expect(harness.frames() == ["connected 0 bob:1 0"])
    }
    @Test func eachTransport_isToldInItsForm() throws {
        let harness = tokens.worker()
        let script = harness.poll("/42.js?callback=f&cursor=3")
        #expect(
            harness.body(script).hasPrefix("/**/f({\"messages\":[],\"cursor\":3,\"error\":{\"code\":\"token_missing\""))
        let foreign = try signer.token("43")
        for (query, expected, close) in [("", "token_missing", 4003), ("?token=\(foreign)", "token_client", 4004)] {
            let socket = harness.poll("/42.ws\(query)", TokenHarness.upgrade)
            #expect(harness.status(socket) == "HTTP/1.1 101 Switching Protocols")
            let raw = harness.raw[socket] ?? []
            #expect(tokens.code(harness, socket) == expected)
            #expect(Array(raw.suffix(2)) == [UInt8(close >> 8), UInt8(close & 255)])
        }
        #expect(harness.worker.waiting == 0)
    }
    @Test func tokensThatAreNotRequired_areVerifiedAllTheSame() throws {
        let harness = tokens.worker { $0.requiresTokens = false }
        #expect(harness.sent[harness.poll("/1.json")] == "")
        let bad = harness.poll("/1.json?token=x")
        #expect(tokens.code(harness, bad) == "token_bad")
        _ = harness.frames()
        #expect(harness.grants["1"] == nil)
    }

    // MARK: keys and the book

    @Test func newKeys_cutNobody_andCountForTheNextRequest() throws {
        let harness = tokens.worker()
        let token = try signer.token("42")
        let stream = harness.poll("/42:s.events?cursor=1", tokens.bearer(token))
        let held = harness.poll("/42:p.json?cursor=1", tokens.bearer(token))
        harness.changeTokens(try TokenSigner(secret: String(repeating: "C", count: 42)).verifier)
        #expect(harness.worker.waiting == 2 && harness.closed.isEmpty && harness.sent[held] == "")
        #expect(tokens.code(harness, harness.poll("/42:q.json", tokens.bearer(token))) == "token_bad")
        harness.changeTokens(signer.verifier)
        #expect(harness.sent[harness.poll("/42:q.json", tokens.bearer(token))] == "")
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
        let harness = tokens.worker()
        let channels = (0..<60).map { "channel-with-a-long-name-\($0)" }
        _ = harness.poll("/42.json", tokens.bearer(try signer.token("42", channels: channels)))
        _ = harness.frames()
        #expect(harness.channels["42"] == channels)
    }
}
