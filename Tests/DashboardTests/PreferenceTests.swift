import Configuration
import ConfigurationFile
import Dashboard
import Glibc
import Testing

struct PreferenceTests {
    /// The session after a file was read, and the mistakes in it.
    private func read(_ text: String) throws -> (Session, [String]) {
        var saved = SavedSettings("/home/me/megatop.toml")
        switch FlatFile.parse(text, file: "/home/me/megatop.toml") {
        case .success(let entries):
            saved.entries = entries.map { SavedSettings.Entry(key: $0.key, line: $0.line, value: $0.value) }
        case .failure(let error): saved.failure = error.description
        }
        var session = Session()
        let mistakes = saved.apply(to: &session)
        return (session, mistakes)
    }

    @Test func whatIsSaved_isReadAgain() throws {
        var session = Session()
        for (name, value) in [
            ("interval", "5"), ("screen", "queues"), ("units", "short"), ("totals", "on"), ("history", "24h"),
            ("mouse", "on"), ("graph", "queue"), ("sort.queues", "depth down"), ("theme", "colour-blind"),
            ("background", "light"),
            ("bell", "on"), ("title", "off"), ("notify", "osc777"), ("filter", "conns>100 !w\"3"),
            ("columns.overview", "conns,state,id,fd"), ("colours.warning", "bold #ff8700"), ("colours.dim", "240"),
        ] {
            #expect(Preference.named(name)?.set(value, &session) == true, "\(name)")
        }
        let (again, mistakes) = try read(SavedSettings.text(session))
        #expect(mistakes.isEmpty)
        #expect(SavedSettings.text(again) == SavedSettings.text(session))
        for preference in Preference.all { #expect(preference.text(again) == preference.text(session)) }
        #expect(
            again.usesMouse && again.span == .day && again.screen == .queues && again.interval == 5 && again.ringsBell)
        #expect(again.sorts[.queues] == Sort("depth", descending: true) && again.theme == .colourBlind)
        #expect(again.columns == [.overview: ["id", "conns", "state", "fd"]])
        #expect(again.ownColours == [.warning: "bold #ff8700", .dim: "240"])
    }
    @Test func untouchedSession_isSavedWithoutSections() throws {
        #expect(!SavedSettings.text(Session()).contains("["))
        #expect(try read(SavedSettings.text(Session())).1.isEmpty)
    }
    @Test func mistakes_haveLineAndKey_andTheRestCounts() throws {
        let (session, mistakes) = try read(
            """
            theme = "blue"
            interval = 2
            mouse = true
            thme = "dark"

            [columns]
            overview = ["conns", "nothing"]
            queues = 7
            [colours]
            warning = 208
            critical = "pink"
            strange = "red"
            """)
        let begins: [String] = mistakes.map {
            String($0.dropFirst("/home/me/megatop.toml:".count).prefix { $0 != "," })
        }
        let wanted: [String] = [
            "1: theme: auto", "4: thme: unknown key", "7: columns.overview: default", "8: columns.queues: default",
            "11: colours.critical: #ff8700", "12: colours.strange: unknown key",
        ]
        #expect(begins == wanted)
        #expect(mistakes[1].hasSuffix("did you mean theme?"))
        #expect(session.interval == 2 && session.usesMouse && session.ownColours == [.warning: "208"])
        #expect(session.theme == .auto && session.columns.isEmpty)
    }
    @Test(arguments: ["theme = \n", "theme = \"dark\ninterval = 2", "[$x]\n", "a = [ } ]", "\0"])
    func whatIsNoTOML_isSaid_andNothingCounts(_ text: String) throws {
        let (session, mistakes) = try read(text)
        #expect(mistakes.count == 1 && mistakes[0].hasPrefix("/home/me/megatop.toml"))
        #expect(SavedSettings.text(session) == SavedSettings.text(Session()))
    }
    @Test(arguments: [
        ("interval", "0.1"), ("interval", "often"), ("screen", "8"), ("units", "long"), ("mouse", "perhaps"),
        ("history", "7d"), ("graph", "pie"), ("sort.queues", "nothing"), ("sort.queues", "depth sideways"),
        ("theme", "pink"),
        ("background", "grey"), ("notify", "mail"), ("columns.overview", ""), ("columns.overview", "conns conns"),
        ("columns.overview", "depth"), ("colours.warning", "#12345"),
    ])
    func whatCantBe_changesNothing(_ name: String, _ value: String) throws {
        var session = Session()
        #expect(Preference.named(name)?.set(value, &session) == false)
        #expect(SavedSettings.text(session) == SavedSettings.text(Session()))
    }
    @Test func commandLine_sets_andTheProgramSays() throws {
        var options = Options()
        options.interval = 2
        options.saved.entries = [
            SavedSettings.Entry(key: "interval", line: nil, value: .integer(10)),
            SavedSettings.Entry(key: "screen", line: nil, value: .text("host")),
        ]
        let (saved, mistakes) = options.savedSession()
        #expect(saved.interval == 2 && saved.screen == .host && mistakes.isEmpty)
        #expect(options.session().screen == .overview, "samples are not changed by saved settings")
        let handler = KeyHandler(Samples.shown, Size(80, 24))
        var session = Session()
        for key in ":set mouse on" { _ = handler.handle(.character(key), &session) }
        _ = handler.handle(.enter, &session)
        #expect(session.usesMouse)
        for key in ":save" { _ = handler.handle(.character(key), &session) }
        #expect(handler.handle(.enter, &session) == [.saveSettings])
    }
    @Test func tab_completesTheValue() {
        let handler = KeyHandler(Samples.shown, Size(80, 24))
        var session = Session()
        for key in ":set th" { _ = handler.handle(.character(key), &session) }
        _ = handler.handle(.tab, &session)
        for key in "col" { _ = handler.handle(.character(key), &session) }
        _ = handler.handle(.tab, &session)
        _ = handler.handle(.enter, &session)
        #expect(session.theme == .colourBlind && session.toast == "theme is colour-blind")
    }

    // MARK: the file

    @Test func fileOfAnEarlierVersion_isTakenOver() {
        let old =
            "# megatop, by :save\ninterval = 5.0\nmouse = on\nsort.queues = depth down\nunits = long\nno line\nx = 1\n"
        var saved = SavedSettings()
        saved.entries = SavedSettings.old(old)
        var session = Session()
        #expect(saved.apply(to: &session).isEmpty)
        #expect(session.interval == 5 && session.usesMouse && session.showsFullNumbers)
        #expect(session.sorts == [.queues: Sort("depth", descending: true)])
    }
    @Test func file_isWrittenThroughALink_forItsOwnerAlone() throws {
        let folder = "/tmp/megatop-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer {
            for name in ["real", "real.old", "a/b/megatop.toml", "a/b", "a", ""] { remove("\(folder)/\(name)") }
        }
        func mode(_ path: String) -> mode_t {
            var status = stat()
            return lstat(path, &status) == 0 ? status.st_mode : 0
        }
        let path = folder + "/a/b/megatop.toml"
        #expect(SavedSettings.write("one = 1\n", path, keepsOld: false) == nil)
        #expect(Golden.contents(path) == "one = 1\n" && mode(path) & 0o7777 == 0o600)
        unlink(path)
        #expect(SavedSettings.write("two = 2\n", folder + "/real", keepsOld: false) == nil)
        chmod(folder + "/real", 0o644)
        try #require(symlink(folder + "/real", path) == 0)
        #expect(SavedSettings.write("three = 3\n", path, keepsOld: true) == nil)
        #expect(mode(path) & S_IFMT == S_IFLNK)
        #expect(Golden.contents(folder + "/real") == "three = 3\n" && mode(folder + "/real") & 0o7777 == 0o600)
        #expect(Golden.contents(folder + "/real.old") == "two = 2\n")
        #expect(SavedSettings.write("x", "/proc/nothing/megatop.toml", keepsOld: false) != nil)
    }
}
