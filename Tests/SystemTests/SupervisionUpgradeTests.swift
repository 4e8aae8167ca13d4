import Glibc
import TestSupport
import Testing

/// The supervisor becomes the program that is now at its own path.
@Suite(.serialized) struct SupervisionUpgradeTests {
    /// An appliance whose supervisor is a copy of the program, which a test can replace.
    private func appliance() throws -> Appliance {
        let settings = SupervisionDeathTests.quick.merging(["workers": "poll_timeout = 600.0"]) { $1 }
        let appliance = try Appliance(workers: 2, settings, starts: false)
        appliance.supervisorProgram = "\(appliance.folder.path)/megacomet"
        appliance.environment["MEGACOMET_PROGRAMS"] = Program.folder
        try install(appliance)
        try appliance.start()
        return appliance
    }
    private func install(_ appliance: Appliance) throws {
        let new = "\(appliance.supervisorProgram).new"
        #expect(
            try Program("/bin/cp", ["\(Program.folder)/megacomet", new], in: appliance.folder).waitForExit()
                == .exited(0))
        rename(new, appliance.supervisorProgram)
    }
    private func programFile(_ appliance: Appliance) -> UInt64 {
        var status = stat()
        return stat("/proc/\(appliance.supervisor?.pid ?? 0)/exe", &status) == 0 ? UInt64(status.st_ino) : 0
    }

    @Test func upgrade_keepsEveryPid_cutsNobody_andTheExitsOfItsChildrenAreKnown() throws {
        let appliance = try appliance()
        let supervisor = try #require(appliance.supervisor)
        let before = try appliance.status().processes.map(\.pid)
        let (file, descriptors) = (programFile(appliance), Processes.openDescriptors(supervisor.pid))
        let pollers = (0..<20).map { appliance.poller("c\($0)", worker: $0 % 2) }
        for poller in pollers { try poller.start() }
        try eventually("all are parked") { try appliance.app.presence("c19").connected }

        try install(appliance)
        supervisor.signal(SIGUSR2)
        try eventually("it is the new file") { ![0, file].contains(programFile(appliance)) }
        try appliance.waitUntilReady()
        #expect(supervisor.isRunning)
        #expect(try appliance.status().processes.map(\.pid) == before)
        try eventually("it is told") { try appliance.events().contains("UPGRADED") }
        for (number, poller) in pollers.enumerated() {
            try appliance.app.publish("c\(number)", "after")
            #expect(try poller.finish().texts == ["after"], "on the connection that was open all the time")
        }
        // It is upgraded again, while messages flow, by the command, which returns when the new one answers.
        var plan = Crowd.Plan()
        (plan.clients, plan.rate, plan.seconds) = (100, 200, 3)
        let crowd = Crowd(plan, ports: [appliance.clientPort(0), appliance.clientPort(1)], appPort: appliance.appPort)
        var command: Program?
        crowd.events = [
            (
                1,
                {
                    command = try Program(
                        "megacomet", ["upgrade", "-c", appliance.configuration], in: appliance.folder)
                }
            )
        ]
        let tally = try crowd.run()
        #expect(tally.delivered == tally.published && tally.published == 600, "\(tally)")
        #expect(
            tally.cuts + tally.refused + tally.unanswered + tally.refusedConnects + tally.lost + tally.doubled == 0,
            "\(tally)")
        let again = try #require(command)
        #expect(try again.waitForExit() == .exited(0))
        #expect(again.output.contains("upgraded, pid \(supervisor.pid)"), "\(again.output)")
        try appliance.waitUntilReady()
        #expect(try appliance.status().processes.map(\.pid) == before)
        try eventually("nothing is left open") { Processes.openDescriptors(supervisor.pid) <= descriptors + 2 }

        kill(before[1], SIGKILL)
        try eventually("its exit is known: it is a child still") {
            try appliance.events().contains("EXIT [\(before[1])] signal")
        }
        try appliance.waitUntilReady()
        #expect(try appliance.command("stop").end == .exited(0))
        #expect(try supervisor.waitForExit() == .exited(0))
        #expect(Processes.mentioning(appliance.folder.path).isEmpty)
    }

    /// The disk may be full, so the state for the new program is written before it takes over.
    @Test func upgradeThatCouldNotSayWhoLives_changesNothing() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let pid = try appliance.pid("worker-0")
        let children = "\(appliance.folder.path)/run/children"
        try eventually("it stands") { access(children, F_OK) == 0 }
        #expect(mkdir(children + ".new", 0o700) == 0 && unlink(children) == 0)
        let (end, output) = try appliance.command("upgrade")
        #expect(end != .exited(0) && output.contains("children"), "\(output)")
        try appliance.waitUntilReady()
        #expect(try appliance.pid("worker-0") == pid)
        #expect(rmdir(children + ".new") == 0)
        try eventually("it is written again, by itself") { access(children, F_OK) == 0 }
        #expect(try appliance.command("upgrade").end == .exited(0))
        try appliance.waitUntilReady()
        #expect(try appliance.pid("worker-0") == pid)
    }

    /// After an upgrade at noon, last night's crash can still be seen.
    @Test func whatHappenedBefore_isKnownAfterwards() throws {
        let appliance = try appliance()
        let crashed = try appliance.pid("worker-0")
        kill(crashed, SIGKILL)
        try appliance.waitUntilReplaced("worker-0", crashed)
        #expect(try appliance.command("hold", "worker-1").end == .exited(0))
        func row(_ number: Int) throws -> JSON? {
            try JSON.parse(try appliance.command("status", "--json").output)["processes"]?.array?[number]
        }
        let (before, log, events) = (
            try row(1), try appliance.command("log", "worker-0").output, try appliance.events()
        )
        #expect(log.contains("[\(crashed)]") && events.contains("EXIT [\(crashed)] signal 9"))

        for _ in 0..<2 {
            #expect(try appliance.command("upgrade").end == .exited(0))
            try appliance.waitUntilReady()
        }
        let after = try row(1)
        for member in ["restarts", "exits", "exits_24h", "generation"] {
            #expect(after?[member]?.int == before?[member]?.int, "\(member)")
        }
        #expect(after?["exits_24h"]?.int == 1 && after?["last_exit"]?["signal"]?.int == 9)
        #expect(after?["last_exit"]?["uptime"]?.double == before?["last_exit"]?["uptime"]?.double)
        #expect(try row(2)?["hold"]?.bool == true, "the watchdog is held still")
        #expect(
            try appliance.command("log", "worker-0").output.hasPrefix(log), "its lines, and those of its copy before")
        #expect(try appliance.events().hasPrefix(events), "and then those of the upgrade")
        let numbers = try appliance.command("events", "--json").output.split(separator: "\n").compactMap {
            try JSON.parse(String($0))["number"]?.int
        }
        for (index, number) in numbers.enumerated() { #expect(number == index + 1, "counted on") }
        #expect(try appliance.command("stop").end == .exited(0))
        #expect(access("\(appliance.folder.path)/run/memory", F_OK) != 0, "a supervisor that ends well leaves nothing")
    }

    /// The port of a process without a copy lives in the supervisor alone. The upgrade takes it along.
    @Test func portOfAStoppedWorker_takesConnectionsOverAnUpgrade() throws {
        let appliance = try appliance()
        let port = appliance.clientPort(1)
        #expect(try appliance.command("stop", "worker-1").end == .exited(0))
        #expect(try HTTP.request("GET", "/_/health", port: port).status == 503)
        #expect(try appliance.command("upgrade").end == .exited(0))
        #expect(try HTTP.request("GET", "/_/health", port: port).status == 503)
        #expect(try appliance.command("start", "worker-1").end == .exited(0))
        try eventually("it serves") { try HTTP.request("GET", "/_/health", port: port).status == 200 }
    }

    @Test func newProgramOrFileThatIsBad_changesNothing() throws {
        let appliance = try appliance()
        let file = programFile(appliance)
        let before = try appliance.status().processes.map(\.pid)
        func refused(_ why: String) throws {
            let upgrade = try appliance.command("upgrade")
            #expect(upgrade.end == .exited(1) && upgrade.output.contains(why), "\(upgrade.output)")
            #expect(programFile(appliance) == file)
            #expect(try appliance.status().processes.map(\.pid) == before)
            try appliance.waitUntilReady()
        }
        let broken = try appliance.folder.write("broken", "#!/bin/sh\necho does not work here\nexit 3\n")
        chmod(broken, 0o755)
        rename(broken, appliance.supervisorProgram)
        try refused("exit 3; does not work here")
        unlink(appliance.supervisorProgram)
        try refused("No such file or directory")
        try install(appliance)
        let good = contents(ofFile: appliance.configuration)
        _ = try appliance.folder.write("megacomet.toml", good.replacing("count = 2", with: "count = 3"))
        try refused("needs `megacomet stop` and `start`: workers.count")

        // The command can't read a bad file either, so a signal asks for the upgrade.
        _ = try appliance.folder.write("megacomet.toml", good + "\n[queue]\nttl = \"soon\"\n")
        let supervisor = try #require(appliance.supervisor)
        supervisor.signal(SIGUSR2)
        try eventually("the refusal says why") {
            supervisor.output.contains("queue.ttl") && supervisor.output.contains("exit 78")
        }
        _ = try appliance.folder.write("megacomet.toml", good)
        #expect(programFile(appliance) == file)
        #expect(try appliance.status().processes.map(\.pid) == before)
    }
}
