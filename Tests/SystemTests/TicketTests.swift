import Glibc
import TestSupport
import Testing

/// Session tickets, which all workers take, by the keys that their supervisor gives them.
@Suite(.serialized) struct TicketTests {
    /// One connection to a worker of the site, with a file for the session. Whether it was taken up. (With TLS 1.2 the
    /// ticket is a part of the handshake.)
    private func isResumed(_ site: TLSSite, worker: Int, _ option: String, _ file: String) throws -> Bool {
        let address = ["s_client", "-connect", "127.0.0.1:\(site.tls + worker)", "-tls1_2", option, file]
        let output = try Program.run("/usr/bin/openssl", address, in: site.appliance.folder).output
        #expect(output.contains("Reused, TLSv1.2") || output.contains("New, TLSv1.2"), "\(output)")
        return output.contains("Reused, TLSv1.2")
    }

    @Test func ticketOfOneWorker_isTakenByAll_overRestartsAndAnUpgrade_andNotByTheNextSupervisors() throws {
        let site = try TLSSite()
        let appliance = site.appliance
        let file = "\(appliance.folder.path)/session"
        try site.open()
        try appliance.start()
        #expect(try !isResumed(site, worker: 0, "-sess_out", file))
        #expect(try isResumed(site, worker: 1, "-sess_in", file), "by another worker")
        #expect(try appliance.command("upgrade").end == .exited(0))
        #expect(try isResumed(site, worker: 0, "-sess_in", file))
        #expect(try appliance.command("rolling").end == .exited(0))
        #expect(try isResumed(site, worker: 1, "-sess_in", file), "by one that was started after the upgrade")

        appliance.killSupervisor()
        #expect(try isResumed(site, worker: 0, "-sess_in", file), "the workers have the keys")
        _ = try appliance.launch()
        try eventually("they are told others when they are adopted") {
            try !isResumed(site, worker: 0, "-sess_in", file) && !isResumed(site, worker: 1, "-sess_in", file)
        }
        #expect(try !isResumed(site, worker: 0, "-sess_out", file))
        #expect(try isResumed(site, worker: 1, "-sess_in", file), "and both have the same ones")
        #expect(try !appliance.command("log", "worker-0").output.contains("tickets"))
    }
}
