import Glibc

/// An app's server for the webhook. A test takes one request after the other, and answers as it likes.
public final class Receiver {
    public struct Request: Sendable {
        public var method = ""
        public var target = ""
        public var headers: [(name: String, value: String)] = []
        public var bodyBytes: [UInt8] = []
        public var body: String { String(decoding: bodyBytes, as: UTF8.self) }
        public subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    }
    private var listener: Listener?
    public let port: Int
    private var connection: Socket?
    /// The connections that were accepted so far.
    public private(set) var connections = 0

    public init() throws {
        let listener = try Listener()
        (self.listener, port) = (listener, listener.port)
    }

    /// Nobody listens at the port any more.
    public func goAway() { (listener, connection) = (nil, nil) }
    public func comeBack() throws { listener = try Listener(port: port) }

    /// Waits for the next request, on the connection that is open or on another one.
    public func next(seconds: Double = 40) throws -> Request {
        let deadline = Deadline(seconds: seconds)
        while let listener {
            if let connection {
                do { return try read(connection, deadline) } catch {
                    guard connection.isEnded || errno == ECONNRESET else { throw error }
                    self.connection = nil  // its process ended, or its time was over
                }
            } else {
                connection = try listener.accept(seconds: Double(deadline.milliseconds) / 1000)
                connections += 1
            }
        }
        throw Failure("the receiver is away")
    }
    private func read(_ connection: Socket, _ deadline: Deadline) throws -> Request {
        let left = Double(deadline.milliseconds) / 1000
        let lines = try connection.readUntil("\r\n\r\n", seconds: left).split(separator: "\r\n")
        let parts = (lines.first ?? "").split(separator: " ")
        guard parts.count == 3, parts[2] == "HTTP/1.1" else { throw Failure("no request: \(lines.first ?? "")") }
        var request = Request(method: String(parts[0]), target: String(parts[1]))
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw Failure("no header: \(line)") }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            request.headers.append((line[..<colon].lowercased(), String(value)))
        }
        guard let length = request["content-length"].flatMap({ Int($0) }) else { throw Failure("no length: \(lines)") }
        request.bodyBytes = try connection.read(length, seconds: left)
        return request
    }

    /// Answers the request that came last.
    public func answer(_ status: Int, _ headers: [String] = [], body: String = "") throws {
        var text = "HTTP/1.1 \(status) Any\r\nContent-Length: \(body.utf8.count)\r\n"
        for header in headers { text += header + "\r\n" }
        try connection?.send(text + "\r\n" + body)
    }
    /// Sends an endless answer until the other end takes no more of it. Returns the bytes of its body that were taken.
    public func answerWithoutEnd(_ status: Int) throws -> Int {
        guard let connection else { throw Failure("there is no connection") }
        try connection.send("HTTP/1.1 \(status) Any\r\nContent-Length: 1000000000\r\n\r\n")
        let piece = [UInt8](repeating: 120, count: 65_536)
        var taken = 0
        do {
            while taken < 1_000_000_000 {
                try connection.send(piece)
                taken += piece.count
            }
        } catch { self.connection = nil }
        return taken
    }
}
