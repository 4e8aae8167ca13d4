import Glibc
import TestSupport
import Testing

/// The file's permissions say who may give orders, and a further group counts. The tests need root, to become somebody
/// else.
@Suite(
    .serialized,
    .enabled(
        if: getuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0, "only root, with setpriv, becomes somebody else"))
struct SupervisionAccessTests {
    @Test func groupOfTheSocket_mayAct_andNobodyElse() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let group = String(cString: try #require(getgrgid(getegid())).pointee.gr_name)
        func said(_ file: String) -> String {
            "megacomet: permission denied: \(appliance.folder.path)/run/\(file) is for root and the group \(group)\n"
        }
        func ask(_ groups: [String], _ words: [String]) throws -> (end: Program.End, output: String) {
            try asNobody(appliance, groups, words)
        }
        let all = [
            ["status"], ["status", "--json"], ["hold", "worker-0"], ["kill", "worker-0"], ["stop"],
            ["stop", "worker-0"],
            ["start"], ["start", "worker-0"], ["restart"], ["drain", "worker-0"], ["rolling"], ["reload"], ["upgrade"],
            ["events"], ["events", "-f"], ["log", "manager"],
        ]
        for words in all {
            let denied = try ask(["--clear-groups"], words)
            #expect(denied.end == .exited(77) && denied.output == said("control.sock"), "\(words): \(denied)")
        }
        let crashes = try ask(["--clear-groups"], ["crashes"])
        #expect(crashes.end == .exited(77) && crashes.output == said("crash"), "\(crashes)")
        try appliance.waitUntilReady()
        #expect(try ask(["--groups=\(getegid())"], ["status"]).end == .exited(0))
        #expect(try ask(["--groups=\(getegid())"], ["hold", "worker-0"]).end == .exited(0))
        #expect(try appliance.events().contains("watchdog held, by uid 65534 (pid "))
    }

    @Test func megatop_saysWhoMay_insteadOfShowingNothing() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let group = String(cString: try #require(getgrgid(getegid())).pointee.gr_name)
        let words = "permission denied: \(appliance.folder.path)/run/control.sock is for root and the group \(group)\n"
        let batch = try asNobody(appliance, ["--clear-groups"], ["-b"], program: "megatop")
        #expect(batch.end == .exited(77) && batch.output == "megatop: " + words, "\(batch)")
        let check = try asNobody(appliance, ["--clear-groups"], ["--check"], program: "megatop")
        #expect(check.end == .exited(3) && check.output == "UNKNOWN " + words, "\(check)")
        let somebody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
        let command = "\(somebody) '\(Program.folder)/megatop' -c '\(appliance.configuration)'; echo ended-$?"
        let terminal = try TerminalScreen(width: 200, height: 24, appliance, command: command)
        defer { terminal.end() }
        try terminal.expect("ended-77")
        #expect(terminal.text.contains("permission denied"))
        let member = try asNobody(appliance, ["--groups=\(getegid())"], ["-b"], program: "megatop")
        #expect(member.end == .exited(0), "\(member)")
    }

    /// The file holds the app's key, so the installed one is for root and the service's group.
    @Test func configurationThatCantBeRead_isARefusal_andNoMistakeInIt() throws {
        let appliance = try Appliance(starts: false)
        let group = String(cString: try #require(getgrgid(getegid())).pointee.gr_name)
        let said = "permission denied: \(appliance.configuration) is for root and the group \(group)\n"
        for words in ["megatop -b", "megacomet check", "megacomet status", "megacomet stop", "megacomet publish c 1"] {
            let words = words.split(separator: " ").map(String.init)
            let (program, rest) = (words[0], Array(words.dropFirst()))
            let refused = try asNobody(appliance, ["--clear-groups"], rest, program: program, mode: 0o640)
            #expect(refused.end == .exited(77) && refused.output == "\(program): " + said, "\(words): \(refused)")
        }
    }

    /// Anyone can start a process whose command line looks like that of our daemons. Root's supervisor adopted such a
    /// process and took its sockets.
    @Test func processOfAnotherUser_isNotTakenForADaemon() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let claims = ["--number", "0", "--run-directory", "\(appliance.folder.path)/run", "--generation", "\(Int.max)"]
        let script = "exec -a megaworker bash -c 'echo here; read x < <(sleep 600); :' \"$@\""
        let somebody = ["--reuid=65534", "--regid=65534", "--clear-groups"]
        let stranger = try Program(
            "/usr/bin/setpriv", somebody + ["bash", "-c", script, "bash"] + claims, in: appliance.folder)
        try eventually("it is there") { stranger.output.contains("here") }
        appliance.killSupervisor()
        try appliance.start()
        let events = try appliance.events()
        #expect(stranger.isRunning && !events.contains("\(stranger.pid)"), "\(events)")
        #expect(try appliance.command("restart", "worker-0", "--wait").end == .exited(0))
        #expect(stranger.isRunning)
    }

    @Test func runDirectoryThatCantBeWritten_isNamed() throws {
        let appliance = try Appliance(starts: false)
        mkdir("\(appliance.folder.path)/run", 0o755)
        for words in [["run"], ["start"]] {
            let refused = try asNobody(appliance, ["--clear-groups"], words)
            #expect(refused.end == .exited(73))
            #expect(
                refused.output == "megacomet: run_directory \(appliance.folder.path)/run: not writable\n",
                "\(refused.output)")
        }
    }

    /// The folder's owner could read the token, and take the listeners of daemons whose supervisor died.
    @Test func runDirectoryOfAnotherUser_isRefused_alsoWhereItCouldBeWritten() throws {
        let appliance = try Appliance(starts: false)
        let run = "\(appliance.folder.path)/run"
        mkdir(run, 0o770)
        #expect(chown(run, 1, 65533) == 0 && chmod(run, 0o770) == 0)
        for words in [["run"], ["start"]] {
            let refused = try asNobody(appliance, ["--groups=65533"], words)
            #expect(
                refused.end == .exited(73)
                    && refused.output == "megacomet: run_directory \(run): belongs to another user (1)\n", "\(refused)")
        }
        #expect(Folder.names(in: run).isEmpty)
        let daemon = [
            "--reuid=65534", "--regid=65534", "--groups=65533", "\(Program.folder)/megaworker", "--run-directory", run,
        ]
        let worker = try Program("/usr/bin/setpriv", daemon, in: appliance.folder)
        #expect(
            try worker.waitForExit() == .exited(77) && worker.output.contains("belongs to another user (1)"),
            "\(worker.output)")

        // The folder that has a user's own name in it must be his. Commands don't use another's, either.
        let own = "\(appliance.folder.path)/megacomet-65534"
        mkdir(own, 0o770)
        #expect(chown(own, 1, 65533) == 0 && chmod(own, 0o777) == 0 && chmod(own, 0o770) == 0)
        let text = contents(ofFile: appliance.configuration).replacing("run_directory = \"\(run)\"\n", with: "")
        _ = try appliance.folder.write("megacomet.toml", text)
        let refused = try asNobody(appliance, ["--groups=65533"], ["run"])
        #expect(
            refused.end == .exited(73) && refused.output.contains("run_directory \(own): belongs to another user (1)"),
            "\(refused)")
        let asked = try asNobody(appliance, ["--groups=65533"], ["hold", "worker-0"])
        #expect(asked.end == .exited(77) && asked.output.contains("belongs to another user (1)"), "\(asked)")
    }

    /// If somebody else listens at the lifeline's path in place of a supervisor, he gets nothing.
    @Test(.enabled(if: access("/usr/bin/perl", X_OK) == 0)) func daemons_callNoOtherUsersSocket() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let (manager, worker) = try (appliance.pid("manager"), appliance.pid("worker-0"))
        let path = "\(appliance.folder.path)/run/lifeline.sock"
        appliance.killSupervisor()
        unlink(path)
        let script = """
            use Socket; socket(L, AF_UNIX, SOCK_STREAM, 0); bind(L, sockaddr_un("\(path)")) or die;
            $> = 65534; listen(L, 9) or die; $| = 1;
            for (1..2) { accept(C, L); $n = sysread(C, $b, 99); print "got $n\\n"; }
            """
        let impostor = try Program("/usr/bin/perl", ["-e", script], in: appliance.folder)
        try eventually("both have come, \(impostor.output)") { impostor.output == "got 0\ngot 0\n" }
        unlink(path)
        _ = try appliance.launch()
        try appliance.waitUntilReady()
        #expect(try appliance.pid("manager") == manager && appliance.pid("worker-0") == worker)
    }

    /// `mode` is that of the configuration file.
    private func asNobody(
        _ appliance: Appliance, _ groups: [String], _ words: [String], program: String = "megacomet",
        mode: mode_t = 0o644
    ) throws -> (end: Program.End, output: String) {
        chmod(appliance.folder.path, 0o755)
        chmod(appliance.configuration, mode)
        let somebody = ["--reuid=65534", "--regid=65534"] + groups
        let command = somebody + ["\(Program.folder)/\(program)"] + words + ["-c", appliance.configuration]
        let program = try Program("/usr/bin/setpriv", command, in: appliance.folder)
        return (try program.waitForExit(), program.output)
    }
}
