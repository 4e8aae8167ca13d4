import Glibc
import TestSupport
import Testing

/// Session tickets, which all workers take, by the keys that their supervisor gives them.
@Suite(.serialized) struct TicketTests {
    /// One request to a worker, over one version of TLS, with a file for the session. Whether the session was taken up.
    /// The client waits until the worker closes, since with TLS 1.3 the ticket comes behind the handshake.
    private func isResumed(_ site: TLSSite, worker: Int, _ version: String, _ option: String, _ file: String) throws
        -> Bool
    {
        let folder = site.appliance.folder
        let request = try folder.write("request", "GET /_/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let client = "s_client -connect 127.0.0.1:\(site.tls + worker) -tls\(version) -ign_eof \(option) \(file)"
        let command = "exec /usr/bin/openssl \(client) < \(request)"
        let output = try Program.run("/bin/sh", ["-c", command], in: folder).output
        let name = "TLSv" + version.replacing("_", with: ".")
        #expect(output.contains("Reused, \(name)") || output.contains("New, \(name)"), "\(output)")
        // A worker that has no link yet says 503.
        #expect(output.contains("HTTP/1.1 200 ") || output.contains("HTTP/1.1 503 "), "\(output)")
        return output.contains("Reused, \(name)")
    }

    @Test(arguments: ["1_2", "1_3"])
    func ticketOfOneWorker_isTakenByAll_overRestartsAndAnUpgrade_andNotByTheNextSupervisors(_ version: String) throws {
        func isResumed(_ site: TLSSite, worker: Int, _ option: String, _ file: String) throws -> Bool {
            try self.isResumed(site, worker: worker, version, option, file)
        }
        let site = try TLSSite()
        let appliance = site.appliance
        let file = "\(appliance.folder.path)/session"
        try site.open()
        try appliance.start()
        #expect(try !isResumed(site, worker: 0, "-sess_out", file))
        #expect(try isResumed(site, worker: 1, "-sess_in", file), "by another worker")
        let dying = try appliance.pid("worker-1")
        kill(dying, SIGKILL)
        try eventually("another one serves") { (try? appliance.pid("worker-1")) ?? dying != dying }
        #expect(try isResumed(site, worker: 1, "-sess_in", file), "by the one that follows one that died")
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
