import Base
import CSimdjson
import Comet
import Wire

/// A JSON document of publishes: one object, or an array of objects. simdjson parses the whole of it, and strictly.
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

    /// Parses the bytes. They must stay unchanged, with `padding` behind them, until the last `next`.
    mutating func parse(_ bytes: UnsafeRawBufferPointer) -> Shape {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return .invalid }
        return switch mc_json_parse(parser, start.assumingMemoryBound(to: CChar.self), bytes.count) {
        case MC_JSON_OBJECT: .object
        case MC_JSON_ARRAY: .array
        case MC_JSON_OTHER: .other
        default: .invalid
        }
    }

    /// One publish, or what is wrong with it. The parts point into the document and into the parser's memory.
    enum Item {
        case publish(client: UnsafeRawBufferPointer, json: UnsafeRawBufferPointer, timeToLive: UInt32?)
        /// An object with the field `key` and no other.
        case key(UnsafeRawBufferPointer)
        case wrong(PublishError)
    }

    /// The only publish of a text: a line, or one of several in a body. `offset` is the place of the text in the body.
    mutating func item(of text: UnsafeRawBufferPointer, at offset: Int = 0, maxMessage: Int) -> Item {
        switch parse(text) {
        case .invalid: .wrong(.badJSON(text, at: offset))
        case .array, .other: .wrong(.notAnObject)
        case .object: next(of: text, maxMessage: maxMessage) ?? .wrong(.notAnObject)
        }
    }
    /// The next publish of the document that was parsed last, which is one object or an array of them.
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
