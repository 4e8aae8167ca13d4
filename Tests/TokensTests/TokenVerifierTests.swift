import Base
import Crypto
import Testing
import Tokens
import Wire

@Suite struct TokenVerifierTests {
    let signer: TestSigner
    init() throws { signer = try TestSigner() }

    @Test(arguments: ["h", "r", "e", "d"])
    func aTokenOfEachAlgorithm_isTaken(_ kid: String) throws {
        let claims = try signer.claims(of: signer.token(kid))
        #expect(claims.subject == Array("42".utf8))
        #expect(UInt64(claims.issuedAt) == TestSigner.now - 60 && UInt64(claims.expires) == TestSigner.now + 600)
        #expect(claims.channels.isEmpty)
    }

    @Test(arguments: [
        #"{"alg":"HS256","kid":"h","typ":"JWT"}"#, #"{"alg":"HS256","kid":"h","typ":"at+JWT"}"#,
        "\r\n{ \"kid\" : \"\\u0068\" ,\t\"alg\":\"HS256\" } ",
    ])
    func headersThatMeanTheSame_areTaken(_ header: String) {
        #expect(signer.error(signer.token("h", header: header)) == nil)
    }

    @Test(arguments: [
        (#"{"alg":"none","kid":"h"}"#, "the token's alg is not that of its key"),
        (#"{"alg":"nOnE","kid":"h"}"#, "the token's alg is not that of its key"),
        (#"{"alg":"none"}"#, "the token has no kid, and there is not exactly one key"),
        (#"{"alg":"hs256","kid":"h"}"#, "the token's alg is not that of its key"),
        (#"{"alg":"HS512","kid":"h"}"#, "the token's alg is not that of its key"),
        (#"{"alg":"RS256","kid":"h"}"#, "the token's alg is not that of its key"),
        (#"{"kid":"h"}"#, "the token has no alg"),
        (#"{"alg":["HS256"],"kid":"h"}"#, "the token has no alg"),
        (#"{"alg":"HS256"}"#, "the token has no kid, and there is not exactly one key"),
        (#"{"alg":"HS256","kid":"x"}"#, "no key has the token's kid"),
        (#"{"alg":"HS256","kid":"H"}"#, "no key has the token's kid"),
        (#"{"alg":"HS256","kid":""}"#, "the token's kid is not 1 to 64 printable characters"),
        (#"{"alg":"HS256","kid":1}"#, "the token's kid is not 1 to 64 printable characters"),
        (#"{"alg":"HS256","kid":null}"#, "the token's kid is not 1 to 64 printable characters"),
        (#"{"alg":"HS256","kid":"h\u0000"}"#, "the token's kid is not 1 to 64 printable characters"),
        (#"{"alg":"HS256","kid":"é"}"#, "the token's kid is not 1 to 64 printable characters"),
        (
            #"{"alg":"HS256","kid":"\#(String(repeating: "h", count: 65))"}"#,
            "the token's kid is not 1 to 64 printable characters"
        ),
        (#"{"alg":"HS256","kid":"h","crit":["exp"],"exp":1}"#, "the token's header has more than alg, typ and kid"),
        (#"{"alg":"HS256","kid":"h","b64":true}"#, "the token's header has more than alg, typ and kid"),
        (#"{"alg":"HS256","kid":"h","jku":"http://e/"}"#, "the token's header has more than alg, typ and kid"),
        (#"{"alg":"HS256","kid":"h","x5u":"http://e/"}"#, "the token's header has more than alg, typ and kid"),
        (#"{"alg":"HS256","kid":"h","jwk":\#(TestKeys.hs256)}"#, "the token's header has more than alg, typ and kid"),
        (#"{"alg":"HS256","kid":"h","typ":"JWE"}"#, "the token's typ is not JWT"),
        (#"{"alg":"HS256","kid":"h","typ":7}"#, "the token's typ is not JWT"),
        (#"{"alg":"HS256","kid":"h","kid":"h"}"#, "the token's header is not JSON with each name once"),
        (#"{"alg":"none","\u0061lg":"HS256","kid":"h"}"#, "the token's header is not JSON with each name once"),
        (#"{"alg":"HS256","kid":"h"} x"#, "the token's header is not JSON with each name once"),
        (#"{"alg":"HS256","kid":"h",}"#, "the token's header is not JSON with each name once"),
        (#"["HS256"]"#, "the token's header is no JSON object"),
        ("", "the token's header is not JSON with each name once"),
    ])
    func headers_areRefused(_ header: String, _ message: String) {
        #expect(signer.error(signer.token("h", header: header)).map(text) == message, "\(header)")
    }

    /// The key of RS256 is public. Whoever signs with its bytes as a secret of HS256 gets nowhere.
    @Test func aPublicKey_isNoSecret() throws {
        let modulus = TestKeys.rs256.split(separator: "\"")[15]
        for secret in [Array(modulus.utf8), Base64URL.decode(modulus)!, Array(TestKeys.rs256.utf8)] {
            let attacker = try Keyring([
                ("keys", Array(#"{"kty":"oct","alg":"HS256","k":"\#(base64URL(secret))"}"#.utf8))
            ])
            for header in [#"{"alg":"HS256","kid":"r"}"#, #"{"alg":"RS256","kid":"r"}"#] {
                let signed = base64URL(header) + "." + base64URL(TestSigner.claims())
                let signature = try #require(Array(signed.utf8).withUnsafeBytes { attacker.sign(0, $0) })
                #expect(throws: TokenError.self) {
                    try signer.claims(of: signed + "." + base64URL(signature))
                }
            }
        }
    }

    @Test(arguments: [
        "", ".", "..", "...", "a.b", "a.b.c.d", "not a token", "eyJhbGciOiJIUzI1NiJ9..", "\u{0}.\u{0}.\u{0}",
    ])
    func whatIsNoToken_isRefused(_ token: String) { #expect(signer.error(Array(token.utf8)) != nil) }

    @Test func cutOrChangedInForm_isRefused() {
        for kid in ["h", "r", "e", "d"] {
            let token = signer.token(kid)
            #expect(signer.error(token) == nil)
            for count in 0..<token.count where kid == "h" || count % 7 == 0 {
                #expect(signer.error(Array(token.prefix(count))) != nil)
            }
            for extra in ["=", "==", "A", ".", " ", "\n", "\u{0}"] {
                #expect(signer.error(token + Array(extra.utf8)) != nil)
                #expect(signer.error(Array(extra.utf8) + token) != nil)
            }
            let pieces = parts(token)
            for part in 0..<3 {
                var padded = pieces
                padded[part].append(UInt8(ascii: "="))
                #expect(signer.error(Array(padded.joined(separator: [46]))) != nil)
                padded[part] = []
                #expect(signer.error(Array(padded.joined(separator: [46]))) != nil)
            }
        }
    }

    /// 32 bytes are 43 characters, and the last one has two bits that belong to none of them.
    @Test func bitsThatBelongToNoByte_areRefused() {
        var token = signer.token("h")
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let last = alphabet.firstIndex(of: token[token.count - 1])!
        #expect(last % 4 == 0)
        for bits in 1...3 {
            token[token.count - 1] = alphabet[last + bits]
            #expect(signer.error(token).map(text) == "a part of the token is not base64url")
        }
    }

    @Test func theBoundOfItsLength_holds() {
        let empty = signer.token("h", claims: TestSigner.claims([("x", "\"\"")])).count
        func token(_ count: Int) -> [UInt8] {
            signer.token("h", claims: TestSigner.claims([("x", "\"\(String(repeating: "y", count: count))\"")]))
        }
        let fits = token((Limits.tokenBytes - empty) * 3 / 4)
        #expect(fits.count <= Limits.tokenBytes && fits.count > Limits.tokenBytes - 4)
        #expect(signer.error(fits) == nil)
        #expect(signer.error(token((Limits.tokenBytes - empty) * 3 / 4 + 4)).map(text) == "the token is too long")
    }

    /// Signatures of ES256 are r || s with 32 bytes each (RFC 7518, 3.4), and neither may be 0.
    @Test func signaturesOfES256_haveTheirForm() throws {
        let pieces = parts(signer.token("e"))
        let good = try #require(pieces[2].withUnsafeBytes { Base64URL.decode($0) })
        #expect(good.count == 64)
        let zero = [UInt8](repeating: 0, count: 32)
        let order: [UInt8] = [
            255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
            0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
        ]
        let (r, s) = (Array(good.prefix(32)), Array(good.suffix(32)))
        for bad in [
            Array(good.dropLast()), Array(good.dropFirst()), good + [0], [0] + good, r + zero, zero + s, zero + zero,
            r + order, order + s, s + r, order + order, [], [0x30, 0x06, 2, 1, 1, 2, 1, 1],
        ] {
            let token = pieces[0] + [46] + pieces[1] + [46] + Array(base64URL(bad).utf8)
            #expect(signer.error(token).map(text) == "the token's signature is wrong")
        }
    }

    /// The only key is taken for a token without a kid. A key without a kid is never taken for one with a kid.
    @Test func theOnlyKey_needsNoKid() throws {
        let only = try TestSigner(TestKeys.hs256)
        #expect(only.error(only.token("h", header: #"{"alg":"HS256"}"#)) == nil)
        let nameless = try TestSigner(TestKeys.hs256.replacing(#""kid":"h","#, with: ""))
        #expect(nameless.error(nameless.token("", header: #"{"alg":"HS256"}"#)) == nil)
        for kid in ["h", ""] {
            #expect(nameless.error(nameless.token("", header: #"{"alg":"HS256","kid":"\#(kid)"}"#)) != nil)
        }
    }

    @Test func withoutKeys_nothingIsTaken() {
        let verifier = TokenVerifier([], TokenRules()) { _, _, _ in true }
        let token = signer.token("h")
        #expect(throws: TokenError.self) {
            try token.withUnsafeBytes { try verifier.claims(of: $0, now: TestSigner.now) }
        }
    }
}

/// The words of an error.
func text(_ error: TokenError) -> String {
    switch error {
    case .bad(let message): message.description
    case .client(let message): "client: \(message)"
    case .expired: "expired"
    }
}
