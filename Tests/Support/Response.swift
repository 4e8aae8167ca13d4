/// An HTTP answer, as it came.
public struct Response: Sendable {
    public var version = ""
    public var status = 0
    public var reason = ""
    /// The headers in their order, with names in small letters.
    public var headers: [(name: String, value: String)] = []
    public var bodyBytes: [UInt8] = []
    public var body: String { String(decoding: bodyBytes, as: UTF8.self) }

    public subscript(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    public func json() throws -> JSON { try JSON.parse(bodyBytes) }
    /// The code of `{"error":{"code":...}}`. `nil` if the body has none.
    public var errorCode: String? { (try? json())?["error"]?["code"]?.string }
}

extension Socket {
    /// Reads one answer strictly. `toHead` says that it answers a HEAD, so no body follows.
    public func readResponse(toHead: Bool = false, seconds: Double = 25) throws -> Response {
        var response = Response()
        let head = try readUntil("\r\n\r\n", seconds: seconds)
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false).dropLast(2)
        let parts = (lines.first ?? "").split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]), parts[1].count == 3 else {
            throw Failure("no status line: \(head)")
        }
        (response.version, response.status, response.reason) = (String(parts[0]), status, String(parts[2]))
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex, !line.contains("\n"),
                !line.contains("\r")
            else {
                throw Failure("no header line: \(line)")
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            response.headers.append(
                (line[..<colon].lowercased(), String(value.reversed().drop { $0 == " " }.reversed())))
        }
        let lengths = response.headers.filter { $0.name == "content-length" }
        guard lengths.count <= 1 else { throw Failure("more than one Content-Length: \(head)") }
        if toHead || status == 204 || status == 304 || status < 200 { return response }
        guard let length = lengths.first else {
            response.bodyBytes = Array(try readToEnd(seconds: seconds).utf8)
            return response
        }
        guard let count = Int(length.value), count >= 0 else { throw Failure("Content-Length is \(length.value)") }
        response.bodyBytes = try read(count, seconds: seconds)
        return response
    }
}

public enum HTTP {
    /// A request as text.
    public static func text(
        _ method: String = "GET", _ target: String, _ headers: [String] = [], body: [UInt8] = [],
        version: String = "1.1"
    ) -> [UInt8] {
        var head = "\(method) \(target) HTTP/\(version)\r\nHost: localhost\r\n"
        for header in headers { head += header + "\r\n" }
        if method == "POST" || !body.isEmpty { head += "Content-Length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }
    /// One request on a connection of its own.
    public static func request(
        _ method: String = "GET", _ target: String, port: Int, _ headers: [String] = [], body: String = "",
        seconds: Double = 25
    ) throws -> Response {
        let socket = try Socket(port: port)
        try socket.send(text(method, target, headers, body: Array(body.utf8)))
        return try socket.readResponse(toHead: method == "HEAD", seconds: seconds)
    }
}
