import TestSupport
import Testing

/// The picture of a cluster that operators are shown.
@Suite(.serialized) struct ClusterShownTests {
    @Test func serverThatWasNeverReached_hasNoFigures_andTheMachineIsStillOneOfACluster() throws {
        var settings = SupervisionDeathTests.quick
        // Nothing listens there.
        settings["cluster"] = "name = \"a\"\nredis = \"redis://127.0.0.1:1/3\""
        let appliance = try Appliance(workers: 1, settings)
        // This is said from the first moment on.
        let table = try appliance.command("status", "--all").output
        #expect(table.contains("\nengine      127.0.0.1:1  AWAY for "), "\(table)")
        #expect(table.contains("memory -, 0 appends/s, each - us (most -), backlog "), "\(table)")
        let answer = try HTTP.request("GET", "/nodes", port: appliance.appPort).body
        #expect(answer.contains(#""memory_bytes":null,"memory_max_bytes":null,"latency_us":null,"#), "\(answer)")
        try eventually("a picture says so, if the manager answers in its time") {
            try Program.run(
                "megatop", ["--shot", "text", "-S", "nodes", "--size", "80x24", "-c", appliance.configuration],
                in: appliance.folder
            ).output.contains(" LOAD  memory -  appends 0/s  each - most -  ")
        }
    }
}
