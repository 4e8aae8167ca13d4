import Base
import Crypto
import FreePorts
import TestSupport

/// An appliance that posts its events to a receiver of the test.
struct WebhookSite {
    static let key = "MARKhookkey", otherKey = "MARKotherhookkey"
    let appliance: Appliance
    let receiver: Receiver

    /// An event, as the app is told of it.
    struct Told: Equatable {
        var id: Int
        var kind: String
        var message: Int
        var client: String
        init(_ json: JSON) throws {
            guard let id = json["id"]?.int, let kind = json["event"]?.string, let message = json["message"]?.int,
                let client = json["client"]?.string, json["time"]?.int != nil
            else { throw Failure("no event: \(json)") }
            (self.id, self.kind, self.message, self.client) = (id, kind, message, client)
        }
    }

    init(url: String? = nil, app: String = "", _ settings: [String: String] = [:]) throws {
        receiver = try Receiver()
        let url = url ?? "http://127.0.0.1:\(receiver.port)/hook?room=7"
        let own = ["app": "webhook = \"\(url)\"\nwebhook_key = \"\(Self.key)\"\n\(app)"]
        appliance = try Appliance(
            workers: 1, SupervisionDeathTests.quick.merging(own) { $1 }.merging(settings) { $1 }, starts: false)
        // A proxy of the environment is not asked. Nobody listens there.
        for name in ["http_proxy", "https_proxy", "ALL_PROXY"] { appliance.environment[name] = "http://127.0.0.1:1" }
        try appliance.start()
    }

    /// Publishes to clients that never come. Each message expires, and its receipt says so. Returns the ids.
    func publish(_ count: Int) throws -> [Int] {
        try (0..<count).map { number in
            let body = "{\"client\":\"c\(number)\",\"message\":\(number),\"ttl\":0.02,\"receipt\":true}"
            guard let id = try Receipts(appliance.app.post(body).json()).id else { throw Failure("not published") }
            return id
        }
    }
    private struct Receipts {
        let id: Int?
        init(_ json: JSON) { id = json["id"]?.int }
    }

    /// Takes requests until there was an event for each of these messages.
    func take(_ ids: [Int]) throws -> (requests: [Receiver.Request], events: [Told]) {
        var (requests, events): ([Receiver.Request], [Told]) = ([], [])
        while !Set(ids).isSubset(of: events.map(\.message)) {
            let request = try receiver.next()
            try receiver.answer(200)
            requests.append(request)
            events += try Self.events(in: request)
        }
        return (requests, events)
    }
    /// The events of a request, whose cursor must be the id of the last one.
    static func events(in request: Receiver.Request) throws -> [Told] {
        let body = try JSON.parse(request.bodyBytes)
        guard let events = try body["events"]?.array?.map(Told.init), body["gap"] == nil,
            body["cursor"]?.int == events.last?.id
        else { throw Failure("no events: \(request.body)") }
        return events
    }
    /// The signature is that of the body with this key, and its time is one.
    static func isSigned(_ request: Receiver.Request, by key: String) throws -> Bool {
        let header = request["x-megacomet-signature"] ?? ""
        let parts = header.split(separator: ",").map(String.init)
        guard parts.count == 2, parts[0].hasPrefix("t="), parts[1].hasPrefix("v1="),
            let seconds = UInt64(parts[0].dropFirst(2)), seconds > 1_700_000_000,
            let code = MessageKey(Array(key.utf8))?.code(of: Array("\(seconds).".utf8) + request.bodyBytes)
        else { throw Failure("no signature: \(header)") }
        return parts[1].dropFirst(3) == hex(code)
    }
    func metrics() throws -> String { try HTTP.request("GET", "/metrics", port: appliance.operatorPort).body }
}
