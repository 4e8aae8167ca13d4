import Glibc

/// A process that this one started. It is ended by its id only.
final class ChildProcess {
    let pid: pid_t
    private(set) var isRunning = true

    /// - Parameters:
    ///   - descriptor: becomes descriptor 3 of the child.
    ///   - log: the file for its output. `nil`: it prints where this process does.
    init(_ command: [String], descriptor: Int32? = nil, log: String? = nil) throws(Socket.Failure) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let descriptor { posix_spawn_file_actions_adddup2(&actions, descriptor, 3) }
        if let log {
            posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        // The coordinator takes signals through a descriptor. Its children take them as usual.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        let result = posix_spawnp(&child, command[0], &actions, &attributes, arguments, environ)
        if result != 0 { throw Socket.Failure(call: "start \(command[0])", code: result) }
        pid = child
    }

    func signal(_ number: Int32) { if isRunning { kill(pid, number) } }

    /// Whether it has ended. It waits at most `seconds` for that.
    func hasEnded(within seconds: Double = 0) -> Bool {
        let deadline = monotonicNanoseconds() + UInt64(seconds * 1e9)
        while isRunning {
            if waitpid(pid, nil, WNOHANG) != 0 { isRunning = false }
            if !isRunning || monotonicNanoseconds() >= deadline { break }
            usleep(5_000)
        }
        return !isRunning
    }

    /// Asks it to end, and after `seconds` kills it.
    func stop(patience seconds: Double = 10) {
        signal(SIGTERM)
        if hasEnded(within: seconds) { return }
        signal(SIGKILL)
        _ = hasEnded(within: 5)
    }

    /// A command that ends with this process, even if this is killed. Every Debian has the `setpriv` that does it;
    /// without it the command is unchanged.
    static func leashed(_ command: [String]) -> [String] {
        access("/usr/bin/setpriv", X_OK) == 0 ? ["/usr/bin/setpriv", "--pdeathsig", "TERM", "--"] + command : command
    }
}
