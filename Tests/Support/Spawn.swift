import Glibc

/// Raises the limit of descriptors once, before the first program is started: a shell's own limit may be lower than
/// what is allowed. Programs inherit it.
let descriptorsRaised: Void = {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}()

/// Starts `Tests/guardian` in a session of its own, once, before the first program. It ends everything that this run
/// leaves behind, however the run ends. It reads a pipe whose other end only this process has.
private let guardian = Result {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Failure.call("pipe") }
    // No program is started meanwhile: all of them wait for this one.
    _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
    // The descriptor moves away from the place where the guardian is to have it. See `inherited`.
    let reading = fcntl(ends[0], F_DUPFD_CLOEXEC, 10)
    guard reading >= 0 else { throw Failure.call("fcntl") }
    close(ends[0])
    defer { close(reading) }
    let program = #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/guardian"
    let command = ["/usr/bin/python3", "-I", program, Folder.prefixOfRun, "3"]
    _ = try start(command, environment: [], output: "/dev/null", inherited: [reading], ownSession: true)
}

/// Starts a program, and its guardian before it. See `start`.
func spawn(
    _ command: [String], environment: [String], output: String, appends: Bool = false, inherited: [Int32] = [],
    errors: String? = nil, terminal: String? = nil
) throws -> Int32 {
    _ = descriptorsRaised
    try guardian.get()
    return try start(
        command, environment: environment, output: output, appends: appends, inherited: inherited, errors: errors,
        terminal: terminal, ownSession: terminal != nil)
}

/// Starts a program with nothing of the test runner's own: neither its signal settings (it blocks signals that children
/// are to be sent) nor its environment. Foundation's Process is not used, since it also waits for whatever the program
/// leaves behind.
///
/// Its input is empty, and its output and errors go to `output`. `inherited` become its descriptors from 3 on; here
/// they must have other numbers. `errors` is a file for the errors alone. `terminal` is the path of a terminal that is
/// its input, output and errors. With `ownSession` the terminal is its own, as a shell's is.
private func start(
    _ command: [String], environment: [String], output: String, appends: Bool = false, inherited: [Int32] = [],
    errors: String? = nil, terminal: String? = nil, ownSession: Bool
) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, terminal ?? "/dev/null", terminal == nil ? O_RDONLY : O_RDWR, 0)
    posix_spawn_file_actions_addopen(
        &actions, 1, terminal ?? output, terminal == nil ? O_WRONLY | O_CREAT | (appends ? O_APPEND : O_TRUNC) : O_RDWR,
        0o600)
    if let errors {
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    } else {
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
    }
    for (index, descriptor) in inherited.enumerated() {
        posix_spawn_file_actions_adddup2(&actions, descriptor, 3 + Int32(index))
    }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID, which is not imported
    let session = ownSession ? newSession : 0
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | session))

    let argv = command.map { strdup($0) } + [nil]
    let envp = (["PATH=/usr/bin:/bin"] + environment).map { strdup($0) } + [nil]
    defer { (argv + envp).forEach { free($0) } }
    var pid: Int32 = 0
    let result = posix_spawn(&pid, command[0], &actions, &attributes, argv, envp)
    guard result == 0 else { throw Failure("can't start \(command[0]): \(String(cString: strerror(result)))") }
    return pid
}

/// Runs a tool of the system to its end, for so many seconds at most. Returns its output if it ended well.
@discardableResult
public func run(
    tool words: [String], environment: [String: String] = [:], in folder: Folder, seconds: Double = 60
) throws -> String {
    let program = try Program(words[0], Array(words.dropFirst()), in: folder, environment: environment)
    defer { program.removeOutput() }
    let end = try program.waitForExit(seconds: seconds)
    guard end == .exited(0) else { throw Failure("\(words.joined(separator: " ")): \(program.output)") }
    return program.output
}
