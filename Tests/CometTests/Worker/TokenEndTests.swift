import Base
import Testing
import Tokens
import Wire

@testable import Comet

/// Tokens at the worker: how they end, how they are revoked, and cookies with them.
@Suite struct WorkerTokenEndTests {
    let tokens: TokenHarness
    init() throws { tokens = try TokenHarness() }
    private var signer: TokenSigner { tokens.signer }

    // MARK: the end of a token

    @Test func poll_endsWithItsToken() throws {
        let harness = tokens.worker()
        let token = tokens.bearer(try signer.token("42", to: 5))
        let slot = harness.poll("/42.json?cursor=7", token)
        harness.pass(13_000)
        #expect(harness.sent[slot] == "", "until the leeway of 10 s is over, the token is taken")
        harness.pass(2_100)
        // It was held for 14 s and answered empty; the next is held for the rest.
        #expect(harness.body(slot) == "{\"messages\":[],\"cursor\":7}")
        harness.sent[slot] = ""
        harness.get(slot, "/42.json?cursor=7", token)
        #expect(tokens.code(harness, slot) == "token_expired")
    }
    @Test func stream_endsWithItsToken_howeverMuchItIsSent() throws {
        let harness = tokens.worker()
        let slot = harness.poll("/42.events?cursor=1", tokens.bearer(try signer.token("42", to: 30)))
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
                "retry:86400000\nevent:token\ndata:{\"code\":\"token_expired\",\"message\":\"the token has expired\"}"
                    + "\n\nEND"
            ))
        #expect(harness.frames().contains { $0.hasPrefix("gone") })
        #expect(harness.worker.counters.tokensExpired == 1 && harness.worker.streams == 0)
    }
    @Test func idleSocket_endsWithItsToken_withinASecond() throws {
        let harness = tokens.worker()
        let token = try signer.token("42", to: 100)
        let slot = harness.poll("/42.ws?token=\(token)&cursor=1", TokenHarness.upgrade)
        _ = harness.frames()
        harness.manager(.message, [], 1, "42")
        for _ in 0..<109 {
            harness.pass(1000)
            harness.receive(slot, bytes: [0x8A, 0x80, 0, 0, 0, 0])  // a pong, since it is pinged
        }
        #expect(harness.worker.sockets == 1)
        harness.pass(1000)
        harness.pass(1000)
        #expect(harness.worker.sockets == 0 && tokens.code(harness, slot) == "token_expired")
        #expect(Array((harness.raw[slot] ?? []).suffix(2)) == [4003 >> 8, 4003 & 255])
    }

    // MARK: revocation

    @Test func revokedReceivers_areToldInTheirForm() throws {
        let harness = tokens.worker()
        let token = tokens.bearer(try signer.token("42"))
        let poll = harness.poll("/42:p.json?cursor=1", token)
        let script = harness.poll("/42:j.js?callback=f&cursor=1", token)
        let opening = harness.poll("/42:o.events?cursor=1", token)
        let begun = harness.poll("/42:e.events?cursor=1", token)
        let socket = harness.poll("/42:w.ws?cursor=1", token + TokenHarness.upgrade)
        _ = harness.frames()
        harness.manager(.message, [], 1, "42:e")
        harness.manager(.message, [], 1, "42:w")
        for client in ["42:p", "42:j", "42:o", "42:e", "42:w"] { harness.manager(.disconnect, .revoked, 0, client) }
        #expect(harness.status(poll) == "HTTP/1.1 401 Unauthorized" && tokens.code(harness, poll) == "token_revoked")
        #expect(harness.sent[poll]?.contains("\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\n") == true)
        #expect(tokens.code(harness, script) == "token_revoked" && harness.body(script).hasPrefix("/**/f("))
        #expect(harness.status(opening) == "HTTP/1.1 401 Unauthorized", "which stops an EventSource")
        #expect(StreamTests.events(harness, begun).contains("event:token\ndata:{\"code\":\"token_revoked\""))
        #expect(tokens.code(harness, socket) == "token_revoked")
        #expect(Array((harness.raw[socket] ?? []).suffix(2)) == [4003 >> 8, 4003 & 255])
        #expect(harness.worker.waiting == 0 && harness.worker.streams == 0 && harness.worker.sockets == 0)
        #expect(harness.frames().isEmpty, "the manager knows")
    }
    @Test func olderToken_takesNobodysPlace() throws {
        let harness = tokens.worker()
        let (old, new) = (try signer.token("42", from: -10), try signer.token("42", from: -5))
        let held = harness.poll("/42.json?cursor=1", tokens.bearer(new))
        #expect(tokens.code(harness, harness.poll("/42.json?cursor=1", tokens.bearer(old))) == "token_bad")
        #expect(tokens.code(harness, harness.poll("/42.ws?cursor=1&token=\(old)", TokenHarness.upgrade)) == "token_bad")
        #expect(harness.sent[held] == "")
        let second = harness.poll("/42.json?cursor=1", tokens.bearer(try signer.token("42", from: -5, to: 99)))
        #expect(tokens.code(harness, held) == "replaced" && harness.sent[second] == "")
    }

    // MARK: cookies

    @Test func cookie_countsOnlyForOurPages() throws {
        let harness = tokens.worker {
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
            ("/42:3.ws", cookie + TokenHarness.upgrade + "Origin: https://b\r\n", "origin"),
            ("/42:3.events", cookie + "Origin: https://b\r\n", "origin"),
            ("/42:3.js?callback=f", cookie + same, "token_missing"), ("/42:3.js", cookie + same, "token_missing"),
            ("/42:4.events", cookie + named, ""),
            ("/42:3.json", "Cookie: push=\(token); push=\(token)\r\n" + same, "two_tokens"),
            ("/42:3.json", "Cookie: xpush=\(token)\r\n" + same, "token_missing"),
            ("/42:5.json?token=\(token)", "Cookie: push=nonsense\r\n" + same, ""),
        ]
        for (target, headers, expected) in cases {
            let slot = harness.poll(target, headers)
            #expect(tokens.code(harness, slot) == expected, "\(target) \(headers)")
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
