import Configuration
import ConfigurationFile
import Testing

@Suite struct WebhookSettingsTests {
    private func read(_ lines: String) throws -> Settings {
        switch ConfigurationFile.parse("[app]\n" + lines, file: "m.toml") {
        case .settings(let settings): return settings
        case .errors(let errors): throw errors[0]
        }
    }
    private func errors(_ lines: String) -> [String] {
        switch ConfigurationFile.parse("[app]\n" + lines, file: "m.toml") {
        case .settings: []
        case .errors(let errors): errors.map(\.description)
        }
    }

    @Test(arguments: [
        "", "http://127.0.0.1:8080/megacomet", "https://app.example.org/hooks?room=7", "HTTP://[::1]:8080/",
        "http://app", "https://app.example.org:8443",
    ])
    func webhook_isAnAddressThatCanBeAsked(url: String) throws {
        let settings = try read("webhook = \"\(url)\"")
        #expect(settings.app.webhook == url && settings.app.hasWebhook == !url.isEmpty)
    }

    @Test(arguments: [
        ("ftp://app.example.org/", "is no URL that begins with http:// or https://"),
        ("app.example.org", "is no URL that begins with http:// or https://"),
        ("http://", "has no host, or one that can't be asked"),
        ("http:///path", "has no host, or one that can't be asked"),
        ("http://app:0/", "has no host, or one that can't be asked"),
        ("http://app:80800/", "has no host, or one that can't be asked"),
        ("http://::1/", "has no host, or one that can't be asked"),
        ("http://app/a b", "has a space or another character that a URL writes as %XX"),
        ("http://app/#top", "has a fragment (#), which is never sent"),
    ])
    func mistakesInTheWebhook_areClear(url: String, message: String) {
        #expect(errors("webhook = \"\(url)\"") == ["m.toml:2: app.webhook: \(message)"])
    }

    /// The message does not repeat the password.
    @Test func aPasswordInTheURL_isRefused() {
        for url in ["http://shop:hushhush@app/", "https://shop@app/", "http://app:80@hushhush.example/x"] {
            let found = errors("webhook = \"\(url)\"")
            #expect(found.count == 1 && found[0].contains("a user or a password") && !found[0].contains("hushhush"))
        }
    }

    @Test func theKey_isMasked_andHasTheFormOfKeys() throws {
        let settings = try read("webhook = \"http://app/\"\nwebhook_key = \"hushhush\"")
        for comments in [true, false] {
            let shown = settings.fileText(comments: comments)
            #expect(!shown.contains("hushhush") && shown.contains("webhook_key = \"***\"\n"))
        }
        let arguments = DaemonArguments(.webhook, generation: 2, webhookKeyFile: "/run/webhook.key", settings: settings)
        #expect(!arguments.arguments.contains { $0.contains("hushhush") })
        #expect(
            errors("webhook_key = \"short\"") == ["m.toml:2: app.webhook_key: has 5 bytes, and a key has 8 to 512"])
        #expect(
            errors("webhook_key = \"hushhush\"\nwebhook_key_file = \"/k\"")
                == ["m.toml:3: app.webhook_key_file: stands beside app.webhook_key: give one of both"])
        #expect(errors("webhook = \"http://app/\"\nwebhook_ca = \"/ca.pem\"").count == 1)
        #expect(errors("webhook = \"HTTPS://app/\"\nwebhook_ca = \"/ca.pem\"").isEmpty)
    }

    @Test func events_areOfTwoKinds() throws {
        #expect(try read("events = [\"channels\", \"clients\"]").app.events == ["channels", "clients"])
        #expect(errors("events = [\"users\"]") == ["m.toml:2: app.events: \"users\" is not clients, channels"])
        #expect(
            errors("max_waits = 100001") == ["m.toml:2: app.max_waits: 100001 is out of range: 0 to 100000 publishes"])
    }

    @Test func whatTheSupervisorPasses_isReadBack() throws {
        var settings = try read("webhook = \"https://app/hook?a=1\"\nwebhook_ca = \"/ca.pem\"\nport = 9101")
        settings.app.events = ["clients"]
        settings.app.maxWaits = 7
        let given = DaemonArguments(.webhook, generation: 3, webhookKeyFile: "/run/webhook.key", settings: settings)
        guard case .run(let back) = try DaemonArguments.parse(.webhook, given.arguments) else {
            Issue.record("not run")
            return
        }
        #expect(back.arguments == given.arguments && back.name == "webhook" && back.generation == 3)
        #expect(back.webhookKeyFile == "/run/webhook.key" && back.settings.app.webhook == "https://app/hook?a=1")
        #expect(back.settings.app.webhookCA == "/ca.pem" && back.settings.app.port == 9101)
        let manager = DaemonArguments(.manager, settings: settings)
        guard case .run(let read) = try DaemonArguments.parse(.manager, manager.arguments) else {
            Issue.record("not run")
            return
        }
        #expect(read.settings.app.events == ["clients"] && read.settings.app.maxWaits == 7)
    }

    @Test func withoutAURL_thereIsNothingToDo() {
        #expect(throws: DaemonArguments.Mistake.self) { try DaemonArguments.parse(.webhook, []) }
        #expect(DaemonArguments.help(.webhook).contains("--webhook ") && !DaemonArguments.help(.webhook).contains("69"))
    }
}
