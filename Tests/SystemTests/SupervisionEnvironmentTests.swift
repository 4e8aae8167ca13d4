import Glibc
import TestSupport
import Testing

/// Settings by variables of the environment, as containers have them, with the real programs.
@Suite(.serialized) struct SupervisionEnvironmentTests {
    private let variables = [
        "MEGACOMET_WORKERS_POLL_TIMEOUT": "7", "MEGACOMET_APP_KEY": "sesame", "MEGACOMET_LOG_FORMAT": "json",
    ]
    private func program(_ words: String..., environment: [String: String], _ appliance: Appliance) throws -> (
        end: Program.End, output: String
    ) {
        let program = try Program(
            "megacomet", words + ["-c", appliance.configuration], in: appliance.folder, environment: environment)
        return (try program.waitForExit(), program.output)
    }

    @Test func variables_countForMoreThanTheFile_alsoAfterReloadAndUpgrade() throws {
        let appliance = try Appliance(workers: 1, ["workers": "poll_timeout = 5.0"], starts: false)
        appliance.environment = variables
        try appliance.start()
        let supervisor = try #require(appliance.supervisor)
        func worker(_ file: String) throws -> String {
            contents(ofFile: "/proc/\(try appliance.pid("worker-0"))/\(file)")
        }
        #expect(try worker("cmdline").contains("--poll-timeout\0" + "7.0\0"))
        // A worker is told its settings by arguments, and needs to know no key.
        #expect(!(try worker("environ").contains("MEGACOMET_APP_KEY")))
        // All that it says is JSON, also on standard output.
        #expect(supervisor.output.split(separator: "\n").filter { !$0.hasPrefix("{\"") } == [])
        #expect(supervisor.output.contains("\"message\":"))

        #expect(try program("publish", "c1", "hi", environment: [:], appliance).end == .exited(77))
        #expect(try program("publish", "c1", "hi", environment: variables, appliance).end == .exited(0))
        #expect(try appliance.command("reload").end == .exited(0))
        #expect(try appliance.command("upgrade").end == .exited(0))
        #expect(try appliance.command("restart", "worker-0", "--wait").end == .exited(0))
        #expect(try worker("cmdline").contains("--poll-timeout\0" + "7.0\0"))
        #expect(try program("publish", "c1", "hi", environment: [:], appliance).end == .exited(77))
    }

    @Test func check_namesTheSource_andTheVariableThatIsWrong() throws {
        let appliance = try Appliance(workers: 1, starts: false)
        let checked = try program(
            "check", "--workers", "3", environment: variables.merging(["MEGACOMET_WORKERS_COUNT": "2"]) { $1 },
            appliance)
        #expect(checked.end == .exited(0))
        #expect(
            checked.output.contains(
                "workers.count is from --workers, which counts for more than MEGACOMET_WORKERS_COUNT\n"))
        #expect(checked.output.contains("workers.poll_timeout is from MEGACOMET_WORKERS_POLL_TIMEOUT\n"))
        #expect(!checked.output.contains("sesame"))
        for command in ["check", "run", "status"] {
            let wrong = try program(command, environment: ["MEGACOMET_QUEUE_TTL": "a minute"], appliance)
            guard command != "status" else {
                #expect(wrong.output.contains("not running"), "a mistake does not lock the operator out: \(wrong)")
                continue
            }
            #expect(wrong.end == .exited(78))
            #expect(wrong.output.contains("environment: MEGACOMET_QUEUE_TTL: \"a minute\" is not a number"))
        }
    }
}
