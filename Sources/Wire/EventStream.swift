import Base

/// The events of a server-sent event stream (WHATWG HTML, 9.2). A field is `name:value` and ends with a line feed; an
/// empty line ends the event. Fields that are the same for all events come first, so that a reader sees them at once.
///
///     id:7291                                a message of the client alone
///     data:"hi"
///
///     id:7292                                one with other members: the element of the envelope
///     event:channel
///     data:{"id":7292,"channel":"room:7","data":"hi"}
enum EventStream {
    /// Milliseconds after which a plain EventSource comes back although it should stop: it knows no other way to be
    /// told (a day).
    static let never = 86_400_000

    /// The header lines of the stream. `no-transform` and X-Accel-Buffering keep proxies from holding events back.
    static func fields(_ cors: Answer.CORS, to out: inout Buffer) {
        out.append("Content-Type: text/event-stream\r\nX-Content-Type-Options: nosniff\r\n")
        out.append("Cache-Control: no-store, no-transform\r\nX-Accel-Buffering: no\r\n")
        Answer.cors(cors, to: &out)
    }

    /// The first event. It sets the last event id, so that also a stream that breaks before its first message comes
    /// back with a cursor. `retry` spreads plain EventSources.
    static func hello(id: UInt64?, retry: Int, heartbeat: UInt32, to out: inout Buffer) {
        field("retry:", UInt64(retry), to: &out)
        if let id { field("id:", id, to: &out) }
        out.append("event:hello\ndata:{\"heartbeat\":")
        out.append(decimal: UInt64(heartbeat))
        out.append("}\n\n")
    }

    static func message(
        id: UInt64, members: UnsafeRawBufferPointer, json: UnsafeRawBufferPointer, to out: inout Buffer
    ) {
        field("id:", id, to: &out)
        if members.isEmpty {
            out.append("data:")
            append(lines: json, to: &out)
            return out.append("\n\n")
        }
        let isPresence = members.count > 11 && matches(members.part(0, 11), ",\"presence\"")
        out.append(isPresence ? "event:presence\ndata:{\"id\":" : "event:channel\ndata:{\"id\":")
        out.append(decimal: id)
        out.append(members)
        if !json.isEmpty {
            out.append(",\"data\":")
            append(lines: json, to: &out)
        }
        out.append("}\n\n")
    }
    /// Messages were lost. It is told before the messages that follow.
    static func gap(to out: inout Buffer) { out.append("event:gap\ndata:{}\n\n") }

    /// Ends a write. If it has no message, its event has the cursor as its id. `isEmpty` says that nothing was written.
    static func end(
        cursor: UInt64, gap: Bool, isEmpty: Bool, retry: Int?, error: (code: StaticString, message: StaticString)?,
        to out: inout Buffer
    ) {
        if let retry {
            field("retry:", UInt64(retry), to: &out)
            if cursor > 0 { field("id:", cursor, to: &out) }
            out.append("event:retry\ndata:{\"retry\":")
            out.append(decimal: UInt64(retry))
            out.append("}\n\n")
        } else if let error {
            field("retry:", UInt64(never), to: &out)
            out.append("event:")
            // The reasons why a token is not taken any more are one event.
            let code = UnsafeRawBufferPointer(start: error.code.utf8Start, count: error.code.utf8CodeUnitCount)
            if code.count > 6, matches(code.part(0, 6), "token_") { out.append("token") } else { out.append(code) }
            out.append("\ndata:")
            Answer.appendError(error.code, error.message, to: &out)
            out.append("\n\n")
        } else if isEmpty {
            if cursor > 0 { field("id:", cursor, to: &out) }
            if gap { self.gap(to: &out) } else { out.append("event:heartbeat\ndata:{}\n\n") }
        }
    }

    private static func field(_ name: StaticString, _ value: UInt64, to out: inout Buffer) {
        out.append(name)
        out.append(decimal: value)
        out.append(UInt8(ascii: "\n"))
    }
    /// Appends JSON as the value of data fields, one for each of its lines. CR, LF and CRLF end a line; between tokens
    /// they mean nothing in JSON, and in its strings there are none.
    private static func append(lines json: UnsafeRawBufferPointer, to out: inout Buffer) {
        var start = 0
        while true {
            let end = position(of: 10, or: 13, in: json, from: start)
            out.append(json.part(start, end - start))
            guard end < json.count else { return }
            start = end + (json[end] == 13 && end + 1 < json.count && json[end + 1] == 10 ? 2 : 1)
            out.append("\ndata:")
        }
    }
}
