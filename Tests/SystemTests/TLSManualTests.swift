import FreePorts
import Glibc
import TestSupport
import Testing

/// The blocks of docs/tls.txt that operators copy: they do what the page says, as they are written there.
@Suite(.serialized) struct TLSManualTests {
    private static let folder = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex))
    private static let manual = contents(ofFile: folder + "/../../docs/tls.txt")

    /// The indented lines behind the one that has `words`.
    private static func block(_ words: String) throws -> [String] {
        let lines = manual.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.contains(words) })
        return lines[(start + 1)...].prefix { $0.hasPrefix("    ") }.map { String($0.dropFirst(4)) }
    }

    /// An appliance that has certificate and key in one file, and the hook, with the paths of this folder. The programs
    /// that the hook calls by name are in `bin`.
    private struct Renewal {
        let site: TLSSite
        var folder: Folder { site.appliance.folder }
        var file: String { folder.path + "/tls.pem" }

        init() throws {
            site = try TLSSite(workers: 1)
            try site.open()
            let settings = contents(ofFile: site.appliance.configuration)
            let (certificate, key) = (site.certificate.certificate, site.certificate.key)
            let merged = settings.replacing(certificate, with: file).replacing(key, with: file)
            _ = try folder.write("megacomet.toml", merged)

            mkdir(folder.path + "/bin", 0o700)
            let program = "'\(Program.folder)/megacomet' \"$@\" -c \(site.appliance.configuration)"
            try script("bin/megacomet", "exec \(program)")
            // It tells of the appliance of this test, as systemd tells of its unit.
            try script("bin/systemctl", "[ \"$*\" = '-q is-active megacomet' ] && exec megacomet status >/dev/null")
            let block = try TLSManualTests.block("renewal-hooks/deploy/megacomet, mode 755")
            #expect(block.first == "#!/bin/sh" && block.count > 8)
            let group = try #require(getgrgid(getgid())).pointee.gr_name
            let own = try #require(group.map { String(cString: $0) })
            let text = block.joined(separator: "\n").replacing("/etc/megacomet/", with: folder.path + "/")
                .replacing("chgrp megacomet ", with: "chgrp \(own) ")
            #expect(!text.contains("/etc/") && text.contains("chgrp \(own) "), "\(text)")
            try script("hook", text)
        }
        private func script(_ name: String, _ text: String) throws {
            let text = text.hasPrefix("#!") ? text + "\n" : "#!/bin/sh\n" + text + "\n"
            chmod(try folder.write(name, text), 0o700)
        }
        /// certbot renews the certificate of a name, and calls the hook.
        func renew(_ name: String, _ certificate: TestCertificate.Files) throws -> (end: Program.End, output: String) {
            let lineage = "live/\(name)"
            mkdir(folder.path + "/live", 0o700)
            mkdir(folder.path + "/" + lineage, 0o700)
            _ = try folder.write(lineage + "/privkey.pem", contents(ofFile: certificate.key))
            _ = try folder.write(lineage + "/fullchain.pem", contents(ofFile: certificate.certificate))
            let path = "PATH=\(folder.path)/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            let words = [path, "RENEWED_LINEAGE=\(folder.path)/\(lineage)", "\(folder.path)/hook"]
            return try Program.run("/usr/bin/env", words, in: folder)
        }
        /// Whether a handshake with the worker gives this certificate.
        func isServed(_ certificate: TestCertificate.Files) throws -> Bool {
            let url = "https://localhost:\(site.tls)/_/health"
            let options = ["-sS", "--max-time", "60", "--cacert", certificate.certificate, url]
            return try Program.run("/usr/bin/curl", options, in: folder).end == .exited(0)
        }
    }

    @Test func deployHook_givesTheWorkersARenewedCertificate_andLeavesThoseOfOthersAlone() throws {
        let renewal = try Renewal()
        let (folder, appliance) = (renewal.folder, renewal.site.appliance)
        let first = try TestCertificate.Files(folder, "first")
        let before = try renewal.renew("push.example.org", first)
        #expect(before.end == .exited(0), "nothing runs yet: \(before)")
        var found = stat()
        #expect(stat(renewal.file, &found) == 0 && found.st_mode & 0o7777 == 0o640)
        try appliance.start()
        #expect(try renewal.isServed(first))

        let second = try TestCertificate.Files(folder, "second", days: 90)
        let renewed = try renewal.renew("push.example.org", second)
        #expect(renewed.end == .exited(0) && renewed.output.contains("in force: tls.certificate"), "\(renewed)")
        try eventually("the new one is served") { try renewal.isServed(second) }
        #expect(try !renewal.isServed(first))

        let mail = try TestCertificate.Files(folder, "mail", days: 90)
        let other = try renewal.renew("mail.example.org", mail)
        #expect(other.end == .exited(0) && other.output.isEmpty, "\(other)")
        #expect(contents(ofFile: renewal.file).hasSuffix(contents(ofFile: second.certificate)))
        #expect(!Folder.names(in: folder.path).contains("tls.pem.new"))
    }

    private static func listener(forBothFamilies port: Int) throws -> Int32 {
        let made = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(made) }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = in_port_t(UInt16(port).bigEndian)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(made, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
        guard result == 0, listen(made, 64) == 0 else { throw Failure("no socket for both families at \(port)") }
        // It moves away from the numbers under which a program inherits its listeners.
        return fcntl(made, F_DUPFD_CLOEXEC, 200)
    }

    /// systemd binds the port of the unit and hands it over at each start, beside the listeners that it keeps.
    @Test func socketUnit_isTakenAsThePortOfTLS_atEachStart() throws {
        let unit = try Self.block("/etc/systemd/system/megacomet.socket")
        #expect(unit.contains("[Socket]") && unit.contains("ListenStream=443"))
        let site = try TLSSite(workers: 1)
        let appliance = site.appliance
        try site.open()
        // A line with a port alone is one socket for both families.
        let bound = try Self.listener(forBothFamilies: site.sharedTLS)
        defer { close(bound) }
        let manager = try ServiceManagerSocket("\(appliance.folder.path)/notify")
        appliance.environment["NOTIFY_SOCKET"] = manager.path
        for _ in 1...2 {
            appliance.listeners = [("megacomet.socket", bound)] + manager.store
            _ = try appliance.launch()
            try manager.wait(for: "READY=1")
            #expect(try site.inherited("worker-0") == "clients:tls:shared:shared-tls")
            let url = "https://localhost:\(site.sharedTLS)/_/health"
            let options = ["-sS", "--max-time", "60", "--cacert", site.certificate.certificate, url]
            let answer = try Program.run("/usr/bin/curl", options, in: appliance.folder)
            #expect(answer.end == .exited(0), "\(answer)")
            #expect(Processes.listeningAddresses(site.sharedTLS).count == 1)
            #expect(try !appliance.events().contains("SOCKETS"))
            appliance.supervisor?.signal(SIGTERM)
            #expect(try appliance.supervisor?.waitForExit() == .exited(0))
            manager.readAll()
        }
    }
}
