import Base
import TestSupport
import Testing
import Wire

@Suite struct PollRequestTests {
    /// The meaning of a target, as text.
    static func parse(_ target: String) -> String {
        let request = Array("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        return request.withUnsafeBytes { bytes in
            guard case .request(let request) = HTTPRequest.parse(bytes, limit: 8192) else { return "no request" }
            let scratch = PollRequest.Scratch()
            switch PollRequest.parse(request, scratch: scratch) {
            case .poll(let poll): return describe(poll)
            case .acknowledge(let poll): return "acknowledge " + describe(poll)
            case .leave(let poll): return "leave " + describe(poll)
            case .health: return "health"
            case .script(let file): return "\(file)"
            case .server: return "server"
            case .unknown: return "unknown"
            case .badCallback: return "bad callback"
            case .bad(let code, _, let transport, let callback):
                return "\(code) \(text(callback))" + (transport.stays ? "\(transport)" : "")
            }
        }
    }
    private static func describe(_ poll: PollRequest) -> String {
        var words = "\(poll.transport) \(text(poll.client)) \(text(poll.callback)) "
        words += poll.cursor.map(String.init) ?? "-"
        if let hold = poll.hold { words += " held \(hold)" }
        if let acknowledged = poll.acknowledged { words += " has \(acknowledged)" }
        if poll.page.count > 0 { words += " page \(text(poll.page))" }
        return words + (poll.hasLostCursor ? " lost" : "")
    }

    @Test(arguments: [
        ("/c1.json", "/*.json", "/c1.json"), ("/a.b%2F.events", "/*.events", "/a.b%2F.events"),
        ("/c1.leave", "/*.leave", "/c1.leave"), ("/_/megacomet.js", "/_/megacomet.js", "/_/megacomet.js"),
        ("/_/health", "/_/health", "/_/health"), ("*", "*", "*"), ("/c1", "/*", "/*"), ("/_/c1", "/*", "/*"),
        ("/c1.json/", "/*", "/*"), ("/eyJhbGciOiJIUzI1NiJ9.e30.c2ln.json", "/*.json", "/*.json"),
        ("/\(String(repeating: "a", count: 129)).ws", "/*.ws", "/*.ws"),
    ])
    func aPathInALogHasAClientOnlyIfItMayBeSeen(path: String, hidden: String, shown: String) {
        Array(path.utf8).withUnsafeBytes {
            #expect(PollRequest.masked($0, hidesClient: true) == hidden)
            #expect(PollRequest.masked($0, hidesClient: false) == shown)
        }
    }

    @Test(arguments: [
        ("/c1.events", "events c1  -"), ("/a.b.events?cursor=7", "events a.b  7"),
        ("/c1.events?cursor=x", "events c1  - lost"), ("/c1.events?cursor=&lastEventId=9", "events c1  9"),
        ("/c1.events?cursor=7&lastEventId=9", "events c1  9"), ("/c1.events?cursor=9&lastEventId=%37", "events c1  9"),
        ("/c1.ws?cursor=7&page=0a1b2c3d&hello=1", "webSocket c1  7 page 0a1b2c3d"),
        ("/c1.ws?cursor=x", "bad_cursor webSocket"), ("/.ws", "unknown"), ("/%2f.ws", "bad_client webSocket"),
        ("/c1.json?cursor=9&ack=7", "json c1  9 has 7"), ("/c1.json?cursor=7&ack=9", "json c1  7"),
        ("/c1.json?cursor=7&ack=x", "bad_cursor "), ("/c1.ack?cursor=7", "acknowledge json c1  7"),
        ("/c1.ack", "bad_cursor "), ("/c1.leave?page=1", "leave json c1  - page 1"),
        ("/c1.leave?cursor=7&page=1", "leave json c1  7 page 1"), ("/.json.events", "events .json  -"),
    ]) func receiversThatStay_acksAndLeaves_areRead(_ target: String, _ wanted: String) {
        #expect(Self.parse(target) == wanted)
    }
    @Test(
        arguments: [
            (#"{"cursor":7}"#, 7), (" {\t\"cursor\" :\r\n 0 } ", 0),
            (#"{"cursor":9007199254740991}"#, 9_007_199_254_740_991),
            (#"{"cursor":9007199254740992}"#, nil), (#"{"cursor":07}"#, nil), (#"{"cursor":-1}"#, nil), ("", nil),
            (#"{"cursor":7,"a":1}"#, nil), (#"{"cursor":7.0}"#, nil), (#"{"cursor":7}x"#, nil), (#"{"cursor"}"#, nil),
            (#"{"cursor":}"#, nil), (#"{"cursor":7"#, nil), (#"{"Cursor":7}"#, nil), (#"["cursor",7]"#, nil),
        ] as [(String, UInt64?)]) func acknowledgementOverAWebSocket(_ message: String, _ wanted: UInt64?)
    {
        var message = message
        #expect(message.withUTF8 { PollRequest.acknowledgement(.init($0)) } == wanted)
    }

    @Test(arguments: [
        ("/c1.json", "json c1  -"),
        ("/c1.json?cursor=0", "json c1  0"),
        ("/c1.json?c=123&cursor=9007199254740991&x", "json c1  9007199254740991"),
        ("/c1.js?callback=cb", "jsonp c1 cb -"),
        ("/c1.js?callback=a.b%2Ec_%24&cursor=%37", "jsonp c1 a.b.c_$ 7"),
        ("/c1.json?cursor=007", "json c1  7"), ("/c1.json?cursor=0000000000000007", "json c1  7"),
        ("/c1.json?cursor=00000000000000007", "bad_cursor "), ("/c1.json?cursor=1.79e%2B15", "bad_cursor "),
        ("/c1.json?cursor=7.0", "bad_cursor "), ("/c1.json?cursor=%227%22", "bad_cursor "),
        ("/c1.json?hold=1", "json c1  - held 1"), ("/c1.json?hold=0030&cursor=7", "json c1  7 held 30"),
        ("/c1.json?hold=0", "bad_hold "), ("/c1.json?hold=", "bad_hold "), ("/c1.json?hold=-1", "bad_hold "),
        ("/c1.json?hold=1.5", "bad_hold "), ("/c1.json?hold=100000", "bad_hold "),
        ("/c1.json?hold=1&hold=1", "bad_hold "),
        ("/c1.js?callback=cb&hold=x", "bad_hold cb"),
        ("/c1.js", "bare c1  -"),
        ("/c1.json?callback=cb", "json c1  -"),
        ("/%C3%A9%20x.js", "bare é x  -"),
        ("/_.json", "json _  -"),
        ("/_/health", "health"),
        ("/_/megacomet.js?v=2", "script"), ("/_/megacomet.mjs", "module"), ("/_/megacomet.d.ts", "types"),
        ("/_/other", "unknown"),
        ("/", "unknown"),
        ("/c1", "unknown"),
        ("/c1.html", "unknown"),
        ("/.js", "unknown"),
        ("/.json", "unknown"),
        ("/a.b.js", "bare a.b  -"), ("/a.b@c.de.json?cursor=7", "json a.b@c.de  7"),
        ("/a/b.json", "bad_client "),
        ("/a%2Fb.json", "bad_client "),
        ("/a%2Eb.js?callback=cb", "jsonp a.b cb -"), ("/a%2Fb.js?callback=cb", "bad_client cb"),
        ("/a%00b.json", "bad_client "),
        ("/a%1fb.json", "bad_client "),
        ("/%ff.json", "bad_client "),
        ("/%ed%a0%80.json", "bad_client "),
        ("/%4.json", "bad_client "),
        ("/c1.json?cursor=", "bad_cursor "),
        ("/c1.json?cursor=-1", "bad_cursor "),
        ("/c1.json?cursor=9007199254740992", "bad_cursor "),
        ("/c1.json?cursor=1&cursor=2", "bad_cursor "),
        ("/c1.js?callback=cb&cursor=x", "bad_cursor cb"),
        ("/c1.js?callback=", "bad callback"),
        ("/c1.js?callback=1a", "bad callback"),
        ("/c1.js?callback=a..b", "bad callback"),
        ("/c1.js?callback=a.", "bad callback"),
        ("/c1.js?callback=a%00", "bad callback"),
        ("/c1.js?callback=alert(1)", "bad callback"),
        ("/c1.js?callback=a%0d%0aX:y", "bad callback"),
        ("/c1.js?callback=a&callback=b", "bad callback"),
    ])
    func aTarget_isTakenApart(_ target: String, expected: String) { #expect(Self.parse(target) == expected) }

    @Test func lengths_areBounded() {
        let id = String(repeating: "a", count: 128)
        #expect(Self.parse("/\(id).json") == "json \(id)  -")
        #expect(Self.parse("/\(id)a.json") == "bad_client ")
        #expect(Self.parse("/" + String(repeating: "%61", count: 128) + ".json") == "json \(id)  -")
        #expect(Self.parse("/" + String(repeating: "%61", count: 300) + ".json") == "bad_client ")
        let callback = String(repeating: "a", count: 64)
        #expect(Self.parse("/c.js?callback=\(callback)") == "jsonp c \(callback) -")
        #expect(Self.parse("/c.js?callback=\(callback)a") == "bad callback")
        #expect(Self.parse("/c.js?callback=" + String(repeating: "%61", count: 300)) == "bad callback")
    }

    @Test func mutatedTargets_neverCrashTheParser() {
        var random = SeededRandom(2)
        let pieces = [
            "/", "c", ".js", ".json", "?", "&", "callback=", "cursor=", "%", "%2", "%2F", "=", "a.b", "7", "_", "%FF",
            "é",
        ]
        for _ in 0..<20_000 {
            let target = "/" + (0..<random.below(9)).map { _ in pieces[random.below(pieces.count)] }.joined()
            _ = Self.parse(target)
        }
    }

    @Test func utf8_isCheckedAsTheStandardLibraryDoes() {
        var random = SeededRandom(3)
        for _ in 0..<20_000 {
            let bytes = (0..<random.below(6)).map { _ in UInt8(random.below(256) | (random.below(3) == 0 ? 0x80 : 0)) }
            #expect(bytes.withUnsafeBytes { isUTF8($0) } == (String(validating: bytes, as: UTF8.self) != nil))
        }
    }
}
