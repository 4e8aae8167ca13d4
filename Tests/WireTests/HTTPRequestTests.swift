import Testing
import Wire

@Suite struct HTTPRequestTests {
    @Test(arguments: [
        (#""e""#, true), (#"W/"e""#, true), (#""x", W/"e""#, true), (#""x","e" "#, true), ("*", true), (#""x""#, false),
        ("e", false), ("", false),
        (#""e"#, false), (#"W/"x", "ee""#, false),
    ]) func entityTags_areComparedWeaklyAndInLists(list: String, isKnown: Bool) {
        let tag = Array(#""e""#.utf8)
        #expect(
            Array(list.utf8).withUnsafeBytes { list in tag.withUnsafeBytes { entityTagMatches(list, $0) } } == isKnown)
    }

    struct Summary: Equatable {
        var method = HTTPRequest.Method.get
        var path = "/"
        var query = ""
        var minorVersion: UInt8 = 1
        var keepAlive = true
        var contentLength = 0
        var expects = false
        var origin: String?
    }
    static let check = ParserCheck<Summary> { input in
        switch HTTPRequest.parse(input, limit: 8192) {
        case .incomplete: .incomplete
        case .refused: .refused
        case .request(let r):
            .value(
                Summary(
                    method: r.method, path: text(r.path), query: text(r.query), minorVersion: r.minorVersion,
                    keepAlive: r.keepAlive,
                    contentLength: r.contentLength, expects: r.expectsContinue, origin: r.origin.map(text)),
                bytes: r.headBytes)
        }
    }
    static func refusal(_ request: String, limit: Int = 8192) -> Int? {
        let bytes = Array(request.utf8)
        return bytes.withUnsafeBytes {
            if case .refused(let refusal) = HTTPRequest.parse($0, limit: limit) { refusal.status } else { nil }
        }
    }

    static let valid: [(String, Summary)] = [
        ("GET /c1.json?cursor=7 HTTP/1.1\r\nHost: x\r\n\r\n", Summary(path: "/c1.json", query: "cursor=7")),
        ("GET / HTTP/1.0\r\n\r\n", Summary(minorVersion: 0, keepAlive: false)),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", Summary(minorVersion: 0, keepAlive: true)),
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, CLOSE\r\n\r\n", Summary(keepAlive: false)),
        ("GET http://a.b:80/c.js?x HTTP/1.1\r\nhost:\ta.b \r\n\r\n", Summary(path: "/c.js", query: "x")),
        (
            "OPTIONS * HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n\r\n",
            Summary(method: .options, path: "*", origin: "https://a.example")
        ),
        (
            "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n",
            Summary(method: .post, path: "/publish", contentLength: 12, expects: true)
        ),
        ("\r\nHEAD /a?b?c HTTP/1.1\r\nHost: x\r\nX: \u{e9}\r\n\r\n", Summary(method: .head, path: "/a", query: "b?c")),
        ("DELETE /a HTTP/1.1\r\nHost: x\r\n\r\n", Summary(method: .other, path: "/a")),
    ]

    @Test(arguments: valid.indices) func aValidRequest_isTheSameHoweverItArrives(_ index: Int) {
        let (request, summary) = Self.valid[index]
        Self.check.acceptsInEveryWay(bytes(request), as: summary)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", 400),  // no Host
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: x\n\n", 400),  // bare LF
        ("GET / HTTP/1.1\r\nHost: x\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /a\u{1}b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /\r\n\r\n", 400),  // HTTP/0.9
        ("GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400),
        ("GET / http/1.1\r\nHost: x\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}", 400),  // a TLS hello
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        ("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999999999999\r\n\r\n", 413),
        ("GET / HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\nOrigin: https://b.example\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n\r\n", 417),
        (String(repeating: "X", count: 40) + " / HTTP/1.1\r\n\r\n", 501),
    ])
    func aBadRequest_isRefused(_ request: String, status: Int) {
        #expect(Self.refusal(request) == status)
    }

    @Test(
        arguments: [
            ("chunked", nil), ("Chunked", nil), ("gzip", 501), ("gzip, chunked", 501), ("chunked, chunked", 501),
            ("identity", 501), ("xchunked", 501), ("", 501), ("chunked\r\nTransfer-Encoding: chunked", 501),
            ("chunked\r\nTransfer-Encoding: identity", 501), ("identity\r\nTransfer-Encoding: chunked", 501),
            ("chunked\r\nContent-Length: 3", 400), ("chunked\r\nContent-Length: 0", 400),
        ] as [(String, Int?)])
    func ofTheTransferCodings_onlyChunkedIsTaken(_ coding: String, status: Int?) {
        let request = Array("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \(coding)\r\n\r\n".utf8)
        request.withUnsafeBytes {
            switch HTTPRequest.parse($0, limit: 8192, takesChunks: true) {
            case .incomplete: Issue.record("incomplete")
            case .refused(let refusal): #expect(refusal.status == status)
            case .request(let request): #expect(status == nil && request.isChunked && request.contentLength == 0)
            }
        }
    }

    @Test func aLongTarget_isRefusedWhileItComes() {
        #expect(Self.refusal("GET /" + String(repeating: "a", count: 9000)) == 414)
        #expect(Self.refusal("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\nHost: x\r\n\r\n") == 414)
    }
    @Test func aLongHead_isRefusedWhileItComes() {
        #expect(Self.refusal("GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "a", count: 9000)) == 431)
        #expect(
            Self.refusal("GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "a", count: 9000) + "\r\n\r\n") == 431)
        #expect(
            Self.refusal("GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "A: b\r\n", count: 101) + "\r\n") == 431)
    }

    /// A browser also sends the cookies of all other apps on the host.
    @Test func cookies_areNotCountedInTheHead() {
        let head = "GET /c1.json HTTP/1.1\r\nHost: x\r\n"
        func cookie(_ bytes: Int) -> String { "cOOkie: " + String(repeating: "c", count: bytes - 10) + "\r\n" }
        #expect(Self.refusal(head + cookie(8192) + cookie(8192) + "\r\n") == nil, "in two lines, as HTTP/2 has them")
        #expect(Self.refusal(head + cookie(16_384) + "A: " + String(repeating: "a", count: 8000) + "\r\n\r\n") == nil)
        #expect(Self.refusal(head + cookie(16_385) + "\r\n") == 431)
        #expect(Self.refusal(head + cookie(16_000) + "A: " + String(repeating: "a", count: 8200) + "\r\n\r\n") == 431)
        #expect(Self.refusal(head + "Cookie: " + String(repeating: "c", count: 16_377)) == 431, "while they come")
        #expect(Self.refusal(head + "Cookies: " + String(repeating: "c", count: 8192)) == 431, "another name")
        // A request at both bounds is never refused, in whatever pieces the bytes come.
        let other = "A: " + String(repeating: "a", count: 8192 - head.utf8.count - 7) + "\r\n"
        let full = head + other + cookie(16_384) + "\r\n"
        let summary = Summary(path: "/c1.json")
        #expect(Self.check(bytes(full)) == .value(summary, bytes: 8192 + 16_384))
        for count in stride(from: 8000, to: 8192 + 16_384, by: 1) {
            let outcome = Self.check(Array(bytes(full)[..<count]))
            guard outcome == .incomplete else {
                Issue.record("\(count) bytes: \(outcome)")
                return
            }
        }
    }

    @Test func allLinesOfAName_areFound() {
        let request = bytes("\r\nGET /x:y HTTP/1.1\r\nHost: x\r\nX-A:1\r\nx-b: no\r\nx-a: \t 2, 3\t \r\nX-A:\r\n\r\n")
        request.withUnsafeBytes {
            guard case .request(let request) = HTTPRequest.parse($0, limit: 8192) else {
                Issue.record("no request")
                return
            }
            #expect(request.values(of: "x-a").map(text) == ["1", "2, 3", ""])
            #expect(request.values(of: "x-c").isEmpty)
        }
    }

    @Test func theFirstLine_isKnownOfARequestThatIsRefusedLater() {
        bytes("GET /c.js?callback=f HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n").withUnsafeBytes {
            let line = HTTPRequest.firstLine(of: $0, limit: 8192)
            #expect(line.map { text($0.path) + " " + text($0.query) } == "/c.js callback=f")
        }
        bytes("GET /c.js?callback=f HTTP/1.1").withUnsafeBytes {
            #expect(HTTPRequest.firstLine(of: $0, limit: 8192) == nil)
        }
    }

    @Test func mutatedRequests_neverCrashTheParser() {
        Self.check.survives(Self.valid.map { bytes($0.0) }, cases: 60_000, seed: 1)
    }
}
