import Base

/// The head of an HTTP/1 request, parsed strictly (RFC 9112). It refuses a head that two programs could read in two
/// ways.
///
/// Every part points into the parsed bytes and is valid as long as they are.
package struct HTTPRequest {
    package enum Method: Equatable, Sendable { case get, head, options, post, other }

    package var method = Method.get
    /// The path of the target, still percent-encoded, with its leading slash. "*" is the whole server (OPTIONS only).
    package var path = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The text behind the first `?`, still percent-encoded. It is empty if there is no `?`.
    package var query = UnsafeRawBufferPointer(start: nil, count: 0)
    /// 1 for HTTP/1.1 (and any later 1.x), 0 for HTTP/1.0.
    package var minorVersion: UInt8 = 1
    /// Whether the connection goes on after the answer (RFC 9112, 9.3).
    package var keepAlive = true
    /// Bytes of the body that follows the head. It is 0 if the request has no body, or has it in chunks.
    package var contentLength = 0
    /// The body follows in chunks (RFC 9112, 7.1), which `ChunkedBody` reads. Only a parser that takes chunks sets it.
    package var isChunked = false
    /// There is a header Idempotency-Key. Only a parser that takes chunks looks for it: that of the apps' port.
    package var hasIdempotencyKey = false
    /// The client waits for `100 Continue` before it sends the body (RFC 9110, 10.1.1).
    package var expectsContinue = false
    /// The values of the headers that are used here. `nil` if the request does not have the header. `fetchSite` is set
    /// only by a parser that looks for it.
    package var host: UnsafeRawBufferPointer?
    package var origin: UnsafeRawBufferPointer?
    package var fetchSite: UnsafeRawBufferPointer?
    package var authorization: UnsafeRawBufferPointer?
    /// There are several lines Authorization. None of them may be taken for the one.
    package var hasTwoAuthorizations = false
    package var contentType: UnsafeRawBufferPointer?
    package var contentEncoding: UnsafeRawBufferPointer?
    package var ifNoneMatch: UnsafeRawBufferPointer?
    /// Bytes of the whole head, including its empty line.
    package var headBytes = 0
    /// The whole head, for `values(of:)`.
    var head = UnsafeRawBufferPointer(start: nil, count: 0)

    package enum Parsed {
        case incomplete
        case request(HTTPRequest)
        /// Answer with this status and close: the bytes that follow may not be a request.
        case refused(HTTPRefusal)
    }

    /// Parses the request at the start of `input`. It may have at most `limit` bytes (8,192 by default:
    /// `workers.max_request`). A longer one is refused as soon as that is known: with 414 within its first line, with
    /// 431 after it.
    ///
    /// `takesChunks` allows a body in chunks. Without it, and for any other transfer coding, the request is refused
    /// with 501 (RFC 9112, 6.1). `findsSite` says that Sec-Fetch-Site is wanted; workers do not pay for it.
    ///
    /// Cookies are skipped and do not count towards `limit`: a browser also sends those of all other apps on the host.
    /// They have a bound of their own, `Limits.cookieBytes`.
    package static func parse(
        _ input: UnsafeRawBufferPointer, limit: Int, takesChunks: Bool = false, findsSite: Bool = false
    ) -> Parsed {
        var parser = HTTPRequestParser(input: input, limit: limit, takesChunks: takesChunks, findsSite: findsSite)
        switch parser.parse() {
        case .incomplete: return .incomplete
        case .done: return .request(parser.request)
        case .refused(let status, let message): return .refused(HTTPRefusal(status, message))
        }
    }
}

extension HTTPRequest {
    /// The first line of a request that was refused for something behind it. `nil` if the first line is not whole or is
    /// wrong.
    package static func firstLine(of input: UnsafeRawBufferPointer, limit: Int) -> HTTPRequest? {
        var parser = HTTPRequestParser(input: input, limit: limit, takesChunks: false, findsSite: false)
        return parser.parseFirstLine() == nil ? parser.request : nil
    }

    /// The values of all header lines with this name, in their order. `name` is in small letters.
    ///
    /// It walks the head once more, so it is only for headers that few requests are asked about.
    package func values(of name: StaticString) -> [UnsafeRawBufferPointer] {
        var found: [UnsafeRawBufferPointer] = []
        var at = position(of: 10, in: head) + 1
        while at < head.count {
            let end = position(of: 10, in: head, from: at)
            let line = head.part(at, end - at)
            let colon = position(of: 58, in: line)
            if colon < line.count, matchesLowercase(line.part(0, colon), name) {
                found.append(trimmed(line.part(colon + 1, line.count - colon - 1)))
            }
            at = end + 1
        }
        return found
    }
}

/// Drops spaces, tabs and the CR at both ends.
func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
    var (first, last) = (0, bytes.count)
    while first < last, isSpace(bytes[first]) { first += 1 }
    while last > first, isSpace(bytes[last - 1]) { last -= 1 }
    return bytes.part(first, last - first)
}

/// Why a request was refused.
package struct HTTPRefusal: Error, Equatable {
    /// 400, 413, 414, 431, 501 or 505.
    package var status: Int
    package var message: String
    package init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }
}
