import Comet
import Configuration
import Daemon
import Glibc
import Logging
import Reactor
import Stats
import TLS

/// The certificate of the workers. A worker reads it at its start, and again when it is told to.
enum Certificates {
    struct Mistake: Error {
        /// 77 or 78, the code with which a program ends that can't go on.
        let code: Int32
        let description: String
    }

    /// `nil` if TLS is off.
    static func read(_ settings: Settings.TLS) throws(Mistake) -> TLSContext? {
        guard settings.isOn else { return nil }
        do {
            return try ServerCertificate(certificate: settings.certificate, key: settings.key) {
                try Files.regularBytes($0, most: $1)
            }.context
        } catch {
            let isDenied = (error.unread as? SystemError)?.code == EACCES
            throw Mistake(code: isDenied ? 77 : 78, description: error.description)
        }
    }
}

extension WorkerProcess {
    /// Reads the certificate again. If it can't be used, the one that counts stays. Connections stay in any case.
    func readCertificateAgain() {
        do throws(Certificates.Mistake) {
            let context = try Certificates.read(daemon.arguments.settings.tls)
            use(context)
            if context != nil { daemon.log.info("the certificate was read again") }
        } catch {
            daemon.event(.error, .certificateBad, "the certificate stays as it is: \(error.description)")
        }
    }
    func useTicketKeys(_ keys: [[UInt8]]) {
        TLSContext.useTicketKeys(keys.filter { $0.count == TLSContext.ticketKeyBytes })
    }
    func use(_ context: TLSContext?) {
        clients.secure.use(context)
        certificateEnd = UInt64(max(0, context?.certificateEnd ?? 0))
    }
}
