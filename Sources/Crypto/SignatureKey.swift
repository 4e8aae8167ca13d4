import CCrypto
import Tokens

/// A key of libcrypto. It is released with its owner.
final class SignatureKey {
    private let key: OpaquePointer

    private init(_ key: OpaquePointer) { self.key = key }
    deinit { mc_key_free(key) }

    /// Why bytes are no key. It has nothing of them.
    struct Refusal: Error { let message: StaticString }

    /// A key from the members of its JWK, decoded (RFC 7518, 6). `member` gives those that are there.
    static func read(_ algorithm: TokenAlgorithm, _ member: (String) -> [UInt8]) throws(Refusal) -> SignatureKey {
        var reason: Int32 = 0
        let key: OpaquePointer?
        switch algorithm {
        case .hs256:
            let secret = member("k")
            guard secret.count >= 32 else { throw Refusal(message: "the secret is shorter than 32 bytes") }
            key = secret.withBytes { mc_key_hs256($0) }
        case .rs256: key = rsa(memberNames(of: .rs256).map(member), &reason)
        case .es256:
            let (x, y, d) = (member("x"), member("y"), member("d"))
            guard x.count == 32, y.count == 32, d.isEmpty || d.count == 32 else {
                throw Refusal(message: "x, y or d does not have 32 bytes")
            }
            key = x.withBytes { x in y.withBytes { y in d.withBytes { d in mc_key_es256(x, y, d, &reason) } } }
        case .edDSA:
            let (x, d) = (member("x"), member("d"))
            guard x.count == 32, d.isEmpty || d.count == 32 else {
                throw Refusal(message: "x or d does not have 32 bytes")
            }
            key = x.withBytes { x in d.withBytes { d in mc_key_eddsa(x, d, &reason) } }
        }
        guard let key else { throw Refusal(message: SignatureKey.message(reason)) }
        return SignatureKey(key)
    }
    private static func rsa(_ members: [[UInt8]], _ reason: inout Int32) -> OpaquePointer? {
        // The members lie one behind another, so that one pointer leads to all.
        let all = Array(members.joined())
        return all.withUnsafeBytes { bytes in
            var start = 0
            let parts = members.map { member in
                defer { start += member.count }
                return mc_bytes(bytes: bytes.baseAddress.map { $0 + start }, count: member.count)
            }
            return mc_key_rs256(parts, &reason)
        }
    }

    /// A new key with its private part, of any algorithm but HS256. `nil` if libcrypto can't.
    static func new(_ algorithm: TokenAlgorithm) -> SignatureKey? {
        let key: OpaquePointer? =
            switch algorithm {
            case .hs256: nil
            case .rs256: mc_key_new_rs256(2048)
            case .es256: mc_key_new_es256()
            case .edDSA: mc_key_new_eddsa()
            }
        return key.map(SignatureKey.init)
    }

    /// The members of a JWK that have the key, in the order of CCrypto. Those from `d` on are private.
    static func memberNames(of algorithm: TokenAlgorithm) -> [String] {
        switch algorithm {
        case .hs256: ["k"]
        case .rs256: ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
        case .es256: ["x", "y", "d"]
        case .edDSA: ["x", "d"]
        }
    }
    private static func message(_ reason: Int32) -> StaticString {
        switch Int(reason) {
        case Int(MC_KEY_SHORT): "the RSA key has less than 2048 bits"
        case Int(MC_KEY_LONG): "the RSA key has more than 8192 bits"
        case Int(MC_KEY_EVEN): "the RSA key's modulus is even"
        case Int(MC_KEY_EXPONENT): "the RSA key's exponent is even, below 65537 or too large"
        case Int(MC_KEY_NOT_ON_CURVE): "x and y are no point of P-256, or d is no private key"
        case Int(MC_KEY_PAIR): "the private part belongs to another key"
        default: "its members are no key"
        }
    }

    var canSign: Bool { mc_key_signs(key) == 1 }

    /// The bytes of a member of the JWK. Empty if there is none.
    func member(_ name: String) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1024) { room, count in
            count = mc_key_member(key, name, room.baseAddress, room.count)
        }
    }

    func verify(_ signed: UnsafeRawBufferPointer, _ signature: UnsafeRawBufferPointer) -> Bool {
        mc_verify(key, mc_bytes(signed), mc_bytes(signature)) == 1
    }
    func sign(_ signed: UnsafeRawBufferPointer) -> [UInt8]? {
        let signature = [UInt8](unsafeUninitializedCapacity: 1024) { room, count in
            count = mc_sign(key, mc_bytes(signed), room.baseAddress, room.count)
        }
        return signature.isEmpty ? nil : signature
    }
}

extension mc_bytes {
    fileprivate init(_ bytes: UnsafeRawBufferPointer) { self.init(bytes: bytes.baseAddress, count: bytes.count) }
}
extension [UInt8] {
    fileprivate func withBytes<Result>(_ body: (mc_bytes) -> Result) -> Result {
        withUnsafeBytes { body(mc_bytes($0)) }
    }
}
