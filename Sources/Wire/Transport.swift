import Base

/// The form of a receiver's messages: the header lines that say what the content is, the content's beginning, each
/// message, and the end. A transport only encodes. It does not decide what is sent, when and to whom.
package enum Transport: UInt8, Equatable, Sendable {
    /// An envelope in JSON.
    case json = 0
    /// A call of the callback with that envelope.
    case jsonp = 1
    /// The seed's form: the text of one message, without an envelope.
    case bare = 2
    /// Server-sent events (WHATWG HTML, 9.2): each message is an event.
    case events = 3
    /// A WebSocket (RFC 6455): each answer is a text frame with an envelope in JSON.
    case webSocket = 4

    /// An answer has room for one message, and for no other news.
    package var isSingle: Bool { self == .bare }

    /// The receiver stays after an answer. A long poll ends with its first answer.
    @inline(__always) package var stays: Bool { rawValue >= Transport.events.rawValue }

    @inline(__always) func fields(_ cors: Answer.CORS, to out: inout Buffer) {
        switch self {
        case .json: out.append("Content-Type: application/json; charset=utf-8\r\n")
        case .jsonp:
            // `nosniff` and `attachment`: the bytes are a script for a script tag and nothing else (CVE-2014-4671).
            out.append("Content-Type: text/javascript; charset=utf-8\r\n")
            out.append("Content-Disposition: attachment; filename=f.txt\r\n")
            out.append("Cross-Origin-Resource-Policy: cross-origin\r\n")
        case .bare: out.append("Content-Type: text/plain; charset=utf-8\r\n")
        case .events: return EventStream.fields(cors, to: &out)
        case .webSocket: break
        }
        out.append("X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n")
        if self != .jsonp { Answer.cors(cors, to: &out) }  // a script tag asks for no permission
    }

    @inline(__always) func begin(callback: UnsafeRawBufferPointer, to out: inout Buffer) {
        guard self != .bare, self != .events else { return }
        if self == .jsonp {
            out.append("/**/")
            out.append(callback)
            out.append(UInt8(ascii: "("))
        }
        out.append("{\"messages\":[")
    }

    /// Writes a message: its id, its other members, and its JSON as it was validated.
    @inline(__always) func message(
        id: UInt64, members: UnsafeRawBufferPointer, json: UnsafeRawBufferPointer, isFirst: Bool, to out: inout Buffer
    ) {
        guard self != .bare else { return appendText(ofJSON: json, to: &out) }
        guard self != .events else { return EventStream.message(id: id, members: members, json: json, to: &out) }
        if !isFirst { out.append(UInt8(ascii: ",")) }
        guard members.isEmpty else { return element(id: id, members: members, json: json, to: &out) }
        out.append("{\"id\":")
        out.append(decimal: id)
        out.append(",\"data\":")
        if self == .jsonp { appendForScript(json, to: &out) } else { out.append(json) }
        out.append(UInt8(ascii: "}"))
    }

    /// Writes a message that has other members. A script is given the whole element as one text: what has to be parsed
    /// because of a key `__proto__` has to be a whole JSON value, and members are none.
    private func element(
        id: UInt64, members: UnsafeRawBufferPointer, json: UnsafeRawBufferPointer, to out: inout Buffer
    ) {
        guard self != .jsonp else {
            var whole = Buffer()
            Transport.json.element(id: id, members: members, json: json, to: &whole)
            return appendForScript(whole.bytes, to: &out)
        }
        out.append("{\"id\":")
        out.append(decimal: id)
        out.append(members)
        if !json.isEmpty {
            out.append(",\"data\":")
            out.append(json)
        }
        out.append(UInt8(ascii: "}"))
    }

    /// Ends the content of an envelope. `retry` is in milliseconds. `patience` is how many milliseconds of silence a
    /// page that says hello has to expect: how long a poll is held, or a WebSocket's heartbeat.
    @inline(__always) func end(
        cursor: UInt64, gap: Bool, retry: Int?, error: (code: StaticString, message: StaticString)?,
        patience: UInt32?, to out: inout Buffer
    ) {
        guard self != .bare else { return }
        out.append("],\"cursor\":")
        out.append(decimal: cursor)
        if gap { out.append(",\"gap\":true") }
        if let retry {
            out.append(",\"retry\":")
            out.append(decimal: UInt64(retry))
        }
        if let patience {
            out.append(self == .webSocket ? ",\"heartbeat\":" : ",\"poll_timeout\":")
            out.append(decimal: UInt64(patience))
        }
        if let error {
            out.append(",\"error\":")
            Answer.appendError(error.code, error.message, to: &out)
        }
        out.append(self == .jsonp ? "});" : "}")
    }
}
