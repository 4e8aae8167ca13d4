/// The manager's answer to one publish.
public struct Receipt: Sendable, Equatable {
    /// "sent" or "queued"; `nil` if the publish was refused.
    public var status: String?
    public var id: Int?
    public var errorCode: String?

    init(_ json: JSON) throws {
        if let error = json["error"] {
            guard let code = error["code"]?.string, let message = error["message"]?.string, !message.isEmpty else {
                throw Failure("no error: \(json)")
            }
            errorCode = code
        } else {
            guard let id = json["id"]?.int, let status = json["status"]?.string, status == "sent" || status == "queued"
            else { throw Failure("no receipt: \(json)") }
            (self.id, self.status) = (id, status)
        }
    }
}

/// An app. It publishes over HTTP, and asks which clients are connected.
public struct Publisher: Sendable {
    public let port: Int
    public var key: String?
    public init(port: Int, key: String? = nil) { (self.port, self.key) = (port, key) }

    private var headers: [String] { key.map { ["Authorization: Bearer \($0)"] } ?? [] }

    /// `message` is JSON.
    public static func body(_ client: String, json message: String, ttl: Double? = nil) -> String {
        "{\"client\":\(quoted(client)),\"message\":\(message)" + (ttl.map { ",\"ttl\":\($0)" } ?? "") + "}"
    }
    public func post(_ body: String, type: String = "application/json") throws -> Response {
        try HTTP.request("POST", "/publish", port: port, headers + ["Content-Type: \(type)"], body: body)
    }
    /// Publishes a string.
    @discardableResult
    public func publish(_ client: String, _ text: String, ttl: Double? = nil) throws -> Receipt {
        try publish(client, json: quoted(text), ttl: ttl)
    }
    @discardableResult
    public func publish(_ client: String, json message: String, ttl: Double? = nil) throws -> Receipt {
        try Receipt(try post(Publisher.body(client, json: message, ttl: ttl)).json())
    }
    /// Publishes several messages in one request.
    public func publish(batch: [(client: String, text: String)]) throws -> [Receipt] {
        let body = "[" + batch.map { Publisher.body($0.client, json: quoted($0.text)) }.joined(separator: ",") + "]"
        guard let receipts = try post(body).json().array else { throw Failure("no array") }
        return try receipts.map(Receipt.init)
    }

    public struct Presence: Equatable, Sendable {
        public var connected: Bool
        public var worker: Int?
        public var queued: Int
        public init(connected: Bool, worker: Int? = nil, queued: Int) {
            (self.connected, self.worker, self.queued) = (connected, worker, queued)
        }
    }
    public func presence(_ client: String) throws -> Presence {
        let response = try HTTP.request("GET", "/clients/\(percentEncoded(client))", port: port, headers)
        let json = try response.json()
        guard response.status == 200, json["client"]?.string == client, let connected = json["connected"]?.bool,
            let queued = json["queued"]?.int
        else {
            throw Failure("no presence: \(response.status) \(json)")
        }
        return Presence(connected: connected, worker: json["worker"]?.int, queued: queued)
    }
    public func stats() throws -> JSON {
        let response = try HTTP.request("GET", "/stats", port: port, headers)
        guard response.status == 200 else { throw Failure("stats: \(response.status)") }
        return try response.json()
    }
    /// Waits until the manager knows that this client polls.
    public func waitUntilConnected(_ client: String, worker: Int? = nil) throws {
        try eventually("\(client) is connected") {
            let presence = try presence(client)
            return presence.connected && (worker == nil || presence.worker == worker)
        }
    }
    public func waitUntilGone(_ client: String) throws {
        try eventually("\(client) is gone") { try !presence(client).connected }
    }
}

/// An app that publishes JSON objects, one a line, on a connection that stays open.
public final class LinePublisher {
    public let socket: Socket
    public init(port: Int, key: String? = nil) throws {
        socket = try Socket(port: port)
        if let key { try socket.send("{\"key\":\(quoted(key))}\n") }
    }
    public func send(_ client: String, _ text: String, ttl: Double? = nil) throws {
        try socket.send(Publisher.body(client, json: quoted(text), ttl: ttl) + "\n")
    }
    public func receipt() throws -> Receipt { try Receipt(JSON.parse(try socket.readLine())) }
    @discardableResult
    public func publish(_ client: String, _ text: String, ttl: Double? = nil) throws -> Receipt {
        try send(client, text, ttl: ttl)
        return try receipt()
    }
}
