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
    private static func head(_ status: Int, _ style: Style, extra: StaticString = "", to out: inout Buffer) -> (
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
    private static func end(_ at: (lengthAt: Int, bodyAt: Int), isHead: Bool, in out: inout Buffer) {
        out.overwrite(decimal: out.count - at.bodyAt, at: at.lengthAt, width: lengthWidth)
        if isHead { out.truncate(to: at.bodyAt) }
    }
    private static func cors(_ cors: CORS, to out: inout Buffer) {
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
    private static func connection(_ style: Style, to out: inout Buffer) {
        if !style.keepAlive, style.minorVersion > 0 { out.append("Connection: close\r\n") }
        if style.keepAlive, style.minorVersion == 0 { out.append("Connection: keep-alive\r\n") }
    }
    private static func statusLine(_ status: Int, minorVersion: UInt8, to out: inout Buffer) {
        out.append(minorVersion == 0 ? "HTTP/1.0 " : "HTTP/1.1 ")
        out.append(HTTPStatus.line(status))
    }

    // MARK: whole answers

    /// `{"code":"...","message":"..."}`. Both are ours: nothing of a request is ever reflected.
    package static func appendError(_ code: StaticString, _ message: StaticString, to out: inout Buffer) {
        out.append("{\"code\":\"")
        out.append(code)
        out.append("\",\"message\":\"")
        out.append(message)
        out.append("\"}")
    }

    /// An error with its status and a JSON body. `extra`: whole header lines. `retry`: milliseconds, in the body too,
    /// where a page from another origin can read it (it can't read Retry-After), and spread.
    package static func error(
        _ status: Int, code: StaticString, message: StaticString, _ style: Style, extra: StaticString = "",
        retry: Int? = nil,
        to out: inout Buffer
    ) {
        var style = style
        style.form = .json
        let at = head(status, style, extra: extra, to: &out)
        out.append("{\"error\":")
        appendError(code, message, to: &out)
        if let retry {
            out.append(",\"retry\":")
            out.append(decimal: UInt64(retry))
        }
        out.append("}")
        end(at, isHead: style.isHead, in: &out)
    }
    /// A request that could not be parsed. The message is ours and has no quotes in it. `callback`: of a script tag,
    /// which is told in its own form, since it sees nothing else.
    ///
    /// Workers let any page read it: its origin may not have been parsed, and the text has nothing of anyone in it.
    package static func refusal(
        _ refusal: HTTPRefusal, cors: CORS = .none, callback: UnsafeRawBufferPointer? = nil, to out: inout Buffer
    ) {
        let style = Style(form: callback == nil ? .json : .jsonp, keepAlive: false, cors: cors)
        let at = head(callback == nil ? refusal.status : 200, style, to: &out)
        if let callback {
            out.append("/**/")
            out.append(callback)
            out.append("({\"messages\":[],\"cursor\":0,\"error\":{\"code\":\"")
        } else {
            out.append("{\"error\":{\"code\":\"")
        }
        out.append(HTTPStatus.code(refusal.status))
        out.append("\",\"message\":\"")
        out.append(string: refusal.message)
        out.append(callback == nil ? "\"}}" : "\"}});")
        end(at, isHead: false, in: &out)
    }
    /// Plain text, as for health and for a callback that can't be called.
    package static func text(_ status: Int, _ text: StaticString, _ style: Style, to out: inout Buffer) {
        var style = style
        style.form = .bare
        let at = head(status, style, to: &out)
        out.append(text)
        end(at, isHead: style.isHead, in: &out)
    }
    /// A HEAD of a poll: the head that an answer would have, without a length, since nothing was waited for (RFC 9110,
    /// 8.6).
    package static func headOnly(_ style: Style, to out: inout Buffer) {
        let (lengthAt, _) = head(200, style, to: &out)
        out.truncate(to: lengthAt - 16)  // "Content-Length: "
        out.append("\r\n")
    }
    /// 204 with what may be asked (RFC 9110, 9.3.7), and to a preflight what another origin may ask (Fetch standard,
    /// 3.2).
    ///
    /// `asked`: the values of Access-Control-Request-Headers. They are allowed by their names, since `*` covers neither
    /// Authorization nor a request with credentials. The browser keeps the answer for this URL for a day (Chromium: two
    /// hours).
    package static func options(_ style: Style, asked: [UnsafeRawBufferPointer] = [], to out: inout Buffer) {
        statusLine(204, minorVersion: style.minorVersion, to: &out)
        out.append("Allow: GET, HEAD, OPTIONS\r\n")
        cors(style.cors, to: &out)
        if style.cors != .none {
            out.append("Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\nAccess-Control-Max-Age: 86400\r\n")
            allow(asked, to: &out)
        }
        connection(style, to: &out)
        out.append("\r\n")
    }
    /// The names in these lists, as one. What is no name is left out (RFC 9110, 5.6.2), and what is over
    /// `Limits.askedHeaderBytes`.
    private static func allow(_ lists: [UnsafeRawBufferPointer], to out: inout Buffer) {
        var bytes = 0
        for list in lists {
            var start = 0
            while start < list.count {
                let end = position(of: 44, in: list, from: start)
                let name = trimmed(list.part(start, end - start))
                start = end + 1
                guard name.count > 0, endOfToken(name, from: 0) == name.count else { continue }
                guard bytes + name.count + 2 <= Limits.askedHeaderBytes else { continue }
                out.append(bytes == 0 ? "Access-Control-Allow-Headers: " : ", ")
                out.append(name)
                bytes += name.count + 2
            }
        }
        if bytes > 0 { out.append("\r\n") }
    }
    /// The browser script, or 304 where the client has it (RFC 9110, 13.1.2).
    package static func script(
        _ bytes: UnsafeRawBufferPointer, etag: String, unchanged: Bool, _ style: Style, to out: inout Buffer
    ) {
        statusLine(unchanged ? 304 : 200, minorVersion: style.minorVersion, to: &out)
        out.append("ETag: ")
        out.append(string: etag)
        out.append("\r\nCache-Control: public, max-age=3600\r\n")
        out.append("Cross-Origin-Resource-Policy: cross-origin\r\nAccess-Control-Allow-Origin: *\r\n")
        connection(style, to: &out)
        guard !unchanged else {
            out.append("\r\n")
            return
        }
        out.append(
            "Content-Type: text/javascript; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: ")
        out.append(decimal: UInt64(bytes.count))
        out.append("\r\n\r\n")
        if !style.isHead { out.append(bytes) }
    }
}
