import Crypto
import Testing
import Tokens

/// An app that makes tokens with a key of its own.
struct TokenSigner {
    private let ring: Keyring
    var verifier: TokenVerifier { TokenVerifier(ring.keys, TokenRules()) { [ring] in ring.verify($0, $1, $2) } }

    /// `secret` is 43 characters of base64url: 32 bytes.
    init(secret: String = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_") throws {
        let set = "{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"k1\",\"k\":\"\(secret)8\"}]}"
        ring = try Keyring([("test", Array(set.utf8))])
    }
    /// A token of this user from one second of 1,800,000,000 on to another.
    func token(
        _ user: String, from start: Int = 0, to end: Int = 3600, channels: [String] = []
    ) throws -> String {
        var writer = TokenWriter(
            subject: user, issuedAt: UInt64(1_800_000_000 + start), expires: UInt64(1_800_000_000 + end))
        writer.channels = channels
        let token = try #require(writer.token(ring.keys[0], sign: { ring.sign(0, $0) }))
        return String(decoding: token, as: UTF8.self)
    }
}
