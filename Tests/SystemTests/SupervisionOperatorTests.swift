import Glibc
import TestSupport
import Testing

/// The messages that an operator gets on a bad day.
@Suite(.serialized) struct SupervisionOperatorTests {
    /// The worker's program, which can be broken and repaired while the appliance runs.
    private final class Workshop {
        let appliance: Appliance
        private var worker: String { "\(appliance.folder.path)/programs/megaworker" }
        init() throws {
            appliance = try Appliance(workers: 2, SupervisionDeathTests.quick, starts: false)
            _ = try appliance.replaceWorker(byScript: "")
            try repair()
            try appliance.start()
        }
        func breakWorker(exit code: Int) throws {
            unlink(worker)
            chmod(
                try appliance.folder.write(
                    "programs/megaworker", "#!/bin/sh\necho cannot load libfoo.so.3 >&2\nexit \(code)\n"), 0o755)
        }
        func repair() throws {
            unlink(worker)
            symlink("\(Program.folder)/megaworker", worker)
        }
    }

    /// The order is taken, and fails later. The screen does not say that it is done.
    @Test func restartThatFails_isSaidToHaveFailedOnTheScreen_andIsNoEndOfTheOldOne() throws {
        let shop = try Workshop()
        try shop.breakWorker(exit: 127)
        let screen = try TerminalScreen(width: 140, height: 30, shop.appliance)
        defer { screen.end() }
        try screen.expect("3/3 ok")
        try screen.send("4", "A", "j", "R", "w", "0", "Enter")
        try screen.expect { $0.contains("restart w0 FAILED") }
        try screen.expect {
            $0.contains(#"at w0: exit 127 "cannot load libfoo.so.3"; 0 of 1 replaced, nobody cut"#)
                && $0.contains("ROLLING FAILED")
        }
        let status = try JSON.parse(shop.appliance.command("status", "--json").output)
        let row = try #require(status["processes"]?.array?.first { $0["name"]?.string == "worker-0" })
        #expect(row["restarts"]?.int == 0 && row["exits"]?.int == 0 && row["last_exit"]?["code"] == nil)
        #expect(row["failed_replacement"]?["code"]?.int == 127)
    }
    @Test func restartThatFails_saysSo_andWhy() throws {
        let shop = try Workshop()
        let appliance = shop.appliance
        try shop.breakWorker(exit: 1)
        let before = try appliance.pid("worker-0")
        let restart = try appliance.command("restart", "worker-0", "--wait")
        #expect(
            restart.end == .exited(1)
                && restart.output.contains(
                    "ended before it was ready; 0 of 1 replaced, 1 left as they were; the old one serves on"),
            "\(restart)")
        #expect(try appliance.pid("worker-0") == before)
        let rolling = try appliance.command("rolling")
        #expect(
            rolling.end == .exited(1)
                && rolling.output.contains("stopped after 0 of 2: worker-0: exit 1 \"cannot load libfoo.so.3\""),
            "\(rolling)")

        try shop.breakWorker(exit: 78)
        let held = try appliance.command("restart", "worker-1", "--now", "--wait")
        #expect(held.end == .exited(1) && held.output.contains("worker-1 is held: exit 78"), "\(held)")
        let again = try appliance.command("start", "worker-1")
        #expect(again.end == .exited(75) && again.output.contains("worker-1 is held: exit 78"), "\(again)")

        try shop.repair()
        let all = try appliance.command("restart", "--wait")
        #expect(all.end == .exited(0) && all.output == "all of it is restarted\n", "\(all)")
        try appliance.waitUntilReplaced("worker-0", before)
    }

    /// The file is being edited, or was edited badly. The running appliance can still be looked at and stopped.
    @Test func mistakeInTheFile_locksNobodyOut() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        let good = contents(ofFile: appliance.configuration)
        _ = try appliance.folder.write("megacomet.toml", good + "\n[queue]\nttl = \"soon\"\n")
        try eventually("it is looked at") {
            let status = try appliance.command("status")
            return status.end == .exited(0) && status.output.contains("has mistakes (`megacomet check`)")
                && status.output.contains("worker-1   READY")
        }
        for words in [
            ["stop", "worker-1"], ["start", "worker-1"], ["restart", "worker-1", "--wait"], ["events"],
            ["log", "manager"],
        ] {
            let (end, output) = try Program.run(
                "megacomet", words + ["-c", appliance.configuration], in: appliance.folder)
            #expect(end == .exited(0), "\(words): \(output)")
        }
        let reload = try appliance.command("reload")
        #expect(reload.end == .exited(78) && reload.output.contains("queue.ttl"))

        // If the file no longer says where the supervisor is, no command guesses it.
        for wrong in [good.replacing("run_directory = ", with: "run_directory = 3 #"), good + "[[["] {
            _ = try appliance.folder.write("megacomet.toml", wrong)
            #expect(try appliance.command("stop").end == .exited(78))
        }
        _ = try appliance.folder.write("megacomet.toml", good)
        try appliance.waitUntilReady()
    }

    @Test func processesOfADeadSupervisor_areNotTakenForStopped() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        appliance.killSupervisor()
        let status = try appliance.command("status")
        #expect(
            status.end == .exited(1)
                && status.output
                    == "no supervisor runs; the last one died, 3 of its processes serve on (`megacomet start` adopts "
                    + "them)\n",
            "\(status)")
        let stop = try appliance.command("stop")
        #expect(stop.end == .exited(69) && stop.output.contains("3 of its processes serve on"), "\(stop)")
        #expect(try appliance.command("start").end == .exited(0))
        #expect(try appliance.command("stop").end == .exited(0))
        try eventually("nothing is left") { Processes.mentioning(appliance.folder.path).isEmpty }
        #expect(try appliance.command("stop").output == "not running\n")
    }

    @Test func everyOrder_saysWhatIsDone() throws {
        let appliance = try Appliance(workers: 2, SupervisionDeathTests.quick)
        func said(_ words: String...) throws -> String {
            let (end, output) = try Program.run(
                "megacomet", words + ["-c", appliance.configuration], in: appliance.folder)
            #expect(end == .exited(0), "\(words): \(output)")
            return output
        }
        #expect(try said("crashes") == "no crash reports in \(appliance.folder.path)/run/crash\n")
        #expect(try said("hold", "worker-0") == "the watchdog leaves worker-0 alone, until --off\n")
        #expect(try said("hold", "worker-0", "--off") == "the watchdog watches worker-0 again\n")
        #expect(try said("restart", "worker-0", "--wait") == "worker-0 is restarted\n")
        #expect(try said("restart", "manager") == "manager is being restarted\n")
        #expect(try said("drain", "worker-1") == "worker-1 drains, and is then started anew\n")
        #expect(try said("kill", "worker-0") == "worker-0 is killed\n")
        try appliance.waitUntilReady()
        #expect(try said("rolling", "--background").hasPrefix("it runs"))
        let drain = try appliance.command("drain", "manager")
        #expect(drain.end == .exited(1) && drain.output.contains("`megacomet restart manager` loses what waits in it"))
    }

    @Test func eventsAreFollowed_fromOneSupervisorToTheNext() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let follower = try Program(
            "megacomet", ["events", "-f", "--json", "-c", appliance.configuration], in: appliance.folder)
        try eventually("what was") { follower.output.contains("\"READY\"") }
        appliance.killSupervisor()
        _ = try appliance.launch()
        try appliance.waitUntilReady()
        #expect(try appliance.command("hold", "worker-0").end == .exited(0))
        try eventually("what is") { follower.output.contains("watchdog held") }
        let numbers = try follower.output.split(separator: "\n").compactMap {
            try JSON.parse(String($0))["number"]?.int
        }
        for (index, number) in numbers.enumerated() { #expect(number == index + 1, "each once, in their order") }
        #expect(try appliance.command("stop").end == .exited(0))
        #expect(try follower.waitForExit() == .exited(69))
    }
}
