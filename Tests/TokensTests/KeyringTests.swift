import Base
import Crypto
import Testing
import Tokens
import Wire

@Suite struct KeyringTests {
    private func mistake(_ set: String) -> String? { mistake([("keys.json", set)]) }
    private func mistake(_ files: [(String, String)]) -> String? {
        do { _ = try Keyring(files.map { ($0.0, Array($0.1.utf8)) }) } catch { return error.description }
        return nil
    }
    private static func set(_ keys: String...) -> String { #"{"keys":[\#(keys.joined(separator: ","))]}"# }

    /// The examples of RFC 7515 (A.1 to A.3) and RFC 8037 (A.4).
    @Test(arguments: [
        (
            "h",
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                + "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        ),
        (
            "r",
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
                + "Ijp0cnVlfQ",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb"
                + "F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN"
                + "9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A"
                + "XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
        ),
        (
            "e",
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
                + "Ijp0cnVlfQ",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        ),
        (
            "d", "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        ),
    ])
    func theExamplesOfTheStandards_areVerified(_ kid: String, _ signed: String, _ signature: String) throws {
        let keyring = try TestSigner().keyring
        let key = try #require(keyring.keys.firstIndex { $0.id == Array(kid.utf8) })
        let text = Array(signed.utf8)
        let bytes = try #require(Array(signature.utf8).withUnsafeBytes { Base64URL.decode($0) })
        func verify(_ key: Int, _ text: [UInt8], _ signature: [UInt8]) -> Bool {
            text.withUnsafeBytes { text in signature.withUnsafeBytes { keyring.verify(key, text, $0) } }
        }
        #expect(verify(key, text, bytes))
        #expect(!verify(key, text.dropLast(), bytes))
        for other in keyring.keys.indices where other != key { #expect(!verify(other, text, bytes)) }
        // All but ES256, which draws a number, give this very signature.
        let own = try #require(text.withUnsafeBytes { keyring.sign(key, $0) })
        #expect(kid == "e" ? verify(key, text, own) : own == bytes)
    }

    @Test func keysWithoutPrivateParts_onlyVerify() throws {
        let public_ = try Keyring([
            ("a", Array(TestKeys.rs256.components(before: #","d":"#).utf8)),
            ("b", Array(TestKeys.es256.components(before: #","d":"#).utf8)),
        ])
        #expect(!public_.hasPrivateKeys && public_.signer() == nil)
        let token = Array("text".utf8)
        #expect(token.withUnsafeBytes { public_.sign(0, $0) } == nil)
        let all = try TestSigner().keyring
        #expect(all.hasPrivateKeys && all.signer() == 0)
        #expect(all.signer(Array("e".utf8)) == 2 && all.signer(Array("x".utf8)) == nil)
        let signature = try #require(token.withUnsafeBytes { all.sign(1, $0) })
        #expect(token.withUnsafeBytes { token in signature.withUnsafeBytes { public_.verify(0, token, $0) } })
        #expect(try !Keyring([("h", Array(TestKeys.hs256.utf8))]).hasPrivateKeys)
    }

    @Test func membersOfOthers_areIgnored() {
        #expect(
            mistake(#"{"x":1,"keys":[{"x5t":"a","use":"sig","key_ops":["verify"],\#(TestKeys.rs256.dropFirst())]}"#)
                == nil)
        #expect(mistake(TestKeys.es256) == nil)
    }

    @Test(arguments: [
        ("", "keys.json is no JSON"), ("[]", "keys.json is no JSON object"), ("{}", "keys.json has no list of keys"),
        (#"{"keys":{}}"#, "keys.json has no list of keys"), (#"{"keys":[]}"#, "keys.json has no key"),
        (#"{"keys":[],"keys":[]}"#, "keys.json has a name twice"),
        ("{\"keys\":[\"\\ud800\"]}", "keys.json has half a surrogate pair"),
        ("{\"keys\":\(String(repeating: "[", count: 200))", "keys.json is nested too deep"),
        (set("7"), "keys.json keys[0]: it is no JSON object"),
        (set(#"{"alg":"HS256"}"#), "keys.json keys[0]: it has no kty"),
        (set(#"{"kty":"oct"}"#), "keys.json keys[0]: it has no alg"),
        (set(#"{"kty":"oct","alg":"none"}"#), "keys.json keys[0]: its alg is none of HS256, RS256, ES256 and EdDSA"),
        (set(#"{"kty":"oct","alg":"HS512"}"#), "keys.json keys[0]: its alg is none of HS256, RS256, ES256 and EdDSA"),
        (set(#"{"kty":"AKP","alg":"ES256"}"#), "keys.json keys[0]: its kty is not that of its alg"),
        (set(#"{"kty":"RSA","alg":"HS256"}"#), "keys.json keys[0]: its kty is not that of its alg"),
        (set(#"{"kty":"EC","alg":"ES256","crv":"P-384"}"#), "keys.json keys[0]: its crv is not that of its alg"),
        (set(#"{"kty":"OKP","alg":"EdDSA","crv":"Ed448"}"#), "keys.json keys[0]: its crv is not that of its alg"),
        (set(#"{"kty":"oct","alg":"HS256","use":"enc"}"#), "keys.json keys[0]: its use is not sig"),
        (
            set(#"{"kty":"oct","alg":"HS256","key_ops":["encrypt"]}"#),
            "keys.json keys[0]: its key_ops have neither verify nor sign"
        ),
        (
            set(#"{"kty":"oct","alg":"HS256","kid":"\n"}"#),
            "keys.json keys[0]: its kid is not 1 to 64 printable characters"
        ),
        (set(#"{"kty":"oct","alg":"HS256"}"#), "keys.json keys[0]: a member of its value is missing"),
        (
            set(#"{"kty":"oct","alg":"HS256","k":"\#(base64URL([UInt8](repeating: 7, count: 31)))"}"#),
            "keys.json keys[0]: the secret is shorter than 32 bytes"
        ),
        (
            set(#"{"kty":"oct","alg":"HS256","k":"\#(base64URL([UInt8](repeating: 7, count: 32)))="}"#),
            "keys.json keys[0]: a member of its value is not base64url"
        ),
        (set(TestKeys.hs256, TestKeys.hs256), "keys.json keys[1]: another key has the same kid"),
        (
            set(TestKeys.hs256, TestKeys.es256.replacing(#""kid":"e","#, with: "")),
            "there are several keys, and one has no kid"
        ),
        (
            set(TestKeys.rs256.replacing(#","dq":"#, with: #","x":"#)),
            "keys.json keys[0]: some of d, p, q, dp, dq and qi are missing"
        ),
        (set(TestKeys.rs256.replacing(#""e":"AQAB""#, with: #""e":"Aw""#)), exponent),
        (set(TestKeys.rs256.replacing(#""e":"AQAB""#, with: #""e":"AQ""#)), exponent),
        (set(TestKeys.rs256.replacing(#""e":"AQAB""#, with: #""e":"AQAC""#)), exponent),
        (set(TestKeys.rs256.replacing(#""e":"AQAB""#, with: #""e":"AQAAAAAAAAAB""#)), exponent),
        (set(rsa(127, 1)), "keys.json keys[0]: the RSA key has less than 2048 bits"),
        (set(rsa(255, 1)), "keys.json keys[0]: the RSA key has less than 2048 bits"),
        (set(rsa(256, 0)), "keys.json keys[0]: the RSA key's modulus is even"),
        (set(rsa(1025, 1)), "keys.json keys[0]: the RSA key has more than 8192 bits"),
        (set(ec(TestKeys.es256, "x", 31)), "keys.json keys[0]: x, y or d does not have 32 bytes"),
        (set(ec(TestKeys.es256, "y", 33)), "keys.json keys[0]: x, y or d does not have 32 bytes"),
        (set(ec(TestKeys.es256, "y", 32)), "keys.json keys[0]: x and y are no point of P-256, or d is no private key"),
        (set(ec(TestKeys.edDSA, "x", 31)), "keys.json keys[0]: x or d does not have 32 bytes"),
        (set(ec(TestKeys.edDSA, "x", 32)), "keys.json keys[0]: the private part belongs to another key"),
        (set(ec(TestKeys.es256, "d", 32)), "keys.json keys[0]: the private part belongs to another key"),
        (set(ec(TestKeys.rs256, "d", 256)), "keys.json keys[0]: the private part belongs to another key"),
    ])
    func refused(_ set: String, _ message: String) { #expect(mistake(set) == message) }

    private static let exponent = "keys.json keys[0]: the RSA key's exponent is even, below 65537 or too large"
    /// An RSA key whose modulus has so many bytes, and ends so.
    private static func rsa(_ count: Int, _ last: UInt8) -> String {
        let modulus = [UInt8](repeating: 0xF1, count: count) + [last]
        return #"{"kty":"RSA","alg":"RS256","e":"AQAB","n":"\#(base64URL(Array(modulus.suffix(count))))"}"#
    }
    /// The key with so many bytes of no meaning in this member. An RSA key loses its primes, since they would be used.
    private static func ec(_ key: String, _ member: String, _ count: Int) -> String {
        let name = #","\#(member)":"#
        let start = key.firstRange(of: name)!.upperBound
        let end = key[key.index(after: start)...].firstIndex(of: "\"")!
        let rest = key.contains("RSA") ? "\"}" : String(key[end...])
        return key[..<start] + "\"" + base64URL([UInt8](repeating: 9, count: count)) + rest
    }

    @Test func bounds_hold() {
        func key(_ number: Int) -> String { TestKeys.hs256.replacing(#""kid":"h""#, with: #""kid":"\#(number)""#) }
        let most = (0..<Limits.tokenKeys).map(key).joined(separator: ",")
        #expect(mistake(#"{"keys":[\#(most)]}"#) == nil)
        #expect(mistake(#"{"keys":[\#(most),\#(key(64))]}"#) == "keys.json keys[64]: there are too many keys")
        #expect(mistake([("a", #"{"keys":[\#(most)]}"#), ("b", key(64))]) == "b its key: there are too many keys")
        #expect(mistake([("a", key(1)), ("b", key(1))]) == "b its key: another key has the same kid")
        #expect(
            mistake(TestKeys.hs256 + String(repeating: " ", count: Limits.keyFileBytes))
                == "keys.json is too large for a set of keys")
    }

    @Test func randomBytes_differ() throws {
        let (a, b) = (try #require(randomBytes(32)), try #require(randomBytes(32)))
        #expect(a.count == 32 && a != b)
        #expect(a.withUnsafeBytes { left in a.withUnsafeBytes { areEqualInConstantTime(left, $0) } })
        #expect(!a.withUnsafeBytes { left in b.withUnsafeBytes { areEqualInConstantTime(left, $0) } })
    }
}

extension String {
    /// What stands before this text, as a whole JSON object.
    fileprivate func components(before text: String) -> String { self[..<firstRange(of: text)!.lowerBound] + "}" }
}
extension Base64URL {
    static func decode(_ text: Substring) -> [UInt8]? { Array(text.utf8).withUnsafeBytes { decode($0) } }
}
