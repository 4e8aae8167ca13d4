import Glibc
import TestSupport
import Testing

/// The commands, over the control socket of a real supervisor.
@Suite(.serialized) struct SupervisionCommandTests {
    /// It is small beside the rest of the suite. `make test-load` runs it alone, at its full size.
    @Test func rolling_losesNothing_andRefusesNobody() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let before = try (0..<2).map { try appliance.pid("worker-\($0)") }
        var plan = Crowd.Plan()
        (plan.clients, plan.rate, plan.seconds) = LoadTests.isFull ? (8000, 1000, 30) : (300, 300, 4)
        let crowd = Crowd(plan, ports: [appliance.clientPort(0), appliance.clientPort(1)], appPort: appliance.appPort)
        var answer: Program?
        crowd.events = [
            (
                1,
                { answer = try Program("megacomet", ["rolling", "-c", appliance.configuration], in: appliance.folder) }
            )
        ]
        let tally = try crowd.run()
        print("rolling restart under \(plan.clients) clients and \(plan.rate) publishes a second: \(tally)")
        #expect(
            tally.delivered == tally.published
                && tally.lost + tally.doubled + tally.disordered + tally.misdelivered == 0, "\(tally)")
        #expect(tally.refused + tally.unanswered + tally.refusedConnects + tally.gaps == 0, "\(tally)")
        let rolling = try #require(answer)
        #expect(try rolling.waitForExit(seconds: 90) == .exited(0))
        #expect(rolling.output.contains("2 of 2 done"))
        for number in 0..<2 { #expect(try appliance.pid("worker-\(number)") != before[number]) }
    }

    @Test func rollingThatFails_keepsTheOldWorker() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick, starts: false)
        let programs = "\(appliance.folder.path)/programs"
        mkdir(programs, 0o755)
        for name in ["megamanager", "megaworker"] { symlink("\(Program.folder)/\(name)", "\(programs)/\(name)") }
        appliance.environment["MEGACOMET_PROGRAMS"] = programs
        try appliance.start()
        let before = try (0..<2).map { try appliance.pid("worker-\($0)") }
        unlink("\(programs)/megaworker")
        chmod(try appliance.folder.write("programs/megaworker", "#!/bin/sh\nexit 1\n"), 0o755)
        let rolling = try appliance.command("rolling")
        #expect(rolling.end == .exited(1))
        #expect(rolling.output.contains("stopped after 0 of 2"))
        #expect(try (0..<2).map { try appliance.pid("worker-\($0)") } == before)
        #expect(try appliance.command("events").output.contains("ROLLING_FAILED"))
        try appliance.waitUntilReady()
    }

    @Test func stopAndStart_ofOneWorker() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let poller = appliance.poller("c1", worker: 1)
        try poller.start()
        try eventually("it is parked") { try appliance.app.presence("c1").connected }
        #expect(try appliance.command("stop", "worker-1").end == .exited(0))
        let goodbye = try poller.finish()
        #expect(goodbye.texts.isEmpty && goodbye.retry != nil, "the drain answers it, and says when to come back")
        #expect(try appliance.status().processes.first { $0.name == "worker-1" }?.state == "stopped")
        // It stays stopped under the next supervisor, too.
        appliance.killSupervisor()
        _ = try appliance.launch()
        try eventually("worker-0 is adopted") {
            try appliance.status().processes.first { $0.name == "worker-0" }?.state == "ready"
        }
        #expect(try appliance.status().processes.first { $0.name == "worker-1" }?.state == "stopped")
        #expect(try appliance.command("start", "worker-1").end == .exited(0))
        try appliance.waitUntilReady()
        let events = try appliance.command("events").output
        #expect(events.contains("worker-1 COMMAND") && events.contains("start, by uid \(getuid()) (pid "))
    }

    @Test func restartOfAWorker_isDoneWhenItSaysSo() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let (one, other, manager) = try (appliance.pid("worker-0"), appliance.pid("worker-1"), appliance.pid("manager"))
        #expect(try appliance.command("restart", "w0", "--wait").end == .exited(0))
        #expect(try appliance.pid("worker-0") != one)
        #expect(try appliance.command("restart", "manager", "--wait").end == .exited(0))
        #expect(try appliance.pid("manager") != manager)
        #expect(try appliance.pid("worker-1") == other)
        #expect(try appliance.command("restart", "worker-7").output.contains("no process \"worker-7\""))
    }

    @Test func clients_areThoseWithTheDeepestMailboxes() throws {
        let appliance = try Appliance(workers: 1, ["app": "key = \"secret\""])
        let key = ["Authorization: Bearer secret"]
        for (client, messages) in [("shallow", 1), ("deep", 5), ("deeper", 9)] {
            for _ in 0..<messages {
                #expect(
                    try HTTP.request(
                        "POST", "/publish", port: appliance.appPort, key, body: Publisher.body(client, json: "1")
                    ).status == 202)
            }
        }
        let table = try appliance.command("clients", "-n", "2")
        #expect(table.end == .exited(0))
        let rows = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.map(\.last) == ["CLIENT", "deeper", "deep"] && rows.map(\.first) == ["QUEUED", "9", "5"])
        let json = try JSON.parse(try appliance.command("clients", "--json").output)
        #expect(json["clients"]?.array?.map { $0["client"]?.string } == ["deeper", "deep", "shallow"])
        #expect(try appliance.command("clients", "-n", "101").end == .exited(64))
        #expect(try HTTP.request("GET", "/clients", port: appliance.appPort).status == 401)
    }

    @Test func doctor_isToldOverTheControlSocket() throws {
        let appliance = try Appliance(workers: 1, ["workers": "max_connections = 100"])
        let answer = try control(appliance, "{\"op\":\"doctor\"}")
        let rows = try #require(answer["rows"]?.array)
        #expect(answer["ok"]?.bool == true)
        let table = try appliance.command("doctor").output.split(separator: "\n")
        #expect(rows.count == table.count - 2)
        for row in rows {
            let (name, want, why) = try (
                #require(row["name"]?.string), #require(row["want"]?.string), #require(row["why"]?.string)
            )
            let line = try #require(
                table.first { $0.contains(" \(name) ") && $0.hasSuffix(why) && $0.contains(want) }, "\(name)")
            #expect(line.contains(row["have"]?.string ?? "- "))
            #expect(line.hasPrefix(row["have"] == nil ? "absent" : row["enough"]?.bool == true ? "ok" : "low"))
        }
    }

    @Test func orderForAProcessThatIsAnotherByNow_isRefused() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let answer = try control(appliance, "{\"op\":\"kill\",\"name\":\"worker-0\",\"pid\":1}")
        #expect(answer["ok"]?.bool == false)
        #expect(answer["error"]?["code"]?.string == "changed")
        for wrong in ["", "no json", "{\"op\":\"fly\"}", "[]", "{\"op\":\"stop\",\"name\":\"worker-x\"}"]
        where !wrong.isEmpty {
            #expect(try control(appliance, wrong)["ok"]?.bool == false, "\(wrong)")
        }
        try appliance.waitUntilReady()
    }

    @Test func reload_isAllOrNothing_andSaysWhatNeedsARestart() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let good = contents(ofFile: appliance.configuration)
        let before = try appliance.status().processes.map(\.pid)
        _ = try appliance.folder.write("megacomet.toml", good + "\n[queue]\nttl = \"soon\"\nmax_mesage = 3\n")
        let bad = try appliance.command("reload")
        #expect(bad.end == .exited(78))
        #expect(bad.output.contains("queue.ttl") && bad.output.contains("did you mean queue.max_message"))
        appliance.supervisor?.signal(SIGHUP)
        try eventually("the refusal is an event") {
            contents(ofFile: "\(appliance.folder.path)/run/lock").isEmpty == false
                && (appliance.supervisor?.output.contains("RELOAD_FAILED") ?? false)
        }

        _ = try appliance.folder.write(
            "megacomet.toml",
            good.replacing("drain = 0.5", with: "drain = 0.6").replacing("count = 1", with: "count = 2")
                + "\n[queue]\nttl = 5.0\n")
        let reload = try appliance.command("reload")
        #expect(reload.end == .exited(0))
        #expect(reload.output.contains("in force: supervisor.drain"))
        #expect(reload.output.contains("restart manager`): queue.ttl"))
        #expect(reload.output.contains("needs `megacomet stop` and `start`: workers.count"))
        #expect(try appliance.status().processes.map(\.pid) == before)
        #expect(try appliance.command("restart", "manager", "--wait").end == .exited(0))
        #expect(contents(ofFile: "/proc/\(try appliance.pid("manager"))/cmdline").contains("5.0"))
    }

    /// The parser would end the program over this file.
    @Test func reloadOfAFileThatTheParserDoesNotSurvive_changesNothing() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let good = contents(ofFile: appliance.configuration)
        _ = try appliance.folder.write("megacomet.toml", good.replacing("[app]", with: "[[[app]"))
        let supervisor = try #require(appliance.supervisor)
        supervisor.signal(SIGHUP)
        try eventually("the refusal says why") {
            supervisor.output.contains("RELOAD_FAILED by SIGHUP, nothing changed")
                && supervisor.output.contains("a section is written [name]")
        }
        _ = try appliance.folder.write("megacomet.toml", good)
        try appliance.waitUntilReady()
        #expect(supervisor.isRunning)
    }

    @Test func drain_answersItsPolls_andTheWorkerIsAnotherOneThen() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let (one, other) = try (appliance.pid("worker-0"), appliance.pid("worker-1"))
        let poller = appliance.poller("c1")
        try poller.start()
        try eventually("it is parked") { try appliance.app.presence("c1").connected }
        #expect(try appliance.command("drain", "worker-0", "--reason", "a leak").end == .exited(0))
        let goodbye = try poller.finish()
        #expect(goodbye.texts.isEmpty && goodbye.retry != nil)
        try appliance.waitUntilReplaced("worker-0", one)
        #expect(try appliance.pid("worker-1") == other)
        #expect(try appliance.events().contains("reason \"a leak\""))
        let nonsense = try appliance.command("drain", "worker-9")
        #expect(nonsense.end == .exited(1) && nonsense.output.contains("no process \"worker-9\""))
    }

    @Test func kill_endsItAtOnce_andItIsStartedAgain() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let pid = try appliance.pid("worker-0")
        #expect(try appliance.command("kill", "w0").end == .exited(0))
        try appliance.waitUntilReplaced("worker-0", pid)
        #expect(try appliance.events().contains("worker-0 EXIT [\(pid)] signal 9 (SIGKILL)"))
    }

    /// The package has no other megatop than this link.
    @Test func linkWithTheName_isMegatop() throws {
        let folder = try Folder()
        let link = folder.path + "/megatop"
        #expect(symlink("\(Program.folder)/megacomet", link) == 0)
        for word in ["--help", "--manual"] {
            let linked = try Program.run(link, [word], in: folder)
            let megatop = try Program.run("megatop", [word], in: folder)
            #expect(linked.end == .exited(0) && linked.output == megatop.output, "\(word)")
        }
    }

    @Test func top_isMegatop() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let top = try Program.run(
            "megacomet", ["top", "-c", appliance.configuration, "-b", "-n", "1", "-o", "json"], in: appliance.folder)
        #expect(top.end == .exited(0))
        _ = try JSON.parse(try #require(top.output.split(separator: "\n").map(String.init).last))
    }

    @Test func eventsFollowed_comeAsTheyHappen() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let follower = try Program("megacomet", ["events", "-f", "-c", appliance.configuration], in: appliance.folder)
        try eventually("what was") { follower.output.contains("READY") }
        kill(try appliance.pid("worker-0"), SIGKILL)
        try eventually("what is") {
            follower.output.contains("worker-0 EXIT") && follower.output.contains("generation 2")
        }
    }
}

/// Sends one line to the control socket. Returns the answer.
func control(_ appliance: Appliance, _ line: String) throws -> JSON {
    let socket = try Socket(path: "\(appliance.folder.path)/run/control.sock")
    try socket.send(line + "\n")
    return try JSON.parse(try socket.readLine())
}
