import FreePorts
import Glibc
import TestSupport
import Testing

/// Ports that others hold, and sockets that a service manager hands over.
@Suite(.serialized) struct SupervisionPortTests {
    @Test func takenPort_namesWhoHoldsIt() throws {
        let first = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let second = try Appliance(workers: 1, starts: false)
        let good = contents(ofFile: second.configuration)
        for (own, taken) in [(second.appPort, first.appPort), (second.statsPort, first.statsPort)] {
            _ = try second.folder.write("megacomet.toml", good.replacing("port = \(own)", with: "port = \(taken)"))
            let (end, output) = try second.command("run")
            #expect(end == .exited(69))
            #expect(
                output.contains(
                    "is taken: pid \(try #require(first.supervisor).pid), megacomet, of the MegaComet that runs already"
                ), "\(output)")
        }
        // A daemon whose supervisor died has the port. The message says which folder it belongs to.
        _ = try second.folder.write(
            "megacomet.toml", good.replacing("port = \(second.appPort)", with: "port = \(first.appPort)"))
        let manager = try first.pid("manager")
        first.killSupervisor()
        let (_, orphaned) = try second.command("run")
        #expect(
            orphaned.contains("is taken: pid \(manager), megamanager, of the MegaComet in \(first.folder.path)/run"),
            "\(orphaned)")
        let daemon = try Program(
            "megamanager", ["--app-port", "\(first.appPort)", "--port", "\(second.linkPort)"], in: second.folder)
        #expect(try daemon.waitForExit() == .exited(69))
        #expect(daemon.output.contains("pid \(manager), megamanager"), "\(daemon.output)")
        // Now it is any other program.
        let other = try Listener()
        _ = try second.folder.write(
            "megacomet.toml", good.replacing("port = \(second.appPort)", with: "port = \(other.port)"))
        #expect(try second.command("run").output.contains("is taken: pid \(getpid()), "))
    }

    // MARK: sockets of a service manager

    /// The listener that systemd makes for `ListenStream=PORT`.
    private func dualStackListener(_ port: Int) -> Int32? {
        let made = socket(AF_INET6, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var (no, yes): (Int32, Int32) = (0, 1)
        setsockopt(made, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &no, 4)
        setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = in_port_t(UInt16(port).bigEndian)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(made, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
        guard made >= 0, isBound == 0, listen(made, 1024) == 0 else { return nil }
        let high = fcntl(made, F_DUPFD_CLOEXEC, 50)  // above the numbers under which it is handed over
        close(made)
        return high
    }
    private static var hasIPv6: Bool { access("/proc/net/if_inet6", F_OK) == 0 }

    @Test(.enabled(if: hasIPv6, "this machine has no IPv6"))
    func socketForBothFamilies_isTakenByItsPort_andWhatIsNot_isClosedAndSaid() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick, starts: false)
        let foreign = try Ports.free()
        let ports = [appliance.clientPort(0), foreign, appliance.appPort]
        appliance.listeners = try ports.map { ("megacomet.socket", try #require(dualStackListener($0))) }
        var pair: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        appliance.listeners.append(("other.socket", fcntl(pair[0], F_DUPFD_CLOEXEC, 50)))
        defer { (appliance.listeners.map(\.descriptor) + pair).forEach { _ = close($0) } }
        try appliance.start()
        #expect(
            Processes.listeningAddresses(appliance.clientPort(0)) == [String(repeating: "0", count: 32)], "it alone")
        let poller = appliance.poller("c1")
        try poller.start()
        try appliance.app.publish("c1", "over IPv4")
        #expect(try poller.finish().texts == ["over IPv4"])
        let events = try appliance.events()
        #expect(
            events.contains(
                "has no use for it: [::]:\(foreign), descriptor 6, no TCP listener"
            ), "\(events)")
        // The listener is kept when a worker is started anew, and when the supervisor dies.
        let worker = try appliance.pid("worker-0")
        appliance.killSupervisor()
        appliance.listeners.forEach { _ = close($0.descriptor) }
        appliance.listeners = []
        try appliance.start()
        #expect(try appliance.pid("worker-0") == worker)
        kill(worker, SIGKILL)
        try appliance.waitUntilReplaced("worker-0", worker)
        try eventually("it serves") {
            try HTTP.request("GET", "/_/health", port: appliance.clientPort(0)).status == 200
        }
    }

    @Test(.enabled(if: hasIPv6, "this machine has no IPv6")) func daemonTakesTheSocketOfAUnit_byItsPort() throws {
        let folder = try Folder()
        let (links, app) = (try Ports.free(), try Ports.free())
        let listeners = try [app, links].map { ("megamanager.socket", try #require(dualStackListener($0))) }
        defer { listeners.forEach { _ = close($0.1) } }
        let words = ["--port", "\(links)", "--app-port", "\(app)", "--run-directory", folder.path]
        let manager = try Program("megamanager", words, in: folder, listeners: listeners)
        #expect(try HTTP.request("GET", "/clients/c1", port: app).status == 200, "\(manager.output)")
        #expect(!manager.output.contains("inherited and closed"))
    }
}
