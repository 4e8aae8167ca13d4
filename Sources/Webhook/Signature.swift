import Base
package import Crypto

/// The signature of a request: HMAC with SHA-256 (RFC 2104) over the time and the body. The time is in it, so that a
/// request can't be sent again later by somebody who has seen it.
package enum Signature {
    /// The value of X-MegaComet-Signature. `seconds` are since 1970.
    package static func header(_ key: MessageKey, seconds: UInt64, body: [UInt8]) -> String? {
        let text = Array("\(seconds).".utf8) + body
        return key.code(of: text).map { "t=\(seconds),v1=\(hex($0))" }
    }
}
