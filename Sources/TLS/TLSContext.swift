import CTLS

/// A certificate with its key, or what a client needs: what handshakes begin with. Sessions that began with a context
/// keep what they need of it.
package final class TLSContext {
    let pointer: OpaquePointer
    let isClient: Bool
    /// Whether sessions are parked after their handshake, if they can be. Otherwise they keep their SSL object.
    package var parks = true

    /// A certificate or key that can't be used.
    package struct Mistake: Error, Equatable, CustomStringConvertible {
        /// It is about the key's file, and not the certificate's.
        package let isKey: Bool
        package let description: String
    }

    /// A server's, from PEM: the certificate with those that it was signed by, and its private key.
    package init(certificate: [UInt8], key: [UInt8]) throws(Mistake) {
        var reason: Int32 = 0
        guard let made = mc_tls_server(certificate, certificate.count, key, key.count, &reason) else {
            throw TLSContext.mistake(reason)
        }
        (pointer, isClient) = (made, false)
    }
    private static func mistake(_ reason: Int32) -> Mistake {
        switch Int(reason) {
        case Int(MC_TLS_NO_CERTIFICATE):
            Mistake(isKey: false, description: "it has no certificate in PEM, or one that can't be read")
        case Int(MC_TLS_NO_KEY):
            Mistake(isKey: true, description: "it has no private key in PEM, or one that can't be read")
        case Int(MC_TLS_KEY_HAS_PASSWORD):
            Mistake(isKey: true, description: "its key has a password, and nobody is there to type it")
        case Int(MC_TLS_PAIR): Mistake(isKey: true, description: "its key is not that of the certificate")
        case Int(MC_TLS_WEAK): Mistake(isKey: false, description: "OpenSSL refuses it as too weak")
        default: Mistake(isKey: false, description: "OpenSSL can't use it")
        }
    }

    /// A client's, which believes every server. It is for load and tests. `nil`: OpenSSL can't.
    package init?(only suite: CipherSuite?, is12: Bool = false) {
        guard let made = mc_tls_client() else { return nil }
        (pointer, isClient) = (made, true)
        if let suite { mc_tls_only_suite(made, suite.name) }
        if is12 { mc_tls_only_12(made) }
    }
    deinit { mc_tls_context_free(pointer) }

    /// When a server's certificate ends, in seconds since 1970.
    package var certificateEnd: Int64 { mc_tls_certificate_end(pointer) }

    /// The keys of session tickets, for the whole process: each of `ticketKeyBytes`. Tickets are made with the first.
    package static func useTicketKeys(_ keys: [[UInt8]]) {
        mc_tls_ticket_keys(keys.flatMap(\.self), Int32(keys.count))
    }
    package static let ticketKeyBytes = Int(MC_TICKET_KEY)
    /// Gives the memory of handshakes that are over back to the system. It looks at the whole heap.
    package static func giveMemoryBack() { mc_tls_give_back() }
    /// Keeps private keys out of core files. Call it before the first context is made.
    package static func protectKeys() -> Bool { mc_tls_protect_keys() == 1 }
    /// From now on nothing of a handshake that is over stays in memory that was freed. Call it before anything else of
    /// OpenSSL; false: that is too late.
    package static func wipeFreedMemory() -> Bool { mc_tls_wipe_freed() == 1 }
}

/// A certificate's own words: its term, its names, and who signed it.
package struct Certificate: Equatable, Sendable {
    /// Seconds since 1970.
    package let notBefore: Int64
    package let notAfter: Int64
    /// How many certificates the file has.
    package let inChain: Int
    package let isSelfSigned: Bool
    /// Each is signed by the next, and the last by itself or by one that this machine trusts.
    package let isComplete: Bool
    /// The name of the one who signed the last of them.
    package let issuer: String
    /// The names that it is for.
    package let names: [String]

    /// The first in these bytes. `nil` if there is none.
    package init?(pem: [UInt8]) {
        var read = mc_certificate()
        guard mc_certificate_read(pem, pem.count, &read) == 1 else { return nil }
        notBefore = read.not_before
        notAfter = read.not_after
        inChain = Int(read.in_chain)
        isSelfSigned = read.is_self_signed == 1
        isComplete = read.is_complete == 1
        issuer = withUnsafeBytes(of: read.issuer) { Certificate.text($0) }
        // The separator is a character. A string would bring Swift's regular expressions, 1.2 MB for each program.
        names = withUnsafeBytes(of: read.names) { Certificate.text($0) }.split(separator: "\n").map(String.init)
    }
    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
