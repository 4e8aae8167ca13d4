import Glibc
import TestSupport
import Testing

/// Daemons that stop reporting, and a supervisor that is stopped itself.
@Suite(.serialized) struct SupervisionHangTests {
    @Test func stoppedWorker_isSuspect_thenKilled_andBack() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let (hung, other) = try (appliance.pid("worker-0"), appliance.pid("worker-1"))
        kill(hung, SIGSTOP)
        try appliance.waitUntilReplaced("worker-0", hung)
        #expect(try appliance.pid("worker-1") == other)
        let events = try appliance.command("events").output
        #expect(events.components(before: "worker-0 HANG").contains("worker-0 SUSPECT"), "\(events)")
        #expect(events.components(of: "worker-0 HANG") == 1, "\(events)")
        let id = try #require(try appliance.command("crashes").output.split(separator: "\n").last)
        #expect(
            try appliance.command("crashes", String(id)).output.contains("signal 6 (SIGABRT), aborted because it hung"))
    }

    @Test func allStopped_areKilledOneAtATime() throws {
        let appliance = try Appliance(workers: 3, SupervisionDeathTests.quick)
        let before = try (0..<3).map { try appliance.pid("worker-\($0)") }
        for pid in before { kill(pid, SIGSTOP) }
        var most = 0
        try eventually("all are back", seconds: 60) {
            let status = try appliance.status()
            most = max(most, status.processes.count { $0.state == "stopping" })
            return status.allReady
                && (0..<3).allSatisfy { number in
                    status.processes.first { $0.name == "worker-\(number)" }?.pid != before[number]
                }
        }
        #expect(most <= 1)
        let lines = try appliance.command("events", "--json").output.split(separator: "\n").map(String.init)
        let times = lines.filter { $0.contains("\"HANG\"") }.compactMap { line -> Int? in
            guard let from = line.firstRange(of: "\"time\":") else { return nil }
            return Int(line[from.upperBound...].prefix { $0.isNumber })
        }
        #expect(times.count == 3)
        for (one, next) in zip(times, times.dropFirst()) {
            #expect(next - one >= 2900, "three times the watchdog lies between two")
        }
    }

    /// The worker runs only in the idle time of one processor, and forty other processes leave none.
    @Test func starvedWorker_isNotKilled() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let pid = try appliance.pid("worker-0")
        func tool(_ words: String...) throws { _ = try run(tool: words, in: appliance.folder) }
        // A processor that this process may use.
        let allowed = contents(ofFile: "/proc/self/status").split(separator: "\n").first {
            $0.hasPrefix("Cpus_allowed_list:")
        }
        let processor = String(try #require(allowed?.split(separator: "\t").last).prefix { $0.isNumber })
        try tool("/usr/bin/taskset", "-pc", processor, "\(pid)")
        try tool("/usr/bin/chrt", "-i", "-p", "0", "\(pid)")
        let others = try (0..<40).map { _ in
            try Program(
                "/usr/bin/taskset", ["-c", processor, "/bin/sh", "-c", "while :; do :; done"], in: appliance.folder)
        }
        try eventually("it is said to be starved", seconds: 120) { try appliance.events().contains("worker-0 STARVED") }
        others.forEach { $0.kill() }
        try appliance.waitUntilReady()
        #expect(try appliance.pid("worker-0") == pid)
        #expect(try !appliance.events().contains("HANG"))
    }

    @Test func stoppedSupervisor_killsNobody() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let before = try appliance.status().processes.map(\.pid)
        let supervisor = try #require(appliance.supervisor)
        supervisor.signal(SIGSTOP)
        sleep(4)  // the time itself is what is tested: four watchdogs
        supervisor.signal(SIGCONT)
        try eventually("it saw that it was late itself") { try appliance.command("events").output.contains("LATE") }
        // It waits long enough for a watchdog that had counted the silence.
        try appliance.waitUntilReady()
        #expect(try appliance.status().processes.map(\.pid) == before)
        #expect(try !appliance.command("events").output.contains("HANG"))
    }

    @Test func heldWorker_isLeftAlone() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let pid = try appliance.pid("worker-0")
        #expect(try appliance.command("hold", "worker-0").end == .exited(0))
        kill(pid, SIGSTOP)
        try eventually("it is suspect") {
            try appliance.status().processes.contains { $0.name == "worker-0" && $0.state == "suspect" }
        }
        sleep(2)  // two watchdogs
        #expect(try appliance.pid("worker-0") == pid)
        kill(pid, SIGCONT)
        try appliance.waitUntilReady()
        #expect(try appliance.pid("worker-0") == pid)
        #expect(try appliance.command("hold", "w0", "--off").end == .exited(0))
        kill(pid, SIGSTOP)
        try eventually("it is watched again") { try appliance.events().contains("worker-0 HANG") }
    }
}
