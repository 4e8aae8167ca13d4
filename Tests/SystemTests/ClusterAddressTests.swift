import Glibc
import TestSupport
import Testing

/// The address of the shared store goes to the manager alone, and its password is shown nowhere.
@Suite(.serialized) struct ClusterAddressTests {
    private static let password = "MARKhush"

    @Test func theManagerGetsTheAddress_andNobodySeesThePassword() throws {
        var settings = SupervisionDeathTests.quick
        // Nothing listens there: an appliance starts all the same.
        settings["cluster"] = "name = \"a\"\nredis = \"redis://app:\(Self.password)@127.0.0.1:1/3\""
        let appliance = try Appliance(workers: 1, settings)
        let file = "\(appliance.folder.path)/run/redis"
        var status = stat()
        #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(contents(ofFile: file) == "redis://app:\(Self.password)@127.0.0.1:1/3")
        let arguments = contents(ofFile: "/proc/\(try appliance.pid("manager"))/cmdline")
        #expect(arguments.contains("--redis-file\0\(file)\0") && arguments.contains("--node\0a\0"))

        let text = contents(ofFile: appliance.configuration)
        _ = try appliance.folder.write("megacomet.toml", text.replacing("name = \"a\"", with: "name = \"b\""))
        #expect(try appliance.command("reload").output.contains("`megacomet restart manager`): cluster.name"))
        #expect(try appliance.command("restart", "manager", "--wait").end == .exited(0))
        #expect(contents(ofFile: "/proc/\(try appliance.pid("manager"))/cmdline").contains("--node\0b\0"))
        _ = try appliance.folder.write("megacomet.toml", text.replacing("redis://", with: "rediss://"))
        #expect(try appliance.command("reload").output.contains("stunnel"))
        _ = try appliance.folder.write("megacomet.toml", text)

        var written = [("the log", try #require(appliance.supervisor).output)]
        for pid in Processes.mentioning(appliance.folder.path) {
            written.append(("the command line of \(pid)", contents(ofFile: "/proc/\(pid)/cmdline")))
            written.append(("the environment of \(pid)", contents(ofFile: "/proc/\(pid)/environ")))
        }
        for words in [["events"], ["log", "manager"], ["status", "--json"], ["check", "--show"]] {
            let said = try Program.run("megacomet", words + ["-c", appliance.configuration], in: appliance.folder)
            written.append((words.joined(separator: " "), said.output))
        }
        #expect(written.last?.1.contains("redis = \"redis://app:***@127.0.0.1:1/3\"") == true)
        for (place, text) in written { #expect(!text.contains(Self.password), "\(place)") }

        appliance.end()
        #expect(access(file, F_OK) != 0, "no password is left behind")
    }

    @Test func aManagerWithoutItsFile_saysSo() throws {
        let folder = try Folder()
        for (text, words) in [
            (nil, "No such file"), ("", "is empty"), ("rediss://:\(Self.password)@h", "stunnel"),
        ] as [(String?, String)] {
            let path = "\(folder.path)/redis"
            if let text { _ = try folder.write("redis", text) }
            let said = try Program.run(
                "megamanager", ["--redis-file", path, "--node", "a", "--run-directory", folder.path], in: folder)
            #expect(said.end == .exited(78) && said.output.contains("--redis-file \(path): "), "\(said.output)")
            #expect(said.output.contains(words) && !said.output.contains(Self.password), "\(said.output)")
        }
    }
}
