import Base
package import Tokens

extension Keyring {
    /// A JWK set with a new key, as text. It has the private part. `nil` if libcrypto or the system can't make one.
    package static func newSet(_ algorithm: TokenAlgorithm, id: String) -> String? {
        let members: [(String, [UInt8])]
        if algorithm == .hs256 {
            guard let secret = randomBytes(32) else { return nil }
            members = [("k", secret)]
        } else {
            guard let key = SignatureKey.new(algorithm) else { return nil }
            members = SignatureKey.memberNames(of: algorithm).map { ($0, key.member($0)) }
        }
        return setText([keyText(TokenKey(id: Array(id.utf8), algorithm: algorithm), members)])
    }

    /// The JWK set with the public parts of the keys, as text, and how many keys are left out because they have none:
    /// those of HS256. `nil` if none is left.
    package func publicSet() -> (text: String?, leftOut: Int) {
        let known = keys.indices.filter { keys[$0].algorithm != .hs256 }
        let texts = known.map { place in
            let names = SignatureKey.memberNames(of: keys[place].algorithm).prefix { $0 != "d" }
            return Keyring.keyText(keys[place], names.map { ($0, secrets[place].member($0)) })
        }
        return (texts.isEmpty ? nil : Keyring.setText(texts), keys.count - known.count)
    }

    private static func setText(_ keys: [String]) -> String { "{\"keys\":[\n" + keys.joined(separator: ",\n") + "\n]}" }
    private static func keyText(_ key: TokenKey, _ members: [(String, [UInt8])]) -> String {
        var texts: [(String, String)] = [("kty", type(of: key.algorithm))]
        if !key.id.isEmpty { texts.append(("kid", String(decoding: key.id, as: UTF8.self))) }
        texts += [("alg", key.algorithm.rawValue), ("use", "sig")]
        switch key.algorithm {
        case .es256: texts.append(("crv", "P-256"))
        case .edDSA: texts.append(("crv", "Ed25519"))
        case .hs256, .rs256: break
        }
        for (name, bytes) in members {
            var out = Buffer()
            bytes.withUnsafeBytes { Base64URL.append($0, to: &out) }
            texts.append((name, String(decoding: out.bytes, as: UTF8.self)))
        }
        return "{" + texts.map { "\"\($0.0)\":\(jsonText($0.1))" }.joined(separator: ",") + "}"
    }
    private static func type(of algorithm: TokenAlgorithm) -> String {
        switch algorithm {
        case .hs256: "oct"
        case .rs256: "RSA"
        case .es256: "EC"
        case .edDSA: "OKP"
        }
    }
}
