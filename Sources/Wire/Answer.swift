package import Base

/// The answers of a worker, as bytes (docs/protocol.txt, 3). This file has the envelope with messages; `Answer+Whole`
/// has the others.
package struct Answer {
    /// The things on which the head of an answer depends.
    package struct Style: Equatable {
        package var transport: Transport
        package var minorVersion: UInt8
        /// The head says this only if the version does not mean it by itself (RFC 9112, 9.3).
        package var keepAlive: Bool
        package var cors: CORS
        /// The answer is to a HEAD. It has no content, whatever its head says (RFC 9110, 9.3.2).
        package var isHead: Bool
        var head: ResponseHead { ResponseHead(minorVersion: minorVersion, keepAlive: keepAlive, isHead: isHead) }
        package init(
            _ transport: Transport, minorVersion: UInt8 = 1, keepAlive: Bool = true, cors: CORS = .none,
            isHead: Bool = false
        ) {
            self.transport = transport
            self.minorVersion = minorVersion
            self.keepAlive = keepAlive
            self.cors = cors
            self.isHead = isHead
        }
    }
    /// Who may read the answer from another origin.
    package enum CORS: Equatable {
        /// No header.
        case none
        /// `*`
        case anyone
        /// This origin, which the settings allow.
        case origin(String)
    }

    // MARK: an envelope, message by message

    let transport: Transport
    var isFirst = true
    /// The id that an event stream was told last.
    var lastId: UInt64 = 0
    /// It was told of a gap.
    var toldGap = false
    private let head: ResponseHead
    private let content: ResponseHead.Content

    /// Starts an answer of status 200. For a receiver that stays it is a part of such an answer, whose head was written
    /// when it began (`Answer+Streams`).
    package init(_ style: Style, callback: UnsafeRawBufferPointer, to out: inout Buffer) {
        transport = style.transport
        head = style.head
        content =
            transport.stays
            ? ResponseHead.Content(frameAt: Answer.openFrame(style, to: &out)) : Answer.open(200, style, to: &out)
        transport.begin(callback: callback, to: &out)
    }

    /// Adds a message: its id, its other members (see `Frame.members`), and its JSON as it was validated.
    package mutating func add(
        id: UInt64, members: UnsafeRawBufferPointer = .init(start: nil, count: 0), json: UnsafeRawBufferPointer,
        to out: inout Buffer
    ) {
        transport.message(id: id, members: members, json: json, isFirst: isFirst, to: &out)
        isFirst = false
        lastId = id
    }

    /// Ends the answer. `retry` is in milliseconds. `patience` is how many milliseconds of silence a page that says
    /// hello has to expect: how long a poll is held, or a WebSocket's heartbeat.
    package func finish(
        cursor: UInt64, gap: Bool = false, retry: Int? = nil, error: (code: StaticString, message: StaticString)? = nil,
        patience: UInt32? = nil, to out: inout Buffer
    ) {
        if transport == .events {
            EventStream.end(
                cursor: cursor, gap: gap && !toldGap, isEmpty: isFirst || cursor > lastId || gap && !toldGap,
                retry: retry, error: error,
                to: &out)
        } else {
            transport.end(cursor: cursor, gap: gap, retry: retry, error: error, patience: patience, to: &out)
        }
        if transport.stays {
            Answer.closeFrame(content.start, transport, in: &out)
        } else {
            head.closeContent(content, in: &out)
        }
    }

    // MARK: heads

    /// Begins an answer that has content in the style's transport. `extra` has whole header lines.
    @inline(__always) static func open(
        _ status: Int, _ style: Style, extra: StaticString = "", to out: inout Buffer
    ) -> ResponseHead.Content {
        fields(status, style, extra: extra, to: &out)
        return style.head.openContent(to: &out)
    }
    /// Writes the same head without its end.
    @inline(__always) static func fields(_ status: Int, _ style: Style, extra: StaticString = "", to out: inout Buffer)
    {
        style.head.begin(status, to: &out)
        style.transport.fields(style.cors, to: &out)
        out.append(extra)
    }
    static func cors(_ cors: CORS, to out: inout Buffer) {
        switch cors {
        case .none: break
        case .anyone: out.append("Access-Control-Allow-Origin: *\r\n")
        case .origin(let origin):
            out.append("Access-Control-Allow-Origin: ")
            out.append(string: origin)
            out.append("\r\nVary: Origin\r\n")
            // A page of a named origin may send cookies, or a login that a proxy asks for. `null` names nobody, since
            // any page can have it.
            if origin != "null" { out.append("Access-Control-Allow-Credentials: true\r\n") }
        }
    }
}
