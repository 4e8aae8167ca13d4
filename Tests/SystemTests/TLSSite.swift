import FreePorts
import Glibc
import TestSupport

/// An appliance with all ports that there can be, once they are opened.
struct TLSSite {
    let appliance: Appliance
    /// The first of the workers' own ports for TLS.
    let tls: Int
    let (shared, sharedTLS): (Int, Int)
    let certificate: TestCertificate.Files

    /// `days` is how long the certificate is good.
    init(workers: Int = 2, days: Int = 30) throws {
        (tls, shared, sharedTLS) = (try Ports.free(workers), try Ports.free(), try Ports.free())
        appliance = try Appliance(workers: workers, SupervisionDeathTests.quick, starts: false)
        certificate = try TestCertificate.Files(appliance.folder, "one", days: days)
        let made = time(nil)
        try eventually("its whole days are one less, whichever second this is") { days > 14 || time(nil) > made }
    }
    /// Adds the ports and the certificate to the file.
    func open() throws {
        let text = contents(ofFile: appliance.configuration)
        _ = try appliance.folder.write(
            "megacomet.toml",
            text.replacing("[workers]\n", with: "[workers]\nport = \(shared)\n")
                + "\n[tls]\n\(certificate.settings)base_port = \(tls)\nport = \(sharedTLS)\n")
    }
    /// The names of what a process inherited.
    func inherited(_ name: String) throws -> String {
        let environment = contents(ofFile: "/proc/\(try appliance.pid(name))/environ").split(separator: "\0")
        return environment.first { $0.hasPrefix("LISTEN_FDNAMES=") }.map { String($0.dropFirst(15)) } ?? ""
    }
}
