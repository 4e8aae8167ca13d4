import Glibc
import TestSupport
import Testing

/// megatop on kinds of terminals, by the bytes that it writes to a pseudo-terminal. No appliance runs.
struct MegatopTerminalTests {
    private static let escape = "\u{1B}"

    private func open(
        _ kind: String?, _ appliance: Appliance, _ environment: [String: String] = [:]
    ) throws -> (PseudoTerminal, Program) {
        let terminal = try PseudoTerminal(width: 150, height: 30)
        var environment = environment.merging(["LC_ALL": "C.UTF-8"]) { mine, _ in mine }
        environment["TERM"] = kind
        let program = try Program(
            "megatop", ["-c", appliance.configuration], in: appliance.folder, environment: environment,
            terminal: terminal.path)
        return (terminal, program)
    }

    /// The entries of the first ones have no size, and no entry is known of the last ones.
    @Test(
        arguments: [
            ("linux", "linux"), ("cygwin", "cygwin"), ("hurd", "hurd"), ("vt100", "vt100"), ("ansi", "ansi"),
            ("xterm", "xterm"), ("xterm-256color", "xterm-256color"), ("screen-256color", "screen-256color"),
            ("xterm-no-such", "xterm-256color"), ("no-such-terminal", "xterm-256color"), ("../x", "xterm-256color"),
        ])
    func everyKind_isDrawn_orTakenForTheNearest(_ kind: String, _ name: String) throws {
        let appliance = try Appliance(workers: 1, starts: false)
        defer { appliance.end() }
        let (terminal, program) = try open(kind, appliance)
        defer { program.kill() }
        try terminal.expect("OVERVIEW")
        try terminal.expect("U starts one in the background")
        if kind != name { try terminal.expect("the terminal \"\(kind)\" is not known here: it is taken for \(name)") }
        #expect(kind != name || !terminal.text.contains("not known"))
        // Every key works, and the terminal is brought back.
        terminal.type("6")
        try terminal.expect("KERNEL COUNTERS")
        terminal.type("q")
        #expect(try program.waitForExit() == .exited(0))
        try terminal.expect("megatop: detached")
        #expect(terminal.isAsBefore)
    }

    /// The terminal says that its background is light. An answer is no key, and the setting counts for more.
    @Test(arguments: [true, false]) func background_isAsked_andTheColoursFollow(isAsked: Bool) throws {
        let appliance = try Appliance(workers: 1, starts: false)
        defer { appliance.end() }
        if !isAsked { try settings("background = \"dark\"\n", appliance) }
        let (terminal, program) = try open("xterm-256color", appliance)
        defer { program.kill() }
        let dark = "\(Self.escape)[38;5;245m", light = "\(Self.escape)[38;5;242m"
        try terminal.expect("\(Self.escape)]11;?\u{07}")
        try terminal.expect(dark)
        #expect(!terminal.text.contains(light))
        terminal.type("\(Self.escape)]11;rgb:fdfd/f6f6/e3e3\(Self.escape)\\")
        if isAsked { try terminal.expect(light) }
        terminal.type(":set background \(isAsked ? "dark" : "light")\r")
        try terminal.expect("background is \(isAsked ? "dark" : "light")")
        try terminal.expect(isAsked ? dark : light)
        #expect(!terminal.text.contains("no such key"))
        terminal.type("q")
        #expect(try program.waitForExit() == .exited(0))
    }

    /// The title and the bell are the terminal's own. A notice goes to the desktop.
    @Test func alert_isToldByTitleBellAndNotice() throws {
        let appliance = try Appliance(workers: 1, ["supervisor": "watchdog = 600.0"])
        defer { appliance.end() }
        try settings("bell = true\nnotify = \"osc777\"\n", appliance)
        let (terminal, program) = try open("xterm-256color", appliance)
        defer { program.kill() }
        try terminal.expectPicture("2/2 ok")
        let worker = try appliance.pid("worker-0")
        #expect(!terminal.text.contains("w0 is silent"))
        kill(worker, SIGSTOP)
        defer { kill(worker, SIGCONT) }
        try terminal.expect("\u{07}\(Self.escape)]2;(!) megatop ")
        try terminal.expect("\(Self.escape)]777;notify;megatop;w0 is silent")
    }

    @Test func settingsWithMistakes_areSaid_stopNothing_andAreKept() throws {
        let appliance = try Appliance(workers: 1, starts: false)
        defer { appliance.end() }
        let text = "theme = \"blue\"\nscreen = \"host\"\n"
        let file = try settings(text, appliance)
        let (terminal, program) = try open("xterm-256color", appliance)
        defer { program.kill() }
        try terminal.expect("KERNEL COUNTERS")
        try terminal.expect("megatop.toml:1: theme: auto, dark, light")
        terminal.type("5")
        try terminal.expect("SETTINGS")
        terminal.type(":set theme mono\r")
        try terminal.expect("theme is mono")
        terminal.type(":save\r")
        try terminal.expect("saved \(file)")
        #expect(contents(ofFile: file).contains("theme = \"mono\"\n"))
        #expect(contents(ofFile: file + ".old") == text)
        terminal.type("q")
        #expect(try program.waitForExit() == .exited(0))
        let (again, other) = try open("xterm-256color", appliance)
        defer { other.kill() }
        try again.expect("DETAIL")
        #expect(!again.text.contains("megatop.toml"))
    }
    @discardableResult
    private func settings(_ text: String, _ appliance: Appliance) throws -> String {
        let folder = "\(appliance.folder.path)/.config/megacomet"
        try run(tool: ["/bin/mkdir", "-p", folder], in: appliance.folder)
        return try appliance.folder.write(".config/megacomet/megatop.toml", text)
    }

    @Test(arguments: ["dumb", "", nil]) func noTerminal_getsOneSample(_ kind: String?) throws {
        let appliance = try Appliance(workers: 1, starts: false)
        defer { appliance.end() }
        let (terminal, program) = try open(kind, appliance)
        defer { program.kill() }
        #expect(try program.waitForExit() != .exited(0))
        try terminal.expect("megatop: ")
        #expect(!terminal.text.contains(Self.escape))
    }
}
