import Glibc
import TestSupport
import Testing

/// The output of the processes is forwarded, kept, and counted if it repeats. It may also go to a file.
@Suite(.serialized) struct SupervisionOutputTests {
    @Test func lineThatRepeats_isCounted() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick, starts: false)
        let script =
            "#!/bin/sh\ni=0\nwhile [ $i -lt 1500 ]; do echo the same; i=$((i+1)); done\necho another\nexec sleep 600\n"
        _ = try appliance.replaceWorker(byScript: script)
        let supervisor = try appliance.launch()
        try eventually("all is said") { supervisor.output.contains("another") }
        #expect(supervisor.output.contains("last message repeated 1,499 times"), "\(supervisor.output)")
        #expect(supervisor.output.components(of: "the same") == 1)
        let kept = try appliance.command("log", "worker-0").output
        #expect(kept.contains("last message repeated 1,499 times") && kept.components(of: "the same") == 1, "\(kept)")
    }

    /// Every program of a desktop inherits this variable, and still writes to a terminal.
    @Test func journalOfAnotherProgram_takesNoTimeFromTheLines() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick, starts: false)
        appliance.environment["JOURNAL_STREAM"] = "9:12345"
        let supervisor = try appliance.launch()
        try appliance.waitUntilReady()
        #expect(!supervisor.output.contains("<6>"), "\(supervisor.output)")
    }

    /// A pipe holds 256 KiB. The workers write far more here, while nobody reads.
    @Test func stoppedSupervisor_keepsNoWorkerWaiting_howeverMuchItSays() throws {
        var settings = SupervisionDeathTests.quick
        settings["log"] = "level = \"debug\""
        let appliance = try Appliance(workers: 1, settings)
        let supervisor = try #require(appliance.supervisor)
        supervisor.signal(SIGSTOP)
        defer { supervisor.signal(SIGCONT) }
        let client = try Socket(port: appliance.clientPort(0))
        let batch = String(repeating: "GET /_/health HTTP/1.1\r\nHost: x\r\n\r\n", count: 50)
        for _ in 0..<300 {
            try client.send(batch)
            for _ in 0..<50 { #expect(try client.readResponse().status == 200) }
        }
        supervisor.signal(SIGCONT)
        try eventually("what found room is forwarded") { supervisor.output.contains("GET /_/health from 127.0.0.1") }
    }

    /// The operator needs to see what Swift writes before it traps.
    @Test func lastWordsOfACrash_areInItsReport() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick, starts: false)
        _ = try appliance.replaceWorker(
            byScript: "#!/bin/sh\necho 'Slab.swift:12: Fatal error: Index out of range' >&2\nkill -TRAP $$\n")
        _ = try appliance.launch()
        try eventually("it crashed") { try appliance.events().contains("CRASH_REPORT") }
        let id = try #require(try appliance.command("crashes").output.split(separator: "\n").first)
        let report = try appliance.command("crashes", String(id)).output
        #expect(
            report.contains("signal 5 (SIGTRAP)") && report.contains("Fatal error: Index out of range"), "\(report)")
    }

    @Test func logFile_isOpenedAnewAfterUSR1_andMovedAwayAt16MiB() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick, starts: false)
        let log = "\(appliance.folder.path)/own.log"
        try appliance.start(["--log", log])
        let supervisor = try #require(appliance.supervisor)
        try eventually("it says so") { contents(ofFile: log).contains("READY the manager and 1 workers serve") }
        rename(log, log + ".moved")
        supervisor.signal(SIGUSR1)
        try eventually("a new file") { access(log, F_OK) == 0 }
        #expect(try appliance.command("hold", "worker-0").end == .exited(0))
        #expect(
            contents(ofFile: log).contains("watchdog held")
                && !contents(ofFile: log + ".moved").contains("watchdog held"))

        truncate(log, 16 << 20)
        #expect(try appliance.command("hold", "worker-0", "--off").end == .exited(0))
        #expect(contents(ofFile: log + ".1").contains("watchdog on again"))
        #expect(try appliance.command("hold", "worker-0").end == .exited(0))
        #expect(contents(ofFile: log).components(of: "watchdog held") == 1 && contents(ofFile: log).utf8.count < 1000)
    }
}
