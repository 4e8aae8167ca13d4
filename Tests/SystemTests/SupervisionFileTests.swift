import Glibc
import TestSupport
import Testing

/// The configuration file, after a full disk has emptied it.
@Suite(.serialized) struct SupervisionFileTests {
    @Test func fileThatWasEmptied_isNotTaken_andTheCommandsFindWhatRuns() throws {
        let appliance = try Appliance(
            workers: 1, SupervisionDeathTests.quick.merging(["app": "key = \"secret\""]) { $1 })
        let supervisor = try #require(appliance.supervisor)
        let good = contents(ofFile: appliance.configuration)
        for text in ["", "# nothing\n"] {
            _ = try appliance.folder.write("megacomet.toml", text)
            let reload = try appliance.command("reload")
            #expect(reload.end == .exited(78) && reload.output.contains("megacomet.toml: says nothing"), "\(reload)")
        }
        supervisor.signal(SIGHUP)
        try eventually("it is refused") { supervisor.output.contains("RELOAD_FAILED by SIGHUP, nothing changed") }
        let upgrade = try appliance.command("upgrade")
        #expect(upgrade.end == .exited(1) && upgrade.output.contains("says nothing"), "\(upgrade)")
        try eventually("it is looked at") {
            let status = try appliance.command("status")
            return status.end == .exited(0) && status.output.contains("what runs goes by what it read before")
        }
        #expect(
            try HTTP.request("GET", "/clients", port: appliance.appPort).status == 401, "the key is still asked for")
        // A file with fewer settings is taken, and an event says what that opens.
        _ = try appliance.folder.write("megacomet.toml", good.replacing("key = \"secret\"", with: ""))
        #expect(try appliance.command("reload").end == .exited(0))
        #expect(try appliance.events().contains("OPENED by the new configuration: the key of apps is gone"))
        _ = try appliance.folder.write("megacomet.toml", "")
        #expect(try appliance.command("stop").end == .exited(0))
        try eventually("nothing is left") { Processes.mentioning(appliance.folder.path).isEmpty }
    }
}
