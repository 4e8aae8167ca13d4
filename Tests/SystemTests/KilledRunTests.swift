import Glibc
import TestSupport
import Testing

/// A run of tests that is killed leaves nothing behind: no programs, and no files.
struct KilledRunTests {
    private static let variable = "MEGACOMET_RUN_TO_BE_KILLED"

    /// Starts a second run with the test below, and kills it.
    @Test func killedRun_takesItsProgramsAndItsFilesWithIt() throws {
        let folder = try Folder()
        let words = ["--testing-library", "swift-testing", "--filter", "KilledRunTests.runToBeKilled"]
        let variables = [KilledRunTests.variable: "1"]
        let run = try Program("MegaCometPackageTests.xctest", words, in: folder, environment: variables)
        let path = try eventually("the other run's appliance and terminal", seconds: 120) { () -> String? in
            guard run.isRunning else { throw Failure("the other run has ended: \(run.output)") }
            let line = run.output.split(separator: "\n").first { $0.hasPrefix("started ") && $0.hasSuffix(".") }
            return line.map { String($0.dropFirst(8).dropLast()) }
        }
        let left = Processes.mentioning(path)
        let names = Set(left.map { contents(ofFile: "/proc/\($0)/comm").split(separator: "\n").joined() })
        #expect(names.isSuperset(of: ["megacomet", "megamanager", "megaworker", "tmux: server"]), "\(names)")
        // A program that is stopped ends, too.
        left.first.map { end($0, with: SIGSTOP) }
        end(run.pid, with: SIGKILL)
        try eventually("all of it has ended") { !left.contains { Processes.isAlive($0) } && access(path, F_OK) != 0 }
    }

    @Test(.enabled(if: environment(variable) != nil)) func runToBeKilled() throws {
        let appliance = try Appliance(workers: 1)
        let screen = try TerminalScreen(width: 80, height: 24, appliance)
        try screen.expect("OVERVIEW")
        var line = "started \(appliance.folder.path).\n"
        line.withUTF8 { _ = write(1, $0.baseAddress, $0.count) }
        try eventually("the end of this run", seconds: 600) { false }
    }
}
