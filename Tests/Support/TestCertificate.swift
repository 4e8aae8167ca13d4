import Glibc

/// A certificate for localhost and its key, in PEM, made by openssl once for each run.
public struct TestCertificate: Sendable {
    public let certificate: String
    public let key: String

    public static let p256 = made(p256Key)
    public static let rsa = made(["-newkey", "rsa:2048"])
    public static let p256Key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]

    /// Writes both into a folder, and returns their paths.
    public func write(in folder: Folder) throws -> (certificate: String, key: String) {
        (try folder.write("certificate.pem", certificate), try folder.write("key.pem", key))
    }

    private static func made(_ kind: [String]) -> TestCertificate {
        do {
            let folder = try Folder()
            let files = try Files(folder, "localhost", kind)
            return TestCertificate(
                certificate: contents(ofFile: files.certificate), key: contents(ofFile: files.key))
        } catch {
            fatalError("\(error)")
        }
    }

    /// One of its own, in files.
    public struct Files {
        public let certificate: String
        public let key: String

        /// `name` is that of the files and of the certificate's subject. `options` are those of `openssl req`.
        public init(
            _ folder: Folder, _ name: String, _ options: [String] = TestCertificate.p256Key, days: Int = 30
        ) throws {
            (certificate, key) = (folder.path + "/\(name).pem", folder.path + "/\(name).key")
            let wanted = ["req", "-x509", "-days", "\(days)", "-subj", "/CN=\(name)", "-addext"]
            let names = ["subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate]
            let secret = options.contains("-passout") ? [] : ["-nodes"]
            let run = try Program.run("/usr/bin/openssl", wanted + names + secret + options, in: folder)
            guard run.end == .exited(0) else { throw Failure("openssl makes no certificate: \(run.output)") }
        }
        /// Its files get what the other's have.
        public func become(_ other: Files) throws {
            for (own, new) in [(certificate, other.certificate), (key, other.key)] {
                let text = contents(ofFile: new)
                guard let file = fopen(own, "w") else { throw Failure("\(own) can't be written") }
                fputs(text, file)
                fclose(file)
            }
        }
        /// The two lines of the section `tls`.
        public var settings: String { "certificate = \"\(certificate)\"\nkey = \"\(key)\"\n" }
    }
}
