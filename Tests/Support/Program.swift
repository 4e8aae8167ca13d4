import Glibc

/// One of our programs while it runs. It is killed by its id when this goes out of use.
public final class Program {
    public enum End: Equatable, Sendable {
        case exited(Int32)
        case killed(Int32)
    }
    public let pid: Int32
    public let name: String
    private let outputFile: String
    private let errorFile: String?
    private var end: End?

    /// The folder of the built programs, which is also the test bundle's.
    public static let folder: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let whole = String(decoding: path[0..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = whole.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        // A test helper of the toolchain may carry the bundle. Then the programs are beside the bundle that the helper
        // was given.
        if access("\(folder)/megaworker", X_OK) == 0 { return folder }
        for argument in CommandLine.arguments where argument.contains(".xctest") {
            let beside = argument.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
                separator: "/")
            if access("\(beside)/megaworker", X_OK) == 0 { return beside }
        }
        return ".build/debug"
    }()

    /// Starts `name` from that folder, or a program by its whole path. `descriptors` is the most files that it may
    /// open. `listeners` are handed over under their names, as systemd does it. Its output goes to a file in `folder`,
    /// or to `terminal`, which is then its input, too. With `keepsErrorsApart`, `output` is its standard output alone.
    public init(
        _ name: String, _ arguments: [String], in folder: Folder, environment: [String: String] = [:],
        descriptors: Int? = nil, listeners: [(name: String, descriptor: Int32)] = [],
        keepsErrorsApart: Bool = false, terminal: String? = nil
    ) throws {
        self.name = name
        outputFile = "\(folder.path)/\(name.split(separator: "/").last ?? "").\(UInt32.random(in: 0 ... .max)).log"
        errorFile = keepsErrorsApart ? outputFile + ".errors" : nil
        var command = [name.hasPrefix("/") ? name : "\(Program.folder)/\(name)"] + arguments
        if let descriptors { command = ["/bin/sh", "-c", "ulimit -n \(descriptors); exec \"$@\"", "sh"] + command }

        var environment = environment
        if !listeners.isEmpty {
            command = ["/bin/sh", "-c", "export LISTEN_PID=$$; exec \"$@\"", "sh"] + command
            environment["LISTEN_FDS"] = "\(listeners.count)"
            environment["LISTEN_FDNAMES"] = listeners.map(\.name).joined(separator: ":")
        }
        let variables = ["HOME=\(folder.path)", "TMPDIR=\(folder.path)"] + environment.map { "\($0)=\($1)" }
        pid = try spawn(
            command, environment: variables, output: outputFile, appends: true, inherited: listeners.map(\.descriptor),
            errors: errorFile, terminal: terminal)
    }
    deinit { kill() }

    /// Standard output and standard error so far.
    public var output: String { contents(ofFile: outputFile) }
    /// Standard error so far, if it is kept apart.
    public var errors: String { errorFile.map { contents(ofFile: $0) } ?? "" }

    public var isRunning: Bool { reap() == nil }

    public func signal(_ number: Int32) { if end == nil { Glibc.kill(pid, number) } }

    /// Kills it at once and waits for its end.
    public func kill() {
        guard end == nil else { return }
        Glibc.kill(pid, SIGKILL)
        Glibc.kill(pid, SIGCONT)
        _ = try? eventually("\(name) is dead") { reap() }
    }
    /// Removes the file of its output, which is not needed any more.
    func removeOutput() { unlink(outputFile) }

    @discardableResult
    public func waitForExit(seconds: Double = 25) throws -> End {
        do {
            return try eventually("\(name) exits", seconds: seconds) { reap() }
        } catch { throw Failure("\(error); its output:\n\(output)\(errors)") }
    }

    /// Asks without waiting whether it has ended. `nil` while it runs.
    private func reap() -> End? {
        if let end { return end }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        end = status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .killed(status & 0x7F)
        return end
    }

    /// Runs a program to its end.
    public static func run(_ name: String, _ arguments: [String], in folder: Folder, seconds: Double = 90) throws -> (
        end: End, output: String
    ) {
        let program = try Program(name, arguments, in: folder)
        return (try program.waitForExit(seconds: seconds), program.output)
    }
}
