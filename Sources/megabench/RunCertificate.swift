import Glibc

/// A certificate for one run and its key, made by openssl in the run's private folder. Its key is of P-256.
struct RunCertificate {
    let certificate: String
    let key: String

    init(in folder: PrivateFolder) throws {
        (certificate, key) = (folder.path + "/certificate.pem", folder.path + "/key.pem")
        let command = [
            "openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out",
            certificate,
        ]
        let program = try ChildProcess(command, log: folder.log)
        guard program.hasEnded(within: 30), access(certificate, R_OK) == 0, access(key, R_OK) == 0 else {
            program.stop(patience: 1)
            throw Fleet.Trouble(description: "openssl makes no certificate\(folder.lastLines)")
        }
    }
}
