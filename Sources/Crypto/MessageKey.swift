import CCrypto

/// A key for codes of messages: HMAC with SHA-256 (RFC 2104). Its owner decides how long it must be.
package final class MessageKey {
    private let key: OpaquePointer

    /// `nil` if libcrypto can't.
    package init?(_ secret: [UInt8]) {
        let made = secret.withUnsafeBytes { mc_key_hs256(mc_bytes(bytes: $0.baseAddress, count: $0.count)) }
        guard let made else { return nil }
        key = made
    }
    deinit { mc_key_free(key) }

    /// The 32 bytes of the code. `nil` if libcrypto can't.
    package func code(of message: [UInt8]) -> [UInt8]? {
        let code = [UInt8](unsafeUninitializedCapacity: 32) { room, count in
            count = message.withUnsafeBytes {
                mc_sign(key, mc_bytes(bytes: $0.baseAddress, count: $0.count), room.baseAddress, room.count)
            }
        }
        return code.count == 32 ? code : nil
    }
}
