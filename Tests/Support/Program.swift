import Glibc

/// One of our programs, running. It is killed by its id when this goes out of use.
public final class Program {
    public enum End: Equatable, Sendable {
        case exited(Int32)
        case killed(Int32)
    }
    public let pid: Int32
    public let name: String
    private let outputFile: String
    private var end: End?

    /// The folder of the built programs: that of the test bundle itself.
    public static let folder: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let whole = String(decoding: path[0..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = whole.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        // A test helper of the toolchain may carry the bundle: then the programs are beside the bundle that was named to it.
        if access("\(folder)/megaworker", X_OK) == 0 { return folder }
        for argument in CommandLine.arguments where argument.contains(".xctest") {
            let beside = argument.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            if access("\(beside)/megaworker", X_OK) == 0 { return beside }
        }
        return ".build/debug"
    }()

    /// Starts `name` from that folder, or a program by its whole path. `descriptors`: the most files that it may open. Its output goes to a file in `folder`.
    public init(_ name: String, _ arguments: [String], in folder: Folder, environment: [String: String] = [:], descriptors: Int? = nil) throws {
        self.name = name
        outputFile = "\(folder.path)/\(name.split(separator: "/").last ?? "").\(UInt32.random(in: 0 ... .max)).log"
        var command = [name.hasPrefix("/") ? name : "\(Program.folder)/\(name)"] + arguments
        if let descriptors { command = ["/bin/sh", "-c", "ulimit -n \(descriptors); exec \"$@\"", "sh"] + command }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputFile, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        // Nothing of the test runner's own signal settings is passed on.
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

        let variables = ["PATH=/usr/bin:/bin", "HOME=\(folder.path)", "TMPDIR=\(folder.path)"] + environment.map { "\($0)=\($1)" }
        let argv = command.map { strdup($0) } + [nil]
        let envp = variables.map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: Int32 = 0
        let result = posix_spawn(&pid, command[0], &actions, &attributes, argv, envp)
        guard result == 0 else { throw Failure("can't start \(command[0]): \(String(cString: strerror(result)))") }
        self.pid = pid
    }
    deinit { kill() }

    /// Standard output and standard error so far.
    public var output: String { contents(ofFile: outputFile) }

    public var isRunning: Bool { reap(WNOHANG) == nil }

    public func signal(_ number: Int32) { if end == nil { Glibc.kill(pid, number) } }

    /// Ends it at once and waits for it.
    public func kill() {
        guard end == nil else { return }
        Glibc.kill(pid, SIGKILL)
        Glibc.kill(pid, SIGCONT)
        _ = reap(0)
    }

    @discardableResult
    public func waitForExit(seconds: Double = 15) throws -> End {
        do {
            return try eventually("\(name) exits", seconds: seconds) { reap(WNOHANG) }
        } catch { throw Failure("\(error); its output:\n\(output)") }
    }

    private func reap(_ options: Int32) -> End? {
        if let end { return end }
        var status: Int32 = 0
        guard waitpid(pid, &status, options) == pid else { return nil }
        end = status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .killed(status & 0x7F)
        return end
    }

    /// Runs a program to its end.
    public static func run(_ name: String, _ arguments: [String], in folder: Folder, seconds: Double = 30) throws -> (end: End, output: String) {
        let program = try Program(name, arguments, in: folder)
        return (try program.waitForExit(seconds: seconds), program.output)
    }
}
