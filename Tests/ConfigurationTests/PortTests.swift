import Configuration
import ConfigurationFile
import Testing

/// Ports that meet, and ports for TLS without what they need.
@Suite struct PortTests {
    private func errors(_ text: String) -> [String] {
        guard case .errors(let errors) = ConfigurationFile.parse(text, file: "m.toml") else { return [] }
        return errors.map(\.description)
    }
    private let files = "certificate = \"/etc/c.pem\"\nkey = \"/etc/c.key\"\n"

    @Test func portsForTLS_thatMeetOthers_areNamedWithTheirWorker() {
        #expect(errors("[tls]\n\(files)base_port = 8443\nport = 443").isEmpty)
        #expect(
            errors("[tls]\n\(files)base_port = 8995") == [
                "m.toml:4: tls.base_port: port 9000 of worker-5 is manager.port's already",
                "m.toml:4: tls.base_port: port 9001 of worker-6 is app.port's already",
            ])
        #expect(
            errors("[tls]\n\(files)base_port = 8006") == [
                "m.toml:4: tls.base_port: port 8006 of worker-0 is worker-6's (workers.base_port 8000, workers.count 8)"
            ])
        #expect(
            errors("[workers]\nport = 8443\n[tls]\n\(files)base_port = 8440\nport = 8441") == [
                "m.toml:6: tls.base_port: port 8443 of worker-3 is workers.port's already",
                "m.toml:7: tls.port: port 8441 is worker-1's for TLS (tls.base_port 8440, workers.count 8)",
            ])
        #expect(errors("[workers]\nport = 8443\n[tls]\n\(files)port = 8443")[0].contains("is workers.port's already"))
        #expect(
            errors("[workers]\nport = 8007") == [
                "m.toml:2: workers.port: port 8007 is worker-7's (workers.base_port 8000, workers.count 8)"
            ])
        #expect(
            errors("[tls]\n\(files)base_port = 65530") == [
                "m.toml:4: tls.base_port: 8 workers from port 65530 on end above port 65535"
            ])
    }

    @Test func certificateKeyAndPorts_belongTogether() {
        #expect(
            errors("[tls]\nport = 443") == ["m.toml:1: tls.certificate: no file is named, and tls.port needs one"])
        #expect(
            errors("[tls]\nbase_port = 8443\nkey = \"/k\"") == [
                "m.toml:1: tls.certificate: no file is named, and tls.base_port needs one"
            ])
        #expect(
            errors("[tls]\nport = 443\ncertificate = \"/c\"") == [
                "m.toml:1: tls.key: no file is named for the key of tls.certificate (it may be the same file)"
            ])
        #expect(errors("[tls]\nkey = \"/k\"") == ["m.toml:1: tls.certificate: no file is named for the key of tls.key"])
        #expect(
            errors("[tls]\n\(files)") == [
                "m.toml:1: tls.base_port: neither it nor tls.port is set, so nobody would be served over TLS"
            ])
    }

    @Test func workerKnowsItsPortForTLS() throws {
        var settings = Settings()
        #expect(DaemonArguments(.worker, number: 3, settings: settings).tlsPort == 0)
        settings.tls.basePort = 8443
        let worker = DaemonArguments(.worker, number: 3, settings: settings)
        #expect(worker.tlsPort == 8446 && worker.port == 8003)
        #expect(try DaemonArguments.parse(.worker, worker.arguments) == .run(worker))
    }
}
