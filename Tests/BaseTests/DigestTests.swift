import Testing

@testable import Base

@Suite struct DigestTests {
    static func sha1(_ text: String) -> [UInt8] { Array(text.utf8).withUnsafeBytes { SHA1.digest(of: $0) } }
    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// RFC 3174, 7.3, and each length up to two blocks: the digest of all their digests is that of another program.
    @Test func sha1_isThatOfTheRFC() {
        #expect(Self.hex(Self.sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        let long = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
        #expect(Self.hex(Self.sha1(long)) == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
        #expect(
            Self.hex(Self.sha1(String(repeating: "01234567", count: 80))) == "dea356a2cddd90c7a7ecedc5ebb563934f460452")
        let digests = (0...130).flatMap { Self.sha1(String(repeating: "a", count: $0)) }
        #expect(Self.hex(digests.withUnsafeBytes { SHA1.digest(of: $0) }) == "60afa284c7b19b978fd27334fd33aa6e654cf3ff")
    }

    /// RFC 4648, 10.
    @Test func base64_isThatOfTheRFC() {
        for (text, encoded) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"), ("\u{FFFD}?>", "77+9Pz4="),
        ] {
            var out = Buffer()
            Array(text.utf8).withUnsafeBytes { appendBase64($0, to: &out) }
            #expect(String(decoding: out.bytes, as: UTF8.self) == encoded)
            #expect(out.bytes.allSatisfy { isBase64($0) || $0 == UInt8(ascii: "=") })
        }
        #expect((0...255).filter { isBase64($0) }.count == 64)
    }
}
