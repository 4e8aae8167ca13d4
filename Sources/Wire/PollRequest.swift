import Base

/// A client's request to a worker: the target taken apart (docs/protocol.txt, 3).
package struct PollRequest {
    package var transport = Transport.json
    /// Decoded, 1 to `Limits.clientIdBytes` bytes of UTF-8.
    package var client = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Decoded and checked. It is empty unless `transport` is `.jsonp`.
    package var callback = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The id up to which the client has all messages. `nil` if it does not say.
    package var cursor: UInt64?
    /// The id up to which messages may be forgotten, where that is below the cursor: pages that share a connection do
    /// not have all that the connection has brought.
    package var acknowledged: UInt64?
    /// An event stream came with a cursor that can't be read. An EventSource that is refused stops for good, so it is
    /// told that there is a gap.
    package var hasLostCursor = false
    /// The value of `page` as it stands in the request; empty if there is none. All requests of a page have the same.
    package var page = UnsafeRawBufferPointer(start: nil, count: 0)
    /// `hello=1`: the page wants to know that it is heard. It is answered at once, with the messages that wait.
    package var hello = false
    /// `hold`: the most seconds that the client wants its poll held for, from 1 on. `nil` means as long as the worker
    /// holds polls.
    package var hold: UInt32?
    /// The value of `token` as it stands in the request, and whether there are several.
    package var token: UnsafeRawBufferPointer?
    package var hasTwoTokens = false
    /// The value of `c` as it stands in the request; empty if there is none. A copy of a request has the same value.
    package var copy = UnsafeRawBufferPointer(start: nil, count: 0)

    package enum Target {
        case poll(PollRequest)
        /// `.ack`: the client has all messages up to `cursor`.
        case acknowledge(PollRequest)
        /// `.leave`: the same, and its page goes.
        case leave(PollRequest)
        case health
        case script(PageFile)
        /// The whole server, `*`.
        case server
        /// No such path: 404.
        case unknown
        /// The callback can't be called, so the answer must be a plain 400.
        case badCallback
        /// 400 with this code and message. If the callback is good, it is there, so that a script tag can be told
        /// in-band. So can a WebSocket, after its handshake.
        case bad(
            code: StaticString, message: StaticString, transport: Transport = .json,
            callback: UnsafeRawBufferPointer = .init(start: nil, count: 0))
    }

    /// Room for the parts that have to be decoded. The target's parts point into it, or into the request.
    package struct Scratch: ~Copyable {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * 256, alignment: 1)
        package init() {}
        deinit { memory.deallocate() }
        fileprivate var client: UnsafeMutableRawBufferPointer { .init(rebasing: memory[0..<256]) }
        fileprivate var callback: UnsafeMutableRawBufferPointer { .init(rebasing: memory[256..<512]) }
        fileprivate var cursor: UnsafeMutableRawBufferPointer { .init(rebasing: memory[512..<768]) }
        fileprivate var number: UnsafeMutableRawBufferPointer { .init(rebasing: memory[768..<1024]) }
    }

    /// The callback of a script tag's poll. If it can be called, the page can be told everything else that is wrong.
    package static func callback(of request: HTTPRequest, scratch: borrowing Scratch) -> UnsafeRawBufferPointer? {
        guard request.method == .get else { return nil }
        switch parse(request, scratch: scratch) {
        case .poll(let poll) where poll.transport == .jsonp: return poll.callback
        case .bad(_, _, _, let callback) where callback.count > 0: return callback
        default: return nil
        }
    }

    package static func parse(_ request: HTTPRequest, scratch: borrowing Scratch) -> Target {
        let path = request.path
        if path.count == 1, path[0] == 42 { return .server }
        if path.count >= 3, path[1] == 95, path[2] == 47 {
            if matches(path, "/_/health") { return .health }
            if let file = PageFile(path: path) { return .script(file) }
            return .unknown
        }
        guard let (form, end) = Form.parse(path) else { return .unknown }
        let isScript = form == .script

        var callback: UnsafeRawBufferPointer?
        var cursor: UnsafeRawBufferPointer?
        var acknowledged: UnsafeRawBufferPointer?
        var lastEvent: UnsafeRawBufferPointer?
        var poll = PollRequest()
        var hold: UnsafeRawBufferPointer?
        for (name, value) in QueryArguments(request.query) {
            if isScript, matches(name, "callback") {
                guard callback == nil, let decoded = percentDecode(value, into: scratch.callback, plusIsSpace: true),
                    isCallback(decoded)
                else {
                    return .badCallback
                }
                callback = decoded
            } else if matches(name, "cursor") {
                if cursor != nil {
                    cursor = .init(start: nil, count: 0)
                } else {
                    cursor = percentDecode(value, into: scratch.cursor) ?? .init(start: nil, count: 0)
                }
            } else if matches(name, "hello") {
                poll.hello = matches(value, "1")
            } else if matches(name, "hold") {
                hold = hold == nil ? value : .init(start: nil, count: 0)
            } else if matches(name, "c") {
                poll.copy = value
            } else if matches(name, "page") {
                poll.page = value
            } else if matches(name, "token") {
                poll.hasTwoTokens = poll.token != nil
                poll.token = value
            } else if matches(name, "ack") {
                acknowledged = percentDecode(value, into: scratch.number) ?? .init(start: nil, count: 0)
            } else if form == .events, matches(name, "lastEventId") {
                lastEvent = percentDecode(value, into: scratch.callback) ?? .init(start: nil, count: 0)
            }
        }
        if isScript { poll.callback = callback ?? .init(start: nil, count: 0) }
        poll.transport = form.transport(called: callback != nil)
        func bad(_ code: StaticString, _ message: StaticString) -> Target {
            .bad(code: code, message: message, transport: poll.transport, callback: poll.callback)
        }

        guard let client = percentDecode(path.part(1, end - 1), into: scratch.client) else {
            return bad("bad_client", "the client id is over 128 bytes, or its percent-encoding is broken")
        }
        if let message = wrongClientId(client) { return bad("bad_client", message) }
        poll.client = client

        if form == .events {
            poll.findCursor([cursor, lastEvent] + request.values(of: "last-event-id").filter { $0.count > 0 })
            // One that can't be read holds all back.
            if let acknowledged, let cursor = poll.cursor {
                let parsed = parseCursor(acknowledged) ?? 0
                if parsed < cursor { poll.acknowledged = parsed }
            }
            return .poll(poll)
        }
        if let cursor {
            guard let parsed = parseCursor(cursor) else {
                return bad("bad_cursor", "cursor is given once, as a whole number below 2^53, as it came")
            }
            poll.cursor = parsed
        }
        if let acknowledged {
            guard let parsed = parseCursor(acknowledged) else {
                return bad("bad_cursor", "ack is a whole number below 2^53, as it came")
            }
            if let cursor = poll.cursor, parsed < cursor { poll.acknowledged = parsed }
        }
        if let hold {
            guard let parsed = parseNumber(hold, digits: 5), parsed > 0 else {
                return bad("bad_hold", "hold is given once, as whole seconds from 1 to 99999")
            }
            poll.hold = UInt32(parsed)
        }
        switch form {
        case .acknowledge: return poll.cursor == nil ? bad("bad_cursor", "cursor is missing") : .acknowledge(poll)
        case .leave: return .leave(poll)
        default: return .poll(poll)
        }
    }

    /// What follows the last dot of the path.
    enum Form {
        case json, script, events, webSocket, acknowledge, leave

        /// The form, and the end of the client id.
        static func parse(_ path: UnsafeRawBufferPointer) -> (Form, end: Int)? {
            // The two forms of polls come first, since they are the ones that come often.
            if path.count >= 7, matches(path.part(path.count - 5, 5), ".json") { return (.json, path.count - 5) }
            if path.count >= 5, matches(path.part(path.count - 3, 3), ".js") { return (.script, path.count - 3) }
            let others: [(StaticString, Form)] = [
                (".events", .events), (".ws", .webSocket), (".ack", .acknowledge), (".leave", .leave),
            ]
            for (ending, form) in others {
                let end = path.count - ending.utf8CodeUnitCount
                if end >= 2, matches(path.part(end, path.count - end), ending) { return (form, end) }
            }
            return nil
        }
        func transport(called: Bool) -> Transport {
            switch self {
            case .json, .acknowledge, .leave: .json
            case .script: called ? .jsonp : .bare
            case .events: .events
            case .webSocket: .webSocket
            }
        }
    }
}

/// The mistake in a decoded client id; `nil` if there is none. Workers and the app port have this rule
/// (docs/protocol.txt, 3).
package func wrongClientId(_ id: UnsafeRawBufferPointer) -> StaticString? {
    if id.count == 0 { return "the client id is empty" }
    if id.count > Limits.clientIdBytes { return "the client id is over 128 bytes" }
    let end = endOfClientId(id)
    if end < id.count {
        return id[end] == 47 ? "the client id has a / in it" : "the client id has a control character in it"
    }
    return isUTF8(id) ? nil : "the client id is not UTF-8"
}

/// A cursor in a query: a whole number below `Limits.idEnd`.
package func parseCursor(_ digits: UnsafeRawBufferPointer) -> UInt64? {
    guard let value = parseNumber(digits, digits: 16), value < Limits.idEnd else { return nil }
    return value
}
/// A whole number of 1 to `most` digits. Leading zeros are allowed.
private func parseNumber(_ digits: UnsafeRawBufferPointer, digits most: Int) -> UInt64? {
    guard digits.count > 0, digits.count <= most else { return nil }
    var value: UInt64 = 0
    for digit in digits {
        guard isDigit(digit) else { return nil }
        value = value &* 10 &+ UInt64(digit &- 48)
    }
    return value
}

/// The arguments of a query, `name=value&name=value`, not decoded.
package struct QueryArguments: Sequence, IteratorProtocol {
    private var rest: UnsafeRawBufferPointer
    package init(_ query: UnsafeRawBufferPointer) { rest = query }

    package mutating func next() -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        guard rest.count > 0 else { return nil }
        let (argument, others) = cut(rest, at: 38)
        rest = others
        return cut(argument, at: 61)
    }
    /// The bytes before this byte, and those behind it. Without it they are all bytes, and none.
    private func cut(_ bytes: UnsafeRawBufferPointer, at byte: UInt8) -> (
        UnsafeRawBufferPointer, UnsafeRawBufferPointer
    ) {
        let end = position(of: byte, in: bytes)
        return (bytes.part(0, end), end < bytes.count ? bytes.part(end + 1, bytes.count - end - 1) : bytes.part(end, 0))
    }
}

/// The bytes themselves if nothing is encoded, otherwise their decoding in `room`. `nil` if an escape is broken, or if
/// the room (one more than any bound that is checked later) is too small.
package func percentDecode(
    _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer, plusIsSpace: Bool = false
) -> UnsafeRawBufferPointer? {
    if position(of: 37, or: plusIsSpace ? 43 : 37, in: bytes) == bytes.count { return bytes }
    var count = 0
    var at = 0
    while at < bytes.count {
        guard count < room.count else { return nil }
        var byte = bytes[at]
        if byte == 37 {
            guard at + 2 < bytes.count, let high = hexDigit(bytes[at + 1]), let low = hexDigit(bytes[at + 2]) else {
                return nil
            }
            byte = high << 4 | low
            at += 2
        } else if byte == 43, plusIsSpace {
            byte = 32
        }
        room[count] = byte
        count += 1
        at += 1
    }
    return UnsafeRawBufferPointer(start: room.baseAddress, count: count)
}
