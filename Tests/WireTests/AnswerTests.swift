import Base
import Testing
import Wire

@Suite struct AnswerTests {
    static func written(_ body: (inout Buffer) -> Void) -> String {
        var out = Buffer()
        body(&out)
        return text(out.bytes)
    }
    static func envelope(
        _ transport: Transport, messages: [(UInt64, String)], keepAlive: Bool = true, minorVersion: UInt8 = 1,
        gap: Bool = false, retry: Int? = nil
    ) -> String {
        written { out in
            var callback = "a.b"
            callback.withUTF8 { name in
                var answer = Answer(
                    .init(transport, minorVersion: minorVersion, keepAlive: keepAlive, cors: .anyone),
                    callback: UnsafeRawBufferPointer(name), to: &out)
                for (id, json) in messages {
                    var json = json
                    json.withUTF8 { answer.add(id: id, json: UnsafeRawBufferPointer($0), to: &out) }
                }
                answer.finish(cursor: messages.last?.0 ?? 5, gap: gap, retry: retry, to: &out)
            }
        }
    }
    static func body(_ answer: String) -> String {
        let bytes = Array(answer.utf8)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) else {
            return answer
        }
        return String(decoding: bytes[(end + 4)...], as: UTF8.self)
    }
    static func length(_ answer: String) -> Int? {
        answer.split(separator: "\r\n").first { $0.hasPrefix("Content-Length:") }.flatMap {
            Int($0.dropFirst(15).filter { $0 != " " })
        }
    }

    @Test func anEnvelope_holdsItsMessagesInOrder() {
        let answer = Self.envelope(.json, messages: [(7, "\"hi\""), (8, "{\"a\":[1]}")])
        #expect(Self.body(answer) == #"{"messages":[{"id":7,"data":"hi"},{"id":8,"data":{"a":[1]}}],"cursor":8}"#)
        #expect(Self.length(answer) == Self.body(answer).utf8.count)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"))
        #expect(answer.contains("Access-Control-Allow-Origin: *\r\n"))
        #expect(!answer.contains("Date:") && !answer.contains("Connection:"))
    }
    @Test func jsonp_isACallWithEveryHeaderAndEscape() {
        let answer = Self.envelope(.jsonp, messages: [(7, "\"</script>\u{2028}\u{2029}é\"")], gap: true, retry: 250)
        #expect(
            Self.body(answer)
                == #"/**/a.b({"messages":[{"id":7,"data":"\u003c/script>\u2028\u2029é"}],"cursor":7,"gap":true,"retry":250});"#
        )
        for header in [
            "Content-Type: text/javascript; charset=utf-8", "X-Content-Type-Options: nosniff",
            "Cache-Control: no-store",
            "Content-Disposition: attachment; filename=f.txt", "Cross-Origin-Resource-Policy: cross-origin",
        ] { #expect(answer.contains(header + "\r\n")) }
        #expect(Self.length(answer) == Self.body(answer).utf8.count)
    }
    private static func element(_ transport: Transport, _ members: String, _ json: String) -> String {
        body(
            written { out in
                var (name, members, json) = ("f", members, json)
                name.withUTF8 { name in
                    var answer = Answer(.init(transport), callback: UnsafeRawBufferPointer(name), to: &out)
                    members.withUTF8 { members in
                        json.withUTF8 { answer.add(id: 7, members: .init(members), json: .init($0), to: &out) }
                    }
                    answer.finish(cursor: 7, to: &out)
                }
            })
    }
    @Test func otherMembers_areBesideTheMessage_orAlone() {
        let room = #","channel":"room:7""#
        #expect(
            Self.element(.json, room, "1") == #"{"messages":[{"id":7,"channel":"room:7","data":1}],"cursor":7}"#)
        #expect(Self.element(.json, #","of":6"#, "") == #"{"messages":[{"id":7,"of":6}],"cursor":7}"#)
        #expect(
            Self.element(.jsonp, room, "[]")
                == #"/**/f({"messages":[{"id":7,"channel":"room:7","data":[]}],"cursor":7});"#)
        #expect(Self.element(.bare, room, #""hi""#) == "hi" && Self.element(.bare, room, "") == "")
    }
    @Test func otherMembers_areSafeInAScript() {
        #expect(
            Self.element(.jsonp, ",\"channel\":\"</script>\u{2028}\"", "\"\u{2029}\"")
                == #"/**/f({"messages":[{"id":7,"channel":"\u003c/script>\u2028","data":"\u2029"}],"cursor":7});"#)
        #expect(
            Self.element(.jsonp, #","channel":"__proto__""#, "1")
                == #"/**/f({"messages":[JSON.parse('{"id":7,"channel":"__proto__","data":1}')],"cursor":7});"#)
        #expect(
            Self.element(.jsonp, #","user":"it's""#, #"{"__proto__":1}"#)
                == #"/**/f({"messages":[JSON.parse('{"id":7,"user":"it\'s","data":{"__proto__":1}}')],"cursor":7});"#)
    }
    /// In a script the key `__proto__` of an object literal is no key.
    @Test(arguments: [
        (#"{"__proto__":1}"#, #"JSON.parse('{"__proto__":1}')"#),
        (#"{"\u005f_pro\u0074o__":1}"#, #"JSON.parse('{"\\u005f_pro\\u0074o__":1}')"#),
        (
            "{\r\n\"__proto__\":\t\"it's \\\\ <\u{2028}\"}",
            #"JSON.parse('{\r\n"__proto__":\#t"it\'s \\\\ \u003c\u2028"}')"#
        ),
        (#"{"_proto_":"\u00e9 \u0041 \\ __prot"}"#, #"{"_proto_":"\u00e9 \u0041 \\ __prot"}"#),
    ]) func jsonp_hasTheValueOfTheJSON(json: String, script: String) {
        func envelope(_ data: String) -> String { "{\"messages\":[{\"id\":7,\"data\":\(data)}],\"cursor\":7}" }
        #expect(Self.body(Self.envelope(.jsonp, messages: [(7, json)])) == "/**/a.b(\(envelope(script)));")
        #expect(Self.body(Self.envelope(.json, messages: [(7, json)])) == envelope(json))
    }
    @Test func anEmptyEnvelope_keepsTheCursor() {
        #expect(Self.body(Self.envelope(.json, messages: [])) == #"{"messages":[],"cursor":5}"#)
    }
    @Test func theBareForm_isTheText() {
        #expect(
            Self.body(Self.envelope(.bare, messages: [(1, #""a\"\\\/\n\u00e9\ud83d\ude00\ud83d x""#)]))
                == "a\"\\/\né😀\u{FFFD} x")
        #expect(Self.body(Self.envelope(.bare, messages: [(1, #"{"a": 1}"#)])) == #"{"a": 1}"#)
        #expect(Self.body(Self.envelope(.bare, messages: [(1, "\"\"")])) == "")
        #expect(Self.body(Self.envelope(.bare, messages: [])) == "")
    }
    @Test func keepAlive_isSaidWhereTheVersionDoesNotMeanIt() {
        #expect(Self.envelope(.json, messages: [], keepAlive: false).contains("\r\nConnection: close\r\n"))
        #expect(
            Self.envelope(.json, messages: [], keepAlive: true, minorVersion: 0).contains(
                "\r\nConnection: keep-alive\r\n"))
        #expect(!Self.envelope(.json, messages: [], keepAlive: false, minorVersion: 0).contains("Connection"))
    }
    @Test func aHead_hasNoBodyAndNoLength() {
        let head = Self.written { Answer.headOnly(.init(.jsonp), to: &$0) }
        #expect(head.hasSuffix("\r\n\r\n") && !head.contains("Content-Length"))
        let error = Self.written {
            Answer.error(404, code: "not_found", message: "m", .init(.json, isHead: true), to: &$0)
        }
        #expect(
            error.hasSuffix("\r\n\r\n")
                && Self.length(error) == #"{"error":{"code":"not_found","message":"m"}}"#.utf8.count)
    }
    @Test func theLargestAnswer_hasItsLength() {
        // Six such messages are as long as one message of queue.max_message's bound in the script form, where a byte
        // becomes six.
        let part = [UInt8](repeating: 32, count: 16_777_216)
        var out = Buffer()
        var answer = Answer(.init(.json), callback: .init(start: nil, count: 0), to: &out)
        for id in 1...6 as ClosedRange<UInt64> { part.withUnsafeBytes { answer.add(id: id, json: $0, to: &out) } }
        answer.finish(cursor: 6, to: &out)
        let text = String(decoding: out.bytes.prefix(400), as: UTF8.self)
        let head = text.prefix(while: { $0 != "{" }).dropLast(2)
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length:") }?.split(separator: " ").last
        #expect(length.flatMap { Int($0) } == out.count - head.utf8.count - 4 && out.count > 100_000_000)
    }
    @Test func anAllowedOrigin_isNamed() {
        let answer = Self.written { Answer.options(.init(.json, cors: .origin("https://a.example")), to: &$0) }
        #expect(answer.contains("Access-Control-Allow-Origin: https://a.example\r\nVary: Origin\r\n"))
        #expect(answer.contains("Access-Control-Allow-Credentials: true\r\n"))
        #expect(answer.hasPrefix("HTTP/1.1 204 No Content\r\n") && answer.hasSuffix("\r\n\r\n"))
        for cors in [Answer.CORS.anyone, .origin("null"), .none] {
            let answer = Self.written { Answer.options(.init(.json, cors: cors), to: &$0) }
            #expect(!answer.contains("Credentials"), "\(cors)")
        }
    }
    @Test func askedHeaders_areAllowedByName() {
        func allowed(_ asked: String...) -> String? {
            var lists = asked.map(bytes)
            let answer = Self.written { out in
                let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 1)
                defer { room.deallocate() }
                var at = 0
                let parts = lists.map { list in
                    UnsafeMutableRawBufferPointer(rebasing: room[at..<at + list.count]).copyBytes(from: list)
                    defer { at += list.count }
                    return UnsafeRawBufferPointer(rebasing: room[at..<at + list.count])
                }
                Answer.options(.init(.json, cors: .anyone), asked: parts, to: &out)
            }
            lists = []
            #expect(answer.contains("Access-Control-Max-Age: 86400\r\n"))
            let line = answer.split(separator: "\r\n").first { $0.hasPrefix("Access-Control-Allow-Headers: ") }
            return line.map { String($0.dropFirst(30)) }
        }
        #expect(allowed("authorization,x-requested-with") == "authorization, x-requested-with")
        #expect(allowed(" a ,, b\t,c d, e:f", "g") == "a, b, g", "what is no name is left out")
        #expect(allowed() == nil && allowed("", ", ,") == nil)
        let long = allowed((0..<400).map { "header-\($0)" }.joined(separator: ",")) ?? ""
        #expect(long.utf8.count > 1000 && long.utf8.count <= 1024 && long.hasPrefix("header-0, header-1, "))
    }
    @Test func aRefusal_isToldInTheFormOfItsPoll() {
        var callback = "a.b"
        let script = Self.written { out in
            callback.withUTF8 { Answer.refusal(HTTPRefusal(431, "m"), callback: UnsafeRawBufferPointer($0), to: &out) }
        }
        #expect(script.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/javascript"))
        let error = #""error":{"code":"head_too_large","message":"m"}}"#
        #expect(Self.body(script) == #"/**/a.b({"messages":[],"cursor":0,"# + error + ");")
        #expect(Self.length(script) == Self.body(script).utf8.count && script.contains("Connection: close\r\n"))
        let json = Self.written { Answer.refusal(HTTPRefusal(431, "m"), to: &$0) }
        #expect(json.hasPrefix("HTTP/1.1 431 ") && Self.body(json) == "{" + error)
    }
    @Test func aScript_isCacheable() {
        let script = Array("x=1".utf8)
        let whole = script.withUnsafeBytes { bytes in
            Self.written { Answer.script(.script, bytes, etag: "\"e\"", unchanged: false, .init(.json), to: &$0) }
        }
        #expect(
            whole.hasSuffix("\r\n\r\nx=1") && whole.contains("ETag: \"e\"\r\n")
                && whole.contains("Content-Length: 3\r\n"))
        let same = script.withUnsafeBytes { bytes in
            Self.written { Answer.script(.script, bytes, etag: "\"e\"", unchanged: true, .init(.json), to: &$0) }
        }
        #expect(same.hasPrefix("HTTP/1.1 304 ") && same.hasSuffix("\r\n\r\n") && !same.contains("Content-Length"))
    }
}
