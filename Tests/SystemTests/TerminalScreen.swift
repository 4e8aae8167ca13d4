import Foundation
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
            TestSupport.Processes.mentioning(appliance.configuration).first { contents(ofFile: "/proc/\($0)/comm").hasPrefix("megatop") }
        }
        kill(pid, number)
    }
    /// What stty says of the terminal's modes.
    func modes() throws -> String {
        try send("clear; stty -a", "Enter")
        try expect("echo")
        return text
    }

    @discardableResult
    private func tmux(_ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/tmux")
        process.arguments = ["-S", socket] + arguments
        process.environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "HOME": appliance.folder.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: output, as: UTF8.self)
        guard process.terminationStatus == 0 else { throw Failure("tmux \(arguments.joined(separator: " ")): \(text)") }
        return text
    }
}
