package import Base

/// The head of an HTTP answer, as far as it follows from the request (RFC 9112, 4 and 9.3). Every HTTP answer of the
/// appliance begins and ends its head here; between the two the writer puts its own header lines.
///
///     begin(200) --> header lines of the caller --> end, end(content:), or openContent .. closeContent
///
/// No `Date` and no header that nobody needs: an answer to a held poll is the product, and each byte of it is sent a
/// million times.
package struct ResponseHead: Equatable {
    /// Of the request, and so of the answer.
    package var minorVersion: UInt8
    /// Said where it is not what the version means by itself.
    package var keepAlive: Bool
    /// The answer to a HEAD: whatever it says, it has no content (RFC 9110, 9.3.2).
    package var isHead: Bool

    package init(minorVersion: UInt8 = 1, keepAlive: Bool = true, isHead: Bool = false) {
        self.minorVersion = minorVersion
        self.keepAlive = keepAlive
        self.isHead = isHead
    }
    package init(answering request: HTTPRequest) {
        self.init(minorVersion: request.minorVersion, keepAlive: request.keepAlive, isHead: request.method == .head)
    }

    /// The status line.
    package func begin(_ status: Int, to out: inout Buffer) {
        out.append(minorVersion == 0 ? "HTTP/1.0 " : "HTTP/1.1 ")
        out.append(HTTPStatus.line(status))
    }
    func connection(to out: inout Buffer) {
        if !keepAlive, minorVersion > 0 { out.append("Connection: close\r\n") }
        if keepAlive, minorVersion == 0 { out.append("Connection: keep-alive\r\n") }
    }

    /// The end of a head whose length is not said here: it has no content (204, 304), or the caller has said it.
    package func end(to out: inout Buffer) {
        connection(to: &out)
        out.append("\r\n")
    }
    /// The end of a head, and its content.
    package func end(content: UnsafeRawBufferPointer, to out: inout Buffer) {
        connection(to: &out)
        finish(content: content, to: &out)
    }
    /// The same where the connection has been spoken of.
    func finish(content: UnsafeRawBufferPointer, to out: inout Buffer) {
        out.append("Content-Length: ")
        out.append(decimal: UInt64(content.count))
        out.append("\r\n\r\n")
        if !isHead { out.append(content) }
    }
    /// A whole answer without content. `fields`: whole header lines.
    package func empty(_ status: Int, fields: StaticString = "", to out: inout Buffer) {
        begin(status, to: &out)
        out.append(fields)
        end(content: UnsafeRawBufferPointer(start: nil, count: 0), to: &out)
    }

    // MARK: content that is written after its head

    /// Where the length goes, and where the content begins: offsets from the buffer's first waiting byte.
    package struct Content {
        fileprivate let lengthAt: Int
        fileprivate let start: Int
    }
    /// Width of a Content-Length that is filled in when the content is there; spaces before a value are allowed (RFC
    /// 9112, 5). Ten digits: a message of the largest size whose every byte is escaped has nine.
    private static let lengthWidth = 10

    /// The end of a head whose content follows: `closeContent` fills its length in.
    @inline(__always) package func openContent(to out: inout Buffer) -> Content {
        connection(to: &out)
        out.append("Content-Length:           \r\n\r\n")
        return Content(lengthAt: out.count - 4 - ResponseHead.lengthWidth, start: out.count)
    }
    /// The content is there: its length is filled in, and to a HEAD the content is taken back.
    @inline(__always) package func closeContent(_ content: Content, in out: inout Buffer) {
        out.overwrite(decimal: out.count - content.start, at: content.lengthAt, width: ResponseHead.lengthWidth)
        if isHead { out.truncate(to: content.start) }
    }
}
