import Glibc
import TestSupport

/// A terminal on a line of 9600 baud, with megatop on it. It is a pseudo-terminal whose other end takes 960 bytes a
/// second while the test waits for them. A screen that draws at once shows what has arrived.
final class SlowTerminal {
    private static let bytesPerSecond = 960.0
    let program: Program
    private let screen: TerminalScreen
    private let terminal: PseudoTerminal
    /// The file of the bytes that have arrived, for the screen.
    private let arrived: Int32
    private let arrivedPath: String
    private var carriedAt = monotonicNanoseconds()
    /// Bytes that the line could have carried by now and that are not taken yet.
    private var due = 0.0
    /// If it becomes false, everything on its way is taken at once.
    var isSlow = true

    init(width: Int, height: Int, _ appliance: Appliance) throws {
        terminal = try PseudoTerminal(width: width, height: height)
        let file = try appliance.folder.write("arrived.\(terminal.line)", "")
        arrivedPath = file
        arrived = open(file, O_WRONLY | O_APPEND | O_CLOEXEC)
        screen = try TerminalScreen(
            width: width, height: height, appliance, command: "stty raw -echo; tail -c +1 -f \(file)")
        program = try Program(
            "megatop", ["-c", appliance.configuration], in: appliance.folder,
            environment: ["TERM": "xterm-256color", "LC_ALL": "C.UTF-8"], terminal: terminal.path)
    }
    deinit { close(arrived) }
    func end() {
        program.kill()
        screen.end()
    }

    /// Takes the bytes that the line has carried since the last call, but at most those of a second.
    func carry() {
        let now = monotonicNanoseconds()
        due = min(SlowTerminal.bytesPerSecond, due + Double(now - carriedAt) / 1e9 * SlowTerminal.bytesPerSecond)
        carriedAt = now
        while !isSlow || due >= 1 {
            var bytes = [UInt8](repeating: 0, count: isSlow ? Int(due) : 65536)
            let count = read(terminal.line, &bytes, bytes.count)
            guard count > 0 else { return }
            due -= Double(count)
            write(arrived, bytes, count)
        }
    }
    /// True if nothing more can be written until the line has carried something.
    var isFull: Bool {
        var state = pollfd(fd: terminal.far, events: Int16(POLLOUT), revents: 0)
        return poll(&state, 1, 0) == 0
    }
    /// Asks for whole pictures with Ctrl-L, until the line takes no more of them.
    func fill() throws {
        try eventually("the line is full") {
            type([12])
            carry()
            return isFull
        }
    }
    /// All bytes that have arrived.
    var arrivedText: String { contents(ofFile: arrivedPath) }
    func type(_ keys: [UInt8]) { write(terminal.line, keys, keys.count) }

    /// Waits, while the line carries, until the words are on the screen.
    func expect(_ words: String) throws { try expect("\"\(words)\"") { $0.contains(words) } }
    func expect(_ what: String = "the wanted picture", _ holds: (String) -> Bool) throws {
        try screen.expect(what) { text in
            carry()
            return holds(text)
        }
    }
    /// True if the terminal's modes are the same as before megatop.
    var isAsBefore: Bool { terminal.isAsBefore }
}
