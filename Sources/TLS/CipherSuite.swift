import CTLS

/// A suite of TLS 1.3, by the low byte of its number (RFC 8446, B.4).
package enum CipherSuite: UInt8, CaseIterable, BitwiseCopyable, Sendable {
    case aes128 = 1
    case aes256 = 2
    case chacha20 = 3

    /// Bytes of its hash, and so of a traffic secret.
    var secretBytes: Int { self == .aes256 ? 48 : 32 }
    var keyBytes: Int { self == .aes128 ? 16 : 32 }
    /// OpenSSL's name.
    package var name: String {
        switch self {
        case .aes128: "TLS_AES_128_GCM_SHA256"
        case .aes256: "TLS_AES_256_GCM_SHA384"
        case .chacha20: "TLS_CHACHA20_POLY1305_SHA256"
        }
    }
}

/// The keys of one direction of a connection. The secret is kept for the next key (RFC 8446, 7.2).
///
/// Each copy of them would stay on the stack, which core files have. So records use the key where it is, and what a new
/// key leaves on the stack is overwritten.
struct TrafficKeys: BitwiseCopyable {
    private var secret: InlineArray<48, UInt8>
    private var key = InlineArray<32, UInt8>(repeating: 0)
    private var iv = InlineArray<12, UInt8>(repeating: 0)

    /// Derives key and iv. `nil`: libcrypto can't.
    init?(_ suite: CipherSuite, _ secret: InlineArray<48, UInt8>) {
        self.secret = secret
        guard derive(suite) else { return nil }
    }

    private mutating func derive(_ suite: CipherSuite) -> Bool {
        expand(suite, "key", suite.keyBytes, \.key) && expand(suite, "iv", 12, \.iv)
    }
    private mutating func expand<let n: Int>(
        _ suite: CipherSuite, _ label: StaticString, _ count: Int,
        _ field: WritableKeyPath<TrafficKeys, InlineArray<n, UInt8>>
    ) -> Bool {
        var out = InlineArray<n, UInt8>(repeating: 0)
        let isMade = withUnsafeBytes(of: secret) { secret in
            withUnsafeMutableBytes(of: &out) {
                mc_expand_label(
                    Int32(suite.rawValue), secret.baseAddress, label.utf8Start, $0.baseAddress, count) == 1
            }
        }
        self[keyPath: field] = out
        return isMade
    }

    /// Turns to the next secret. False: libcrypto can't.
    mutating func update(_ suite: CipherSuite) -> Bool {
        defer { mc_wipe_stack() }
        return turn(suite)
    }
    @inline(never)
    private mutating func turn(_ suite: CipherSuite) -> Bool {
        expand(suite, "traffic upd", suite.secretBytes, \.secret) && derive(suite)
    }

    /// The key, where it is: it changes nothing, but only what may change is not copied.
    @inline(__always)
    mutating func withKey(_ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        withUnsafeMutableBytes(of: &key) { body(UnsafeRawBufferPointer($0)) }
    }
    /// The nonce of a record (RFC 8446, 5.3).
    @inline(__always)
    func nonce(_ sequence: UInt64) -> InlineArray<12, UInt8> {
        var nonce = iv
        var rest = sequence
        for at in stride(from: 11, through: 4, by: -1) {
            nonce[at] ^= UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
        return nonce
    }
}
