import TestSupport
import Testing

@testable import Base

struct PlainTextTests {
    /// Each of them moves a cursor, ends a line, or turns a line around.
    private static let obeyed: [(text: String, escape: String)] = [
        ("\u{0}", "\\u0000"), ("\u{7}", "\\u0007"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"), ("\u{1B}", "\\u001b"),
        ("\u{7F}", "\\u007f"),
        ("\u{85}", "\\u0085"), ("\u{9B}", "\\u009b"), ("\u{61C}", "\\u061c"), ("\u{200B}", "\\u200b"),
        ("\u{200E}", "\\u200e"),
        ("\u{2028}", "\\u2028"), ("\u{2029}", "\\u2029"), ("\u{202E}", "\\u202e"), ("\u{2066}", "\\u2066"),
        ("\u{2069}", "\\u2069"),
        ("\u{FEFF}", "\\ufeff"), ("\u{E0001}", "\\udb40\\udc01"),
    ]

    @Test func whatATerminalObeys_isShownAsItsEscape() {
        for (text, escape) in PlainTextTests.obeyed { #expect(plainText("a\(text)b") == "a\(escape)b") }
        for text in ["", "plain", "a \"quoted\" \\ one", "Zoë 字 👍 é", "\u{FFFD}"] {
            #expect(plainText(text) == text)
        }
        let invalid = String(decoding: [97, 0xFF, 0xC2, 0x9B, 0xE2, 0x80] as [UInt8], as: UTF8.self)
        #expect(plainText(invalid) == "a\u{FFFD}\\u009b\u{FFFD}")
    }
    @Test func everyCharacter_isHarmlessAfterwards_andStaysSo() {
        for value in (0...0x10FFFF as ClosedRange<UInt32>) {
            guard let scalar = Unicode.Scalar(value), scalar.isObeyed else { continue }
            let clean = plainText(String(scalar))
            #expect(!clean.unicodeScalars.contains(where: \.isObeyed) && plainText(clean) == clean)
        }
    }
    @Test func bound_isInBytes_howeverTheTextGrows() {
        let many = ["\u{1B}", "\"", "字", "\u{E0001}", "e" + String(repeating: "\u{301}", count: 1000)]
        for text in many.map({ String(repeating: $0, count: 300) }) {
            for most in [0, 1, 5, 6, 7, 200] { #expect(plainText(text, most: most).utf8.count <= most) }
            #expect(plainText(text, most: 200).utf8.count > 200 - 12)
        }
    }
    @Test func json_isValid_plain_andGivesTheTextBack() throws {
        for (text, escape) in PlainTextTests.obeyed {
            let json = jsonText("<\(text)\"\\>")
            #expect(json == "\"<\(escape)\\\"\\\\>\"")
            #expect(try JSON.parse(json).string == "<\(text)\"\\>")
        }
    }
}
