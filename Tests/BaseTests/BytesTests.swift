import TestSupport
import Testing

@testable import Base

/// Functions that look at eight bytes in a step find the same as a look at each byte.
@Suite struct BytesTests {
    /// Texts of 0 to 40 bytes. Most of their bytes are such as the parsers let through; others are next to every bound.
    static func eachText(_ body: (UnsafeRawBufferPointer) -> Void) {
        var random = SeededRandom(7)
        let near: [UInt8] = [
            0, 8, 9, 10, 13, 31, 32, 33, 34, 35, 45, 46, 47, 58, 60, 64, 65, 90, 91, 96, 97, 122, 123, 126, 127, 128,
            173, 174, 255,
        ]
        for _ in 0..<40_000 {
            let bytes = (0..<random.below(41)).map { _ in
                switch random.below(12) {
                case 0: near[random.below(near.count)]
                case 1: UInt8(random.below(256))
                case 2: UInt8(ascii: "-")
                default: UInt8(97 + random.below(26)) & (random.below(2) == 0 ? 0xFF : 0xDF)
                }
            }
            bytes.withUnsafeBytes(body)
        }
    }
    static func end(_ bytes: UnsafeRawBufferPointer, where isEnd: (UInt8) -> Bool) -> Int {
        bytes.firstIndex(where: isEnd) ?? bytes.count
    }

    @Test func ends_areWhereTheFirstSuchByteIs() {
        let tokens = Set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        Self.eachText { bytes in
            let found = [
                endOfToken(bytes, from: 0), endOfText(bytes, from: 0), endOfTarget(bytes, from: 0),
                endOfClientId(bytes),
                position(of: 58, in: bytes), position(of: 60, or: 226, in: bytes),
            ]
            let wanted = [
                Self.end(bytes) { !tokens.contains($0) }, Self.end(bytes) { $0 < 32 && $0 != 9 || $0 == 127 },
                Self.end(bytes) { $0 < 33 || $0 > 126 || $0 == 35 },
                Self.end(bytes) { $0 < 32 || $0 == 127 || $0 == 47 },
                Self.end(bytes) { $0 == 58 }, Self.end(bytes) { $0 == 60 || $0 == 226 },
            ]
            if found != wanted { Issue.record("\(found), not \(wanted), in \(Array(bytes))") }
        }
    }

    @Test func utf8_isWhatTheStandardLibraryTakes() {
        Self.eachText { bytes in
            if isUTF8(bytes) != (String(validating: bytes, as: UTF8.self) != nil) { Issue.record("\(Array(bytes))") }
        }
    }

    /// A mistake is found at the first byte after which no bytes can make it right.
    @Test func utf8_isCheckedAsItComes() {
        let endings: [[UInt8]] = [
            [], [0x80], [0xA0], [0x80, 0x80], [0xA0, 0x80], [0x80, 0x80, 0x80], [0x90, 0x80, 0x80],
        ]
        let near: [UInt8] = [
            65, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5,
        ]
        var random = SeededRandom(3629)
        for _ in 0..<20_000 {
            let bytes = (0..<1 + random.below(5)).map { _ in near[random.below(near.count)] }
            let bad = bytes.indices.first { end in
                !endings.contains { String(validating: bytes[...end] + $0, as: UTF8.self) != nil }
            }
            var check = UTF8Check()
            let found = bytes.indices.first { at in !bytes[at...at].withUnsafeBytes { check.take($0) } }
            let isWhole = found == nil && check.isWhole
            if found != bad || isWhole != (String(validating: bytes, as: UTF8.self) != nil) {
                return _ = Issue.record("\(bytes): \(String(describing: found)), not \(String(describing: bad))")
            }
        }
    }

    @Test func case_isOnlyThatOfLetters() {
        for byte in 0...255 as ClosedRange<UInt8> {
            let isSame = withUnsafeBytes(of: byte) { matchesLowercase($0, "k") }
            #expect(isSame == (byte == UInt8(ascii: "k") || byte == UInt8(ascii: "K")))
            #expect(withUnsafeBytes(of: byte) { matchesLowercase($0, "-") } == (byte == UInt8(ascii: "-")))
        }
    }

    @Test func decimals_areWhatTheStandardLibraryWrites() {
        var random = SeededRandom(9)
        var values: [UInt64] = [0, .max]
        var power: UInt64 = 1
        for _ in 0..<19 {
            power *= 10
            values += [power - 1, power, power + 1]
        }
        for _ in 0..<20_000 { values.append(random.next() >> UInt64(random.below(64))) }
        for value in values {
            var out = Buffer()
            out.append(decimal: value)
            let text = String(decoding: out.bytes, as: UTF8.self)
            if text != String(value) { Issue.record("\(text), not \(value)") }
        }
    }
}
