import Glibc
import TestSupport
import Testing

/// Daemons whose supervisor died, under the next one: their output is read on, their ends are seen, and one that hangs
/// is noticed, too.
@Suite(.serialized) struct SupervisionAdoptionTests {
    @Test func outputOfAnAdoptedWorker_isReadOn_alsoWhatItSaidWhileAlone() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        appliance.killSupervisor()
        let supervisor = try appliance.launch()
        try appliance.waitUntilReady()
        for line in ["the supervisor is gone", "a new supervisor took over"] {
            try eventually("\(line) is in its log") { try appliance.command("log", "worker-0").output.contains(line) }
            #expect(supervisor.output.contains(line), "and forwarded")
        }
        // The worker writes its next line under the new supervisor.
        kill(try appliance.pid("worker-0"), SIGTERM)
        try eventually("what it says of its drain") {
            try appliance.command("log", "worker-0").output.contains("draining over 0.5 s")
        }
        try appliance.waitUntilReady()
    }

    /// A full disk or a cleaner may take the files, so the kernel is asked which processes live.
    @Test func filesThatAreGone_makeNobodyRunTwice() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let names = ["manager", "worker-0", "worker-1"]
        let pids = try names.map { try appliance.pid($0) }
        for file in ["children", "stats.token"] { unlink("\(appliance.folder.path)/run/\(file)") }
        appliance.killSupervisor()
        let supervisor = try appliance.launch()
        try appliance.waitUntilReady()
        #expect(try names.map { try appliance.pid($0) } == pids)
        #expect(!supervisor.output.contains("STRANGER") && supervisor.output.contains("ADOPTING 3 processes"))
        #expect(try appliance.command("upgrade").end == .exited(0))
        #expect(try names.map { try appliance.pid($0) } == pids, "nor does an upgrade")
        // A worker that is started now reads the token of the workers that live.
        unlink("\(appliance.folder.path)/run/stats.token")
        kill(pids[1], SIGKILL)
        try appliance.waitUntilReplaced("worker-0", pids[1])
        try eventually("it is linked") {
            try HTTP.request("GET", "/_/health", port: appliance.clientPort(0)).status == 200
        }
    }

    @Test func workerThatEndsBeforeItIsAdopted_isStartedAnew_andItsEndIsTold() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let other = try appliance.pid("worker-1")
        // The supervisor waits for a call for 2.5 s. If this machine was too busy to kill the worker by then, another
        // one dies.
        for _ in 0..<5 {
            let one = try appliance.pid("worker-0")
            appliance.killSupervisor()
            kill(one, SIGSTOP)  // it does not call home
            let supervisor = try appliance.launch()
            try eventually("it is waited for") { supervisor.output.contains("ADOPTING 3 processes") }
            kill(one, SIGKILL)
            try appliance.waitUntilReplaced("worker-0", one)
            #expect(try appliance.pid("worker-1") == other)
            let events = try appliance.events()
            #expect(events.contains("worker-0 EXIT [\(one)]"), "\(events)")
            guard events.contains("worker-0 (pid \(one)) lives but does not call") else {
                return #expect(events.contains("before it was adopted"), "\(events)")
            }
        }
        Issue.record("no worker died in time")
    }

    @Test func supervisorThatWasKilled_leavesWhatHappened_toTheNext() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let crashed = try appliance.pid("worker-0")
        kill(crashed, SIGKILL)
        try appliance.waitUntilReplaced("worker-0", crashed)
        let events = try appliance.events()
        appliance.killSupervisor()

        // The file's last line is cut, and the line before it is from a program that knows more.
        let path = "\(appliance.folder.path)/run/memory"
        let memory = contents(ofFile: path)
        _ = try appliance.folder.write("run/memory", memory + "{\"mood\":{\"level\":3}}\n{\"event\":{\"number\":")
        _ = try appliance.launch()
        try appliance.waitUntilReady()
        #expect(try appliance.events().hasPrefix(events))
        func row() throws -> JSON? {
            try JSON.parse(try appliance.command("status", "--json").output)["processes"]?.array?[1]
        }
        #expect(try row()?["exits_24h"]?.int == 1 && row()?["last_exit"]?["signal"]?.int == 9)

        // A file of a version that this program can't read is ignored as a whole.
        appliance.killSupervisor()
        _ = try appliance.folder.write("run/memory", memory.replacing("{\"version\":1}", with: "{\"version\":2}"))
        _ = try appliance.launch()
        try appliance.waitUntilReady()
        #expect(try !appliance.events().contains("EXIT") && row()?["exits"]?.int == 0)
    }

    /// The newest thousand events are kept. The file is written anew when it has grown by a megabyte.
    @Test func memory_isBounded_andTheNewestIsInIt() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let socket = try Socket(path: "\(appliance.folder.path)/run/control.sock")
        var largest = 0
        for number in 1...4000 {
            try socket.send(
                "{\"op\":\"hold\",\"name\":\"worker-0\",\"on\":\(number % 2 == 0),"
                    + "\"reason\":\"\(String(repeating: "x", count: 190)) \(number)\"}\n"
            )
            _ = try socket.readLine()
            guard number % 100 == 0 else { continue }
            var status = stat()
            stat("\(appliance.folder.path)/run/memory", &status)
            largest = max(largest, Int(status.st_size))
        }
        #expect((1 << 20..<2 << 20).contains(largest), "\(largest)")
        appliance.killSupervisor()
        _ = try appliance.launch()
        try appliance.waitUntilReady()
        let events = try appliance.events()
        #expect(events.contains("x 4000\"") && events.contains("x 3100\"") && !events.contains("x 2500\""))
    }

    @Test func memoryThatCantBeWritten_isSaidOnce_andNothingElseSuffers() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick, starts: false)
        mkdir("\(appliance.folder.path)/run", 0o755)
        mkdir("\(appliance.folder.path)/run/memory.new", 0o755)  // where it would be written first
        try appliance.start()
        kill(try appliance.pid("worker-0"), SIGKILL)
        try eventually("its end is known") { try appliance.events().contains("EXIT") }
        try appliance.waitUntilReady()
        let said = try appliance.events().split(separator: "\n").filter { $0.contains(" MEMORY ") }
        #expect(said.count == 1 && said[0].contains("what happens is not kept for the next supervisor"), "\(said)")
    }

    @Test func supervisorToldToEnd_whileItAdopts_endsThemAll() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        appliance.killSupervisor()
        let supervisor = try appliance.launch()
        try eventually("it adopts") { supervisor.output.contains("ADOPTING 3 processes") }
        supervisor.signal(SIGTERM)
        #expect(try supervisor.waitForExit() == .exited(0))
        #expect(Processes.mentioning(appliance.folder.path).isEmpty, "\(supervisor.output)")
    }

    /// The kernel shows an end to others than the parent since 6.15. Before, it does so only while the parent has not
    /// asked yet.
    @Test(.enabled(if: SupervisionAdoptionTests.kernelIsNewEnough)) func endOfAnAdoptedWorker_isKnown() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        appliance.killSupervisor()
        _ = try appliance.launch()
        try appliance.waitUntilReady()
        try eventually("it has said its last words") {
            try appliance.command("log", "worker-0").output.contains("a new supervisor took over")
        }
        kill(try appliance.pid("worker-0"), SIGKILL)
        try eventually("its end is an event") { try appliance.events().contains("EXIT") }
        let id = try #require(try appliance.command("crashes").output.split(separator: "\n").last)
        let report = try appliance.command("crashes", String(id)).output
        #expect(report.contains("signal 9 (SIGKILL)") && report.contains("a new supervisor took over"), "\(report)")
    }
    private static let kernelIsNewEnough: Bool = {
        let parts = contents(ofFile: "/proc/sys/kernel/osrelease").split(separator: ".").prefix(2).compactMap {
            Int($0)
        }
        return parts.count == 2 && (parts[0], parts[1]) >= (6, 15)
    }()

    @Test func hungOrphan_isFollowed_itsPortGoesOn_andTheWatchdogSeesToIt() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let (hung, other) = try (appliance.pid("worker-0"), appliance.pid("worker-1"))
        // The order matters: the kernel continues the stopped processes of a group whose parent dies. The worker would
        // call after half a second.
        appliance.killSupervisor()
        kill(hung, SIGSTOP)
        _ = try appliance.launch()
        try eventually("it is taken over though it does not call") {
            try appliance.events().contains("worker-0 (pid \(hung)) lives but does not call")
        }
        // Its listener was copied out of it, so new connections wait for the next copy.
        let poller = appliance.poller("c1", worker: 0)
        try poller.start()
        try appliance.waitUntilReplaced("worker-0", hung)
        try appliance.app.publish("c1", "still here")
        #expect(try poller.finish().texts == ["still here"])
        #expect(try appliance.pid("worker-1") == other)
        #expect(try appliance.events().contains("worker-0 HANG"))
    }
}
