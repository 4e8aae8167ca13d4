import TestSupport
import Testing

/// A machine alone says that it is one, wherever a cluster would be shown.
@Suite(.serialized) struct OneMachineTests {
    @Test func everyPlace_saysThatThereIsNoCluster() throws {
        let appliance = try Appliance(workers: 1, SupervisionDeathTests.quick)
        let port = appliance.appPort
        #expect(try HTTP.request("GET", "/nodes", port: port).body == #"{"engine":null,"nodes":[]}"#)
        let table = try eventually("all are ready") {
            let table = try appliance.command("status", "--all")
            return table.end == .exited(0) ? table : nil
        }
        #expect(table.output.contains("this is one machine"), "\(table.output)")
        #expect(table.output.contains("\nworker-0 "))
        let json = try appliance.command("status", "--all", "--json").output
        #expect(json.contains(#","cluster":{"engine":null,"nodes":[]}}"#) && json.contains(#""processes":["#))
        #expect(try !appliance.command("status", "--json").output.contains("cluster"))
        try eventually("batch output says so, if the manager answers in its time") {
            try Program.run(
                "megatop", ["-b", "-n", "1", "-S", "nodes", "-c", appliance.configuration], in: appliance.folder
            ).output.contains("# one machine: cluster.redis is empty")
        }
        let socket = try Socket(port: appliance.operatorPort)
        try socket.send(HTTP.text("GET", "/metrics"))
        let metrics = try socket.readResponse().body
        #expect(!metrics.contains("node_info") && !metrics.contains("engine_"))
    }
}
