package import Tokens

/// The keys of tokens, from files with JWK sets (RFC 7517, 5).
package final class Keyring {
    /// What may be known of each key, in the order of the files.
    package let keys: [TokenKey]

    /// A file that is no set of keys, or a key that can't be used. The message names the key by its place, and has
    /// nothing of its value.
    package struct Mistake: Error, Equatable, CustomStringConvertible { package let description: String }

    /// `files` have the bytes of JWK sets, each with the name of its file.
    package init(_ files: [(name: String, bytes: [UInt8])]) throws(Mistake) {
        throw Mistake(description: "no keys are read yet")
    }

    /// Whether the signature is that of the key at this place.
    package func verify(_ key: Int, _ signed: UnsafeRawBufferPointer, _ signature: UnsafeRawBufferPointer) -> Bool {
        false
    }
    /// The signature of the key at this place. `nil` if the key can only verify.
    package func sign(_ key: Int, _ signed: UnsafeRawBufferPointer) -> [UInt8]? { nil }
}
