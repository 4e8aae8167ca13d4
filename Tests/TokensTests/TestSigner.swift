import Base
import Crypto
import Tokens

/// Makes and verifies tokens with `TestKeys`, at a fixed time.
struct TestSigner {
    static let now: UInt64 = 1_800_000_000
    let keyring: Keyring
    var rules = TokenRules()

    init(_ set: String = TestKeys.set) throws { keyring = try Keyring([("keys", Array(set.utf8))]) }

    /// The members of good claims, changed by `changes`; `nil` leaves one out.
    static func claims(_ changes: [(String, String?)] = []) -> String {
        var members = [("sub", "\"42\""), ("iat", "\(now - 60)"), ("exp", "\(now + 600)")]
        for (name, value) in changes {
            members.removeAll { $0.0 == name }
            if let value { members.append((name, value)) }
        }
        return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    func place(_ kid: String) -> Int { keyring.keys.firstIndex { $0.id == Array(kid.utf8) }! }
    /// A token that this key has signed, with any header.
    func token(_ kid: String, header: String? = nil, claims: String = claims()) -> [UInt8] {
        let place = place(kid)
        let header = header ?? #"{"alg":"\#(keyring.keys[place].algorithm.rawValue)","kid":"\#(kid)"}"#
        return Array(header.utf8).withUnsafeBytes { header in
            Array(claims.utf8).withUnsafeBytes { claims in
                TokenWriter.token(header: header, claims: claims) { keyring.sign(place, $0) }!
            }
        }
    }

    func claims(of token: [UInt8], now: UInt64 = TestSigner.now) throws -> TokenClaims {
        let verifier = TokenVerifier(keyring.keys, rules) { keyring.verify($0, $1, $2) }
        return try token.withUnsafeBytes { try verifier.claims(of: $0, now: now) }
    }
    func claims(of token: String, now: UInt64 = TestSigner.now) throws -> TokenClaims {
        try claims(of: Array(token.utf8), now: now)
    }
    /// Why the token is refused. `nil` if it is taken.
    func error(_ token: [UInt8], now: UInt64 = TestSigner.now) -> TokenError? {
        do { _ = try claims(of: token, now: now) } catch { return error as? TokenError }
        return nil
    }
}

func base64URL(_ bytes: [UInt8]) -> String {
    var out = Buffer()
    bytes.withUnsafeBytes { Base64URL.append($0, to: &out) }
    return String(decoding: out.bytes, as: UTF8.self)
}
func base64URL(_ text: String) -> String { base64URL(Array(text.utf8)) }
/// The parts of a token between its dots.
func parts(_ token: [UInt8]) -> [[UInt8]] {
    token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
}
