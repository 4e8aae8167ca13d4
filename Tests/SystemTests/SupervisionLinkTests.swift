import FreePorts
import Glibc
import TestSupport
import Testing

/// A worker that has lost its manager holds polls that no message reaches.
@Suite(.serialized) struct SupervisionLinkTests {
    @Test func workerWithoutALink_isNotHealthy_andReplacesNobody() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick, starts: false)
        let nowhere = try Ports.free()
        let lost = """
            #!/bin/sh
            left=$#
            while [ $left -gt 0 ]; do
                if [ "$1" = --manager ]; then set -- "$@" "$1" 127.0.0.1:\(nowhere); shift 2; left=$((left - 2))
                else set -- "$@" "$1"; shift; left=$((left - 1)); fi
            done
            exec '\(Program.folder)/megaworker' "$@"

            """
        let worker = try appliance.replaceWorker(byScript: lost)
        _ = try appliance.launch()
        func health() throws -> Response { try HTTP.request("GET", "/health", port: appliance.operatorPort) }
        try eventually("it is said", seconds: 60) {
            guard let answer = try? health() else { return false }
            return answer.status == 503 && answer.body.contains("\"worker-0 is not linked to the manager\"")
        }
        let status = try appliance.command("status")
        #expect(status.end == .exited(4) && status.output.contains("not linked to the manager"), "\(status.output)")
        let json = try JSON.parse(try appliance.command("status", "--json").output)
        #expect(json["ready"]?.bool == false && json["processes"]?.array?.last?["linked"]?.bool == false)
        #expect(try appliance.events().contains("worker-0 NO_LINK"))
        let pid = try appliance.pid("worker-0")
        let rolling = try appliance.command("rolling")
        #expect(rolling.end == .exited(1) && rolling.output.contains("stopped after 0 of 1"), "\(rolling.output)")
        #expect(try appliance.pid("worker-0") == pid)
        unlink(worker)
        symlink("\(Program.folder)/megaworker", worker)
        #expect(try appliance.command("restart", "worker-0", "--wait").end == .exited(0))
        try eventually("it is linked") { try health().status == 200 }
        try appliance.waitUntilReady()
    }
}
