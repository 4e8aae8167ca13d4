import Base
import Testing
import Tokens

@Suite struct TokenTests {
    @Test func nothingIsTakenWithoutKeys() {
        let verifier = TokenVerifier([], TokenRules()) { _, _, _ in true }
        #expect(throws: TokenError.self) {
            try withUnsafeBytes(of: 0) { (bytes) throws(TokenError) in _ = try verifier.claims(of: bytes, now: 0) }
        }
    }
}
