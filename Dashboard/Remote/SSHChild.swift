import Base
import Glibc
import Reactor

/// The ssh of one connection. It has no terminal: its input and output are a socket, its errors a pipe, and it is in a
/// session of its own. It ends with megatop, however that ends.
final class SSHChild {
    private static let mostErrorLine = 400
    private let loop: Loop
    private let pid: Int32
    private let follower: Int32
    private let socket: Int32
    private let errors: Int32
    private var watchers: [IOWatcher] = []
    private var toSend: [UInt8] = []
    private var errorLines = LineSplitter(mostBytes: SSHChild.mostErrorLine)
    private var lastError = ""
    private var reason: String?
    private var exit: ProcessExit?
    private var hasExited = false
    private var killer: Reactor.Timer?
    private let received: (UnsafeRawBufferPointer) -> Void
    private let ended: (String) -> Void

    init(
        _ loop: Loop, _ command: [String], received: @escaping (UnsafeRawBufferPointer) -> Void,
        ended: @escaping (String) -> Void
    ) throws {
        self.loop = loop
        self.received = received
        self.ended = ended
        let (ours, its) = try Processes.socketPair()
        let (read, write) = try Processes.outputPipe()
        // Programs expect that their own ends wait.
        for end in [its, write] { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) & ~O_NONBLOCK) }
        defer { [its, write].forEach { close($0) } }
        var program = ChildProgram(
            path: SSHChild.path(command[0]), arguments: Array(command.dropFirst()),
            environment: Environment.all.map { "\($0.name)=\($0.value)" })
        (program.input, program.output, program.errors) = (its, its, write)
        program.newSession = true
        program.diesWithParent = true
        (socket, errors) = (ours, read)
        do {
            pid = try Processes.spawn(program)
            follower = try Processes.follow(pid)
        } catch {
            [ours, read].forEach { close($0) }
            throw error
        }
        watchers = [
            IOWatcher(loop, socket, .read) { [unowned self] events in
                if events.contains(.write) { flush() }
                if events.contains(.read) { withExtendedLifetime(self) { readOutput() } }
            },
            IOWatcher(loop, errors, .read) { [unowned self] _ in readErrors() },
            IOWatcher(loop, follower, .read) { [unowned self] _ in withExtendedLifetime(self) { hasEnded() } },
        ]
        killer = Timer(loop) { [unowned self] in signal(SIGKILL) }
    }
    deinit {
        watchers = []
        if !reap() {
            signal(SIGKILL)
            while !reap() { usleep(1000) }
        }
        [socket, errors, follower].forEach { close($0) }
    }

    /// The program in the folders of PATH, as a shell finds it.
    private static func path(_ program: String) -> String {
        guard !program.contains("/") else { return program }
        let folders = (Environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 } ?? "/usr/bin/\(program)"
    }

    func send(_ line: String) -> Bool {
        guard toSend.count < 1 << 16 else { return false }
        toSend += Array(line.utf8)
        flush()
        return true
    }
    private func flush() {
        while !toSend.isEmpty {
            switch toSend.withUnsafeBytes({ Sockets.write(socket, $0) }) {
            case .bytes(let count): toSend.removeFirst(count)
            case .wouldBlock:
                watchers.first?.watch([.read, .write])
                return
            case .end, .failed: toSend = []
            }
        }
        if watchers.first?.interest.contains(.write) == true { watchers.first?.watch(.read) }
    }
    /// Ends it. What is said later does not count as the reason.
    func end(because reason: String) {
        guard self.reason == nil else { return }
        self.reason = reason
        watchers.first?.stop()
        signal(SIGTERM)
        killer?.start(after: 2)
    }
    /// Its group has the programs that it started, such as that of a ProxyCommand.
    func signal(_ number: Int32) { if !hasExited { Processes.signal(pid, number, group: true) } }
    /// True once it has ended. Where SIGCHLD is ignored, the kernel keeps its exit to itself.
    func reap() -> Bool {
        if hasExited { return true }
        switch Processes.reap(pid) {
        case .running: return false
        case .ended(let found): exit = found
        case .notOurs: break
        }
        hasExited = true
        return true
    }

    private func readOutput() {
        var chunk = [UInt8](repeating: 0, count: 65536)
        for _ in 0..<16 {
            guard reason == nil else { return }
            let count = chunk.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
            if count > 0 {
                chunk.withUnsafeBytes { received(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            } else {
                if count == 0 {
                    // Its output has ended, so it ends, too. If it does not, it is of no use.
                    watchers.first?.stop()
                    killer?.start(after: 2)
                }
                return
            }
        }
    }
    private func readErrors() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = read(errors, &chunk, chunk.count)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN { watchers.dropFirst().first?.stop() }
            return
        }
        var input = chunk[..<count]
        while let line = errorLines.next(&input) { noteError(line) }
    }
    private func noteError(_ line: String) {
        let text = plainText(line, most: SSHChild.mostErrorLine)
        if text.contains(where: { $0 != " " }) { lastError = text }
    }
    private func hasEnded() {
        guard reap() else { return }
        if reason == nil { readOutput() }
        readErrors()
        if let rest = errorLines.rest() { noteError(rest) }
        let how = exit?.code.map { "exit \($0)" } ?? exit?.signal.map { "killed by signal \($0)" } ?? "ended"
        watchers = []
        ended(reason ?? (lastError.isEmpty ? "ssh: \(how)" : "\(lastError) (\(how))"))
    }
}
