import Configuration
import ConfigurationFile
import Testing

@Suite struct ConfigurationFileTests {
    private func errors(_ text: String) -> [String] {
        switch ConfigurationFile.parse(text, file: "m.toml") {
        case .settings: []
        case .errors(let errors): errors.map(\.description)
        }
    }
    private func settings(_ text: String) throws -> Settings {
        switch ConfigurationFile.parse(text, file: "m.toml") {
        case .settings(let settings): return settings
        case .errors(let errors): throw errors[0]
        }
    }

    @Test func values_areTakenOverTheDefaults() throws {
        let found = try settings(
            """
            run_directory = "/tmp/x"
            [workers]
            count = 2
            poll_timeout = 25      # a whole number is a number
            origins = ["https://a.example", "http://b.example:8080"]
            [manager]
            seed_protocol = false
            [log]
            level = "debug"
            """)
        #expect(found.runDirectory == "/tmp/x")
        #expect(found.workers.count == 2)
        #expect(found.workers.pollTimeout == 25)
        #expect(found.workers.origins == ["https://a.example", "http://b.example:8080"])
        #expect(found.manager.seedProtocol == false)
        #expect(found.log.level == "debug")
        #expect(found.workers.maxRequest == 8192)
    }

    @Test func everyMistake_isShown_withLineAndKey() {
        #expect(
            errors(
                """
                [workers]
                cuont = 3
                count = 500
                address = "localhost"

                [queue]
                ttl = "a minute"
                workers.count = 2
                [loging]
                level = "info"
                """) == [
                    "m.toml:2: workers.cuont: unknown key, did you mean workers.count?",
                    "m.toml:3: workers.count: 500 is out of range: 1 to 128 processes",
                    "m.toml:4: workers.address: \"localhost\" is not an IPv4 or IPv6 address: only an address can be "
                        + "listened on",
                    "m.toml:7: queue.ttl: \"a minute\" is not a number",
                    "m.toml:8: queue.workers: unknown key",
                    "m.toml:9: loging: unknown section, did you mean [log]?",
                ])
    }

    @Test func wrongSyntax_namesTheLine() {
        let found = errors("[workers]\ncount = 3\ncount = 4\n")
        #expect(found.count == 1 && found[0].hasPrefix("m.toml:3: not TOML: "))
        #expect(errors("[workers\n")[0].hasPrefix("m.toml:1: not TOML: "))
    }

    @Test func wrongTypes_areNamed() {
        #expect(errors("workers = 3") == ["m.toml:1: workers: is a section: write [workers]"])
        #expect(errors("[workers]\norigins = [1]") == ["m.toml:2: workers.origins: a array is not a list of texts"])
        #expect(errors("[stats]\ninterval = true") == ["m.toml:2: stats.interval: true is not a number"])
        #expect(errors("[stats]\ninterval = nan").count == 1)
        #expect(errors("[workers]\ncount = 1.5") == ["m.toml:2: workers.count: 1.5 is not a whole number"])
        #expect(errors("log = { level = \"loud\" }")[0].hasPrefix("m.toml:1: log.level: \"loud\" is not trace, debug"))
        #expect(errors("[workers]\norigins = [\"https://a.example/\"]").count == 1)
        #expect(errors("[workers]\ntrusted_proxies = [\"10.0.0.0/33\"]").count == 1)
        #expect(errors("[workers]\ntrusted_proxies = [\"10.0.0.0/8\", \"127.0.0.1\"]").isEmpty)
    }

    /// An origin that browsers never send would match nothing, and nobody would notice.
    @Test func origins_areAsBrowsersSendThem() {
        for (origin, sent) in [
            ("https://Example.org:443", "https://example.org"), ("HTTP://a.example:80", "http://a.example"),
            ("https://a.example/", "https://a.example"), ("https://a.example/path?x", "https://a.example"),
            ("https://a.example:", "https://a.example"), ("https://[2001:DB8::1]:443", "https://[2001:db8::1]"),
        ] {
            let wanted = "m.toml:2: workers.origins: \"\(origin)\" is not how browsers send that origin: \"\(sent)\""
            #expect(errors("[workers]\norigins = [\"\(origin)\"]") == [wanted])
        }
        for origin in [
            "a.example", "https://", "https://u@a.example", "https://a b", "https://é.example", "https://a:0443",
            "https://a:65536",
        ] {
            let found = errors("[workers]\norigins = [\"\(origin)\"]")
            #expect(found.count == 1 && found[0].contains("is not \"*\" or an origin as"), "\(origin): \(found)")
        }
        for origin in [
            "https://a.example:8443", "http://a.example:443", "http://[::1]:8080", "null", "capacitor://localhost",
            "chrome-extension://abc",
        ] {
            #expect(errors("[workers]\norigins = [\"\(origin)\"]").isEmpty, "\(origin)")
        }
    }

    @Test func addresses_areOfBothKinds() {
        for address in ["0.0.0.0", "::", "::1", "2001:db8::7", "10.1.2.3"] {
            #expect(errors("[workers]\naddress = \"\(address)\"").isEmpty, "\(address)")
        }
        for (wrong, why) in [
            ("[::1]", ": it stands without brackets and port"), ("[::1]:8000", ": it stands without brackets and port"),
            ("fe80::1%eth0", ": an address with a zone is not taken"), ("1.2.3.256", ""), (":::", ""),
            ("push.example.org", ": only an address can be listened on"),
        ] {
            #expect(
                errors("[workers]\naddress = \"\(wrong)\"")
                    == ["m.toml:2: workers.address: \"\(wrong)\" is not an IPv4 or IPv6 address\(why)"])
        }
        #expect(errors("[workers]\ntrusted_proxies = [\"::1\", \"fd00::/8\", \"::/0\"]").isEmpty)
        #expect(
            errors("[workers]\ntrusted_proxies = [\"fd00::/129\"]")[0].hasSuffix(
                "is not an IPv4 or IPv6 address, or a network as \"10.0.0.0/8\" or \"2001:db8::/32\""))
        // Loopback needs no key, and is the only place of the stats channel.
        #expect(errors("[app]\naddress = \"::1\"").isEmpty && errors("[stats]\naddress = \"::1\"").isEmpty)
        #expect(errors("[app]\naddress = \"::\"")[0].contains("app.address :: is not loopback, so a key is needed"))
        #expect(errors("[stats]\naddress = \"::\"")[0].contains("use a loopback address"))
        // A listener on :: takes the port in both families, and 0.0.0.0 only in its own.
        let taken = "m.toml:3: app.port: port 8003 is worker-3's"
        func clash(_ workers: String, _ app: String) -> Bool {
            errors("[app]\naddress = \"\(app)\"\nport = 8003\n[workers]\naddress = \"\(workers)\"")
                .contains { $0.hasPrefix(taken) }
        }
        #expect(clash("::", "::1") && clash("::", "127.0.0.1") && clash("0.0.0.0", "127.0.0.1"))
        #expect(clash("::1", "0:0::1") && !clash("0.0.0.0", "::1") && !clash("::1", "127.0.0.1"))
    }

    @Test func clashes_areFound() {
        #expect(errors("[workers]\norigins = [\"*\", \"https://a.example\"]")[0].contains("stands alone"))
        let many = (0..<256).map { "\"https://a\($0).example\"" }.joined(separator: ", ")
        #expect(errors("[workers]\norigins = [\(many)]")[0].contains("256 origins, and a worker takes 255"))
        #expect(
            errors("[app]\naddress = \"0.0.0.0\"")[0].hasPrefix(
                "m.toml:1: app.key: app.address 0.0.0.0 is not loopback, so a key is needed"))
        #expect(errors("[app]\naddress = \"0.0.0.0\"\nkey = \"secret\"").isEmpty)
        #expect(errors("[manager]\nport = 8003")[0].hasPrefix("m.toml:2: manager.port: port 8003 is worker-3's"))
        #expect(errors("[app]\nport = 9003")[0] == "m.toml: operator.port: port 9003 is app.port's already")
        #expect(errors("[app]\naddress = \"127.0.0.2\"\nport = 9003").isEmpty)
        #expect(errors("[workers]\nbase_port = 65530")[0].contains("end above port 65535"))
        #expect(errors("[supervisor]\nwatchdog = 2")[0].contains("less than three reports"))
    }

    @Test func flags_areCheckedWithTheFile() {
        let outcome = ConfigurationFile.parse("[manager]\nport = 8000\n", file: "m.toml") { $0.workers.basePort = 8100 }
        guard case .settings(let settings) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(settings.workers.basePort == 8100)
    }

    @Test func aFileThatIsNotThere_isOneError() {
        #expect(
            ConfigurationFile.load("/nowhere/m.toml")
                == .errors([
                    ConfigurationError(
                        file: "/nowhere/m.toml", line: nil, key: nil, message: "No such file or directory")
                ]))
        guard case .errors(let errors) = ConfigurationFile.load("/") else {
            Issue.record("a folder was taken for a file")
            return
        }
        #expect(errors.count == 1)
    }

    @Test func whatIsShown_canBeReadBack() throws {
        var changed = Settings()
        changed.stats.interval = 2
        changed.workers.origins = ["https://a.example", "null"]
        changed.queue.ttl = 0.25
        #expect(try settings(changed.fileText()) == changed)
        #expect(try settings(changed.fileText(comments: false)) == changed)
    }

    /// The seed's protocol knows no key. If there is one, it is off, unless the file switches it on.
    @Test func seedProtocol_followsTheKey_unlessItIsSet() throws {
        func notes(_ text: String) throws -> String { try settings(text).notes().joined() }
        #expect(try settings("").manager.seedProtocol == nil)
        #expect(try settings("[manager]\nseed_protocol = \"auto\"").manager.seedProtocol == nil)
        #expect(try settings("[manager]\nseed_protocol = true").manager.seedProtocol == true)
        let wrong = errors("[manager]\nseed_protocol = \"yes\"")
        #expect(wrong == ["m.toml:2: manager.seed_protocol: \"yes\" is not true, false or \"auto\""])
        #expect(try notes("") == "manager.seed_protocol: on, since apps need no key")
        #expect(try notes("[app]\nkey = \"k\"") == "manager.seed_protocol: off, since apps need a key")
        #expect(try notes("[app]\nkey = \"k\"\n[manager]\nseed_protocol = true").contains("without the key"))
        #expect(try notes("[manager]\nseed_protocol = false").isEmpty)
        var changed = Settings()
        for value in [nil, true, false] {
            changed.manager.seedProtocol = value
            #expect(try settings(changed.fileText()) == changed)
        }
    }

    /// Presence tells names that open mailboxes where there are no tokens.
    @Test func presence_needsTokens() throws {
        #expect(Settings().warnings().isEmpty)
        var short = Settings()
        (short.workers.heartbeat, short.queue.ttl) = (25, 33)
        #expect(short.warnings().joined().contains("workers.heartbeat") && short.disclosures().isEmpty)
        short.queue.ttl = 33.1
        #expect(short.warnings().isEmpty)
        let names = "[channels]\npresence = [\"room:\", \"team 7\"]\n"
        let keys = names + "[tokens]\nkeys = [\"/etc/keys.json\"]\n"
        #expect(try settings(keys).warnings().isEmpty)
        for open in [names, keys + "required = false\n"] {
            #expect(errors(open).first?.contains("channels.presence: tells subscribers") == true, "\(errors(open))")
        }
        for wrong in ["", "a/b", "a,b", "\\u0007", String(repeating: "a", count: 129)] {
            let found = errors("[channels]\npresence = [\"\(wrong)\"]")
            #expect(found.first?.hasPrefix("m.toml:2: channels.presence: ") == true, "\(wrong)")
        }
        let many = (0..<65).map { "\"\($0):\"" }.joined(separator: ", ")
        #expect(errors("[channels]\npresence = [\(many)]\n[tokens]\nkeys = [\"/k\"]").count == 1)
    }

    @Test func journal_hasAFolderOnlyOnDisk() throws {
        #expect(Settings().queue.journal == "process" && Settings().journalFolder == nil)
        #expect(try settings("[queue]\njournal = \"disk\"").journalFolder == "/var/lib/megacomet")
        let named = "[queue]\njournal = \"disk\"\njournal_directory = \"/srv/queue\""
        #expect(try settings(named).journalFolder == "/srv/queue")
        #expect(errors("[queue]\njournal_directory = \"queue\"").first?.contains("absolute path, or empty") == true)
        #expect(errors("[queue]\njournal = \"on\"").count == 1)
    }

    @Test func hosts_areNamesWithoutPorts() throws {
        let names = ["megacomet", "my_app.Internal"]
        #expect(try settings("[app]\nhosts = [\"megacomet\", \"my_app.Internal\"]").app.hosts == names)
        for wrong in ["megacomet:9001", "http://megacomet", "", "a..b", "a b", "*", "é", "a,b"] {
            let found = errors("[operator]\nhosts = [\"\(wrong)\"]")
            #expect(found.first?.hasPrefix("m.toml:2: operator.hosts: ") == true, "\(wrong)")
        }
    }
}
