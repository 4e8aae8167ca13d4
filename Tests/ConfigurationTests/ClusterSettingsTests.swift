import Base
import Configuration
import ConfigurationFile
import Testing

@Suite struct ClusterSettingsTests {
    private func parse(_ lines: String, host: String? = "shop-1.example.org") -> ConfigurationFile.Outcome {
        ConfigurationFile.parse("[cluster]\n" + lines, file: "m.toml", hostName: host)
    }
    private func read(_ lines: String, host: String? = "shop-1.example.org") throws -> Settings {
        switch parse(lines, host: host) {
        case .settings(let settings): return settings
        case .errors(let errors): throw errors[0]
        }
    }
    private func errors(_ lines: String, host: String? = "shop-1.example.org") -> [String] {
        guard case .errors(let errors) = parse(lines, host: host) else { return [] }
        return errors.map(\.description)
    }
    private let store = "redis = \"redis://app:hushhush@store:6379/2\"\n"

    @Test func aMachineAlone_hasNoCluster() throws {
        let settings = try read("")
        #expect(!settings.cluster.isOn && settings.redis == nil && settings.cluster.name.isEmpty)
        #expect(settings.speaksSeed(appsNeedKey: false) && !settings.speaksSeed(appsNeedKey: true))
    }

    @Test func theName_isGiven_orTheHosts() throws {
        #expect(try read(store).cluster.name == "shop-1")
        #expect(try read(store + "name = \"b\"").cluster.name == "b")
        for host in [nil, "", "näme", "a name", String(repeating: "n", count: 33)] {
            let found = errors(store, host: host)
            #expect(found.count == 1 && found[0].contains(": cluster.name: is needed"), "\(found)")
        }
        #expect(errors("name = \"a.b\"")[0].contains("is not 1 to 32 letters, digits, - and _, or empty"))
        #expect(errors("name = \"\(String(repeating: "n", count: 33))\"").count == 1)
    }

    @Test func thePassword_isShownNowhere() throws {
        let settings = try read(store)
        for comments in [true, false] {
            let shown = settings.fileText(comments: comments)
            #expect(!shown.contains("hushhush") && shown.contains("redis = \"redis://app:***@store:6379/2\"\n"))
        }
        let arguments = DaemonArguments(.manager, redisFile: "/run/redis", settings: settings).arguments
        #expect(!arguments.contains { $0.contains("hushhush") } && arguments.contains("/run/redis"))
        // What `check --show` prints is not the file.
        #expect(errors("redis = \"redis://app:***@store:6379/2\"").count == 1)
        for wrong in [
            "redis = \"redis://hushhush@store\"", "redis = [\"hushhush\"]", "redis = \"rediss://:hushhush@h\"",
        ] {
            let found = errors(wrong)
            #expect(found.count == 1 && !found[0].contains("hushhush"), "\(found)")
        }
        #expect(errors("redis = \"rediss://h\"")[0].contains("stunnel"))
    }

    @Test func sentinels_andTheirMaster_comeTogether() throws {
        let both = "sentinels = [\"s1:26379\", \"[::1]:26379\"]\nsentinel_master = \"shop\""
        #expect(try read(store + both).cluster.sentinels.count == 2)
        #expect(
            errors(store + "sentinels = [\"s1:26379\"]")
                == [
                    "m.toml:1: cluster.sentinel_master: is needed: the name that cluster.sentinels have for the server"
                ])
        #expect(
            errors(store + "sentinel_master = \"shop\"")
                == ["m.toml:1: cluster.sentinels: none is named for cluster.sentinel_master"])
        #expect(errors(both).count == 1 && errors(both)[0].contains(": cluster.redis: is empty beside"))
        #expect(errors(store + "sentinels = [\"s1\"]\nsentinel_master = \"a b\"").count == 2)
        let socket = errors("redis = \"unix:///s\"\n" + both)
        #expect(socket.count == 1 && socket[0].contains("unix://"))
        let many = (1...17).map { "\"s\($0):26379\"" }.joined(separator: ",")
        #expect(errors(store + "sentinels = [\(many)]\nsentinel_master = \"m\"").count == 1)
    }

    @Test func prefixAndReplicas_haveBounds() throws {
        #expect(try read(store + "prefix = \"mc:7\"\nreplicas = 2").cluster.replicas == 2)
        for wrong in ["", "a b", "{a}", String(repeating: "p", count: 65)] {
            #expect(errors("prefix = \"\(wrong)\"").count == 1, "\(wrong)")
        }
        #expect(errors("replicas = -1").count == 1 && errors("replicas = 17").count == 1)
    }

    @Test func theSeedsProtocol_isNotSpoken() throws {
        #expect(!(try read(store)).speaksSeed(appsNeedKey: false))
        let found = errors(store + "[manager]\nseed_protocol = true")
        #expect(found.count == 1 && found[0].contains("manager.seed_protocol: is not spoken in a cluster"))
        #expect(try read(store + "[manager]\nseed_protocol = false").cluster.isOn)
    }

    @Test func aStoreThatAnyoneReaches_isTold() throws {
        func isTold(_ address: String, _ more: String = "") throws -> Bool {
            try read("redis = \"\(address)\"\n" + more).warnings().contains {
                $0.hasPrefix("cluster.redis: no password")
            }
        }
        #expect(try isTold("redis://10.0.0.7") && isTold("redis://store"))
        #expect(try isTold("redis://localhost", "sentinels = [\"s:1\"]\nsentinel_master = \"m\""))
        #expect(try !isTold("redis://127.0.0.1") && !isTold("redis://localhost") && !isTold("redis://:pw@10.0.0.7"))
        #expect(try !isTold("unix:///s"))
    }

    @Test func whatTheSupervisorPasses_isReadBack() throws {
        let settings = try read(
            store + "sentinels = [\"s1:26379\", \"s2:26379\"]\nsentinel_master = \"m\"\nprefix = \"p\"\nreplicas = 1")
        let given = DaemonArguments(.manager, redisFile: "/run/redis", settings: settings)
        guard case .run(let back) = try DaemonArguments.parse(.manager, given.arguments) else {
            Issue.record("not run")
            return
        }
        #expect(back.arguments == given.arguments && back.redisFile == "/run/redis")
        var cluster = settings.cluster
        cluster.redis = ""
        #expect(back.settings.cluster == cluster)
        #expect(throws: DaemonArguments.Mistake.self) {
            try DaemonArguments.parse(.manager, ["--redis-file", "/run/redis"])
        }
    }
}
