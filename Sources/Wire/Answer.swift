package import Base

/// The answers of a worker, as bytes: an envelope with messages, and what `Answer+Whole` has (docs/protocol.txt, 3).
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
        var head: ResponseHead { ResponseHead(minorVersion: minorVersion, keepAlive: keepAlive, isHead: isHead) }
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

    private var messages = 0
    private let form: Form
    private let head: ResponseHead
    private let content: ResponseHead.Content
    /// A bare answer holds one message's text and nothing else.
    private var isBare: Bool { form == .bare }

    /// Starts an answer of status 200 with an envelope (or with the bare text that is to come).
    package init(_ style: Style, callback: UnsafeRawBufferPointer, to out: inout Buffer) {
        form = style.form
        head = style.head
        content = Answer.open(200, style, to: &out)
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
        head.closeContent(content, in: &out)
    }

    // MARK: heads

    /// The head of an answer that has content in the style's form. `extra`: whole header lines.
    @inline(__always) static func open(
        _ status: Int, _ style: Style, extra: StaticString = "", to out: inout Buffer
    ) -> ResponseHead.Content {
        fields(status, style, extra: extra, to: &out)
        return style.head.openContent(to: &out)
    }
    /// Such a head, but for its end.
    @inline(__always) static func fields(_ status: Int, _ style: Style, extra: StaticString = "", to out: inout Buffer)
    {
        style.head.begin(status, to: &out)
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
}
