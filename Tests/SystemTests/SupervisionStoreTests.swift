import Glibc
import TestSupport
import Testing

/// The service manager keeps the listeners: a port takes connections even while neither its daemon nor a supervisor
/// lives.
@Suite(.serialized) struct SupervisionStoreTests {
    private func kept(_ appliance: Appliance, _ change: (Appliance) -> Void = { _ in }) throws -> ServiceManagerSocket {
        let manager = try ServiceManagerSocket("\(appliance.folder.path)/notify")
        appliance.environment["NOTIFY_SOCKET"] = manager.path
        change(appliance)
        try restart(appliance, manager)
        return manager
    }
    /// Starts the supervisor as systemd does, with the listeners of the store.
    private func restart(_ appliance: Appliance, _ manager: ServiceManagerSocket) throws {
        appliance.listeners = manager.store
        _ = try appliance.launch()
        do { try manager.wait(for: "READY=1") } catch {
            throw Failure("\(error); its output:\n\(appliance.supervisor?.output ?? "")")
        }
    }
    private static let listeners = ["manager.workers", "manager.app", "worker-0.clients", "worker-1.clients"]
    private static let all = listeners + ["manager.journal"]

    @Test func portOfADeadWorker_takesConnections_whileNoSupervisorLives() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick, starts: false)
        let manager = try kept(appliance)
        #expect(manager.store.map(\.name) == Self.all)
        let memory = Set(SupervisionJournalTests.memories(appliance.supervisor?.pid ?? 0).keys)
        let (dead, other, app) = try (appliance.pid("worker-0"), appliance.pid("worker-1"), appliance.pid("manager"))

        appliance.killSupervisor()
        for pid in [dead, app] { kill(pid, SIGKILL) }
        try eventually("they are gone") { !Processes.isAlive(dead) && !Processes.isAlive(app) }
        let client = try Socket(port: appliance.clientPort(0))  // it is refused if nobody holds the port
        try client.send("GET /_/health HTTP/1.1\r\nHost: x\r\n\r\n")
        let publisher = try Socket(port: appliance.appPort)
        try publisher.send("GET /clients/c1 HTTP/1.1\r\nHost: localhost\r\n\r\n")

        try restart(appliance, manager)
        #expect(try client.readLine().hasPrefix("HTTP/1.1 "), "it has waited in the kernel")
        #expect(try publisher.readLine().hasPrefix("HTTP/1.1 200"))
        #expect(try appliance.pid("worker-1") == other, "which has called, with a listener of its own")
        manager.readAll()
        #expect(manager.store.map(\.name) == Self.all, "the same ones: nothing is kept twice")
        #expect(Set(SupervisionJournalTests.memories(try appliance.pid("manager")).keys) == memory && memory.count == 1)
        let events = try appliance.events()
        #expect(
            events.contains("worker-0 GONE [\(dead)] it ended while no supervisor lived")
                && events.contains("manager GONE [\(app)]") && !events.contains("worker-1 GONE"))
        #expect(!events.contains("SOCKETS"))

        // The same holds after an upgrade.
        appliance.supervisor?.signal(SIGUSR2)
        try manager.wait(for: "RELOADING=1")
        try manager.wait(for: "READY=1")
        #expect(manager.store.map(\.name) == Self.all)
    }

    /// If systemd kept ports that are no more, they would take connections that nobody ever serves.
    @Test func portsThatAreNoMore_areForgotten_andThoseThatMovedAreBound() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick, starts: false)
        let manager = try kept(appliance)
        appliance.supervisor?.signal(SIGTERM)
        try manager.wait(for: "STATUS=stopped")
        #expect(try appliance.supervisor?.waitForExit() == .exited(0))
        manager.readAll()
        #expect(
            manager.store.map(\.name) == Self.all,
            "kept over `systemctl restart`; where the unit stays stopped, systemd lets go of them")

        // There is one worker less, and the app's address has changed. Its port is bound anew as soon as systemd has
        // closed it.
        let text = contents(ofFile: appliance.configuration)
        _ = try appliance.folder.write(
            "megacomet.toml",
            text.replacing("count = 2", with: "count = 1").replacing(
                "[app]\n", with: "[app]\naddress = \"127.0.0.2\"\n"))
        appliance.listeners = manager.store
        _ = try appliance.launch()
        try manager.wait(for: "BARRIER=1")
        #expect(manager.store.map(\.name) == ["manager.workers", "worker-0.clients", "manager.journal"])
        try manager.wait(for: "READY=1")
        #expect(
            manager.store.map(\.name) == ["manager.workers", "worker-0.clients", "manager.journal", "manager.app"])
        #expect(Processes.listeningAddresses(appliance.appPort) == ["0200007F"])
        #expect(Processes.listeningAddresses(appliance.clientPort(1)).isEmpty)
        try appliance.waitUntilReady()
    }

    /// FDSTORE says how many descriptors the service manager keeps, if it does. The last place is the queue's.
    @Test func storeThatIsTooSmall_isFilled_andSaidSo() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick, starts: false)
        let manager = try kept(appliance) { $0.environment["FDSTORE"] = "3" }
        #expect(manager.store.map(\.name) == Self.listeners.prefix(2) + ["manager.journal"])
        #expect(
            try appliance.events().contains(
                "SOCKETS the service manager keeps 2 of 4 listeners (FileDescriptorStoreMax)"))
        appliance.end()
        manager.letGo()
        appliance.environment["FDSTORE"] = "0"
        let none = try kept(appliance)
        #expect(none.store.isEmpty)
        #expect(try !appliance.events().contains("SOCKETS"))
    }
}
