extension Setting {
    /// TLS in the workers.
    static let ofTLS: [Setting] = [
        Setting(
            "tls.certificate", .text(\.tls.certificate, .pathOrEmpty), .restart, worker: "tls-certificate",
            "The file with the certificate of the workers, in PEM, and behind it those that it was signed by. "
                + "`megacomet reload` reads it again and cuts nobody."),
        Setting(
            "tls.key", .text(\.tls.key, .pathOrEmpty), .restart, worker: "tls-key",
            "The file with the certificate's private key, in PEM, without a password."),
        Setting(
            "tls.base_port", .integer(\.tls.basePort, 0...65_535, unit: "port"), .start, worker: "tls-base-port",
            "Worker n also listens on base_port + n, for clients over TLS. 0 means none."),
        Setting(
            "tls.port", .integer(\.tls.port, 0...65_535, unit: "port"), .start, worker: "tls-port",
            "A port from which all workers take connections over TLS. 443 is that of https URLs. 0 means none."),
    ]
}
