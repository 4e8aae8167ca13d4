import Glibc
import TestSupport
import Testing

/// The supervisor as process 1, as it is in a container without an init.
@Suite(.serialized) struct SupervisionContainerTests {
    private static let mayMakeNamespaces: Bool = {
        guard getuid() == 0, access("/usr/bin/unshare", X_OK) == 0, let folder = try? Folder() else { return false }
        return (try? Program.run("/usr/bin/unshare", ["--pid", "--fork", "--mount-proc", "/bin/true"], in: folder).end)
            == .exited(0)
    }()

    @Test(.enabled(if: mayMakeNamespaces, "unshare --pid is not permitted here")) func process1_reapsOrphans() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick, starts: false)
        let worker = try appliance.replaceWorker(byScript: "")
        let ended = "\(appliance.folder.path)/ended"
        _ = try appliance.folder.write(
            "programs/megaworker",
            "#!/bin/sh\n(sh -c 'echo > \(ended)' >/dev/null 2>&1 &)\nexec '\(Program.folder)/megaworker' \"$@\"\n")
        chmod(worker, 0o755)
        let words = [
            "--pid", "--fork", "--mount-proc", "\(Program.folder)/megacomet", "run", "-c", appliance.configuration,
        ]
        let program = try Program("/usr/bin/unshare", words, in: appliance.folder, environment: appliance.environment)
        let supervisor: Int32 = try eventually("the supervisor runs") {
            Processes.mentioning(appliance.configuration).first {
                contents(ofFile: "/proc/\($0)/cmdline").hasPrefix("\(Program.folder)/megacomet\0")
            }
        }
        try appliance.waitUntilReady()
        try eventually("the orphan has run") { access(ended, F_OK) == 0 }
        try eventually("it was waited for, and our own go on") {
            let children = Processes.all.filter { statOf($0).contains(") Z \(supervisor) ") }
            return children.isEmpty
        }
        // It still knows how its own processes end.
        let pid = try appliance.pid("worker-0")
        #expect(try appliance.command("kill", "worker-0").end == .exited(0))
        try eventually("its end is known") {
            try appliance.events().contains("worker-0 EXIT [\(pid)] signal 9 (SIGKILL)")
        }
        kill(supervisor, SIGTERM)
        #expect(try program.waitForExit() == .exited(0))
    }
    private func statOf(_ pid: Int32) -> String { contents(ofFile: "/proc/\(pid)/stat") }
}
