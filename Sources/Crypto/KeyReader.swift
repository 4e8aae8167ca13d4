import Tokens
import Wire

/// Reads one JSON Web Key (RFC 7517, 4). Members that are not known here are ignored, as the RFC wants it.
struct KeyReader {
    private let members: JSONMembers
    typealias Refusal = SignatureKey.Refusal

    init(_ value: JSONValue) throws(Refusal) {
        guard let members = value.object else { throw Refusal(message: "it is no JSON object") }
        self.members = members
    }

    /// Its `kid`, if that can be one. It is for messages, too.
    func id() throws(Refusal) -> [UInt8] {
        guard let value = members["kid"] else { return [] }
        guard let id = value.text, isKeyId(id) else {
            throw Refusal(message: "its kid is not 1 to 64 printable characters")
        }
        return id
    }

    func key() throws(Refusal) -> (TokenAlgorithm, SignatureKey) {
        let algorithm = try algorithm()
        try checkUse()
        if members["oth"] != nil { throw Refusal(message: "an RSA key of more than two primes") }
        var bytes: [String: [UInt8]] = [:]
        let names = SignatureKey.memberNames(of: algorithm)
        for name in names {
            guard let value = members.value(name) else { continue }
            guard let decoded = value.text?.withUnsafeBytes({ Base64URL.decode($0) }), !decoded.isEmpty else {
                throw Refusal(message: "a member of its value is not base64url")
            }
            bytes[name] = decoded
        }
        for name in names.prefix(while: { $0 != "d" }) where bytes[name] == nil {
            throw Refusal(message: "a member of its value is missing")
        }
        let primes = ["p", "q", "dp", "dq", "qi"].filter { bytes[$0] != nil }.count
        guard primes == 0 || (primes == 5 && bytes["d"] != nil) else {
            throw Refusal(message: "some of d, p, q, dp, dq and qi are missing")
        }
        return (algorithm, try SignatureKey.read(algorithm) { bytes[$0] ?? [] })
    }

    private func algorithm() throws(Refusal) -> TokenAlgorithm {
        guard let type = members["kty"]?.text else { throw Refusal(message: "it has no kty") }
        guard let name = members["alg"]?.text else { throw Refusal(message: "it has no alg") }
        guard let algorithm = TokenAlgorithm.allCases.first(where: { $0.isNamed(name) }) else {
            throw Refusal(message: "its alg is none of HS256, RS256, ES256 and EdDSA")
        }
        let (wanted, curve): (StaticString, StaticString?) =
            switch algorithm {
            case .hs256: ("oct", nil)
            case .rs256: ("RSA", nil)
            case .es256: ("EC", "P-256")
            case .edDSA: ("OKP", "Ed25519")
            }
        guard type.isText(wanted) else { throw Refusal(message: "its kty is not that of its alg") }
        if let curve {
            guard let name = members["crv"]?.text, name.isText(curve) else {
                throw Refusal(message: "its crv is not that of its alg")
            }
        }
        return algorithm
    }

    /// A key for something else is refused (RFC 7517, 4.2 and 4.3).
    private func checkUse() throws(Refusal) {
        if let use = members["use"] {
            guard let use = use.text, use.isText("sig") else { throw Refusal(message: "its use is not sig") }
        }
        if let operations = members["key_ops"] {
            let names = operations.list?.compactMap(\.text) ?? []
            guard names.contains(where: { $0.isText("verify") || $0.isText("sign") }) else {
                throw Refusal(message: "its key_ops have neither verify nor sign")
            }
        }
    }
}

extension JSONMembers {
    fileprivate func value(_ name: String) -> JSONValue? {
        members.first { $0.name.elementsEqual(name.utf8) }?.value
    }
}
