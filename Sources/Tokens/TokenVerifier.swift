import Base
import Wire

/// Verifies tokens: JSON Web Tokens (RFC 7519) as RFC 8725 wants them.
///
///     length -> three parts -> header -> the key and its algorithm -> signature -> claims
///
/// Nothing of the claims is read before the signature is known to be good. The algorithm is that of the key. The
/// header may only repeat it.
package struct TokenVerifier {
    /// Whether a signature is that of the key at this place of the list.
    package typealias Verify = (_ key: Int, _ signed: UnsafeRawBufferPointer, _ signature: UnsafeRawBufferPointer) ->
        Bool
    let keys: [TokenKey]
    package let rules: TokenRules
    let verify: Verify

    package init(_ keys: [TokenKey], _ rules: TokenRules, verify: @escaping Verify) {
        self.keys = keys
        self.rules = rules
        self.verify = verify
    }

    /// `now` is in seconds since 1970.
    package func claims(of token: UnsafeRawBufferPointer, now: UInt64) throws(TokenError) -> TokenClaims {
        guard token.count <= Limits.tokenBytes else { throw .bad("the token is too long") }
        let dot = UInt8(ascii: ".")
        let first = position(of: dot, in: token)
        let second = position(of: dot, in: token, from: min(first + 1, token.count))
        guard second < token.count, position(of: dot, in: token, from: second + 1) == token.count else {
            throw .bad("the token does not have three parts")
        }
        guard let header = Base64URL.decode(token.part(0, first)),
            let payload = Base64URL.decode(token.part(first + 1, second - first - 1)),
            let signature = Base64URL.decode(token.part(second + 1, token.count - second - 1))
        else { throw .bad("a part of the token is not base64url") }

        let key = try key(of: header)
        let signed = token.part(0, second)
        guard signature.withUnsafeBytes({ verify(key, signed, $0) }) else {
            throw .bad("the token's signature is wrong")
        }
        guard let value = try? JSONReader.value(of: payload) else {
            throw .bad("the token's claims are not JSON with each name once")
        }
        guard let members = value.object else { throw .bad("the token's claims are no JSON object") }
        return try ClaimsReader(members, rules).claims(now: now)
    }

    /// The place of the key that the header asks for.
    private func key(of header: [UInt8]) throws(TokenError) -> Int {
        guard let value = try? JSONReader.value(of: header) else {
            throw .bad("the token's header is not JSON with each name once")
        }
        guard let members = value.object else { throw .bad("the token's header is no JSON object") }
        // Everything else is an extension that must be understood (crit, b64), or brings a key of its own along.
        for member in members.members where !TokenVerifier.isKnown(member.name) {
            throw .bad("the token's header has more than alg, typ and kid")
        }
        if let type = members["typ"] {
            guard let type = type.text, TokenVerifier.isType(type) else { throw .bad("the token's typ is not JWT") }
        }
        guard let algorithm = members["alg"]?.text else { throw .bad("the token has no alg") }
        let place = try place(of: members["kid"])
        guard keys[place].algorithm.isNamed(algorithm) else { throw .bad("the token's alg is not that of its key") }
        return place
    }

    private func place(of id: JSONValue?) throws(TokenError) -> Int {
        guard let id else {
            guard keys.count == 1 else { throw .bad("the token has no kid, and there is not exactly one key") }
            return 0
        }
        guard let id = id.text, isKeyId(id) else { throw .bad("the token's kid is not 1 to 64 printable characters") }
        guard let place = keys.firstIndex(where: { $0.id == id }) else { throw .bad("no key has the token's kid") }
        return place
    }

    private static func isKnown(_ name: [UInt8]) -> Bool {
        name.isText("alg") || name.isText("typ") || name.isText("kid")
    }
    private static func isType(_ type: [UInt8]) -> Bool {
        type.withUnsafeBytes { matchesLowercase($0, "jwt") || matchesLowercase($0, "at+jwt") }
    }
}

extension TokenAlgorithm {
    /// Whether these bytes are its name.
    package func isNamed(_ name: [UInt8]) -> Bool { name.elementsEqual(rawValue.utf8) }
}

/// Whether the bytes can be the id of a key: printable ASCII, of a bounded length.
package func isKeyId(_ id: [UInt8]) -> Bool {
    !id.isEmpty && id.count <= Limits.keyIdBytes && id.allSatisfy { $0 >= 32 && $0 <= 126 }
}
