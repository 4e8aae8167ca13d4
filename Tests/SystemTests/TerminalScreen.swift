import Glibc
import TestSupport

/// A real terminal of a given size, by tmux, with a shell in which megatop was started. What it shows is read as text.
final class TerminalScreen {
    private let socket: String
    private let appliance: Appliance

    init(width: Int, height: Int, _ appliance: Appliance, _ arguments: String = "", environment: String = "") throws {
        self.appliance = appliance
        socket = appliance.folder.path + "/tmux"
        try tmux("-f", "/dev/null", "new-session", "-d", "-s", "m", "-x", "\(width)", "-y", "\(height)", "bash --norc --noprofile")
        try tmux("set", "-g", "status", "off")
        try resize(width: width, height: height)
        try tmux("send-keys", "-t", "m", "-l", "PS1='$ '; clear; \(environment) \(Program.folder)/megatop -c \(appliance.configuration) \(arguments)")
        try tmux("send-keys", "-t", "m", "Enter")
    }
    func end() { _ = try? tmux("kill-server") }

    var text: String { (try? tmux("capture-pane", "-p", "-t", "m")) ?? "" }

    /// Waits until it is on the screen.
    func expect(_ words: String) throws { try expect("\"\(words)\"") { $0.contains(words) } }
    func expect(_ what: String = "the wanted picture", _ holds: (String) -> Bool) throws {
        do { try eventually("the terminal shows \(what)", seconds: 25) { holds(text) } } catch { throw Failure("\(error); it shows:\n\(text)") }
    }
    /// Keys by tmux's names: `Enter`, `Escape`, `C-z`, or text.
    func send(_ keys: String...) throws { for key in keys { try tmux("send-keys", "-t", "m", key) } }
    func resize(width: Int, height: Int) throws { try tmux("resize-window", "-t", "m", "-x", "\(width)", "-y", "\(height)") }

    /// To megatop itself, not to the shell.
    func signal(_ number: Int32) throws {
        let pid = try eventually("megatop runs") {
            Processes.mentioning(appliance.configuration).first { contents(ofFile: "/proc/\($0)/comm").hasPrefix("megatop") }
        }
        kill(pid, number)
    }
    /// What stty says of the terminal's modes.
    func modes() throws -> String {
        try send("clear; stty -a", "Enter")
        try expect("echo")
        return text
    }

    /// Not by Foundation's Process: it waits for the server, too, that the first call leaves behind.
    @discardableResult
    private func tmux(_ arguments: String...) throws -> String {
        let path = appliance.folder.path + "/tmux.output"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Nothing of the test runner's own signal settings is passed on: it blocks what megatop is to be sent.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let words = ["/usr/bin/tmux", "-S", socket] + arguments
        let variables = ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TERM=xterm-256color", "HOME=" + appliance.folder.path]
        let argv = words.map { strdup($0) } + [nil]
        let environment = variables.map { strdup($0) } + [nil]
        defer { (argv + environment).forEach { free($0) } }
        var pid: Int32 = 0
        let result = posix_spawn(&pid, words[0], &actions, &attributes, argv, environment)
        guard result == 0 else { throw Failure("can't start tmux: \(String(cString: strerror(result)))") }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        let text = contents(ofFile: path)
        guard status == 0 else { throw Failure("tmux \(arguments.joined(separator: " ")): \(text)") }
        return text
    }
}
