import Base

/// A token that is to be made.
package struct TokenWriter {
    /// Signs with the key. `nil`: it can't.
    package typealias Sign = (_ signed: UnsafeRawBufferPointer) -> [UInt8]?

    /// The user.
    package var subject: String
    /// Seconds since 1970.
    package var issuedAt: UInt64
    package var expires: UInt64
    /// Empty ones are left out.
    package var issuer = ""
    package var audience = ""
    package var channels: [String] = []

    package init(subject: String, issuedAt: UInt64, expires: UInt64) {
        self.subject = subject
        self.issuedAt = issuedAt
        self.expires = expires
    }

    /// The token. `nil` if the key can't sign.
    package func token(_ key: TokenKey, sign: Sign) -> [UInt8]? {
        var header = Buffer()
        header.append("{\"alg\":")
        header.append(jsonString: key.algorithm.rawValue)
        if !key.id.isEmpty {
            header.append(",\"kid\":")
            key.id.withUnsafeBytes { appendJSONString($0, to: &header) }
        }
        header.append(",\"typ\":\"JWT\"}")
        var claims = Buffer()
        appendClaims(to: &claims)
        return TokenWriter.token(header: header.bytes, claims: claims.bytes, sign: sign)
    }

    private func appendClaims(to out: inout Buffer) {
        out.append("{\"sub\":")
        out.append(jsonString: subject)
        out.append(",\"iat\":")
        out.append(decimal: issuedAt)
        out.append(",\"exp\":")
        out.append(decimal: expires)
        for (name, text) in [("iss", issuer), ("aud", audience)] where !text.isEmpty {
            out.append(string: ",\"\(name)\":")
            out.append(jsonString: text)
        }
        if !channels.isEmpty {
            out.append(",\"channels\":[")
            for (at, channel) in channels.enumerated() {
                if at > 0 { out.append(",") }
                out.append(jsonString: channel)
            }
            out.append("]")
        }
        out.append("}")
    }

    /// A token of any header and any claims.
    package static func token(header: UnsafeRawBufferPointer, claims: UnsafeRawBufferPointer, sign: Sign) -> [UInt8]? {
        var out = Buffer()
        Base64URL.append(header, to: &out)
        out.append(".")
        Base64URL.append(claims, to: &out)
        guard let signature = sign(out.bytes) else { return nil }
        out.append(".")
        signature.withUnsafeBytes { Base64URL.append($0, to: &out) }
        return [UInt8](out.bytes)
    }
}
