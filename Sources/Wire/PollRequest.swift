import Base

/// A client's request to a worker: the target taken apart (docs/protocol.txt, 3).
package struct PollRequest {
    package var transport: Transport
    /// Decoded, 1 to `Limits.clientIdBytes` bytes of UTF-8.
    package var client: UnsafeRawBufferPointer
    /// Decoded and checked. It is empty unless `transport` is `.jsonp`.
    package var callback: UnsafeRawBufferPointer
    /// `nil` if the client acknowledges nothing.
    package var cursor: UInt64?
    /// `hello=1`: the page wants to know that it is heard. It is answered at once, with the messages that wait.
    package var hello = false
    /// `hold`: the most seconds that the client wants its poll held for, from 1 on. `nil` means as long as the worker
    /// holds polls.
    package var hold: UInt32?
    /// The value of `c` as it stands in the request; empty if there is none. A copy of a request has the same value.
    package var copy = UnsafeRawBufferPointer(start: nil, count: 0)

    package enum Target {
        case poll(PollRequest)
        case health
        case script
        /// The whole server, `*`.
        case server
        /// No such path: 404.
        case unknown
        /// The callback can't be called, so the answer must be a plain 400.
        case badCallback
        /// 400 with this code and message. If the callback is good, it is there, so that a script tag can be told
        /// in-band.
        case bad(code: StaticString, message: StaticString, callback: UnsafeRawBufferPointer)
    }

    /// Room for the parts that have to be decoded. The target's parts point into it, or into the request.
    package struct Scratch: ~Copyable {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 3 * 256, alignment: 1)
        package init() {}
        deinit { memory.deallocate() }
        fileprivate var client: UnsafeMutableRawBufferPointer { .init(rebasing: memory[0..<256]) }
        fileprivate var callback: UnsafeMutableRawBufferPointer { .init(rebasing: memory[256..<512]) }
        fileprivate var cursor: UnsafeMutableRawBufferPointer { .init(rebasing: memory[512..<768]) }
    }

    /// The callback of a script tag's poll. If it can be called, the page can be told everything else that is wrong.
    package static func callback(of request: HTTPRequest, scratch: borrowing Scratch) -> UnsafeRawBufferPointer? {
        guard request.method == .get else { return nil }
        switch parse(request, scratch: scratch) {
        case .poll(let poll) where poll.transport == .jsonp: return poll.callback
        case .bad(_, _, let callback) where callback.count > 0: return callback
        default: return nil
        }
    }

    package static func parse(_ request: HTTPRequest, scratch: borrowing Scratch) -> Target {
        let path = request.path
        if path.count == 1, path[0] == 42 { return .server }
        if path.count >= 3, path[1] == 95, path[2] == 47 {
            if matches(path, "/_/health") { return .health }
            if matches(path, "/_/megacomet.js") { return .script }
            return .unknown
        }
        guard path.count >= 5 else { return .unknown }  // "/c.js"
        let isScript = matches(path.part(path.count - 3, 3), ".js")
        guard isScript || path.count >= 7 && matches(path.part(path.count - 5, 5), ".json") else { return .unknown }

        var callback: UnsafeRawBufferPointer?
        var cursor: UnsafeRawBufferPointer?
        var hello = false
        var hold: UnsafeRawBufferPointer?
        var copy = UnsafeRawBufferPointer(start: nil, count: 0)
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
                hello = matches(value, "1")
            } else if matches(name, "hold") {
                hold = hold == nil ? value : .init(start: nil, count: 0)
            } else if matches(name, "c") {
                copy = value
            }
        }
        let called = callback ?? .init(start: nil, count: 0)

        let encoded = path.part(1, path.count - (isScript ? 4 : 6))
        guard let client = percentDecode(encoded, into: scratch.client) else {
            return .bad(
                code: "bad_client", message: "the client id is over 128 bytes, or its percent-encoding is broken",
                callback: called)
        }
        if let message = wrongClientId(client) { return .bad(code: "bad_client", message: message, callback: called) }

        var number: UInt64?
        if let cursor {
            guard let parsed = parseCursor(cursor) else {
                return .bad(
                    code: "bad_cursor", message: "cursor is given once, as a whole number below 2^53, as it came",
                    callback: called)
            }
            number = parsed
        }
        var seconds: UInt32?
        if let hold {
            guard let parsed = parseNumber(hold, digits: 5), parsed > 0 else {
                return .bad(
                    code: "bad_hold", message: "hold is given once, as whole seconds from 1 to 99999", callback: called)
            }
            seconds = UInt32(parsed)
        }
        let transport: Transport = !isScript ? .json : callback == nil ? .bare : .jsonp
        return .poll(
            PollRequest(
                transport: transport, client: client, callback: called, cursor: number, hello: hello, hold: seconds,
                copy: copy))
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

/// True for a name that can be called, and nothing else:
/// `^[A-Za-z_$][A-Za-z0-9_$]*(\.[A-Za-z_$][A-Za-z0-9_$]*)*$`, at most 64 bytes.
///
/// It does not begin with a reserved word: `if({})` is no call.
package func isCallback(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 0, bytes.count <= Limits.callbackBytes else { return false }
    if (97...122).contains(bytes[0]), isReserved(bytes.part(0, position(of: 46, in: bytes))) { return false }
    var atStart = true
    for byte in bytes {
        switch byte {
        case 65...90, 97...122, 95, 36: atStart = false
        case 48...57: if atStart { return false }
        case 46:
            if atStart { return false }
            atStart = true
        default: return false
        }
    }
    return !atStart
}

/// The reserved words of ECMA-262, 12.7.2, with the words that strict mode adds and the literals.
private let reservedWords: [StaticString] = [
    "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else",
    "enum",
    "export", "extends", "false", "finally", "for", "function", "if", "implements", "import", "in", "instanceof",
    "interface", "let", "new", "null", "package", "private", "protected", "public", "return", "static", "super",
    "switch",
    "this", "throw", "true", "try", "typeof", "var", "void", "while", "with", "yield",
]
private func isReserved(_ word: UnsafeRawBufferPointer) -> Bool {
    word.count >= 2 && word.count <= 10 && reservedWords.contains { matches(word, $0) }
}

private func parseCursor(_ digits: UnsafeRawBufferPointer) -> UInt64? {
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
