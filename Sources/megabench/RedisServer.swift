import FreePorts
import Glibc

/// A Redis of its own for the machines of one server, on a free port and in the server's folder. It is set up as an
/// operator would: every write is in its append-only file, and on the disk within a second.
final class RedisServer {
    let port: UInt16
    let process: ChildProcess

    static let name = "redis-server"
    private static let program = "/usr/bin/redis-server"
    static var isInstalled: Bool { access(program, X_OK) == 0 }

    init(in folder: PrivateFolder) throws {
        guard Self.isInstalled else {
            throw Fleet.Trouble(description: "Redis is not installed: apt-get install redis-server")
        }
        port = UInt16(try Ports.free())
        try folder.makeFolder("redis")
        process = try ChildProcess(
            ChildProcess.leashed([
                Self.program, "--bind", "127.0.0.1", "--port", "\(port)", "--dir", folder.path + "/redis", "--save", "",
                "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction",
            ]), log: folder.log)
        do { try waitUntilServing(folder) } catch {
            process.stop()
            throw error
        }
    }

    private func waitUntilServing(_ folder: PrivateFolder) throws {
        let deadline = monotonicNanoseconds() + 30_000_000_000
        while (try? RedisClient(port: port).command(["PING"])) != "+PONG" {
            if process.hasEnded() { throw Fleet.Trouble(description: "Redis has ended\(folder.lastLines)") }
            if monotonicNanoseconds() > deadline {
                throw Fleet.Trouble(description: "Redis does not serve port \(port)\(folder.lastLines)")
            }
            usleep(20_000)
        }
    }
}

/// A connection to a Redis on 127.0.0.1 that sends commands and counts their replies. Only replies of one line are
/// understood, and bulk strings without a line feed.
final class RedisClient {
    private let descriptor: Int32
    private var input: [UInt8] = []

    init(port: UInt16) throws(Socket.Failure) {
        descriptor = try Socket.connect(to: 0x7F00_0001, port: port)
        Socket.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }
    deinit { close(descriptor) }

    /// The bytes of a command (an array of bulk strings).
    static func bytes(_ words: [String]) -> [UInt8] {
        Array(("*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()).utf8)
    }

    /// Sends one command. Returns its reply: of a bulk string the text, and otherwise the whole line.
    func command(_ words: [String]) throws -> String {
        let bytes = Self.bytes(words)
        try send(bytes[...])
        let line = try line()
        return line.hasPrefix("$") ? try self.line() : line
    }

    /// Sends these bytes of whole commands again and again for so many seconds. One batch is under way at a time, so
    /// Redis reads many commands at once, as it does from a busy manager.
    /// - Parameter batch: commands in the bytes. The reply to each is an integer.
    /// - Returns: replies a second.
    func flood(_ bytes: [UInt8], batch: Int, seconds: Double) throws -> Double {
        let started = monotonicNanoseconds()
        let end = started + UInt64(seconds * 1e9)
        var replies = 0
        while monotonicNanoseconds() < end {
            try send(bytes[...])
            for _ in 0..<batch {
                let line = try line()
                guard line.hasPrefix(":") else { throw Fleet.Trouble(description: "Redis: \(line)") }
            }
            replies += batch
        }
        return Double(replies) / (Double(monotonicNanoseconds() - started) / 1e9)
    }

    private func send(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        while !rest.isEmpty {
            try wait(for: POLLOUT)
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno != EAGAIN { throw Socket.Failure(call: "send to Redis", code: errno) }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// The next line of the replies, without its end.
    private func line() throws -> String {
        while true {
            if let end = input.firstIndex(of: 10) {
                let line = String(decoding: input[..<max(0, end - 1)], as: UTF8.self)
                input.removeSubrange(...end)
                return line
            }
            try wait(for: POLLIN)
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 || (count < 0 && errno != EAGAIN) {
                throw Socket.Failure(call: "read from Redis", code: count == 0 ? ECONNRESET : errno)
            }
            input += chunk[..<max(0, count)]
        }
    }

    private func wait(for what: Int32) throws(Socket.Failure) {
        var event = pollfd(fd: descriptor, events: Int16(what), revents: 0)
        if poll(&event, 1, 30_000) <= 0 { throw Socket.Failure(call: "wait for Redis", code: ETIMEDOUT) }
    }
}
