import Glibc
import TestSupport
import Testing

/// The alerts of the real supervisor: everybody sees the same list.
@Suite(.serialized) struct AlertTests {
    private func alerts(_ appliance: Appliance) throws -> [JSON] {
        try HTTP.request("GET", "/health", port: appliance.operatorPort).json()["alerts"]?.array ?? []
    }
    private func keys(_ appliance: Appliance) throws -> [String] {
        try alerts(appliance).compactMap { $0["key"]?.string }
    }

    /// Messages wait in a manager whose journal is off, and die with it. The ledger has that also after the death of
    /// the supervisor.
    @Test func managersDeath_isAnAlert_aLoss_andAnEvent_untilItIsAcknowledged() throws {
        let appliance = try Appliance(
            workers: 1, SupervisionDeathTests.quick.merging(["queue": "journal = \"off\""]) { $1 })
        #expect(try !keys(appliance).contains("mgr died"))
        for number in 0..<30 {
            _ = try HTTP.request(
                "POST", "/publish", port: appliance.appPort, body: "{\"client\":\"c\(number)\",\"message\":1}")
        }
        // The supervisor knows of them by the manager's report.
        try eventually("30 messages in the metrics") {
            try HTTP.request("GET", "/metrics", port: appliance.operatorPort).body.contains(
                "\nmegacomet_manager_q_msgs 30")
        }
        kill(try appliance.pid("manager"), SIGKILL)
        try eventually("the alert") { try keys(appliance).contains("mgr died") }
        let answer = try HTTP.request("GET", "/health", port: appliance.operatorPort).json()
        #expect(answer["verdict"]?.string == "act")
        let status = try appliance.command("status")
        #expect(status.output.contains("verdict     ACT since "), "\(status.output)")
        #expect(status.output.contains("mgr took messages along: 30 "), "\(status.output)")
        #expect(status.output.contains("lost today  30 died"), "\(status.output)")
        let events = try appliance.events()
        #expect(events.contains(" C manager ALERT "), "\(events)")

        let acknowledged = try appliance.command("acknowledge", "mgr", "died")
        #expect(acknowledged.end == .exited(0) && acknowledged.output == "acknowledged: mgr died\n", "\(acknowledged)")
        let again = try appliance.command("acknowledge", "mgr", "died")
        #expect(again.end == .exited(1) && again.output.contains("no open alert \"mgr died\""), "\(again)")
        let alert = try #require(try alerts(appliance).first { $0["key"]?.string == "mgr died" })
        #expect(alert["acknowledged"]?.string?.hasPrefix("uid ") == true)

        try eventually("the ledger in the memory") {
            contents(ofFile: "\(appliance.folder.path)/run/memory").split(separator: "\n").contains {
                $0.contains("\"losses\"") && $0.contains("\"died\"") && $0.contains("\"today\":30")
            }
        }
        appliance.killSupervisor()
        try appliance.start()
        try eventually("the ledger of the next supervisor") {
            try appliance.command("status").output.contains("lost today  30 died")
        }
    }

    /// A process that is stopped from outside: the alert says so before the watchdog acts.
    @Test func silentProcess_isDiagnosed() throws {
        let appliance = try Appliance(
            workers: 1, ["stats": "interval = 0.1", "supervisor": "watchdog = 600.0"])
        let pid = try appliance.pid("worker-0")
        kill(pid, SIGSTOP)
        defer { kill(pid, SIGCONT) }
        try eventually("the diagnosis") {
            try alerts(appliance).contains {
                $0["key"]?.string == "w0 suspect"
                    && $0["text"]?.string?.contains("stopped by a signal (state T)") == true
            }
        }
        kill(pid, SIGCONT)
        try eventually("its end") {
            try !alerts(appliance).contains { $0["key"]?.string == "w0 suspect" && $0["over"]?.double == nil }
        }
    }
}
