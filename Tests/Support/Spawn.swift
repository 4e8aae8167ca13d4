import Glibc

/// A shell's own limit may be lower than what is allowed. Raised once, before the first program is started; programs inherit it.
let descriptorsRaised: Void = {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}()

/// Starts a program with nothing of the test runner's own: neither its signal settings (it blocks what children are to be sent) nor its environment.
/// Its input is empty, its output and errors go to `output`; `inherited` are its descriptors from 3 on (they must not lie there themselves).
/// `errors`: a file for the errors alone. `terminal`: the path of one that is its input, output and errors, and its own, as a shell's is. Not by Foundation's Process, which also waits for what the program leaves behind.
func spawn(_ command: [String], environment: [String], output: String, appends: Bool = false, inherited: [Int32] = [], errors: String? = nil, terminal: String? = nil) throws -> Int32 {
    _ = descriptorsRaised
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, terminal ?? "/dev/null", terminal == nil ? O_RDONLY : O_RDWR, 0)
    posix_spawn_file_actions_addopen(&actions, 1, terminal ?? output, terminal == nil ? O_WRONLY | O_CREAT | (appends ? O_APPEND : O_TRUNC) : O_RDWR, 0o600)
    if let errors { posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600) } else { posix_spawn_file_actions_adddup2(&actions, 1, 2) }
    for (index, descriptor) in inherited.enumerated() { posix_spawn_file_actions_adddup2(&actions, descriptor, 3 + Int32(index)) }

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
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (terminal == nil ? 0 : newSession)))

    let argv = command.map { strdup($0) } + [nil]
    let envp = (["PATH=/usr/bin:/bin"] + environment).map { strdup($0) } + [nil]
    defer { (argv + envp).forEach { free($0) } }
    var pid: Int32 = 0
    let result = posix_spawn(&pid, command[0], &actions, &attributes, argv, envp)
    guard result == 0 else { throw Failure("can't start \(command[0]): \(String(cString: strerror(result)))") }
    return pid
}

/// Runs a tool of the system to its end. What it said, where it ended well.
@discardableResult
public func run(tool words: [String], environment: [String], in folder: Folder) throws -> String {
    let path = "\(folder.path)/tool.\(UInt32.random(in: 0 ... .max)).output"
    defer { unlink(path) }
    let pid = try spawn(words, environment: environment, output: path)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    let text = contents(ofFile: path)
    guard status == 0 else { throw Failure("\(words.joined(separator: " ")): \(text)") }
    return text
}
