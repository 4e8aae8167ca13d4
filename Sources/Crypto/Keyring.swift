package import Tokens
import Wire

/// The keys of tokens, from files with JWK sets (RFC 7517, 5).
package final class Keyring {
    /// The public facts of each key, in the order of the files.
    package private(set) var keys: [TokenKey] = []
    private(set) var secrets: [SignatureKey] = []

    /// A file that is no set of keys, or a key that can't be used. The message names the key by its place or its `kid`,
    /// and has nothing of its value.
    package struct Mistake: Error, Equatable, CustomStringConvertible { package let description: String }

    /// `files` have the bytes of JWK sets, each with the name of its file. A file may also be a single JWK.
    package init(_ files: [(name: String, bytes: [UInt8])]) throws(Mistake) {
        for file in files { try read(file.name, file.bytes) }
        // A token that names no key may be meant for any of several.
        if keys.count > 1, keys.contains(where: \.id.isEmpty) {
            throw Mistake(description: "there are several keys, and one has no kid")
        }
    }
    /// The keys of the files at these paths. `read` gives a file's bytes, up to as many as it is asked for; its error
    /// names the file.
    package convenience init(
        reading paths: [String], _ read: (_ path: String, _ most: Int) throws -> [UInt8]
    ) throws(Mistake) {
        var files: [(name: String, bytes: [UInt8])] = []
        for path in paths {
            do { files.append((path, try read(path, Limits.keyFileBytes + 1))) } catch {
                throw Mistake(description: "\(error)")
            }
        }
        try self.init(files)
    }
    init(_ key: TokenKey, _ secret: SignatureKey) {
        keys = [key]
        secrets = [secret]
    }

    /// Whether a key has the private part that only those who make tokens need. (An HS256 key is always such a secret,
    /// and does not count here.)
    package var hasPrivateKeys: Bool {
        keys.indices.contains { keys[$0].algorithm != .hs256 && secrets[$0].canSign }
    }
    /// The place of the first key that can sign, or of the one with this `kid`.
    package func signer(_ id: [UInt8]? = nil) -> Int? {
        keys.indices.first { secrets[$0].canSign && (id == nil || keys[$0].id == id) }
    }

    /// Whether the signature is that of the key at this place.
    package func verify(_ key: Int, _ signed: UnsafeRawBufferPointer, _ signature: UnsafeRawBufferPointer) -> Bool {
        secrets[key].verify(signed, signature)
    }
    /// The signature of the key at this place. `nil` if the key can only verify.
    package func sign(_ key: Int, _ signed: UnsafeRawBufferPointer) -> [UInt8]? { secrets[key].sign(signed) }

    private func read(_ file: String, _ bytes: [UInt8]) throws(Mistake) {
        func mistake(_ text: String) -> Mistake { Mistake(description: "\(file) \(text)") }
        guard bytes.count <= Limits.keyFileBytes else { throw mistake("is too large for a set of keys") }
        let value: JSONValue
        do { value = try JSONReader.value(of: bytes) } catch { throw mistake("\(error.message)") }
        guard let members = value.object else { throw mistake("is no JSON object") }
        var values = [value]
        let isSet = members["keys"] != nil || members["kty"] == nil
        if isSet {
            guard let list = members["keys"]?.list else { throw mistake("has no list of keys") }
            guard !list.isEmpty else { throw mistake("has no key") }
            values = list
        }
        for (place, value) in values.enumerated() {
            let name = isSet ? "keys[\(place)]" : "its key"
            guard keys.count < Limits.tokenKeys else { throw mistake("\(name): there are too many keys") }
            do { try add(value) } catch { throw mistake("\(name): \(error.message)") }
        }
    }
    private func add(_ value: JSONValue) throws(SignatureKey.Refusal) {
        let reader = try KeyReader(value)
        let id = try reader.id()
        guard id.isEmpty || !keys.contains(where: { $0.id == id }) else {
            throw SignatureKey.Refusal(message: "another key has the same kid")
        }
        let (algorithm, secret) = try reader.key()
        keys.append(TokenKey(id: id, algorithm: algorithm))
        secrets.append(secret)
    }
}
