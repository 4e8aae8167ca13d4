import Base
import Testing

@testable import Wire

@Suite struct JSONScannerTests {
    private func fault(_ text: String) -> JSONScanner.Fault? { fault(Array(text.utf8)) }
    private func fault(_ bytes: [UInt8]) -> JSONScanner.Fault? { bytes.withUnsafeBytes { JSONScanner.fault(in: $0) } }

    @Test(arguments: [
        "{}", "[]", " [ ] ", "\"\"", "0", "-0", "-0.0e-0", "1E+2", "18446744073709551615", "-9223372036854775808",
        "true", "false", "null",
        #"{"a":[1,{"b":null},"c"],"d":{}}"#, #""\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00""#, "[[],[[]],{\"a\":{}}]",
        "\n[1,\r\n\t2]\n",
    ])
    func valid(_ text: String) { #expect(fault(text) == nil) }

    @Test(arguments: [
        ("", 0), ("  ", 2), ("{", 1), ("[1", 2), ("[1,", 3), ("[1,]", 3), ("[1 2]", 3), ("{\"a\"}", 4), ("{\"a\":}", 5),
        ("{\"a\":1,}", 7), ("{a:1}", 1),
        ("{'a':1}", 1), ("nul", 3), ("nulL", 0), ("01", 0), ("1.", 0), (".5", 0), ("+1", 0), ("-", 0), ("1e", 0),
        ("1 1", 2), ("{} x", 3),
        ("\"abc", 0), (#""\x""#, 1), (#""\u12g4""#, 1), (#""\ud800""#, 1), (#""\udc00""#, 1), (#""\ud800\u0041""#, 1),
        ("\"\n\"", 1), ("[1}", 2), ("{\"a\":1]", 6),
        ("[1e999 2]", 7), ("NaN", 0), ("Infinity", 0), ("{\"client\":\"c\",\"message\":}", 24), ("]", 0),
        ("\u{FEFF}{}", 0),
    ])
    func whereItGoesWrong(_ text: String, _ offset: Int) { #expect(fault(text)?.offset == offset, "\(text)") }

    @Test func brokenUTF8_isFound() {
        for broken: [UInt8] in [
            [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
        ] {
            #expect(fault(Array("[\"é".utf8) + broken + Array("\"]".utf8))?.offset == 4)
        }
    }

    @Test func nestingIsBounded_withoutRecursion() {
        let deep = String(repeating: "[", count: 5000)
        #expect(fault(deep)?.offset == Limits.jsonDepth)
        #expect(
            fault(
                String(repeating: "[", count: Limits.jsonDepth) + "1" + String(repeating: "]", count: Limits.jsonDepth))
                == nil)
        #expect(fault(String(repeating: "{\"a\":", count: 5000))?.offset == Limits.jsonDepth * 5)
    }
}

@Suite struct SeedProtocolTests {
    enum Value: Equatable, Sendable { case worker(UInt8), message(String, [UInt8]) }
    let check = ParserCheck<Value> { input in
        switch SeedProtocol.parse(input, maxMessage: 1000) {
        case .incomplete: .incomplete
        case .worker(let number): .value(.worker(number), bytes: 2)
        case .message(let client, let text):
            .value(.message(decoded(client), Array(text)), bytes: client.count + text.count + 3)
        case .malformed: .refused
        }
    }

    @Test func theWordHashesAsTheSeedSays() {
        let word = Array("supercalifragilisticexpialidocious".utf8)
        #expect(word.withUnsafeBytes { SeedProtocol.hash($0) } == 1_077_910_243)
        #expect(
            Array("é".utf8).withUnsafeBytes { SeedProtocol.hash($0) }
                == UInt32(bitPattern: Int32(-61) &* 31 &+ Int32(-87)))
        #expect([UInt8]().withUnsafeBytes { SeedProtocol.hash($0) } == 0)
    }
    @Test func operations_arriveInEveryWay() {
        check.acceptsInEveryWay([1, 7], as: .worker(7))
        check.acceptsInEveryWay([1, 0], as: .worker(0))
        check.acceptsInEveryWay([2] + bytes("c1") + [0] + bytes("hi") + [0], as: .message("c1", bytes("hi")))
        check.acceptsInEveryWay([2, 0, 0], as: .message("", []))
        #expect(check(bytes("GET")) == .refused)
    }
    @Test func mutations_areSurvived() {
        check.survives(
            [[1, 7], [2] + bytes("client") + [0] + bytes("a message") + [0], [2, 65, 0, 0]], cases: 20_000, seed: 21)
    }

    @Test func jsonStrings_areEscapedAndComeBack() {
        let texts = ["", "a", "\"\\/", "\n\r\t\u{0}\u{1F}\u{7F}", "é€😀\u{2028}"]
        for text in texts {
            var json = Buffer()
            Array(text.utf8).withUnsafeBytes { appendJSONString($0, to: &json) }
            #expect(JSONScanner.fault(in: json.bytes) == nil)
            var back = Buffer()
            appendText(ofJSON: json.bytes, to: &back)
            #expect(Array(back.bytes) == Array(text.utf8))
        }
    }
}
private func decoded(_ raw: UnsafeRawBufferPointer) -> String { String(decoding: raw, as: UTF8.self) }
