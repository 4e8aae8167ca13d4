import CTLS
import Wire

/// A server's certificate and its key, from the files of `tls.certificate` and `tls.key`.
package struct ServerCertificate {
    package let context: TLSContext
    /// The certificate, and those that it was signed by.
    package let pem: [UInt8]

    /// A file that can't be read or used.
    package struct Mistake: Error, CustomStringConvertible {
        /// The error of the caller's `read`. `nil` if the file was read, and is no good.
        package let unread: (any Error)?
        /// It begins with the setting.
        package let description: String
    }

    /// `read` gives a file's bytes, up to as many as it is asked for; its error names the file. The bytes of the key
    /// are overwritten when OpenSSL has them.
    package init(
        certificate: String, key: String, read: (_ path: String, _ most: Int) throws -> [UInt8]
    ) throws(Mistake) {
        func bytes(_ setting: String, _ file: String) throws(Mistake) -> [UInt8] {
            let bytes: [UInt8]
            do { bytes = try read(file, Limits.certificateBytes + 1) } catch {
                throw Mistake(unread: error, description: "\(setting): \(error)")
            }
            guard bytes.count <= Limits.certificateBytes else {
                let most = "it has more than \(Limits.certificateBytes / 1024) KiB"
                throw Mistake(unread: nil, description: "\(setting): \(file): \(most)")
            }
            return bytes
        }
        pem = try bytes("tls.certificate", certificate)
        var secret = try bytes("tls.key", key)
        defer { secret.withUnsafeMutableBytes { mc_wipe($0.baseAddress, $0.count) } }
        do { context = try TLSContext(certificate: pem, key: secret) } catch {
            let place = error.isKey ? "tls.key: \(key)" : "tls.certificate: \(certificate)"
            throw Mistake(unread: nil, description: "\(place): \(error.description)")
        }
    }
}
