package import Base

/// The head of an HTTP answer, as far as it follows from the request (RFC 9112, 4 and 9.3). Every HTTP answer of the
/// appliance begins and ends its head here. The caller writes its own header lines in between.
///
///     begin(200) --> header lines of the caller --> end, end(content:), or openContent .. closeContent
///
/// There is no `Date`, and no header that nobody needs: each byte of an answer to a held poll is sent a million times.
package struct ResponseHead: Equatable {
    /// The version of the request, and so of the answer.
    package var minorVersion: UInt8
    /// The head says this only if the version does not mean it by itself.
    package var keepAlive: Bool
    /// The answer is to a HEAD. It has no content, whatever its head says (RFC 9110, 9.3.2).
    package var isHead: Bool

    package init(minorVersion: UInt8 = 1, keepAlive: Bool = true, isHead: Bool = false) {
        self.minorVersion = minorVersion
        self.keepAlive = keepAlive
        self.isHead = isHead
    }
    package init(answering request: HTTPRequest) {
        self.init(minorVersion: request.minorVersion, keepAlive: request.keepAlive, isHead: request.method == .head)
    }

    /// Writes the status line.
    package func begin(_ status: Int, to out: inout Buffer) {
        out.append(minorVersion == 0 ? "HTTP/1.0 " : "HTTP/1.1 ")
        out.append(HTTPStatus.line(status))
    }
    func connection(to out: inout Buffer) {
        if !keepAlive, minorVersion > 0 { out.append("Connection: close\r\n") }
        if keepAlive, minorVersion == 0 { out.append("Connection: keep-alive\r\n") }
    }

    /// Ends a head without a length: the answer has no content (204, 304), or the caller has written the length.
    package func end(to out: inout Buffer) {
        connection(to: &out)
        out.append("\r\n")
    }
    /// Ends the head, and writes the content.
    package func end(content: UnsafeRawBufferPointer, to out: inout Buffer) {
        connection(to: &out)
        finish(content: content, to: &out)
    }
    /// The same, if the line about the connection is written already.
    func finish(content: UnsafeRawBufferPointer, to out: inout Buffer) {
        out.append("Content-Length: ")
        out.append(decimal: UInt64(content.count))
        out.append("\r\n\r\n")
        if !isHead { out.append(content) }
    }
    /// Writes a whole answer without content. `fields` has whole header lines.
    package func empty(_ status: Int, fields: StaticString = "", to out: inout Buffer) {
        begin(status, to: &out)
        out.append(fields)
        end(content: UnsafeRawBufferPointer(start: nil, count: 0), to: &out)
    }

    // MARK: content that is written after its head

    /// The places of the length and of the content: offsets from the buffer's first waiting byte.
    package struct Content {
        fileprivate let lengthAt: Int
        let start: Int
        /// The content of a receiver that stays is a part, in a frame of its own.
        init(frameAt start: Int) { (lengthAt, self.start) = (0, start) }
        fileprivate init(lengthAt: Int, start: Int) { (self.lengthAt, self.start) = (lengthAt, start) }
    }
    /// The width of a Content-Length that is filled in later; spaces before a value are allowed (RFC 9112, 5). The
    /// largest message has nine digits even if every byte of it is escaped.
    private static let lengthWidth = 10

    /// Ends a head whose content follows. `closeContent` fills the length in.
    @inline(__always) package func openContent(to out: inout Buffer) -> Content {
        connection(to: &out)
        out.append("Content-Length:           \r\n\r\n")
        return Content(lengthAt: out.count - 4 - ResponseHead.lengthWidth, start: out.count)
    }
    /// Ends the content: its length is filled in. If the request was a HEAD, the content is taken back.
    @inline(__always) package func closeContent(_ content: Content, in out: inout Buffer) {
        out.overwrite(decimal: out.count - content.start, at: content.lengthAt, width: ResponseHead.lengthWidth)
        if isHead { out.truncate(to: content.start) }
    }
}
