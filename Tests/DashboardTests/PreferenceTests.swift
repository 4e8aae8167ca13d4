import Dashboard
import Glibc
import Testing

struct PreferenceTests {
    @Test func whatIsSaved_isReadAgain() {
        var session = Session()
        for (name, value) in [
            ("interval", "5"), ("screen", "queues"), ("units", "short"), ("totals", "on"), ("history", "24h"),
            ("mouse", "on"), ("sort.queues", "depth down"),
        ] {
            #expect(Preference.all.first { $0.name == name }?.set(value, &session) == true)
        }
        var again = Session()
        Preference.apply(Preference.text(session), to: &again)
        #expect(Preference.text(again) == Preference.text(session))
        #expect(again.usesMouse && again.showsDay && again.screen == .queues && again.interval == 5)
        #expect(again.sorts[.queues] == Sort("depth", descending: true))
    }
    @Test(arguments: [
        ("interval", "0.1"), ("interval", "often"), ("screen", "7"), ("units", "long"), ("mouse", "perhaps"),
        ("history", "7d"), ("sort.queues", "nothing"), ("sort.queues", "depth sideways"),
    ])
    func whatCantBe_changesNothing(_ name: String, _ value: String) {
        var session = Session()
        #expect(Preference.all.first { $0.name == name }?.set(value, &session) == false)
        Preference.apply("\(name) = \(value)\nunknown = 1\nno line\n", to: &session)
        #expect(Preference.text(session) == Preference.text(Session()))
    }
    @Test func commandLine_sets_andTheProgramSays() {
        var options = Options()
        options.interval = 2
        #expect(options.session("interval = 10\nscreen = host\n").interval == 2)
        #expect(options.session("interval = 10\nscreen = host\n").screen == .host)
        let handler = KeyHandler(Samples.shown, Size(80, 24))
        var session = Session()
        for key in ":set mouse on" { _ = handler.handle(.character(key), &session) }
        _ = handler.handle(.enter, &session)
        #expect(session.usesMouse)
        for key in ":save" { _ = handler.handle(.character(key), &session) }
        #expect(handler.handle(.enter, &session) == [.saveSettings])
    }
    @Test func file_isWrittenThroughALink() throws {
        let folder = "/tmp/megatop-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { for name in ["real", "a/b/megatop.conf", "a/b", "a", ""] { remove("\(folder)/\(name)") } }
        let path = folder + "/a/b/megatop.conf"
        #expect(Preference.read(path).isEmpty)
        #expect(Preference.write("one = 1\n", path) == nil)
        #expect(Preference.read(path) == "one = 1\n")
        unlink(path)
        #expect(Preference.write("two = 2\n", folder + "/real") == nil)
        try #require(symlink(folder + "/real", path) == 0)
        #expect(Preference.write("three = 3\n", path) == nil)
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(Preference.read(folder + "/real") == "three = 3\n")
        #expect(Preference.write("x", "/proc/nothing/megatop.conf") != nil)
    }
}
