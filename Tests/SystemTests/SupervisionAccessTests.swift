import Glibc
import TestSupport
import Testing

/// Who may give orders: the file's permissions say it, and a further group counts. Needs root, to become somebody else.
@Suite(.serialized, .enabled(if: getuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0)) struct SupervisionAccessTests {
    @Test func groupOfTheSocket_mayAct_andNobodyElse() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        func ask(_ groups: [String], _ words: [String]) throws -> (end: Program.End, output: String) { try asNobody(appliance, groups, words) }
        for words in [["status"], ["hold", "worker-0"], ["stop"]] {
            let denied = try ask(["--clear-groups"], words)
            #expect(denied.end == .exited(77) && denied.output.contains("no permission for \(appliance.folder.path)/run/control.sock"), "\(words): \(denied)")
        }
        let crashes = try ask(["--clear-groups"], ["crashes"])
        #expect(crashes.end == .exited(77) && crashes.output.contains("no permission for \(appliance.folder.path)/run/crash"), "\(crashes)")
        #expect(try appliance.status().allReady)
        #expect(try ask(["--groups=\(getegid())"], ["status"]).end == .exited(0))
        #expect(try ask(["--groups=\(getegid())"], ["hold", "worker-0"]).end == .exited(0))
        #expect(try appliance.events().contains("watchdog held, by uid 65534 (pid "))
    }

    @Test func runDirectoryThatCantBeWritten_isNamed() throws {
        let appliance = try Appliance(starts: false)
        mkdir("\(appliance.folder.path)/run", 0o755)
        for words in [["run"], ["start"]] {
            let refused = try asNobody(appliance, ["--clear-groups"], words)
            #expect(refused.end == .exited(73))
            #expect(refused.output == "megacomet: run_directory \(appliance.folder.path)/run: not writable\n", "\(refused.output)")
        }
    }

    private func asNobody(_ appliance: Appliance, _ groups: [String], _ words: [String]) throws -> (end: Program.End, output: String) {
        chmod(appliance.folder.path, 0o755)
        chmod(appliance.configuration, 0o644)
        let command = ["--reuid=65534", "--regid=65534"] + groups + ["\(Program.folder)/megacomet"] + words + ["-c", appliance.configuration]
        let program = try Program("/usr/bin/setpriv", command, in: appliance.folder)
        return (try program.waitForExit(), program.output)
    }
}
