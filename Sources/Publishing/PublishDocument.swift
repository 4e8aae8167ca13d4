import Base
import CSimdjson
import Comet
import Wire

/// A JSON document of publishes, parsed by simdjson whole and strictly: one object, or an array of them.
struct PublishDocument: ~Copyable {
    /// Bytes that must be readable behind a document.
    static let padding = Int(MC_JSON_PADDING)

    enum Shape { case object, array, other, invalid }

    private let parser: OpaquePointer

    init() {
        guard let parser = mc_json_new(Limits.jsonDepth) else { preconditionFailure("no memory for a JSON parser") }
        self.parser = parser
    }
    deinit { mc_json_free(parser) }

    /// The bytes stay as they are, with `padding` behind them, until the last `next`.
    mutating func parse(_ bytes: UnsafeRawBufferPointer) -> Shape {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return .invalid }
        return switch mc_json_parse(parser, start.assumingMemoryBound(to: CChar.self), bytes.count) {
        case MC_JSON_OBJECT: .object
        case MC_JSON_ARRAY: .array
        case MC_JSON_OTHER: .other
        default: .invalid
        }
    }

    /// One publish, or what is wrong with it. The parts point into the document and the parser.
    enum Item {
        case publish(client: UnsafeRawBufferPointer, json: UnsafeRawBufferPointer, timeToLive: UInt32?)
        /// `{"key":"..."}` and nothing else.
        case key(UnsafeRawBufferPointer)
        case wrong(PublishError)
    }

    mutating func next(of document: UnsafeRawBufferPointer, maxMessage: Int) -> Item? {
        var item = mc_publish()
        guard mc_json_next(parser, &item) != 0 else { return nil }
        guard item.is_object != 0 else { return .wrong(.notAnObject) }
        guard item.is_ambiguous == 0 else { return .wrong(.ambiguous) }
        if UInt32(item.key_kind) == MC_JSON_RIGHT.rawValue, UInt32(item.client_kind) == MC_JSON_ABSENT.rawValue,
            item.has_message == 0
        {
            return .key(UnsafeRawBufferPointer(start: item.key, count: item.key_bytes))
        }
        guard UInt32(item.client_kind) != MC_JSON_ABSENT.rawValue else { return .wrong(.noClient) }
        guard UInt32(item.client_kind) == MC_JSON_RIGHT.rawValue else { return .wrong(.clientIsNoString) }
        let client = UnsafeRawBufferPointer(start: item.client, count: item.client_bytes)
        if let message = wrongClientId(client) { return .wrong(PublishError(400, "bad_client", message)) }
        guard item.has_message != 0 else { return .wrong(.noMessage) }
        guard item.message_bytes <= maxMessage else { return .wrong(.messageTooLarge) }
        var timeToLive: UInt32?
        if UInt32(item.ttl_kind) == MC_JSON_RIGHT.rawValue {
            guard item.ttl > 0, item.ttl <= Limits.ttlSeconds else { return .wrong(.badTimeToLive) }
            timeToLive = UInt32((item.ttl * 1000).rounded(.up))
        } else if UInt32(item.ttl_kind) == MC_JSON_WRONG.rawValue {
            return .wrong(.badTimeToLive)
        }
        return .publish(
            client: client, json: document.part(item.message_at, item.message_bytes), timeToLive: timeToLive)
    }
}

/// Why a publish was refused: the HTTP status that it has alone, its code, a sentence, and where it applies the byte.
struct PublishError: Equatable {
    var status: Int
    var code: StaticString
    var message: StaticString
    var offset: Int?

    init(_ status: Int, _ code: StaticString, _ message: StaticString, offset: Int? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.offset = offset
    }
    static func == (a: PublishError, b: PublishError) -> Bool {
        a.status == b.status && a.offset == b.offset && a.code.description == b.code.description
    }

    static let notAnObject = PublishError(400, "bad_publish", "a publish is an object with client and message")
    static let ambiguous = PublishError(400, "bad_publish", "client, message, ttl or key stands in the object twice")
    static let noClient = PublishError(400, "bad_client", "client is missing")
    static let clientIsNoString = PublishError(400, "bad_client", "client is no string")
    static let noMessage = PublishError(400, "bad_publish", "message is missing")
    static let badTimeToLive = PublishError(400, "bad_ttl", "ttl is a number of seconds, over 0 and up to 604800")
    static let messageTooLarge = PublishError(413, "too_large", "the message is over queue.max_message")
    static let lineTooLong = PublishError(413, "too_large", "the line is longer than any publish")
    static let badMost = PublishError(400, "bad_most", "most is a whole number from 1 to 100")
    static let queueFull = PublishError(503, "queue_full", "the queue is full: try again later")
    static let busy = PublishError(503, "busy", "too much is being sent at once: try again later")
    static let fromAPage = PublishError(
        403, "origin", "a web page may not ask here: an app sends no Origin, or set app.key")
    static let fromAnotherSite = PublishError(
        403, "origin", "a web page of another site may not ask here (Sec-Fetch-Site): or set app.key")
    static let unknownHost = PublishError(
        403, "origin", "Host is no address and no name of this machine: add it to app.hosts, or set app.key")
    static let unauthorized = PublishError(401, "unauthorized", "the app key is missing or wrong")

    /// The input is no JSON: where, finds the scanner.
    static func badJSON(_ input: UnsafeRawBufferPointer, at offset: Int = 0) -> PublishError {
        let fault = JSONScanner.fault(in: input) ?? .init(offset: input.count, message: "not taken")
        return PublishError(400, "bad_json", fault.message, offset: offset + fault.offset)
    }

    /// `{"error":{"code":"...","message":"...","offset":N,"index":N}}`, offset and index where they apply.
    func write(to out: inout Buffer, index: Int? = nil) {
        out.append("{\"error\":{\"code\":\"")
        out.append(code)
        out.append("\",\"message\":\"")
        out.append(message)
        if let offset {
            out.append(" at byte ")
            out.append(decimal: UInt64(offset))
            out.append("\",\"offset\":")
            out.append(decimal: UInt64(offset))
        } else {
            out.append("\"")
        }
        if let index {
            out.append(",\"index\":")
            out.append(decimal: UInt64(index))
        }
        out.append("}}")
    }
}
