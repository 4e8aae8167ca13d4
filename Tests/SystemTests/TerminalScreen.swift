import Glibc
import TestSupport

/// A real terminal of a given size, made by tmux, with a shell in which megatop was started. Its screen is read as
/// text.
final class TerminalScreen {
    private let socket: String
    private let appliance: Appliance

    convenience init(
        width: Int, height: Int, _ appliance: Appliance, _ arguments: String = "", environment: String = ""
    ) throws {
        let command = "\(environment) '\(Program.folder)/megatop' -c \(appliance.configuration) \(arguments)"
        try self.init(width: width, height: height, appliance, command: command)
    }
    /// Starts another command than megatop's.
    init(width: Int, height: Int, _ appliance: Appliance, command: String) throws {
        self.appliance = appliance
        socket = appliance.folder.path + "/tmux.\(UInt16.random(in: 0 ... .max))"
        try tmux(
            "-f", "/dev/null", "new-session", "-d", "-s", "m", "-x", "\(width)", "-y", "\(height)",
            "bash --norc --noprofile")
        try tmux("set", "-g", "status", "off")
        try resize(width: width, height: height)
        try tmux("send-keys", "-t", "m", "-l", "PS1='$ '; clear; \(command)")
        try tmux("send-keys", "-t", "m", "Enter")
    }
    func end() { _ = try? tmux("kill-server") }

    var text: String { (try? tmux("capture-pane", "-p", "-t", "m")) ?? "" }

    /// Waits until the words are on the screen.
    func expect(_ words: String) throws { try expect("\"\(words)\"") { $0.contains(words) } }
    func expect(_ what: String = "the wanted picture", _ holds: (String) -> Bool) throws {
        do {
            try eventually("the terminal shows \(what)", seconds: 40) {
                if holds(text) { return true }
                usleep(20_000)  // each look is a program of its own
                return false
            }
        } catch { throw Failure("\(error); it shows:\n\(text)") }
    }
    /// Keys by tmux's names: `Enter`, `Escape`, `C-z`, or text.
    func send(_ keys: String...) throws { for key in keys { try tmux("send-keys", "-t", "m", key) } }
    func resize(width: Int, height: Int) throws {
        try tmux("resize-window", "-t", "m", "-x", "\(width)", "-y", "\(height)")
    }

    /// The pid of megatop itself, not of the shell. If several look at the appliance, it is any of them.
    func pid() throws -> Int32 { try eventually("megatop runs") { found } }
    var isRunning: Bool { found != nil }
    private var found: Int32? {
        Processes.mentioning(appliance.configuration).first {
            contents(ofFile: "/proc/\($0)/comm").hasPrefix("megatop")
        }
    }
    func signal(_ number: Int32) throws { kill(try pid(), number) }
    /// Ctrl-Z: the shell is back, and does what it is told.
    func suspend() throws {
        try send("C-z")
        try expect("Stopped")
        try send("echo shell-$((40+2))", "Enter")
        try expect("shell-42")
    }
    /// Lets programs set the clipboard, and tmux keep what they set.
    func allowClipboard() throws { try tmux("set", "-s", "set-clipboard", "on") }
    var clipboard: String { (try? tmux("show-buffer")) ?? "" }
    /// Whether the terminal sends events of the mouse.
    var hasMouse: Bool { (try? tmux("display", "-p", "-t", "m", "#{mouse_any_flag}"))?.hasPrefix("1") ?? false }
    /// A press of the left button, as a terminal sends it. Row and column are counted from 0.
    func click(row: Int, column: Int) throws {
        try tmux("send-keys", "-t", "m", "-l", "\u{1B}[<0;\(column + 1);\(row + 1)M")
    }
    /// The screen's text with the bytes that make colours.
    var colouredText: String { (try? tmux("capture-pane", "-e", "-p", "-t", "m")) ?? "" }
    /// stty's output about the terminal's modes.
    func modes() throws -> String {
        try send("clear; stty -a", "Enter")
        try expect("icanon")
        return text
    }

    @discardableResult
    private func tmux(_ words: String...) throws -> String {
        // The user's own shell may end at once, as that of `nobody` does.
        let environment = ["LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "SHELL": "/bin/sh"]
        return try run(tool: ["/usr/bin/tmux", "-S", socket] + words, environment: environment, in: appliance.folder)
    }
}
