import Glibc
import TestSupport
import Testing

/// The supervisor sleeps for three watchdogs of the shipped configuration, half a minute. This is a suite of its own,
/// so that the others run meanwhile.
struct SupervisionLongStopTests {
    @Test func supervisorStoppedForHalfAMinute_killsNobody() async throws {
        // If the machine is busy with other tests, this one may wait much longer than it asks for.
        let appliance = try Appliance(workers: 2, ["workers": "poll_timeout = 600.0"])
        let before = try appliance.status().processes.map(\.pid)
        let held = appliance.poller("held", worker: 1)
        try held.start()
        try appliance.app.waitUntilConnected("held", worker: 1)
        let supervisor = try #require(appliance.supervisor)
        supervisor.signal(SIGSTOP)
        try await Task.sleep(for: .seconds(30))  // the time itself is what is tested; no thread waits for it
        // Clients and apps need no supervisor and do not miss it.
        #expect(try appliance.app.publish("held", "meanwhile").status == "sent")
        #expect(try held.finish().texts == ["meanwhile"])
        held.close()
        supervisor.signal(SIGCONT)
        try eventually("it saw that it was late itself") { try appliance.events().contains("LATE") }
        // Each poll tells the supervisor something new. A process that had been taken for hung would be gone by then.
        let again = (0..<2).map { appliance.poller("again-\($0)", worker: $0) }
        for poller in again { try poller.start() }
        for _ in 0..<3 { #expect(try appliance.app.publish("absent", "1").status == "queued") }
        try eventually("all have reported again", seconds: 60) {
            let totals = try megatopSample(appliance)?["totals"]
            return totals?["conns"]?.int == 2 && totals?["queue"]?.int == 3 && totals?["ready"]?.int == 3
        }
        try appliance.waitUntilReady()
        #expect(try appliance.status().processes.map(\.pid) == before)
        let events = try appliance.events()
        #expect(!events.contains("HANG") && !events.contains("EXIT"), "\(events)")
    }
}
