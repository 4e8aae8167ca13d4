import FreePorts
import Glibc

/// A real Redis server on a free port of 127.0.0.1, in a private folder. It is killed when this goes out of use.
public final class RedisServer {
    public struct Options: Sendable {
        /// Every write is on disk before its answer, so that a killed server has it when it starts again.
        public var keepsAll = false
        public var password: String?
        /// The most bytes of its memory.
        public var memory: Int?
        /// The port of the server that it is a replica of.
        public var replicaOf: Int?
        /// It listens on a unix socket, too.
        public var hasSocket = false
        /// Other words for its command line.
        public var words: [String] = []

        public init(
            keepsAll: Bool = false, password: String? = nil, memory: Int? = nil, replicaOf: Int? = nil,
            hasSocket: Bool = false, words: [String] = []
        ) {
            self.keepsAll = keepsAll
            self.password = password
            self.memory = memory
            self.replicaOf = replicaOf
            self.hasSocket = hasSocket
            self.words = words
        }
    }
    public let port: Int
    public let options: Options
    private let folder: Folder
    private var program: Program?

    /// Starts it, and waits until it answers.
    public init(_ options: Options = Options()) throws {
        self.options = options
        folder = try Folder()
        port = try Ports.free()
        try start()
    }

    public var address: String { "127.0.0.1:\(port)" }
    public var socketPath: String { "\(folder.path)/redis.sock" }
    public var output: String { program?.output ?? "" }

    /// The server's program. MEGACOMET_REDIS_SERVER names another version of it, or Valkey's.
    fileprivate static let path =
        getenv("MEGACOMET_REDIS_SERVER").map { String(cString: $0) } ?? "/usr/bin/redis-server"

    /// Starts it again, on the same port and with the files that it had. `other` words take
    /// the place of those of the options.
    public func start(_ other: [String]? = nil) throws {
        var words = ["--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", ""]
        // Its title would take the place of its arguments, in which a test run's guardian looks for its folder.
        words += ["--set-proc-title", "no", "--databases", "4", "--repl-diskless-sync-delay", "0"]
        words += ["--appendonly", options.keepsAll ? "yes" : "no", "--appendfsync", "always"]
        if let password = options.password { words += ["--requirepass", password, "--masterauth", password] }
        if let memory = options.memory { words += ["--maxmemory", "\(memory)"] }
        if let primary = options.replicaOf { words += ["--replicaof", "127.0.0.1 \(primary)"] }
        if options.hasSocket { words += ["--unixsocket", socketPath] }
        let program = try Program(RedisServer.path, words + (other ?? options.words), in: folder)
        self.program = program
        do {
            try eventually("a Redis server answers on \(port)") { program.isRunning && isAnswering(port) }
        } catch { throw Failure("\(error): \(program.output)") }
    }
    /// Ends it as kill -9 does.
    public func kill() {
        program?.kill()
        program = nil
    }
    /// It does nothing until `resume`.
    public func pause() { program?.signal(SIGSTOP) }
    public func resume() { program?.signal(SIGCONT) }

    /// The answer to one command, as redis-cli writes it.
    @discardableResult
    public func command(_ words: String...) throws -> String { try command(words) }
    @discardableResult
    public func command(_ words: [String]) throws -> String {
        let signIn = options.password.map { ["-a", $0, "--no-auth-warning"] } ?? []
        return try run(tool: ["/usr/bin/redis-cli", "-p", "\(port)"] + signIn + words, in: folder, seconds: 60)
    }
    /// Waits until it has so many replicas that follow it.
    public func waitForReplicas(_ count: Int) throws {
        try eventually("\(count) replicas follow \(port)") {
            try command("INFO", "replication").split(separator: "\n").filter { $0.contains("state=online") }.count
                >= count
        }
    }
}

/// Three sentinels that watch one server, and make its replica the primary when it is dead for three seconds.
public final class Sentinels {
    public let name: String
    public let ports: [Int]
    private let folder: Folder
    private var programs: [Program] = []

    /// Starts them, and waits until they know each other and one replica.
    public init(_ name: String, watching primary: RedisServer) throws {
        self.name = name
        folder = try Folder()
        let first = try Ports.free(3)
        ports = (0..<3).map { first + $0 }
        let password = primary.options.password.map { "sentinel auth-pass \(name) \($0)\n" } ?? ""
        for port in ports {
            let file = try folder.write(
                "\(port).conf",
                """
                port \(port)
                bind 127.0.0.1
                dir \(folder.path)
                set-proc-title no
                sentinel monitor \(name) 127.0.0.1 \(primary.port) 2
                sentinel down-after-milliseconds \(name) 3000
                sentinel failover-timeout \(name) 5000
                \(password)
                """)
            programs.append(try Program(RedisServer.path, [file, "--sentinel"], in: folder))
        }
        try eventually("three sentinels know each other", seconds: 60) {
            try ports.allSatisfy { port in
                guard isAnswering(port) else { return false }
                let words = try ask(port, "SENTINEL", "MASTER", name).split(separator: "\n")
                func value(_ name: Substring) -> Substring? {
                    words.firstIndex(of: name).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
                }
                return value("num-other-sentinels") == "2" && value("num-slaves") == "1"
            }
        }
    }
    public func kill(_ place: Int) { programs[place].kill() }
    /// Port of the server that is the primary, in the eyes of a sentinel.
    public func primary(by place: Int) throws -> Int? {
        Int(try ask(ports[place], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", name).split(separator: "\n").last ?? "")
    }
    private func ask(_ port: Int, _ words: String...) throws -> String {
        try run(tool: ["/usr/bin/redis-cli", "-p", "\(port)"] + words, in: folder, seconds: 60)
    }
}

/// Whether a server has read its data, and answers. One that wants a password answers, too.
private func isAnswering(_ port: Int) -> Bool {
    guard let socket = try? Socket(port: port) else { return false }
    guard (try? socket.send("PING\r\n")) != nil, (try? socket.receive(Deadline(seconds: 2))) == true else {
        return false
    }
    let answer = String(decoding: socket.received, as: UTF8.self)
    return answer.hasPrefix("+PONG") || answer.hasPrefix("-NOAUTH")
}
