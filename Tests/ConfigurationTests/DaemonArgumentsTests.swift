import Configuration
import Testing

@Suite struct DaemonArgumentsTests {
    private var changed: Settings {
        var settings = Settings()
        settings.workers.count = 16
        settings.workers.basePort = 8100
        settings.workers.origins = ["https://a.example", "*"]
        settings.workers.trustedProxies = ["127.0.0.1", "10.0.0.0/8"]
        settings.workers.pollTimeout = 0.75
        settings.manager.address = "127.0.0.9"
        settings.stats.port = 19002
        settings.queue.maxBytes = 5_000_000_000
        settings.queue.journal = "disk"
        settings.channels.presence = ["room:", "team 7"]
        settings.channels.linger = 22.5
        settings.log.format = "json"
        settings.manager.seedProtocol = false
        settings.runDirectory = "/tmp/run"
        return settings
    }

    @Test func whatTheSupervisorPasses_isReadBack() throws {
        for number in [0, 3, 15] {
            let worker = DaemonArguments(.worker, number: number, generation: 4, settings: changed)
            guard case .run(let back) = try DaemonArguments.parse(.worker, worker.arguments) else {
                Issue.record("not run")
                return
            }
            #expect(back.number == number && back.generation == 4 && back.port == 8100 + number)
            #expect(back.arguments == worker.arguments)
            #expect(back.settings.manager == worker.settings.manager || back.settings.manager.address == "127.0.0.9")
            #expect(back.settings.workers.origins == changed.workers.origins)
            #expect(back.settings.workers.trustedProxies == changed.workers.trustedProxies)
            #expect(back.settings.stats == changed.stats && back.settings.log == changed.log)
        }
        let manager = DaemonArguments(.manager, appKeyFile: "/tmp/run/app.key", settings: changed)
        guard case .run(let back) = try DaemonArguments.parse(.manager, manager.arguments) else {
            Issue.record("not run")
            return
        }
        #expect(back.arguments == manager.arguments && back.appKeyFile == "/tmp/run/app.key")
        #expect(
            back.settings.queue == changed.queue && back.settings.channels == changed.channels
                && back.settings.manager == changed.manager
                && back.settings.app.port == changed.app.port)
    }

    @Test func theKey_isNeverOnTheCommandLine() {
        var settings = changed
        settings.app.key = "hush"
        #expect(
            !DaemonArguments(.manager, appKeyFile: "/f", settings: settings).arguments.contains { $0.contains("hush") })
    }

    @Test func endpoints_areOfBothKinds_andAManagerMayHaveAName() throws {
        func read(_ list: String...) throws -> Settings? {
            guard case .run(let found) = try DaemonArguments.parse(.worker, list) else { return nil }
            #expect(found.arguments.contains(list[1]))
            return found.settings
        }
        #expect(try read("--manager", "manager.internal:9100")?.manager.address == "manager.internal")
        #expect(try read("--manager", "[fd00::7]:9100")?.manager.address == "fd00::7")
        let stats = try read("--stats", "[::1]:9102")?.stats
        #expect(stats?.address == "::1" && stats?.port == 9102)
    }

    @Test func byHand_thePortFollowsTheNumber() throws {
        guard case .run(let found) = try DaemonArguments.parse(.worker, ["--number", "9", "--poll-timeout=3"]) else {
            Issue.record("not run")
            return
        }
        #expect(found.port == 8009 && found.settings.workers.pollTimeout == 3 && found.name == "worker-9")
        #expect(found.settings.workers.count == 10)
    }

    @Test(arguments: [
        (["--pol-timeout", "3"], "unknown --pol-timeout, did you mean --poll-timeout?"),
        (["--port", "70000"], "--port: \"70000\" is not a whole number, 0 to 65535"),
        (["--port"], "--port needs a value: PORT"),
        (["--manager", "127.0.0.1"], "--manager: \"127.0.0.1\" is not HOST:PORT"),
        (
            ["--manager", "::1:9000"],
            "--manager: \"::1:9000\" is not HOST:PORT: an IPv6 address needs brackets, [::1]:9000"
        ),
        (["--manager", "1.2.3:9000"], "--manager: \"1.2.3:9000\" is not HOST:PORT"),
        (["--manager", "[::1]:0"], "--manager: 0 is out of range: 1 to 65535"),
        (
            ["--stats", "localhost:9002"],
            "--stats: \"localhost\" is not an IPv4 or IPv6 address: only an address can be listened on"
        ),
        (["--log-format", "xml"], "--log-format: \"xml\" is not text, json"),
        (["--drain", "inf"], "--drain: \"inf\" is not a number"),
        (["--drain", "1", "--drain", "2"], "--drain twice"),
        (["8000"], "unexpected \"8000\": arguments are --name value; see --help"),
        (["--number", "8", "--workers", "8"], "--number: 8 is not below --workers 8"),
    ])
    func mistakes_areOneClearLine(list: [String], message: String) {
        do {
            _ = try DaemonArguments.parse(.worker, list)
            Issue.record("taken: \(list)")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test func anOpenAppPort_needsAKey() {
        #expect(throws: DaemonArguments.Mistake.self) {
            try DaemonArguments.parse(.manager, ["--app-address", "0.0.0.0"])
        }
        #expect(throws: Never.self) {
            try DaemonArguments.parse(.manager, ["--app-address", "0.0.0.0", "--app-key-file", "/k"])
        }
    }

    @Test func help_namesEveryFlag() throws {
        #expect(try DaemonArguments.parse(.worker, ["--help"]) == .help)
        for setting in Setting.all {
            if let flag = setting.workerFlag { #expect(DaemonArguments.help(.worker).contains("--\(flag) ")) }
            if let flag = setting.managerFlag { #expect(DaemonArguments.help(.manager).contains("--\(flag) ")) }
        }
    }

    @Test func changes_areFoundByKey() {
        #expect(Settings().changes(to: changed).map(\.key).contains("queue.max_bytes"))
        #expect(changed.changes(to: changed).isEmpty)
    }
}
