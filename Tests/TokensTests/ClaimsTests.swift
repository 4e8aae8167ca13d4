import Base
import Crypto
import Testing
import Tokens
import Wire

@Suite struct ClaimsTests {
    var signer: TestSigner
    init() throws { signer = try TestSigner() }

    static let now = TestSigner.now

    private func error(_ changes: [(String, String?)]) -> String? {
        signer.error(signer.token("h", claims: TestSigner.claims(changes))).map(text)
    }

    @Test(arguments: [
        ("sub", "\"\\u0034\\u0032\""), ("sub", "\"ann@example.org\""), ("sub", "\"jörg 😀\""), ("nbf", "\(now)"),
        ("iss", "\"anybody\""), ("jti", "\"7\""), ("name", "{\"a\":[1.5e3,{\"b\":null}]}"), ("iat", "\(now)"),
        ("channels", "[]"), ("exp", "\(now - 9)"), ("nbf", "\(now + 10)"), ("iat", "\(now + 10)"),
    ])
    func good(_ name: String, _ value: String) { #expect(error([(name, value)]) == nil) }

    @Test(arguments: [
        ("sub", nil, "client: the token has no sub"), ("sub", "42", "client: the token's sub is no text"),
        ("sub", "null", "client: the token's sub is no text"), ("sub", "\"\"", "client: the token's sub is no user"),
        ("sub", "\"42:a\"", "client: the token's sub has a colon"),
        ("sub", "\":\"", "client: the token's sub has a colon"),
        ("sub", "\"a/b\"", "client: the token's sub is no user"),
        ("sub", "\"a\\u0000\"", "client: the token's sub is no user"),
        ("sub", "\"a\\u003ab\"", "client: the token's sub has a colon"),
        ("sub", "\"\(String(repeating: "u", count: 129))\"", "client: the token's sub is no user"),
        ("exp", nil, "the token has no exp"), ("iat", nil, "the token has no iat"),
        ("exp", "\(now - 10)", "expired"), ("exp", "\(now - 11)", "expired"),
        ("nbf", "\(now + 11)", "the token's nbf is not yet reached"),
        ("iat", "\(now + 11)", "the token's iat is not yet reached"),
        ("exp", "\(now - 60)", "the token's exp is not after its iat"),
        ("exp", "\(now + 86_341)", "the token's life is too long"),
        ("iss", "7", "the token's iss is no text"), ("jti", "7", "the token's jti is no text"),
        ("aud", "\"push\"", "the token has an aud, and tokens.audience is not set"),
        ("aud", "[]", "the token has an aud, and tokens.audience is not set"),
        ("channels", "\"room\"", "the token's channels are no list"),
        ("channels", "{\"room\":1}", "the token's channels are no list"),
        ("channels", "[1]", "a channel of the token is no channel's name"),
        ("channels", "[\"\"]", "a channel of the token is no channel's name"),
        ("channels", "[\"a/b\"]", "a channel of the token is no channel's name"),
        ("channels", "[\"\(String(repeating: "c", count: 129))\"]", "a channel of the token is no channel's name"),
    ])
    func refused(_ name: String, _ value: String?, _ message: String) {
        #expect(error([(name, value)]) == message, "\(name): \(value ?? "none")")
    }

    @Test(arguments: [
        "\"\(now)\"", "\(now).0", "\(now).5", "\(now)e0", "18E8", "-1", "-0", "0", "0\(now)", "9007199254740992",
        "18446744073709551616", "4294967296", "99999999999999999999999999", "null", "true", "[\(now)]", "{}", "NaN",
        "0x10", "+\(now)", "1_800_000_000",
    ])
    func timesThatAreNoWholeNumber_areRefused(_ value: String) {
        for name in ["exp", "iat", "nbf"] {
            let message = error([(name, value)])
            #expect(message != nil && message != "expired", "\(name): \(value)")
        }
    }

    @Test(arguments: [
        #"{"sub":"42","sub":"42","iat":1799999999,"exp":1800000600}"#,
        #"{"sub":"42","\u0073ub":"43","iat":1799999999,"exp":1800000600}"#,
        #"{"sub":"42","iat":1799999999,"exp":1800000600,"x":{"a":1,"a":1}}"#,
        #"{"sub":"42","iat":1799999999,"exp":1800000600,"x":[[{"a":1,"b":2,"a":3}]]}"#,
        #"{"sub":"42\ud800","iat":1799999999,"exp":1800000600}"#,
        #"{"sub":"42","iat":1799999999,"exp":1800000600}{}"#, #"{"sub":"42","iat":1799999999,"exp":1800000600"#,
        #"["sub","42"]"#, "", "null", "\u{FEFF}{}",
    ])
    func claimsThatAreNoPlainObject_areRefused(_ claims: String) {
        #expect(signer.error(signer.token("h", claims: claims)) != nil)
    }

    @Test func nesting_isBounded() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        // The object of the claims is a level, too.
        #expect(error([("x", nested(Limits.tokenDepth - 1))]) == nil)
        #expect(error([("x", nested(Limits.tokenDepth))]) != nil)
        #expect(error([("x", String(repeating: "[", count: 2500))]) != nil)
    }

    @Test mutating func issuerAndAudience_areOurs() {
        signer.rules.issuer = "shop"
        signer.rules.audience = "push"
        func error(_ issuer: String?, _ audience: String?) -> String? {
            self.error([("iss", issuer), ("aud", audience)])
        }
        #expect(error("\"shop\"", "\"push\"") == nil)
        #expect(error("\"shop\"", "[\"x\",\"push\"]") == nil)
        #expect(error(nil, "\"push\"") == "the token's iss is not tokens.issuer")
        #expect(error("\"Shop\"", "\"push\"") == "the token's iss is not tokens.issuer")
        #expect(error("[\"shop\"]", "\"push\"") == "the token's iss is no text")
        #expect(error("\"shop\"", nil) == "the token has no aud")
        #expect(error("\"shop\"", "[]") == "the token's aud is not tokens.audience")
        #expect(error("\"shop\"", "\"pushes\"") == "the token's aud is not tokens.audience")
        #expect(error("\"shop\"", "[\"push\",1]") == "the token's aud is neither a text nor a list of texts")
        #expect(error("\"shop\"", "{\"push\":1}") == "the token's aud is neither a text nor a list of texts")
    }

    @Test func channels_areListedOnce() throws {
        let list = (0..<62).map { "\"c\($0)\"" } + ["\"c0\"", "\"\\u0063\\u0030\""]
        let token = signer.token("h", claims: TestSigner.claims([("channels", "[\(list.joined(separator: ","))]")]))
        let channels = try signer.claims(of: token).channels
        let names = channels.withUnsafeBytes { ChannelNames($0).map { String(decoding: $0, as: UTF8.self) } }
        #expect(names == (0..<62).map { "c\($0)" })
        #expect(
            error([("channels", "[\((list + ["\"x\""]).joined(separator: ","))]")]) == "the token has too many channels"
        )
    }

    @Test func aTokenThatIsWritten_isTaken() throws {
        var writer = TokenWriter(subject: "jörg \"q\"", issuedAt: TestSigner.now, expires: TestSigner.now + 3600)
        (writer.issuer, writer.audience, writer.channels) = ("shop", "push", ["a", "ünd\\so"])
        var signer = signer
        (signer.rules.issuer, signer.rules.audience) = ("shop", "push")
        for place in signer.keyring.keys.indices {
            let token = try #require(writer.token(signer.keyring.keys[place]) { signer.keyring.sign(place, $0) })
            let claims = try signer.claims(of: token)
            #expect(claims.subject == Array(writer.subject.utf8))
            #expect(claims.channels == [1, UInt8(ascii: "a"), 7] + Array("ünd\\so".utf8))
        }
    }
}
