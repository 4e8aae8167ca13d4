import Glibc
import TestSupport
import Testing

/// The files of certificate and key: what is wrong with them is said before it hurts.
@Suite(.serialized) struct SupervisionCertificateTests {
    private func check(_ site: TLSSite) throws -> (end: Program.End, output: String) {
        try site.appliance.command("check")
    }

    @Test func filesThatNoWorkerCouldUse_areRefused_withFileAndCause() throws {
        let site = try TLSSite()
        try site.open()
        let (folder, files) = (site.appliance.folder, site.certificate)
        let good = try TestCertificate.Files(folder, "good")
        let locked = try TestCertificate.Files(
            folder, "locked", TestCertificate.p256Key + ["-passout", "pass:secret"])
        #expect(try check(site).end == .exited(0))

        /// The files as they are now are refused, by each program in the same words.
        func expectRefusal(_ words: String) throws {
            for command in ["check", "run", "start"] {
                let refused = try site.appliance.command(command)
                #expect(refused.end == .exited(78) && refused.output.contains(words), "\(command): \(refused)")
            }
            try files.become(good)
            #expect(try check(site).end == .exited(0))
        }
        _ = try folder.write("one.key", contents(ofFile: locked.key))
        try expectRefusal("tls.key: \(files.key): its key has a password")
        _ = try folder.write("one.key", contents(ofFile: locked.certificate))
        try expectRefusal("tls.key: \(files.key): it has no private key in PEM")
        _ = try folder.write("one.pem", "nothing")
        try expectRefusal("tls.certificate: \(files.certificate): it has no certificate in PEM")
        _ = try folder.write("one.pem", contents(ofFile: locked.certificate))
        try expectRefusal("tls.key: \(files.key): its key is not that of the certificate")
        try files.become(try TestCertificate.Files(folder, "weak", ["-newkey", "rsa:512"]))
        try expectRefusal("tls.certificate: \(files.certificate): OpenSSL refuses it as too weak")
        _ = try folder.write("one.pem", String(repeating: "x", count: 300_000))
        try expectRefusal("tls.certificate: \(files.certificate): it has more than 256 KiB")
        unlink(files.key)
        try expectRefusal("tls.key: \(files.key): No such file or directory")
        unlink(files.key)
        mkdir(files.key, 0o700)
        let folderAsKey = try check(site)
        #expect(folderAsKey.end == .exited(78) && folderAsKey.output.contains("is no regular file"))
        rmdir(files.key)
        try files.become(good)
        if getuid() != 0 {  // root may read all
            chmod(files.key, 0)
            let refused = try check(site)
            #expect(refused.end == .exited(77) && refused.output.contains("tls.key: permission denied: \(files.key)"))
            chmod(files.key, 0o600)
        }
        for port in [site.tls, site.shared] { #expect(Processes.listeningAddresses(port).isEmpty) }
    }

    @Test func filesThatWork_andMayHurt_areNamed() throws {
        let site = try TLSSite(days: 5)
        try site.open()
        let (folder, files) = (site.appliance.folder, site.certificate)
        let soon = try check(site).output
        #expect(
            soon.contains("tls.certificate: \(files.certificate): it ends on ") && soon.contains("in 4 days"), "\(soon)"
        )
        #expect(!soon.contains("alone") && !soon.contains("everyone"))
        let doctor = try site.appliance.command("doctor")
        #expect(doctor.end == .exited(1))
        let row = try #require(doctor.output.split(separator: "\n").first { $0.contains("days left") })
        #expect(row.hasPrefix("low    tls.certificate, days left ") && row.contains(" 4 ") && row.contains(">= 14"))

        // A leaf without the one that signed it, whom nobody here knows.
        let authority = try TestCertificate.Files(folder, "authority")
        let signed = ["-CA", authority.certificate, "-CAkey", authority.key]
        try files.become(try TestCertificate.Files(folder, "leaf", TestCertificate.p256Key + signed))
        chmod(files.key, 0o644)
        let alone = try check(site)
        #expect(alone.end == .exited(0), "\(alone)")
        #expect(
            alone.output.contains("it has the certificate alone, and this machine does not know who signed it")
                && alone.output.contains("authority)"), "\(alone)")
        #expect(alone.output.contains("tls.key: \(files.key): everyone on this machine can use it: chmod o= "))
        #expect(!alone.output.contains("it ends on"))

        // The whole chain, and the key in the same file.
        chmod(files.certificate, 0o600)
        let whole = contents(ofFile: files.certificate) + contents(ofFile: authority.certificate)
        _ = try folder.write("one.pem", contents(ofFile: files.key) + whole)
        let text = contents(ofFile: site.appliance.configuration)
        _ = try folder.write("megacomet.toml", text.replacing(files.key, with: files.certificate))
        let good = try check(site)
        #expect(good.end == .exited(0) && !good.output.contains("tls."), "\(good)")
    }

    @Test func reloadAndUpgrade_refuseABadFile_andTakeAGoodOne() throws {
        let site = try TLSSite(days: 5)
        try site.open()
        let (appliance, files) = (site.appliance, site.certificate)
        try appliance.start()
        func certificate() throws -> JSON? {
            try JSON.parse(try appliance.command("status", "--json").output)["certificate"]
        }
        #expect(try certificate()?["days_left"]?.int == 4)
        #expect(try certificate()?["names"]?.array?.compactMap(\.string) == ["localhost", "127.0.0.1"])
        #expect(try appliance.command("status").output.contains("(in 4 days)  localhost, 127.0.0.1\n"))
        let ends = try #require(try certificate()?["ends"]?.string)
        let first = try appliance.events()
        #expect(
            first.contains("W - CERTIFICATE_ENDS tls.certificate: \(files.certificate): it ends on \(ends), in 4 days"))

        let good = try TestCertificate.Files(appliance.folder, "good", days: 90)
        _ = try appliance.folder.write("one.pem", contents(ofFile: good.certificate))
        let pair = "tls.key: \(files.key): its key is not that of the certificate"
        let refused = try appliance.command("reload")
        #expect(refused.end != .exited(0) && refused.output.contains(pair), "\(refused)")
        let upgrade = try appliance.command("upgrade")
        #expect(upgrade.end != .exited(0) && upgrade.output.contains(pair), "\(upgrade)")
        let events = try appliance.events()
        #expect(events.contains("RELOAD_FAILED") && events.contains("UPGRADE_FAILED"))
        #expect(try certificate()?["days_left"]?.int == 4, "all stays")

        try files.become(good)
        let taken = try appliance.command("reload")
        #expect(taken.end == .exited(0) && taken.output.contains("in force: tls.certificate"), "\(taken)")
        #expect(try certificate()?["days_left"]?.int ?? 0 >= 89)
        #expect(try appliance.command("reload").output.contains("no setting changed"))
        #expect(try appliance.events().ranges(of: "CERTIFICATE_ENDS").count == 1, "once, at the start")

        // Without TLS in the file, all of it stays until the end: a worker that starts needs the certificate.
        let text = contents(ofFile: appliance.configuration)
        let end = try #require(text.ranges(of: "\n[tls]").first?.lowerBound)
        _ = try appliance.folder.write("megacomet.toml", String(text[..<end]))
        let off = try appliance.command("reload").output
        for key in ["certificate", "key", "base_port", "port"] {
            #expect(off.contains("needs `megacomet stop` and `start`: tls.\(key)\n"), "\(off)")
        }
        #expect(try certificate()?["days_left"]?.int ?? 0 >= 89)
    }

    /// A worker that writes down what it is told.
    @Test func ticketKeys_areToldToEachWorker_andLiveOnOverAnUpgrade_butNotOverADeath() throws {
        let site = try TLSSite(workers: 1)
        try site.open()
        let (appliance, told) = (site.appliance, "\(site.appliance.folder.path)/told")
        // It reports nothing.
        let settings = contents(ofFile: appliance.configuration)
        _ = try appliance.folder.write(
            "megacomet.toml", settings.replacing("watchdog = 1.0", with: "watchdog = 600.0"))
        let program = try appliance.replaceWorker(
            byScript: """
                #!/bin/bash
                echo ready >&$MEGACOMET_LIFELINE
                until read -r line <&$MEGACOMET_LIFELINE 2>/dev/null; do sleep 0.02; done
                echo "$line" > \(told).new
                mv \(told).new \(told)
                kill -STOP $$

                """)
        /// The line that the next worker is told.
        func line() throws -> String {
            unlink(told)
            Processes.mentioning(program).forEach { kill($0, SIGKILL) }
            try eventually("it was told") { contents(ofFile: told).hasSuffix("\n") }
            return contents(ofFile: told)
        }
        _ = try appliance.launch()
        try eventually("the first one was told") { contents(ofFile: told).hasSuffix("\n") }
        let first = try line()
        #expect(first.hasPrefix("tickets ") && first.utf8.count == 8 + 160 + 1 && !first.contains("0000000000"))
        #expect(try line() == first)
        #expect(try appliance.command("upgrade").end == .exited(0))
        #expect(try line() == first)
        appliance.killSupervisor()
        Processes.mentioning(program).forEach { kill($0, SIGKILL) }
        _ = try appliance.launch()
        #expect(try line() != first)
        for file in Folder.names(in: "\(appliance.folder.path)/run") {
            let text = contents(ofFile: "\(appliance.folder.path)/run/\(file)")
            #expect(!text.contains(first.dropFirst(8).dropLast()), "it is in no file: \(file)")
        }
    }
}
