import Glibc
import TestSupport
import Testing

/// Starts that fail, each with one clear line and its code of sysexits.h, and starts that go well.
@Suite(.serialized) struct SupervisionStartTests {
    private func refusal(_ appliance: Appliance, _ words: [String] = ["run"]) throws -> (
        end: Program.End, output: String
    ) {
        try Program.run("megacomet", words + ["-c", appliance.configuration], in: appliance.folder)
    }

    @Test func takenPort_isNamed() throws {
        let appliance = try Appliance(workers: 2, starts: false)
        let other = try Listener(port: appliance.clientPort(1))
        for words in [["run"], ["start"]] {
            let (end, output) = try refusal(appliance, words)
            #expect(end == .exited(69))
            #expect(
                output.contains("megacomet: port \(appliance.clientPort(1)) (workers.base_port + 1) is taken"),
                "\(output)")
        }
        withExtendedLifetime(other) {}
        try eventually("nothing was left behind") { Processes.mentioning(appliance.folder.path).isEmpty }
    }
    @Test func everyPortThatIsTaken_isNamedByItsSetting() throws {
        let first = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let second = try Appliance(workers: 1, starts: false)
        let good = contents(ofFile: second.configuration)
        for (setting, own, taken) in [
            ("manager.port", second.linkPort, first.linkPort), ("app.port", second.appPort, first.appPort),
            ("stats.port, UDP", second.statsPort, first.statsPort),
            ("operator.port", second.operatorPort, first.operatorPort),
        ] {
            _ = try second.folder.write("megacomet.toml", good.replacing("port = \(own)", with: "port = \(taken)"))
            let (end, output) = try refusal(second)
            #expect(
                end == .exited(69) && output.hasPrefix("megacomet: port \(taken) (\(setting)) is taken"), "\(output)")
            #expect(output.split(separator: "\n").count == 1, "\(output)")
        }
        try first.waitUntilReady()
    }
    @Test func runDirectoryThatCantBeMade_isNamed() throws {
        let appliance = try Appliance(starts: false)
        let text = contents(ofFile: appliance.configuration).replacing(
            "run_directory = \"\(appliance.folder.path)/run\"", with: "run_directory = \"/proc/none\"")
        _ = try appliance.folder.write("megacomet.toml", text)
        let (end, output) = try refusal(appliance)
        #expect(end == .exited(73))
        #expect(output == "megacomet: run_directory /proc/none: No such file or directory\n")
    }
    @Test func missingProgram_isNamed() throws {
        let appliance = try Appliance(starts: false)
        let program = try Program(
            "megacomet", ["run", "-c", appliance.configuration], in: appliance.folder,
            environment: ["MEGACOMET_PROGRAMS": appliance.folder.path])
        #expect(try program.waitForExit() == .exited(69))
        #expect(program.output == "megacomet: a program is missing: \(appliance.folder.path)/megamanager\n")
    }
    @Test func mistakesInTheFile_areAllNamed() throws {
        let appliance = try Appliance(starts: false)
        _ = try appliance.folder.write("megacomet.toml", "[workers]\ncount = \"many\"\nbase_prt = 8000\n")
        for words in [["run"], ["start"], ["check"]] {
            let (end, output) = try refusal(appliance, words)
            #expect(end == .exited(78))
            #expect(
                output.contains("megacomet.toml:2: workers.count")
                    && output.contains("megacomet.toml:3: workers.base_prt")
                    && output.contains("did you mean workers.base_port?"))
        }
    }
    @Test func wrongWords_areUsage() throws {
        #expect(try Program.run("megacomet", ["fly"], in: try Folder()).end == .exited(64))
    }

    @Test func secondSupervisor_isRefused_andNamesTheFirst() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let (end, output) = try refusal(appliance)
        #expect(end == .exited(69))
        #expect(output.contains("already: pid \(try #require(appliance.supervisor).pid)"), "\(output)")
        try appliance.waitUntilReady()
    }

    @Test func startStatusPublishStop_areAllThatAnOperatorNeeds() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick, starts: false)
        #expect(try appliance.command("status").end == .exited(3))
        let started = try appliance.command("start")
        #expect(started.end == .exited(0), "\(started.output)")
        #expect(started.output.contains("curl http://127.0.0.1:\(appliance.clientPort(0))/alice.json"))
        let status = try eventually("all are ready") {
            let status = try appliance.command("status", "--json")
            return status.end == .exited(0) ? status : nil
        }
        let rows = try JSON.parse(status.output)["processes"]?.array ?? []
        #expect(rows.compactMap { $0["name"]?.string } == ["manager", "worker-0", "worker-1"])
        #expect(
            rows.allSatisfy { $0["state"]?.string == "ready" && $0["last_exit"] == .null && $0["restarts"]?.int == 0 })
        #expect(try appliance.command("start").end == .exited(0), "again is well too")

        let poller = appliance.poller("alice", worker: 1)
        try poller.start()
        let published = try appliance.command("publish", "alice", "{\"n\":1}")
        #expect(published.end == .exited(0))
        #expect(try poller.finish().messages.map(\.data) == [try JSON.parse("{\"n\":1}")])
        #expect(try appliance.command("publish", "alice", "plain words").output.contains("\"status\":"))
        #expect(try poller.poll().texts == ["plain words"])
        #expect(try appliance.command("publish", "a/b", "x").end == .exited(65))

        #expect(try appliance.command("stop").end == .exited(0))
        #expect(try appliance.command("status").end == .exited(3))
        try eventually("nothing is left") { Processes.mentioning(appliance.folder.path).isEmpty }
        #expect(try appliance.command("publish", "alice", "x").end == .exited(69))
    }

    @Test func terminated_drainsAndExits0() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let poller = appliance.poller("c1")
        try poller.start()
        try eventually("it is parked") { try appliance.app.presence("c1").connected }
        let supervisor = try #require(appliance.supervisor)
        supervisor.signal(SIGTERM)
        #expect(try poller.finish().retry != nil)
        #expect(try supervisor.waitForExit() == .exited(0))
        #expect(Processes.mentioning(appliance.folder.path).isEmpty)
    }

    @Test func serviceManager_isToldOfEachStep() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick, starts: false)
        let manager = try ServiceManagerSocket("\(appliance.folder.path)/notify")
        appliance.environment["NOTIFY_SOCKET"] = manager.path
        appliance.environment["WATCHDOG_USEC"] = "200000"
        try appliance.start()
        let supervisor = try #require(appliance.supervisor)
        let ready = try manager.wait(for: "READY=1")
        #expect(ready.contains("MAINPID=\(supervisor.pid)"))
        _ = try manager.wait(for: "WATCHDOG=1")
        supervisor.signal(SIGHUP)
        #expect(try manager.wait(for: "RELOADING=1").contains("MONOTONIC_USEC="))
        _ = try manager.wait(for: "READY=1")
        supervisor.signal(SIGUSR2)
        _ = try manager.wait(for: "RELOADING=1")
        #expect(try manager.wait(for: "READY=1").contains("MAINPID=\(supervisor.pid)"))
        _ = try manager.wait(for: "WATCHDOG=1")
        supervisor.signal(SIGTERM)
        _ = try manager.wait(for: "STOPPING=1")
        #expect(try supervisor.waitForExit() == .exited(0))
    }

    /// A service manager that is slow, or busy with others: READY=1 is told when it has room again.
    @Test func serviceManagerWithoutRoom_isToldLater() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick, starts: false)
        let manager = try ServiceManagerSocket("\(appliance.folder.path)/notify")
        try manager.fill()
        appliance.environment["NOTIFY_SOCKET"] = manager.path
        try appliance.start()
        let supervisor = try #require(appliance.supervisor)
        #expect(try manager.wait(for: "READY=1").contains("MAINPID=\(supervisor.pid)"))
        supervisor.signal(SIGTERM)
        _ = try manager.wait(for: "STOPPING=1")
        #expect(try supervisor.waitForExit() == .exited(0))
    }

    @Test func doctor_hasWantAndWhy_forEachSetting() throws {
        let appliance = try Appliance(workers: 1, ["workers": "max_connections = 100"], starts: false)
        let (_, output) = try appliance.command("doctor")
        for name in ["net.core.somaxconn", "fs.file-max", "net.ipv4.tcp_max_syn_backlog"] {
            let line = try #require(output.split(separator: "\n").first { $0.contains(name) })
            let have = contents(ofFile: "/proc/sys/" + name.replacing(".", with: "/")).split(whereSeparator: {
                $0 == "\n" || $0 == "\t"
            }).joined(separator: " ")
            #expect(line.contains(have) || have.isEmpty, "\(line)")
        }
        let somaxconn = Int(contents(ofFile: "/proc/sys/net/core/somaxconn").filter(\.isNumber)) ?? 0
        #expect(
            try appliance.command("doctor", "--sysctl").output.contains("net.core.somaxconn = 65535")
                == (somaxconn < 65535))
    }
}
