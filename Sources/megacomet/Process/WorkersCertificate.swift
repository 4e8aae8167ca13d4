import ArgumentParser
import Base
import Configuration
import Glibc
import Reactor
import Stats
import Supervision
import TLS

/// The certificate of the workers, in the files of `tls.certificate` and `tls.key`, as supervisor and commands look at
/// it. The workers read the files themselves; here nothing of the key is kept.
struct WorkersCertificate {
    let certificate: Certificate
    let file: String
    private let keyFile: String
    /// The key's file has permissions for everyone.
    private let isKeyOpen: Bool

    /// Reads the files. `nil` if there is no TLS. Throws if no worker could serve with them.
    static func read(_ settings: Settings) throws(StartFailure) -> WorkersCertificate? {
        guard settings.tls.isOn, !settings.tls.certificate.isEmpty else { return nil }
        return try WorkersCertificate(settings.tls.certificate, settings.tls.key)
    }
    private init(_ file: String, _ keyFile: String) throws(StartFailure) {
        var mode: UInt32 = 0
        let pem: [UInt8]
        do {
            // The key is read last, and the permissions are those of its file.
            pem = try ServerCertificate(certificate: file, key: keyFile) {
                let read = try WorkersCertificate.contents($0, most: $1)
                mode = read.mode
                return read.bytes
            }.pem
        } catch {
            throw StartFailure(
                (error.unread as? StartFailure)?.code ?? StartFailure.configuration, error.description)
        }
        guard let certificate = Certificate(pem: pem) else {
            let why = "it has no certificate in PEM, or one that can't be read"
            throw StartFailure(StartFailure.configuration, "tls.certificate: \(file): \(why)")
        }
        self.certificate = certificate
        (self.file, self.keyFile) = (file, keyFile)
        isKeyOpen = mode & 0o007 != 0
    }
    private static func contents(_ file: String, most: Int) throws(StartFailure) -> (bytes: [UInt8], mode: UInt32) {
        if let denied = PermissionDenied(file, R_OK) { throw StartFailure(StartFailure.denied, "\(denied)") }
        let why: String
        do {
            if let read = try Files.regular(file, most: most) { return read }
            why = "it is no regular file"
        } catch { why = String(cString: strerror(error.code)) }
        throw StartFailure(StartFailure.configuration, "\(file): \(why)")
    }

    var term: CertificateTerm { CertificateTerm(begins: certificate.notBefore, ends: certificate.notAfter) }
    /// Seconds since 1970.
    static var now: Int64 { Int64(Clock.wallMilliseconds / 1000) }

    /// Something that an operator should know, though the workers serve.
    struct Warning {
        let setting: String
        let file: String
        let text: String
        var severity = Severity.warning
        var sentence: String { "\(setting): \(file): \(text)" }
    }
    /// All but the end, which has an event of its own.
    func warnings(now: Int64) -> [Warning] {
        var found: [Warning] = []
        func say(_ text: String) { found.append(Warning(setting: "tls.certificate", file: file, text: text)) }
        if let text = term.beginning(now: now) { say(text) }
        if certificate.names.isEmpty { say("it has no names (subjectAltName), so no browser takes it") }
        if !certificate.isComplete {
            let issuer = plainText(certificate.issuer, most: 200)
            say(
                (certificate.inChain == 1
                    ? "it has the certificate alone, and this machine does not know who signed it"
                    : "its certificates are not a chain to somebody whom this machine knows")
                    + " (\(issuer)): many clients can't trust it. certbot's whole chain is fullchain.pem")
        }
        if isKeyOpen {
            let text = "everyone on this machine can use it: chmod o= takes that away"
            found.append(Warning(setting: "tls.key", file: keyFile, text: text))
        }
        return found
    }
    func ending(now: Int64) -> Warning? {
        term.ending(now: now).map {
            Warning(setting: "tls.certificate", file: file, text: $0.text, severity: $0.severity)
        }
    }
}

// For the commands.
extension WorkersCertificate {
    /// The mistakes for which no worker could serve over TLS. None if all is well.
    static func check(_ settings: Settings) -> [String] {
        do throws(StartFailure) { _ = try read(settings) } catch { return [error.description] }
        return []
    }
    /// Ends the program with 78 if there is a mistake, and with 77 if a file may not be read.
    static func demand(_ settings: Settings) throws {
        do throws(StartFailure) { _ = try read(settings) } catch {
            complain(plainText(error.description))
            throw ExitCode(error.code)
        }
    }
    /// Sentences for `check`.
    static func notes(_ settings: Settings) -> [String] {
        guard let read = try? read(settings) else { return [] }
        return (read.warnings(now: now) + [read.ending(now: now)].compactMap(\.self)).map { plainText($0.sentence) }
    }
    /// Lines of the doctor's table. None without TLS.
    static func examine(_ settings: Settings) -> [Doctor.Row] {
        func row(_ name: String, _ have: String, _ want: String, _ why: String, _ enough: Bool) -> Doctor.Row {
            Doctor.Row(name: name, have: have, want: want, why: plainText(why), enough: enough)
        }
        do throws(StartFailure) {
            guard let read = try read(settings) else { return [] }
            let (now, ending) = (now, read.ending(now: now))
            let days = read.term.daysLeft(now: now)
            return [
                row(
                    "tls.certificate, days left", "\(days)", ">= \(CertificateTerm.warnsDays)",
                    ending?.sentence ?? "after its end no browser takes it: \(read.term.endText)", ending == nil)
            ] + read.warnings(now: now).map { row($0.setting, "bad", "good", $0.sentence, false) }
        } catch { return [row("tls.certificate", "bad", "good", error.description, false)] }
    }
}
