import Comet
import Configuration
import Daemon
import Glibc
import Logging
import Reactor
import TLS
import Wire

/// The certificate of the workers. A worker reads it at its start, and again when it is told to.
enum Certificates {
    struct Mistake: Error {
        /// 77 or 78, the code with which a program ends that can't go on.
        let code: Int32
        let description: String
    }
    /// What handshakes begin with, and when the certificate ends, in seconds since 1970.
    struct Read {
        let context: TLSContext
        let end: Int64
    }

    /// `nil` if TLS is off.
    static func read(_ settings: Settings.TLS) throws(Mistake) -> Read? {
        guard settings.isOn else { return nil }
        let certificate = try bytes("tls.certificate", settings.certificate)
        var key = try bytes("tls.key", settings.key)
        defer { key.withUnsafeMutableBytes { TLSContext.wipe($0) } }
        do {
            return Read(
                context: try TLSContext(certificate: certificate, key: key),
                end: Certificate(pem: certificate)?.notAfter ?? 0)
        } catch {
            let (setting, file) =
                error.isKey ? ("tls.key", settings.key) : ("tls.certificate", settings.certificate)
            throw Mistake(code: 78, description: "\(setting): \(file): \(error.description)")
        }
    }
    private static func bytes(_ setting: String, _ file: String) throws(Mistake) -> [UInt8] {
        let bytes: [UInt8]
        do { bytes = try Files.regularBytes(file, most: Limits.certificateBytes + 1) } catch {
            throw Mistake(code: error.code == EACCES ? 77 : 78, description: "\(setting): \(error)")
        }
        guard bytes.count <= Limits.certificateBytes else {
            throw Mistake(code: 78, description: "\(setting): \(file) is too large for a certificate")
        }
        return bytes
    }
}

extension WorkerProcess {
    /// Reads the certificate again. If it can't be used, the one that counts stays. Connections stay in any case.
    func readCertificateAgain() {
        do throws(Certificates.Mistake) {
            use(try Certificates.read(daemon.arguments.settings.tls))
            if certificateEnd > 0 { daemon.log.info("the certificate was read again") }
        } catch {
            daemon.event(.error, "CERTIFICATE_BAD", "the certificate stays as it is: \(error.description)")
        }
    }
    func useTicketKeys(_ keys: [[UInt8]]) {
        TLSContext.useTicketKeys(keys.filter { $0.count == TLSContext.ticketKeyBytes })
    }
    func use(_ read: Certificates.Read?) {
        clients.secure.use(read?.context)
        certificateEnd = read.map { UInt64(max(0, $0.end)) } ?? 0
    }
}
