import Base
import Glibc
import Stats
import TestSupport
import Testing

/// The real dashboard in a real terminal (tmux), before the real appliance.
@Suite(.serialized)
struct MegatopTests {
    @Test(arguments: [(80, 24), (40, 12), (20, 4), (200, 50)])
    func everySize_showsWhatTheTestDid(width: Int, height: Int) throws {
        let appliance = try Appliance(workers: 2)
        defer { appliance.end() }
        let held = (0..<3).map { appliance.poller("held-\($0)", worker: 0) }
        for poller in held { try poller.start() }
        for _ in 0..<5 { _ = try appliance.app.publish("absent", "1", ttl: 600) }
        let screen = try TerminalScreen(width: width, height: height, appliance)
        defer { screen.end() }
        if width == 20 {
            try screen.expect("3 ")
            try screen.expect("3/3 ok")
            try screen.expect("q 5")
        } else {
            try screen.expect { text in
                text.contains("CONNS  3") && text.split(separator: "\n").contains { $0.contains("QUEUE  5 msgs") }
            }
            try screen.expect("LIVE")
        }
        #expect(screen.text.split(separator: "\n", omittingEmptySubsequences: false).allSatisfy { $0.count <= width })
        try screen.send("q")
        try screen.expect("detached")
        try appliance.waitUntilReady()
    }

    @Test func everyScreen_opensAndHelpExplains() throws {
        let appliance = try Appliance(workers: 2)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 100, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("3/3 ok")
        for (key, words) in [
            ("2", "AGE OF WAITING"), ("3", "LATENCY"), ("4", "SUPERVISOR"), ("5", "DETAIL"), ("6", "KERNEL COUNTERS"),
            ("1", "OVERVIEW"),
        ] {
            try screen.send(key)
            try screen.expect(words)
        }
        try screen.send("?")
        try screen.expect("HELP 1 of")
        try screen.send("Escape")
        try screen.send("e")
        try screen.expect("means")
        try screen.send("Escape")
        try screen.send("s")
        try screen.expect("SORT BY")
        try screen.send("Escape")
        try screen.send("/", "w", "1", "Enter")
        try screen.expect { text in text.contains("\n>w1") && !text.contains("\n w0") }
    }

    /// An earlier supervisor has left the night. An operator who comes in the morning sees it in the first picture.
    @Test func d_showsTheDay_andTheMinutesAgain() throws {
        let appliance = try Appliance(workers: 1, starts: false)
        defer { appliance.end() }
        try leaveADay(appliance, connections: 4711, queued: 815)
        try appliance.start()
        let screen = try TerminalScreen(width: 100, height: 30, appliance, environment: "HOME=\(appliance.folder.path)")
        defer { screen.end() }
        try screen.expect("2/2 ok")
        func line(_ label: String, _ words: String) throws {
            try screen.expect { text in
                text.split(separator: "\n").contains { $0.hasPrefix(" " + label + " ") && $0.contains(words) }
            }
        }
        func graph(_ words: String) throws {
            try screen.expect { text in
                text.split(separator: "\n").contains { $0.hasPrefix("-- CONNS ") && $0.contains(words) }
            }
        }
        try graph("max 0 ")
        // An hour lies between.
        try screen.send("d", "d")
        try graph("max 4.7k ")
        try screen.send("2")
        try line("24h", "max 815")
        try screen.send("d")
        try line("60s", "max 0")
        try screen.send(":set history 24h", "Enter", ":save", "Enter")
        try screen.expect("saved ")
        try screen.send("q")
        try screen.expect("detached")
        try screen.send("clear; '\(Program.folder)/megatop' -c \(appliance.configuration)", "Enter")
        // The screen was saved, too.
        try line("24h", "max 815")
    }
    /// Writes a day into the supervisor's file, with the hours before the last.
    private func leaveADay(_ appliance: Appliance, connections: UInt32, queued: UInt32) throws {
        let now = StatsDay.step(at: monotonicNanoseconds())
        let head = Array("MGDAY1 \(contents(ofFile: "/proc/sys/kernel/random/boot_id"))".utf8)
        var file = head + [UInt8](repeating: 0, count: StatsDay.steps * StatsDay.recordBytes)
        var day = StatsDay()
        for number in (now - min(now, 2000))..<(now - min(now / 2, 600)) {
            var step = StatsDay.Step()
            (step.connections.least, step.connections.mean, step.connections.most) = (
                connections - 2, connections - 1, connections
            )
            (step.queued.least, step.queued.mean, step.queued.most) = (queued, queued, queued)
            day.put(step, at: number)
            var record = Buffer()
            day.write(number, to: &record)
            let place = head.count + StatsDay.place(number)
            file.replaceSubrange(place..<place + StatsDay.recordBytes, with: record.bytes)
        }
        mkdir("\(appliance.folder.path)/run", 0o755)
        let opened = try #require(fopen("\(appliance.folder.path)/run/day", "w"))
        fwrite(file, 1, file.count, opened)
        fclose(opened)
    }

    @Test func killedWorker_isSeenToComeBack() throws {
        let appliance = try Appliance(workers: 2)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 120, height: 36, appliance)
        defer { screen.end() }
        try screen.expect("3/3 ok")
        let before = try appliance.pid("worker-1")
        kill(before, SIGKILL)
        try screen.expect("SIGKILL")
        let after = try eventually("worker-1 is another process") {
            try appliance.status().processes.first { $0.name == "worker-1" && $0.state == "ready" && $0.pid != before }?
                .pid
        }
        try screen.expect { $0.contains("3/3 ok") && $0.contains("\(after)") }
    }

    @Test func action_isRefusedOutsideAdminMode_askedInIt_andDoneWhenTyped() throws {
        let appliance = try Appliance(workers: 2, ["supervisor": "drain = 1.0"])
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 100, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("3/3 ok")
        let before = try appliance.pid("worker-0")
        try screen.send("j", "R")
        try screen.expect("press A first")
        try screen.send("A", "R")
        try screen.expect("RESTART w0")
        // Enter alone never acts.
        try screen.send("Enter")
        try screen.expect("restart cancelled")
        try screen.send("R", "w", "0", "Enter")
        try screen.expect("restart w0: begun")
        try eventually("worker-0 is another process") {
            guard let now = try? appliance.pid("worker-0") else { return false }
            return try now != before && appliance.status().allReady
        }
    }

    @Test func action_isRefused_whenTheProcessChangedMeanwhile() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 100, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        try screen.send("j", "A", "K")
        try screen.expect("KILL w0")
        let before = try appliance.pid("worker-0")
        kill(before, SIGKILL)
        try eventually("worker-0 is back") {
            guard let now = try? appliance.pid("worker-0") else { return false }
            return try now != before && appliance.status().allReady
        }
        try screen.send("k", "i", "l", "l", "Space", "w", "0", "Enter")
        try screen.expect("changed")
    }

    @Test func supervisorKilled_isLost_andFoundAgain() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 100, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        appliance.killSupervisor()
        try screen.expect("NO STATS FOR")
        try screen.expect("READY~")
        try appliance.start()
        try screen.expect("LIVE")
        try screen.expect("2/2 ok")
    }

    @Test(arguments: [SIGTERM, SIGHUP, SIGQUIT, SIGINT, SIGSEGV])
    func signal_bringsTheTerminalBack(_ number: Int32) throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 80, height: 24, appliance)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        try screen.send(":set mouse on", "Enter")
        try eventually("the mouse is on") { screen.hasMouse }
        try screen.signal(number)
        // Until then megatop would get what is typed.
        try eventually("megatop is gone") { !screen.isRunning }
        // The shell is back, and what is typed is visible.
        try screen.send("echo back-$((40+2))", "Enter")
        try screen.expect("back-42")
        #expect(!screen.hasMouse)
        #expect(try !screen.modes().contains("-icanon"))
        try appliance.waitUntilReady()
    }

    @Test func resizedInADialog_itIsStillThere() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 100, height: 30, appliance)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        try screen.send("A", "X")
        try screen.expect("ROLLING all")
        try screen.resize(width: 60, height: 18)
        try screen.expect { $0.contains("ROLLING all") && $0.split(separator: "\n").allSatisfy { $0.count <= 60 } }
        try screen.send("Escape")
        try screen.expect("cancelled")
    }

    @Test func suspended_givesTheShellBack_andReturns() throws {
        let appliance = try Appliance(workers: 1)
        defer { appliance.end() }
        let screen = try TerminalScreen(width: 80, height: 24, appliance)
        defer { screen.end() }
        try screen.expect("2/2 ok")
        try screen.suspend()
        try screen.send("fg", "Enter")
        try screen.expect("OVERVIEW")
        try screen.expect("2/2 ok")
    }

    @Test func withoutATerminal_itPrintsOneSample_andChecks() throws {
        let appliance = try Appliance(workers: 2)
        defer { appliance.end() }
        _ = try appliance.app.publish("absent", "1", ttl: 600)
        // Each looks for three seconds. On a busy machine a report may come later, and a process may be late.
        try eventually("a sample of all") {
            let sample = try megatop(appliance)
            return sample.output.contains("id ") && sample.output.contains("\nw1 ")
        }
        try eventually("a sample as JSON") {
            let json = try megatop(appliance, "-o", "json")
            return json.output.contains("\"schema\":1") && json.output.contains("\"state\":\"READY\"")
        }
        try eventually("all is well", seconds: 60) {
            let check = try megatop(appliance, "--check")
            if check.end == .exited(1) { return check.output.contains("is late") }
            return check.output.hasPrefix("OK 3 of 3 ready") && check.end == .exited(0)
        }
    }

    private func megatop(_ appliance: Appliance, _ words: String...) throws -> (end: Program.End, output: String) {
        try Program.run("megatop", ["-c", appliance.configuration] + words, in: appliance.folder)
    }
}

/// The present output of `megatop -b` about the appliance. `nil` if no report came in its time.
func megatopSample(_ appliance: Appliance) throws -> JSON? {
    let sample = try Program.run(
        "megatop", ["-c", appliance.configuration, "-b", "-n", "1", "-o", "json"], in: appliance.folder)
    guard sample.end != .exited(69) else { return nil }
    guard sample.end == .exited(0), let line = sample.output.split(separator: "\n").last else {
        throw Failure("megatop -b: \(sample)")
    }
    return try JSON.parse(String(line))
}
