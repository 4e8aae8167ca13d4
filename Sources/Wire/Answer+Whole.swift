package import Base

// The answers of a worker that are written in one step: errors, refusals, plain text, and answers without content.
extension Answer {
    /// Appends `{"code":"...","message":"..."}`. Both are our own texts: nothing of a request is ever sent back.
    package static func appendError(_ code: StaticString, _ message: StaticString, to out: inout Buffer) {
        out.append("{\"code\":\"")
        out.append(code)
        out.append("\",\"message\":\"")
        out.append(message)
        out.append("\"}")
    }

    /// Writes an error with its status and a JSON body. `extra` has whole header lines. `retry` is in milliseconds and
    /// is spread. The body has it, too, since a page of another origin can't read Retry-After.
    package static func error(
        _ status: Int, code: StaticString, message: StaticString, _ style: Style, extra: StaticString = "",
        retry: Int? = nil,
        to out: inout Buffer
    ) {
        var style = style
        style.transport = .json
        let content = open(status, style, extra: extra, to: &out)
        out.append("{\"error\":")
        appendError(code, message, to: &out)
        if let retry {
            out.append(",\"retry\":")
            out.append(decimal: UInt64(retry))
        }
        out.append("}")
        style.head.closeContent(content, in: &out)
    }
    /// Refuses a request that could not be parsed. The message is our own and has no quotes in it. `callback` is that
    /// of a script tag, which is told in its own form, since it sees nothing else.
    ///
    /// Workers let any page read the refusal: its origin may not have been parsed, and the text says nothing about
    /// anyone.
    package static func refusal(
        _ refusal: HTTPRefusal, cors: CORS = .none, callback: UnsafeRawBufferPointer? = nil, to out: inout Buffer
    ) {
        let style = Style(callback == nil ? .json : .jsonp, keepAlive: false, cors: cors)
        let content = open(callback == nil ? refusal.status : 200, style, to: &out)
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
        style.head.closeContent(content, in: &out)
    }
    /// Writes plain text, such as the answer about health or about a callback that can't be called.
    package static func text(_ status: Int, _ text: StaticString, _ style: Style, to out: inout Buffer) {
        var style = style
        style.transport = .bare
        let content = open(status, style, to: &out)
        out.append(text)
        style.head.closeContent(content, in: &out)
    }
    /// Answers a HEAD of a poll. It is the head of an answer without a length, since nothing was waited for (RFC 9110,
    /// 8.6).
    package static func headOnly(_ style: Style, to out: inout Buffer) {
        fields(200, style, to: &out)
        style.head.end(to: &out)
    }
    /// Answers without content, and says which pages may know it.
    package static func empty(_ status: Int, _ style: Style, to out: inout Buffer) {
        style.head.begin(status, to: &out)
        cors(style.cors, to: &out)
        style.head.end(to: &out)
    }
    /// Answers 204 with the methods that are allowed (RFC 9110, 9.3.7). A preflight is also told what another origin
    /// may ask (Fetch standard, 3.2).
    ///
    /// `asked` has the values of Access-Control-Request-Headers. They are allowed by name, since `*` covers neither
    /// Authorization nor a request with credentials. The browser keeps the answer for this URL for a day (Chromium: two
    /// hours).
    package static func options(_ style: Style, asked: [UnsafeRawBufferPointer] = [], to out: inout Buffer) {
        style.head.begin(204, to: &out)
        out.append("Allow: GET, HEAD, POST, OPTIONS\r\n")
        cors(style.cors, to: &out)
        if style.cors != .none {
            out.append("Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS\r\nAccess-Control-Max-Age: 86400\r\n")
            allow(asked, to: &out)
        }
        style.head.end(to: &out)
    }
    /// Appends the names of these lists as one list. It leaves out anything that is no name (RFC 9110, 5.6.2), and
    /// names beyond `Limits.askedHeaderBytes`.
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
    /// Sends a file for pages, or 304 if the client has it already (RFC 9110, 13.1.2).
    package static func script(
        _ file: PageFile, _ bytes: UnsafeRawBufferPointer, etag: String, unchanged: Bool, _ style: Style,
        to out: inout Buffer
    ) {
        style.head.begin(unchanged ? 304 : 200, to: &out)
        out.append("ETag: ")
        out.append(string: etag)
        out.append("\r\nCache-Control: public, max-age=3600\r\n")
        out.append("Cross-Origin-Resource-Policy: cross-origin\r\nAccess-Control-Allow-Origin: *\r\n")
        guard !unchanged else { return style.head.end(to: &out) }
        style.head.connection(to: &out)
        out.append("Content-Type: ")
        out.append(file.contentType)
        out.append("; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n")
        style.head.finish(content: bytes, to: &out)
    }
}
