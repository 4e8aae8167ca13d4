import Glibc
import Reactor

/// A server under load: its address, its protocol and its processes.
final class Server {
    enum Kind: String, CaseIterable {
        case limit, nchan, megacomet
        /// MegaComet's manager and workers without a supervisor, for profiling.
        case daemons
    }

    /// What a scenario needs of the MegaComet that is started.
    struct Options {
        var pollTimeoutSeconds = 50.0
        /// workers.heartbeat
        var heartbeatSeconds = 25.0
        /// stats.interval
        var reportEverySeconds = 1.0
        /// Holds its processes to a bound of memory.
        var memory: MemoryCgroup?
        /// queue.journal. `nil`: the default.
        var journal: String?
        /// tokens.keys. `nil`: clients have no tokens.
        var tokenKeys: String?
        /// Clients speak TLS, under a certificate for this run.
        var isTLS = false
        /// Hold its processes to this core.
        var core: Int?
        /// Its manager is killed often: no try is put off for longer than 0.1 s, and none is a crash loop.
        var isKilled = false
    }

    let name: String
    let kind: Kind
    /// The part of the plan that all client processes share.
    let plan: LoadPlan
    /// Each client process has a loop of its own, on ports in a row. A limit loop is one process, and may open only so
    /// many descriptors.
    let isOnePerProcess: Bool
    /// The processes that were started. Their children belong to the server, too.
    let roots: [pid_t]
    private let processes: [ChildProcess]
    /// The Redis of its machines. It ends after them.
    private let redis: RedisServer?
    private let folder: PrivateFolder?
    /// The configuration that it was started with, if it has one.
    let configuration: String?
    /// The cgroup of its processes, if one was made.
    let memory: MemoryCgroup?
    /// The ticket keys of workers without a supervisor. They last as long as the server.
    private let lifelines: TicketLifelines?

    init(
        _ kind: Kind, name: String? = nil, plan: LoadPlan, isOnePerProcess: Bool = false,
        processes: [ChildProcess] = [],
        roots: [pid_t]? = nil, folder: PrivateFolder? = nil,
        configuration: String? = nil, memory: MemoryCgroup? = nil, lifelines: TicketLifelines? = nil,
        redis: RedisServer? = nil
    ) {
        self.kind = kind
        self.name = name ?? kind.rawValue
        self.plan = plan
        self.isOnePerProcess = isOnePerProcess
        self.processes = processes
        self.roots = roots ?? processes.map(\.pid)
        self.folder = folder
        self.configuration = configuration
        self.memory = memory
        self.lifelines = lifelines
        self.redis = redis
    }

    func usage() -> [ProcessUsage] { ProcessUsage.family(of: roots + (redis.map { [$0.process.pid] } ?? [])) }

    /// Ends the processes that were started, and waits until they are gone.
    func stop() {
        for process in processes { process.signal(SIGTERM) }
        for process in processes { process.stop() }
        redis?.process.stop()
        memory?.remove()
        folder?.remove()
    }

    /// Waits until each of these ports answers, for at most a minute.
    func waitUntilServing(ports: [UInt16], path: String? = nil) throws {
        let deadline = monotonicNanoseconds() + 60_000_000_000
        for port in ports {
            while !Self.answers(plan.host, port, path) {
                if processes.contains(where: { $0.hasEnded() }) {
                    throw Fleet.Trouble(description: "\(name) has ended\(folder?.lastLines ?? "")")
                }
                if monotonicNanoseconds() > deadline {
                    throw Fleet.Trouble(description: "\(name) doesn't serve port \(port)\(folder?.lastLines ?? "")")
                }
                usleep(20_000)
            }
        }
    }

    /// Whether the port takes a connection, and answers 200 to a GET of `path` within a second.
    private static func answers(_ host: UInt32, _ port: UInt16, _ path: String?) -> Bool {
        guard let descriptor = try? Socket.connect(to: host, port: port) else { return false }
        defer { close(descriptor) }
        var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&event, 1, 1_000) == 1, event.revents == Int16(POLLOUT) else { return false }
        guard let path else { return true }
        let request = "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        guard write(descriptor, request, request.utf8.count) == request.utf8.count else { return false }
        event.events = Int16(POLLIN)
        guard poll(&event, 1, 1_000) == 1 else { return false }
        var bytes = [UInt8](repeating: 0, count: 12)
        return read(descriptor, &bytes, 12) == 12 && bytes[9...11].elementsEqual("200".utf8)
    }
}

/// A folder for one run of a server, with its configuration and its log. It is removed when the server has stopped.
final class PrivateFolder {
    let path: String

    init() throws(Socket.Failure) {
        let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(temporary)/megabench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Socket.Failure(call: "mkdtemp", code: errno) }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    func write(_ name: String, _ text: String) throws(Socket.Failure) -> String {
        let file = "\(path)/\(name)"
        let descriptor = try Socket.check(open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600), "open \(file)")
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Socket.Failure(call: "write \(file)", code: errno)
        }
        return file
    }

    var log: String { "\(path)/log" }
    /// The last lines of the server's log, for an error message.
    var lastLines: String {
        ":\n" + (ProcFile.text(log) ?? "").split(separator: "\n").suffix(8).joined(separator: "\n")
    }

    func makeFolder(_ name: String) throws(Socket.Failure) {
        _ = try Socket.check(mkdir("\(path)/\(name)", 0o700), "mkdir \(path)/\(name)")
    }

    /// Removes the folder and everything in it. Links are not followed.
    func remove() { Self.remove(path) }

    private static func remove(_ path: String) {
        if unlink(path) == 0 || (errno != EISDIR && errno != EPERM) { return }
        for name in Files.names(in: path) { remove(path + "/" + name) }
        rmdir(path)
    }
}
