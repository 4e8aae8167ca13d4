import CSystem
import Glibc

/// Everything that starting a child process needs.
package struct ChildProgram {
    package var path: String
    /// The arguments without the program's own name, which is its path.
    package var arguments: [String]
    /// Each is `NAME=value`. LISTEN_FDS and the like are added for the listeners, MEGACOMET_LIFELINE and
    /// MEGACOMET_OUTPUT for the lifeline and the output.
    package var environment: [String]
    /// Borrowed. In the child they are the descriptors 3, 4 and so on, and LISTEN_FDNAMES has their names.
    package var listeners: [(name: String, descriptor: Int32)] = []
    /// Borrowed. It is the child's end of a socket pair.
    package var lifeline: Int32?
    /// Borrowed. It becomes the child's standard input. `nil`: /dev/null.
    package var input: Int32?
    /// Borrowed. It becomes the child's standard output, and standard error too if `errors` is `nil`.
    package var output: Int32?
    /// Borrowed. It becomes the child's standard error.
    package var errors: Int32?
    /// Borrowed. It is the reading end of `output`, which the child keeps open: so what it wrote lasts as long as the
    /// child.
    package var outputReader: Int32?
    /// The child gets a session of its own, so that the end of a terminal does not reach it. Otherwise it gets only a
    /// process group of its own.
    package var newSession = false
    /// The child gets SIGTERM when this process ends, also if that is killed.
    package var diesWithParent = false

    package init(path: String, arguments: [String], environment: [String]) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }
}

/// How a process ended, and what it used.
package struct ProcessExit: Equatable, Sendable {
    /// `nil` if a signal ended the process.
    package var code: Int32?
    /// `nil` if the process exited.
    package var signal: Int32?
    package var leftCore = false
    package var userMicroseconds: Int64 = 0
    package var systemMicroseconds: Int64 = 0
    package var peakBytes: Int64 = 0

    init(_ result: mc_exit) {
        code = result.code >= 0 ? result.code : nil
        signal = result.signal > 0 ? result.signal : nil
        leftCore = result.core != 0
        userMicroseconds = result.user_microseconds
        systemMicroseconds = result.system_microseconds
        peakBytes = result.peak_bytes
    }
    /// The exit from waitpid(2)'s status alone. What the process used is not known.
    package init(status: Int32) {
        var result = mc_exit()
        mc_exit_of(status, &result)
        self.init(result)
    }
}

/// The process calls, each once.
package enum Processes {
    /// Forks and executes. It returns when the program runs, and throws if exec failed.
    package static func spawn(_ program: ChildProgram) throws -> Int32 {
        let arguments = ([program.path] + program.arguments).map { strdup($0) }
        let environment = program.environment.map { strdup($0) }
        defer { (arguments + environment).forEach { free($0) } }
        let pid = (arguments + [nil]).withUnsafeBufferPointer { arguments in
            (environment + [nil]).withUnsafeBufferPointer { environment in
                program.listeners.map(\.descriptor).withUnsafeBufferPointer { listeners in
                    program.path.withCString { path in
                        program.listeners.map(\.name).joined(separator: ":").withCString { names in
                            var child = mc_child()
                            child.path = path
                            child.arguments = arguments.baseAddress
                            child.environment = environment.baseAddress
                            child.listeners = listeners.baseAddress
                            child.listener_count = Int32(listeners.count)
                            child.listener_names = names
                            child.lifeline = program.lifeline ?? -1
                            child.input = program.input ?? -1
                            child.output = program.output ?? -1
                            child.errors = program.errors ?? -1
                            child.output_reader = program.outputReader ?? -1
                            child.new_session = program.newSession ? 1 : 0
                            child.dies_with_parent = program.diesWithParent ? 1 : 0
                            return mc_spawn(&child)
                        }
                    }
                }
            }
        }
        guard pid > 0 else { throw SystemError(program.path) }
        return pid
    }

    package enum Reaped: Equatable {
        case running
        case ended(ProcessExit)
        /// The process is no child of this one: it was adopted, and the kernel tells its exit to another process.
        case notOurs
    }
    package static func reap(_ pid: Int32) -> Reaped {
        var result = mc_exit()
        switch mc_reap(pid, &result) {
        case 0: return .running
        case 1: return .ended(ProcessExit(result))
        default: return .notOurs
        }
    }
    /// How a process ended that was followed and is no child. `nil` if the kernel does not say, or not yet.
    package static func exit(_ follower: Int32) -> ProcessExit? {
        let status = mc_pidfd_status(follower)
        return status < 0 ? nil : ProcessExit(status: status)
    }

    /// A descriptor that becomes readable when the process has ended.
    package static func follow(_ pid: Int32) throws -> Int32 {
        let descriptor = mc_pidfd_open(pid)
        guard descriptor >= 0 else { throw SystemError("pidfd_open \(pid)") }
        return descriptor
    }
    /// A copy of a descriptor that a followed process has.
    package static func copy(descriptor: Int32, of follower: Int32) throws -> Int32 {
        let copy = mc_pidfd_getfd(follower, descriptor)
        guard copy >= 0 else { throw SystemError("pidfd_getfd") }
        return copy
    }

    /// Sends a signal to a process, or to its whole group. False if there is no such process.
    @discardableResult
    package static func signal(_ pid: Int32, _ signal: Int32, group: Bool = false) -> Bool {
        pid > 1 && kill(group ? -pid : pid, signal) == 0
    }
    /// A write to a closed pipe would kill the process otherwise.
    package static func ignoreBrokenPipes() { Glibc.signal(SIGPIPE, SIG_IGN) }

    /// Both ends of a unix stream pair, non-blocking and close on exec.
    package static func socketPair() throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SystemError("socketpair") }
        return (ends[0], ends[1])
    }
    /// A pipe for the output of a program. Both ends are non-blocking: if nobody reads, lines are lost and nobody
    /// waits.
    package static func outputPipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("pipe") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            Sockets.setNonBlocking(end)
        }
        // Room for a burst, and for what a daemon writes while no supervisor lives. If the kernel refuses, it stays 64
        // KiB.
        _ = fcntl(ends[1], 1031, 256 << 10)  // F_SETPIPE_SZ, which Swift does not see
        return (ends[0], ends[1])
    }
    package static func isPipe(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    }

    /// Becomes another program, with the same pid and the same children. It inherits the descriptors in `keeping` under
    /// their numbers. Signals wait until it calls `unblockSignals`. This function returns only if it failed; then
    /// everything is as before.
    package static func replaceSelf(_ path: String, arguments: [String], environment: [String], keeping: [Int32])
        -> SystemError
    {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        sigprocmask(SIG_SETMASK, &all, &before)
        for descriptor in keeping { _ = fcntl(descriptor, F_SETFD, 0) }
        let words = ([path] + arguments).map { strdup($0) }
        let variables = environment.map { strdup($0) }
        execve(path, words + [nil], variables + [nil])
        let error = SystemError(path)
        (words + variables).forEach { free($0) }
        for descriptor in keeping { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        sigprocmask(SIG_SETMASK, &before, nil)
        return error
    }
    package static func unblockSignals() {
        var none = sigset_t()
        sigemptyset(&none)
        sigprocmask(SIG_SETMASK, &none, nil)
    }
    /// Reads a pipe, on which recv does not work.
    package static func read(_ descriptor: Int32, into room: UnsafeMutableRawBufferPointer) -> Transfer {
        let n = Glibc.read(descriptor, room.baseAddress, room.count)
        return n > 0 ? .bytes(n) : n == 0 ? .end : errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed(errno)
    }
}
