import Comet
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

/// Workers that serve nobody without a token, and what requests to them have and get.
struct TokenHarness {
    let signer: TokenSigner
    init() throws { signer = try TokenSigner() }

    /// A linked worker.
    func worker(_ change: (inout WorkerSettings) -> Void = { _ in }) -> WorkerHarness {
        let harness = WorkerHarness {
            $0.requiresTokens = true
            change(&$0)
        }
        harness.changeTokens(signer.verifier)
        harness.link()
        return harness
    }
    func bearer(_ token: String) -> String { "Authorization: Bearer \(token)\r\n" }
    static let upgrade =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    /// The code of the error that a connection was told. Empty without one.
    func code(_ harness: WorkerHarness, _ slot: ConnectionSlot) -> String {
        harness.sent[slot]?.firstMatch(of: #/"error":\{"code":"([a-z_]+)"/#).map { String($0.output.1) } ?? ""
    }
}
