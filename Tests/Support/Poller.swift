/// The answer that a client got.
public struct Envelope: Sendable {
    public var messages: [(id: Int, data: JSON)] = []
    public var cursor = 0
    public var gap = false
    /// Milliseconds.
    public var retry: Int?
    public var errorCode: String?
    public var response: Response

    /// Reads strictly: unknown or missing members are failures.
    public init(_ text: [UInt8], _ response: Response) throws {
        self.response = response
        let json = try JSON.parse(text)
        guard Set(json.names).isSubset(of: ["messages", "cursor", "gap", "retry", "error"]),
            Set(json.names).count == json.names.count,
            let messages = json["messages"]?.array, let cursor = json["cursor"]?.int
        else { throw Failure("no envelope: \(json)") }
        self.cursor = cursor
        for message in messages {
            guard message.names.filter({ !["channel", "user", "ack"].contains($0) }) == ["id", "data"],
                let id = message["id"]?.int, let data = message["data"]
            else {
                throw Failure("no message: \(message)")
            }
            self.messages.append((id, data))
        }
        gap = json["gap"]?.bool ?? false
        retry = json["retry"]?.int
        errorCode = json["error"]?["code"]?.string
    }
    public var texts: [String] { messages.map { $0.data.string ?? "\($0.data)" } }
    public var ids: [Int] { messages.map(\.id) }
}

/// A browser. It polls as one client, on one connection as long as that is kept open.
public final class Poller {
    public enum Form: Sendable { case json, jsonp, bare }
    public let port: Int
    public let client: String
    public let form: Form
    /// The cursor that each poll sends if it is set. Each answer moves it on.
    public var cursor: Int?
    public private(set) var socket: Socket?
    public static let callback = "cb.in_1$"

    public init(port: Int, client: String, form: Form = .json, cursor: Int? = nil) {
        (self.port, self.client, self.form, self.cursor) = (port, client, form, cursor)
    }
    public func target() -> String {
        let cursor = cursor.map { "cursor=\($0)" }
        switch form {
        case .json: return "/\(percentEncoded(client)).json" + (cursor.map { "?" + $0 } ?? "")
        case .jsonp:
            return "/\(percentEncoded(client)).js?callback=\(Poller.callback)" + (cursor.map { "&" + $0 } ?? "")
        case .bare: return "/\(percentEncoded(client)).js"
        }
    }
    /// Sends a poll and does not wait. If the worker has closed the connection, a new one is made.
    public func start(_ headers: [String] = []) throws {
        if let socket, socket.isEnded || !socket.isQuiet { self.socket = nil }
        if socket == nil { socket = try Socket(port: port) }
        try socket!.send(HTTP.text("GET", target(), headers))
    }
    /// The answer to the poll that was started.
    public func finish(seconds: Double = 25) throws -> Envelope {
        let response = try socket!.readResponse(seconds: seconds)
        if response["connection"] == "close" { socket = nil }
        var body = response.bodyBytes
        if form == .jsonp, response.status == 200 {
            let before = Array("/**/\(Poller.callback)(".utf8)
            let after = Array(");".utf8)
            guard body.starts(with: before), body.count >= before.count + after.count,
                body.suffix(after.count).elementsEqual(after)
            else {
                throw Failure("no call of the callback: \(response.body)")
            }
            body = Array(body[before.count..<body.count - after.count])
        }
        guard let envelope = try? Envelope(body, response) else {
            throw Failure("no envelope: \(response.status) \(response.headers) \(response.body)")
        }
        if cursor != nil { cursor = envelope.cursor }
        return envelope
    }
    @discardableResult
    public func poll(seconds: Double = 25) throws -> Envelope {
        try start()
        return try finish(seconds: seconds)
    }
    /// The next answer with messages, or with an error. A poll whose time was over before, since the machine was busy,
    /// is followed by another.
    public func pollUntilMessages(seconds: Double = 25) throws -> Envelope {
        let deadline = Deadline(seconds: seconds)
        while true {
            let envelope = try poll(seconds: seconds)
            if !envelope.messages.isEmpty || envelope.errorCode != nil { return envelope }
            if deadline.isOver { throw Failure("no message came for \(client)") }
        }
    }
    /// Polls until `count` messages have come. Throws if they do not come in time.
    public func collect(_ count: Int, seconds: Double = 25) throws -> [(id: Int, data: JSON)] {
        let deadline = Deadline(seconds: seconds)
        var messages: [(id: Int, data: JSON)] = []
        while messages.count < count {
            if deadline.isOver { throw Failure("\(messages.count) of \(count) messages came") }
            messages += try poll(seconds: seconds).messages
        }
        return messages
    }
    public func close() { socket = nil }
}

public func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return text.utf8.map { byte -> String in
        switch byte {
        case 48...57, 65...90, 97...122, 45, 95, 126: String(UnicodeScalar(byte))
        default: "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }
    }.joined()
}
/// A text as a JSON string.
public func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case let control where control.value < 32:
            out += "\\u00" + (control.value < 16 ? "0" : "") + String(control.value, radix: 16)
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}
