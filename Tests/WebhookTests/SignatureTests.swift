import Crypto
import Testing

@testable import Webhook

@Suite struct SignatureTests {
    /// The vector of docs/webhook.txt. There a line of shell makes the same code.
    @Test func theVectorOfTheManual() throws {
        let key = try #require(MessageKey(Array("correct horse battery staple".utf8)))
        let body = Array("{\"events\":[],\"cursor\":81}".utf8)
        let wanted = "t=1764400000,v1=598cd66e2ce288649c0a0124641f26ab9c34b3e0359cd6e07d2f8549aa2976d1"
        #expect(Signature.header(key, seconds: 1_764_400_000, body: body) == wanted)
        #expect(Signature.header(key, seconds: 1_764_400_001, body: body) != wanted)
    }
    /// RFC 4231, test case 2.
    @Test func aShortKey_isGood() throws {
        let key = try #require(MessageKey(Array("Jefe".utf8)))
        let code = try #require(key.code(of: Array("what do ya want for nothing?".utf8)))
        #expect(code.prefix(4) == [0x5b, 0xdc, 0xc1, 0x46] && code.suffix(4) == [0x64, 0xec, 0x38, 0x43])
        #expect(MessageKey([])?.code(of: [])?.count == 32 || MessageKey([]) == nil)
    }
}
