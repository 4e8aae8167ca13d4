import Glibc
import TestSupport
import Testing

/// The ports for clients over TLS, and those that all workers share, as the supervisor holds them.
@Suite(.serialized) struct SupervisionTLSPortTests {
    private static let kept = [
        "manager.workers", "manager.app", "worker-0.clients", "worker-0.tls", "worker-1.clients", "worker-1.tls",
        "workers.shared", "workers.shared-tls",
    ]

    @Test func portsOfTLS_areHandedToTheWorkers_andKept_overDeathAndUpgrade() throws {
        let site = try TLSSite()
        let appliance = site.appliance
        try site.open()
        let manager = try ServiceManagerSocket("\(appliance.folder.path)/notify")
        appliance.environment["NOTIFY_SOCKET"] = manager.path
        _ = try appliance.launch()
        try manager.wait(for: "READY=1")
        #expect(manager.store.map(\.name) == Self.kept + ["manager.journal"])
        for name in ["worker-0", "worker-1"] {
            #expect(try site.inherited(name) == "clients:tls:shared:shared-tls")
        }
        #expect(try site.inherited("manager") == "workers:app:journal")
        let ports = [site.tls, site.tls + 1, site.shared, site.sharedTLS]
        for port in ports { #expect(Processes.listeningAddresses(port).count == 1, "one socket, whoever serves it") }

        appliance.supervisor?.signal(SIGUSR2)
        try manager.wait(for: "RELOADING=1")
        try manager.wait(for: "READY=1")
        #expect(manager.store.map(\.name) == Self.kept + ["manager.journal"])

        // Nobody lives but one worker. The ports are systemd's.
        let dead = try appliance.pid("worker-0")
        appliance.killSupervisor()
        kill(dead, SIGKILL)
        try eventually("it is gone") { !Processes.isAlive(dead) }
        for port in ports { _ = try Socket(port: port) }
        appliance.listeners = manager.store
        _ = try appliance.launch()
        try manager.wait(for: "READY=1")
        #expect(manager.store.map(\.name) == Self.kept + ["manager.journal"], "nothing is kept twice")
        #expect(try site.inherited("worker-0") == "clients:tls:shared:shared-tls")
        let events = try appliance.events()
        #expect(!events.contains("SOCKETS") && !events.contains("was started without"), "\(events)")
    }

    /// The answer to curl, which believes the certificate of that file alone. Empty if there is none.
    private func health(_ site: TLSSite, _ url: String, _ certificate: TestCertificate.Files) throws -> String {
        let options = ["-sS", "--max-time", "60", "--cacert", certificate.certificate, "\(url)/_/health"]
        let answer = try Program.run("/usr/bin/curl", options, in: site.appliance.folder)
        return answer.end == .exited(0) ? answer.output : ""
    }

    @Test func workersServeAllPorts_andAReloadGivesThemAnotherCertificate() throws {
        let site = try TLSSite()
        let (appliance, certificate) = (site.appliance, site.certificate)
        try site.open()
        try appliance.start()
        let own = ["http://localhost:\(appliance.clientPort(1))", "https://localhost:\(site.tls + 1)"]
        let shared = ["http://localhost:\(site.shared)", "https://localhost:\(site.sharedTLS)"]
        for url in own + shared { #expect(try !health(site, url, certificate).isEmpty, "\(url)") }

        let next = try TestCertificate.Files(appliance.folder, "next", days: 90)
        try certificate.become(next)
        #expect(try health(site, own[1], next).isEmpty, "what it has read counts")
        #expect(try appliance.command("reload").end == .exited(0))
        for url in ["https://localhost:\(site.tls)", own[1]] {
            try eventually("the new one is served") { try !health(site, url, next).isEmpty }
        }

        // The other worker serves what both share, and the supervisor what only the one did.
        #expect(try appliance.command("stop", "worker-1").end == .exited(0))
        for url in shared { #expect(try !health(site, url, next).isEmpty, "\(url)") }
        #expect(try health(site, own[1], next).isEmpty)
        #expect(try appliance.command("start", "worker-1").end == .exited(0))
        #expect(try appliance.command("upgrade").end == .exited(0))
        for url in own + shared { #expect(try !health(site, url, next).isEmpty, "\(url)") }
    }

    /// Workers that run since before the ports were set, or since an earlier release.
    @Test func workersWithoutThePorts_areAdopted_andServeThereAfterTheirRestart() throws {
        let site = try TLSSite()
        let appliance = site.appliance
        try appliance.start()
        let pids = try ["worker-0", "worker-1"].map { try appliance.pid($0) }
        appliance.killSupervisor()
        try site.open()
        _ = try appliance.launch()
        try appliance.waitUntilReady()
        #expect(try ["worker-0", "worker-1"].map { try appliance.pid($0) } == pids)
        let missing = "tls.base_port + 1, workers.port, tls.port: it serves there after its next restart"
        let events = try appliance.events()
        #expect(events.contains("worker-1 (pid \(pids[1])) was started without \(missing)"), "\(events)")
        #expect(events.contains("ADOPTING") && !events.contains("manager (pid"))
        for port in [site.tls, site.tls + 1, site.shared, site.sharedTLS] { _ = try Socket(port: port) }
        #expect(try appliance.command("rolling").end == .exited(0))
        #expect(try site.inherited("worker-1") == "clients:tls:shared:shared-tls")
    }

    /// A browser that waits for a handshake does not try another address, and one whose connection ends does.
    @Test func connectionsOverTLS_toAWorkerThatIsDown_endAtOnce_andSharedPortsAnswerIfNoneIsUp() throws {
        let site = try TLSSite()
        let appliance = site.appliance
        try site.open()
        try appliance.start()
        #expect(try appliance.command("stop", "worker-1").end == .exited(0))
        // A connection without TLS is waited for for two seconds, and one over TLS that comes later ends before it. On
        // a busy machine both may have ended when they are looked at.
        func endsAtOnce(_ port: Int, beside plain: Int) throws -> Int {
            for times in 1...10 {
                let other = try Socket(port: plain)
                try Socket(port: port).waitForClose()
                if other.isQuiet { return times }
            }
            throw Failure("a connection to \(port) ends no earlier than one to \(plain)")
        }
        _ = try endsAtOnce(site.tls + 1, beside: appliance.clientPort(1))
        #expect(try appliance.command("stop", "worker-0").end == .exited(0))
        let times = try endsAtOnce(site.sharedTLS, beside: site.shared)
        let response = try HTTP.request("GET", "/c1.json", port: site.shared)
        #expect(response.status == 503 && response["retry-after"] == "3")
        try eventually("all of them are counted") {
            try HTTP.request("GET", "/metrics", port: appliance.operatorPort).body.contains(
                "child_turned_away_total{process=\"worker-0\",worker=\"0\"} \(2 * times + 1)\n")
        }
    }
}
