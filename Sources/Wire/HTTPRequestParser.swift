import Base

struct HTTPRequestParser {
    enum Outcome { case incomplete, done, refused(Int, String) }

    let input: UnsafeRawBufferPointer
    let limit: Int
    private let takesChunks: Bool
    private let findsSite: Bool
    var request = HTTPRequest()
    private var at = 0
    private var hasLength = false
    private var hasTransferEncoding = false
    private var lineStart = 0
    /// Bytes of the cookies' lines.
    private var cookieBytes = 0

    /// More header lines than this are refused with 431.
    private static let headerLines = 100

    init(input: UnsafeRawBufferPointer, limit: Int, takesChunks: Bool, findsSite: Bool) {
        self.input = input
        self.limit = limit
        self.takesChunks = takesChunks
        self.findsSite = findsSite
    }

    /// `nil` if the first line is whole and right.
    mutating func parseFirstLine() -> Outcome? {
        // RFC 9112, 2.2: a server should ignore an empty line before the request line.
        while at + 1 < input.count, input[at] == 13, input[at + 1] == 10 {
            at += 2
            if at > 8 { return .refused(400, "empty lines in place of a request") }
        }
        if at + 1 == input.count, input[at] == 13 { return .incomplete }
        return requestLine(at)
    }

    mutating func parse() -> Outcome {
        if let outcome = parseFirstLine() { return outcome }
        var lines = 0
        while true {
            guard at < input.count else { return tooLong(431) }
            if input[at] == 13 {
                guard at + 1 < input.count else { return tooLong(431) }
                guard input[at + 1] == 10 else { return .refused(400, "bare CR in the header at byte \(at)") }
                at += 2
                break
            }
            lines += 1
            if lines > Self.headerLines { return .refused(431, "more than \(Self.headerLines) header lines") }
            if let outcome = headerLine() { return outcome }
        }
        guard at - cookieBytes <= limit else { return .refused(431, "request head over \(limit) bytes") }
        request.headBytes = at
        request.head = input.part(0, at)
        return finish()
    }

    private func tooLong(_ status: Int) -> Outcome {
        input.count - cookieBytes >= limit
            ? .refused(status, "request \(status == 414 ? "line" : "head") over \(limit) bytes") : .incomplete
    }

    /// The input ends within the header line that starts at `lineStart`. A line that may still become a line of cookies
    /// counts as one.
    private mutating func lineIsIncomplete() -> Outcome {
        let line = input.part(lineStart, input.count - lineStart)
        let cookie: StaticString = "cookie:"
        for at in 0..<min(line.count, cookie.utf8CodeUnitCount) where line[at] | 32 != cookie.utf8Start[at] {
            return tooLong(431)
        }
        return cookies(line.count) ?? tooLong(431)
    }
    /// Counts more bytes of cookies. `nil` if they are within their bound.
    private mutating func cookies(_ bytes: Int) -> Outcome? {
        cookieBytes += bytes
        return cookieBytes > Limits.cookieBytes ? .refused(431, "cookies over \(Limits.cookieBytes) bytes") : nil
    }

    /// `method SP request-target SP HTTP-version CRLF`. `nil` if it is whole and right.
    private mutating func requestLine(_ start: Int) -> Outcome? {
        guard start < input.count else { return .incomplete }
        at = endOfToken(input, from: start)
        if at - start > 32 { return .refused(501, "method longer than 32 bytes") }
        guard at < input.count else { return .incomplete }
        guard input[at] == 32, at > start else { return .refused(400, "no HTTP request: byte \(at) is \(input[at])") }
        let method = input.part(start, at - start)
        at += 1
        let target = at
        at = endOfTarget(input, from: target)
        if at < input.count, input[at] == 35 { return .refused(400, "fragment in the target at byte \(at)") }
        if at - target > limit { return .refused(414, "target over \(limit) bytes") }
        guard at < input.count else { return tooLong(414) }
        guard input[at] == 32 else { return .refused(400, "byte \(input[at]) in the target at byte \(at)") }
        let targetBytes = input.part(target, at - target)
        at += 1
        // "HTTP/1.x" CRLF
        guard input.count - at >= 10 else {
            return matches(input.part(at, min(input.count - at, 5)), "HTTP/", prefix: true)
                ? tooLong(414) : .refused(400, "no HTTP version")
        }
        guard matches(input.part(at, 5), "HTTP/"), isDigit(input[at + 5]), input[at + 6] == 46, isDigit(input[at + 7])
        else {
            return .refused(400, "no HTTP version")
        }
        guard input[at + 5] == 49 else { return .refused(505, "HTTP version \(input[at + 5] - 48), not 1") }
        request.minorVersion = input[at + 7] == 48 ? 0 : 1
        request.keepAlive = request.minorVersion == 1
        guard input[at + 8] == 13, input[at + 9] == 10 else {
            return .refused(400, "the request line does not end in CRLF")
        }
        at += 10
        switch method.count {
        case 3 where matches(method, "GET"): request.method = .get
        case 4 where matches(method, "HEAD"): request.method = .head
        case 4 where matches(method, "POST"): request.method = .post
        case 7 where matches(method, "OPTIONS"): request.method = .options
        default:
            let known: [StaticString] = ["PUT", "DELETE", "PATCH", "CONNECT", "TRACE"]
            guard known.contains(where: { matches(method, $0) }) else { return .refused(501, "unknown method") }
            request.method = .other
        }
        return split(targetBytes)
    }

    /// Origin form, absolute form (RFC 9112, 3.2.2: the authority is not used) or `*`.
    private mutating func split(_ target: UnsafeRawBufferPointer) -> Outcome? {
        guard target.count > 0 else { return .refused(400, "empty target") }
        var pathStart = 0
        if target[0] != 47 {
            if target.count == 1, target[0] == 42, request.method == .options {
                request.path = target
                return nil
            }
            if request.method == .other { return nil }  // the authority form of CONNECT: its method is refused
            let scheme = position(of: 58, in: target)
            guard scheme > 0, scheme + 2 < target.count, target[scheme + 1] == 47, target[scheme + 2] == 47 else {
                return .refused(400, "the target is no path")
            }
            pathStart = position(of: 47, in: target, from: scheme + 3)
            guard pathStart < target.count else { return .refused(400, "the target has no path") }
        }
        let end = position(of: 63, in: target, from: pathStart)
        request.path = target.part(pathStart, end - pathStart)
        if end < target.count { request.query = target.part(end + 1, target.count - end - 1) }
        return nil
    }

    /// `name ":" OWS value OWS CRLF`. `nil` if it is whole and right.
    @inline(__always) private mutating func headerLine() -> Outcome? {
        let nameStart = at
        lineStart = at
        at = endOfToken(input, from: nameStart)
        guard at < input.count else { return lineIsIncomplete() }
        guard input[at] == 58, at > nameStart else {
            return .refused(400, "no header name, or space in it, at byte \(at)")  // or a folded line (RFC 9112, 5.2)
        }
        let name = input.part(nameStart, at - nameStart)
        at += 1
        while at < input.count, input[at] == 32 || input[at] == 9 { at += 1 }
        let valueStart = at
        at = endOfText(input, from: at)
        guard at < input.count else { return lineIsIncomplete() }
        guard input[at] == 13 else { return .refused(400, "byte \(input[at]) in a header value at byte \(at)") }
        guard at + 1 < input.count else { return lineIsIncomplete() }
        guard input[at + 1] == 10 else { return .refused(400, "bare CR in a header at byte \(at)") }
        var valueEnd = at
        while valueEnd > valueStart, input[valueEnd - 1] == 32 || input[valueEnd - 1] == 9 { valueEnd -= 1 }
        at += 2
        return header(name, input.part(valueStart, valueEnd - valueStart))
    }

    @inline(__always) private mutating func header(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer)
        -> Outcome?
    {
        switch name.count {
        case 4 where matchesLowercase(name, "host"):
            if request.host != nil { return .refused(400, "more than one Host") }
            for byte in value where !isHostByte(byte) { return .refused(400, "Host is no host") }
            request.host = value
        case 6 where matchesLowercase(name, "origin"):
            // A page's browser sends one. Which of two counts is not for us to choose.
            if request.origin != nil { return .refused(400, "more than one Origin") }
            request.origin = value
        case 6 where matchesLowercase(name, "cookie"): return cookies(at - lineStart)
        case 6 where matchesLowercase(name, "expect"):
            guard matchesLowercase(value, "100-continue") else { return .refused(417, "unknown expectation") }
            request.expectsContinue = request.minorVersion == 1
        case 10 where matchesLowercase(name, "connection"): connection(value)
        case 12 where matchesLowercase(name, "content-type"): request.contentType = value
        case 13 where matchesLowercase(name, "authorization"):
            request.hasTwoAuthorizations = request.authorization != nil
            request.authorization = value
        case 13 where matchesLowercase(name, "if-none-match"): request.ifNoneMatch = value
        case 14 where matchesLowercase(name, "content-length"):
            guard !hasLength else { return .refused(400, "more than one Content-Length") }
            guard value.count > 0, value.count <= 15, value.allSatisfy(isDigit) else {
                return .refused(
                    value.count > 15 && value.allSatisfy(isDigit) ? 413 : 400, "Content-Length is no length")
            }
            hasLength = true
            request.contentLength = value.reduce(0) { $0 * 10 + Int($1 - 48) }
        case 14 where findsSite && matchesLowercase(name, "sec-fetch-site"):
            if request.fetchSite != nil { return .refused(400, "more than one Sec-Fetch-Site") }
            request.fetchSite = value
        case 15 where takesChunks && matchesLowercase(name, "idempotency-key"):
            if request.hasIdempotencyKey { return .refused(400, "more than one Idempotency-Key") }
            request.hasIdempotencyKey = true
        case 16 where matchesLowercase(name, "content-encoding"): request.contentEncoding = value
        case 17 where matchesLowercase(name, "transfer-encoding"):
            // Several lines are one list of codings. Only "chunked" alone is accepted.
            request.isChunked = !hasTransferEncoding && matchesLowercase(value, "chunked")
            hasTransferEncoding = true
        default: break
        }
        return nil
    }

    /// Reads a list of options. Only `close` and `keep-alive` mean something here.
    private mutating func connection(_ value: UnsafeRawBufferPointer) {
        var start = 0
        while start < value.count {
            let end = position(of: 44, in: value, from: start)
            var (first, last) = (start, end)
            while first < last, value[first] == 32 || value[first] == 9 { first += 1 }
            while last > first, value[last - 1] == 32 || value[last - 1] == 9 { last -= 1 }
            let option = value.part(first, last - first)
            if matchesLowercase(option, "close") {
                request.keepAlive = false
                return
            }
            if matchesLowercase(option, "keep-alive") { request.keepAlive = true }
            start = end + 1
        }
    }

    private func finish() -> Outcome {
        if request.host == nil, request.minorVersion == 1 { return .refused(400, "no Host") }
        if hasTransferEncoding {
            // Requests are smuggled with both headers together, and HTTP/1.0 has no transfer codings (RFC 9112, 6.1).
            if hasLength { return .refused(400, "Content-Length beside Transfer-Encoding") }
            if request.minorVersion == 0 { return .refused(400, "Transfer-Encoding in HTTP/1.0") }
            guard takesChunks else { return .refused(501, "transfer codings are not taken: send Content-Length") }
            guard request.isChunked else { return .refused(501, "of the transfer codings only chunked is taken") }
        }
        return .done
    }
}

/// Whether the value of If-None-Match names this entity tag. It is `*` or a list of tags, which are compared weakly: a
/// proxy that compresses makes tags weak (RFC 9110, 13.1.2 and 8.8.3.2).
package func entityTagMatches(_ list: UnsafeRawBufferPointer, _ tag: UnsafeRawBufferPointer) -> Bool {
    if matches(list, "*") { return true }
    var at = 0
    while at < list.count {
        let start = position(of: 34, in: list, from: at)
        guard start < list.count else { return false }
        let end = position(of: 34, in: list, from: start + 1)
        guard end < list.count else { return false }
        if areEqual(list.part(start, end + 1 - start), tag) { return true }
        at = end + 1
    }
    return false
}

/// True for visible ASCII, except `,` `/` `@` `?` `#`.
@inline(__always) private func isHostByte(_ byte: UInt8) -> Bool {
    let mask: UInt64 = byte < 64 ? 0x7FFF_6FF6_0000_0000 : 0x7FFF_FFFF_FFFF_FFFE
    return byte < 128 && mask >> UInt64(byte & 63) & 1 != 0
}
