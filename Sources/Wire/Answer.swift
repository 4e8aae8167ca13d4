package import Base

/// The answers of a worker, as bytes: heads and envelopes (docs/protocol.txt, 3).
///
/// No `Date` and no header that nobody needs: an answer to a held poll is the product, and each byte of it is sent a
/// million times.
package struct Answer {
    package typealias Form = PollRequest.Form

    /// What the head depends on.
    package struct Style: Equatable {
        package var form: Form
        package var minorVersion: UInt8
        /// Said where it is not what the version means by itself (RFC 9112, 9.3).
        package var keepAlive: Bool
        package var cors: CORS
        /// The answer to a HEAD: whatever it says, it has no content (RFC 9110, 9.3.2).
        package var isHead: Bool
        package init(
            form: Form, minorVersion: UInt8 = 1, keepAlive: Bool = true, cors: CORS = .none, isHead: Bool = false
        ) {
            self.form = form
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

    private var lengthAt = 0
    private var bodyAt = 0
    private var messages = 0
    private let form: Form
    private let isHead: Bool
    /// A bare answer holds one message's text and nothing else.
    private var isBare: Bool { form == .bare }

    /// Starts an answer of status 200 with an envelope (or with the bare text that is to come).
    package init(_ style: Style, callback: UnsafeRawBufferPointer, to out: inout Buffer) {
        form = style.form
        isHead = style.isHead
        (lengthAt, bodyAt) = Answer.head(200, style, to: &out)
        guard !isBare else { return }
        if form == .jsonp {
            out.append("/**/")
            out.append(callback)
            out.append(UInt8(ascii: "("))
        }
        out.append("{\"messages\":[")
    }

    /// A message: its id, and its JSON as it was validated.
    package mutating func add(id: UInt64, json: UnsafeRawBufferPointer, to out: inout Buffer) {
        guard !isBare else {
            appendText(ofJSON: json, to: &out)
            return
        }
        if messages > 0 { out.append(UInt8(ascii: ",")) }
        messages += 1
        out.append("{\"id\":")
        out.append(decimal: id)
        out.append(",\"data\":")
        if form == .jsonp { appendForScript(json, to: &out) } else { out.append(json) }
        out.append(UInt8(ascii: "}"))
    }

    /// Ends the answer. `retry`: milliseconds.
    /// `pollTimeout`: the milliseconds that polls are held for, told to a page that says hello.
    package func finish(
        cursor: UInt64, gap: Bool = false, retry: Int? = nil, error: (code: StaticString, message: StaticString)? = nil,
        pollTimeout: UInt32? = nil, to out: inout Buffer
    ) {
        if !isBare {
            out.append("],\"cursor\":")
            out.append(decimal: cursor)
            if gap { out.append(",\"gap\":true") }
            if let retry {
                out.append(",\"retry\":")
                out.append(decimal: UInt64(retry))
            }
            if let pollTimeout {
                out.append(",\"poll_timeout\":")
                out.append(decimal: UInt64(pollTimeout))
            }
            if let error {
                out.append(",\"error\":")
                Answer.appendError(error.code, error.message, to: &out)
            }
            out.append(form == .jsonp ? "});" : "}")
        }
        Answer.end((lengthAt, bodyAt), isHead: isHead, in: &out)
    }

    // MARK: heads

    /// Width of a Content-Length that is filled in when the body is there; spaces before a value are allowed (RFC 9112,
    /// 5). Ten digits: a message of the largest size whose every byte is escaped has nine.
    private static let lengthWidth = 10

    /// Where the length goes, and where the body starts: offsets from the buffer's first waiting byte.
    static func head(_ status: Int, _ style: Style, extra: StaticString = "", to out: inout Buffer) -> (
        lengthAt: Int, bodyAt: Int
    ) {
        statusLine(status, minorVersion: style.minorVersion, to: &out)
        switch style.form {
        case .json: out.append("Content-Type: application/json; charset=utf-8\r\n")
        case .jsonp:
            // `nosniff` and `attachment`: the bytes are a script for a script tag and nothing else (CVE-2014-4671).
            out.append("Content-Type: text/javascript; charset=utf-8\r\n")
            out.append("Content-Disposition: attachment; filename=f.txt\r\n")
            out.append("Cross-Origin-Resource-Policy: cross-origin\r\n")
        case .bare: out.append("Content-Type: text/plain; charset=utf-8\r\n")
        }
        out.append("X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n")
        if style.form != .jsonp { cors(style.cors, to: &out) }  // a script tag asks for no permission
        out.append(extra)
        connection(style, to: &out)
        out.append("Content-Length:           \r\n\r\n")
        return (out.count - 4 - lengthWidth, out.count)
    }
    /// The content is there: its length is filled in, and to a HEAD the content is taken back.
    static func end(_ at: (lengthAt: Int, bodyAt: Int), isHead: Bool, in out: inout Buffer) {
        out.overwrite(decimal: out.count - at.bodyAt, at: at.lengthAt, width: lengthWidth)
        if isHead { out.truncate(to: at.bodyAt) }
    }
    static func cors(_ cors: CORS, to out: inout Buffer) {
        switch cors {
        case .none: break
        case .anyone: out.append("Access-Control-Allow-Origin: *\r\n")
        case .origin(let origin):
            out.append("Access-Control-Allow-Origin: ")
            out.append(string: origin)
            out.append("\r\nVary: Origin\r\n")
            // A named origin may send cookies or a login that a proxy asks for. `null` names nobody: any page can have
            // it.
            if origin != "null" { out.append("Access-Control-Allow-Credentials: true\r\n") }
        }
    }
    static func connection(_ style: Style, to out: inout Buffer) {
        if !style.keepAlive, style.minorVersion > 0 { out.append("Connection: close\r\n") }
        if style.keepAlive, style.minorVersion == 0 { out.append("Connection: keep-alive\r\n") }
    }
    static func statusLine(_ status: Int, minorVersion: UInt8, to out: inout Buffer) {
        out.append(minorVersion == 0 ? "HTTP/1.0 " : "HTTP/1.1 ")
        out.append(HTTPStatus.line(status))
    }
}
