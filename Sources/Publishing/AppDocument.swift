import Base
import CSimdjson
import Comet
import Wire

/// A JSON document of requests: one object, or an array of objects. simdjson parses the whole of it, and strictly.
struct AppDocument: ~Copyable {
    /// Bytes that must be readable behind a document.
    static let padding = Int(MC_JSON_PADDING)

    enum Shape { case object, array, other, invalid }

    private let parser: OpaquePointer

    init() {
        guard let parser = mc_json_new(Limits.jsonDepth, Limits.publishClients) else {
            preconditionFailure("no memory for a JSON parser")
        }
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

    /// One request, or what is wrong with it. The parts point into the document and into the parser's memory. Lists
    /// are valid until the next item. All but the most frequent case are boxes, so that an item is small.
    enum Item {
        /// A publish to one client without further wishes, as most are.
        case publish(client: UnsafeRawBufferPointer, json: UnsafeRawBufferPointer, timeToLive: UInt32?)
        indirect case publishTo(Target, json: UnsafeRawBufferPointer, PublishOptions)
        indirect case subscribe(clients: NamedList, channels: [UnsafeRawBufferPointer], history: Int)
        indirect case unsubscribe(clients: NamedList, channels: [UnsafeRawBufferPointer])
        case disconnectClient(UnsafeRawBufferPointer, revoking: Revoking = .nothing)
        case disconnectUser(UnsafeRawBufferPointer, revoking: Revoking = .nothing)
        indirect case events(EventsRequest)
        case seen(UnsafeRawBufferPointer, UInt64)
        case follow(UnsafeRawBufferPointer, contents: Bool)
        /// An object with the field `key` or `app`, and none that says what to do.
        indirect case hello(Hello)
        indirect case wrong(PublishError)
    }
    /// The names that an app gives itself: its key, and its name.
    struct Hello {
        var key: UnsafeRawBufferPointer?
        var name: UnsafeRawBufferPointer?
    }
    /// Which tokens end with a `disconnect`.
    enum Revoking {
        case nothing
        /// Those that were made until now.
        case untilNow
        /// Those that were made up to this second since 1970.
        case until(UInt64)
    }
    /// The clients of a request, and the name of the field that they stood in.
    struct NamedList {
        var names: [UnsafeRawBufferPointer]
        var isList: Bool
    }

    /// The only request of a text: a line, or one of several in a body. `op` is that of the path; on a line the object
    /// says it. `offset` is the place of the text in the body.
    mutating func item(of text: UnsafeRawBufferPointer, op: Op?, at offset: Int = 0, maxMessage: Int) -> Item {
        switch parse(text) {
        case .invalid: .wrong(.badJSON(text, at: offset))
        case .array, .other: .wrong(.notAnObject(op))
        case .object: next(of: text, op: op, at: offset, maxMessage: maxMessage) ?? .wrong(.notAnObject(op))
        }
    }
    /// The next request of the document that was parsed last, which is one object or an array of them.
    mutating func next(
        of document: UnsafeRawBufferPointer, op: Op?, at offset: Int = 0, maxMessage: Int
    ) -> Item? {
        guard let fields = mc_json_next(parser).map(AppFields.init) else { return nil }
        guard fields.isObject else { return .wrong(.notAnObject(op)) }
        if let twice = fields.twice { return .wrong(.twice(op, at: offset + twice)) }
        do throws(PublishError) {
            // Most objects have only these fields, and live no longer than this.
            guard !fields.isPlain || op ?? .publish != .publish else {
                return .publish(
                    client: try fields.client(), json: try fields.message(document, maxMessage),
                    timeToLive: try fields.timeToLive())
            }
            if let hello = try fields.hello() { return .hello(hello) }
            return try item(fields, try fields.op(op), document, maxMessage)
        } catch {
            return .wrong(error)
        }
    }

    private func item(
        _ fields: AppFields, _ op: Op, _ document: UnsafeRawBufferPointer, _ maxMessage: Int
    ) throws(PublishError) -> Item {
        switch op {
        case .publish:
            let target = try fields.target()
            let json = try fields.message(document, maxMessage)
            let timeToLive = try fields.timeToLive()
            if case .client(let client) = target, !fields.hasOptions {
                return .publish(client: client, json: json, timeToLive: timeToLive)
            }
            return .publishTo(target, json: json, try fields.options(timeToLive: timeToLive))
        case .subscribe:
            let channels = try fields.channels()
            return .subscribe(clients: try fields.clients(channels), channels: channels, history: try fields.history())
        case .unsubscribe:
            let channels = try fields.channels()
            return .unsubscribe(clients: try fields.clients(channels), channels: channels)
        case .disconnect: return try fields.disconnect()
        case .events: return .events(try fields.events())
        case .seen: return try fields.seen()
        case .follow: return try fields.follow()
        }
    }

    /// The list of clients in a text that is one object.
    mutating func listedClients(in text: UnsafeRawBufferPointer) throws(PublishError) -> [UnsafeRawBufferPointer] {
        switch parse(text) {
        case .invalid: throw .badJSON(text)
        case .array, .other: throw .noList
        case .object: break
        }
        guard let fields = mc_json_next(parser).map(AppFields.init), fields.twice == nil else { throw .noList }
        return try fields.listedClients()
    }
}
