/// A certificate for localhost and its key, in PEM, made by openssl once for each run.
public struct TestCertificate: Sendable {
    public let certificate: String
    public let key: String

    public static let p256 = made(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
    public static let rsa = made(["-newkey", "rsa:2048"])

    /// Writes both into a folder, and returns their paths.
    public func write(in folder: Folder) throws -> (certificate: String, key: String) {
        (try folder.write("certificate.pem", certificate), try folder.write("key.pem", key))
    }

    private static func made(_ kind: [String]) -> TestCertificate {
        do {
            let folder = try Folder()
            let (certificate, key) = (folder.path + "/certificate.pem", folder.path + "/key.pem")
            let wanted = ["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext"]
            let names = ["subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate]
            _ = try Program.run("/usr/bin/openssl", wanted + names + kind, in: folder)
            return TestCertificate(certificate: contents(ofFile: certificate), key: contents(ofFile: key))
        } catch {
            fatalError("openssl makes no certificate: \(error)")
        }
    }
}
