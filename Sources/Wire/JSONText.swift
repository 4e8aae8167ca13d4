// Validated JSON, written in other ways. Nothing here validates: what comes in has been.

/// JSON for a script: U+2028 and U+2029 end a string literal before ES2019, and `<` could end the script element. In JSON all three stand
/// only inside strings, so each may be written as an escape.
package func appendForScript(_ json: UnsafeRawBufferPointer, to out: inout Buffer) {
    var copied = 0
    var at = 0
    while true {
        at = position(of: UInt8(ascii: "<"), or: 0xE2, in: json, from: at)
        guard at < json.count else { break }
        if json[at] == UInt8(ascii: "<") {
            out.append(json.part(copied, at - copied))
            out.append("\\u003c")
            at += 1
            copied = at
        } else if at + 2 < json.count, json[at + 1] == 0x80, json[at + 2] & 0xFE == 0xA8 {
            out.append(json.part(copied, at - copied))
            out.append(json[at + 2] == 0xA8 ? "\\u2028" : "\\u2029")
            at += 3
            copied = at
        } else {
            at += 1
        }
    }
    out.append(json.part(copied, json.count - copied))
}

/// The seed's bare form: a string's characters, any other value as its JSON text. A surrogate that stands alone becomes U+FFFD.
package func appendText(ofJSON json: UnsafeRawBufferPointer, to out: inout Buffer) {
    guard json.count >= 2, json[0] == UInt8(ascii: "\"") else {
        out.append(json)
        return
    }
    let end = json.count - 1
    var at = 1
    var copied = 1
    func unit(_ at: Int) -> UInt32 {
        var value: UInt32 = 0
        for i in 0..<4 { value = value << 4 | UInt32(hexDigit(json[at + i]) ?? 0) }
        return value
    }
    while at < end {
        guard json[at] == UInt8(ascii: "\\") else {
            at += 1
            continue
        }
        out.append(json.part(copied, at - copied))
        at += 2
        switch json[at - 1] {
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "t"): out.append(9)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "b"): out.append(8)
        case UInt8(ascii: "f"): out.append(12)
        case UInt8(ascii: "u"):
            var value = unit(at)
            at += 4
            if value & 0xFC00 == 0xD800, at + 6 <= end, json[at] == UInt8(ascii: "\\"), json[at + 1] == UInt8(ascii: "u"), unit(at + 2) & 0xFC00 == 0xDC00 {
                value = 0x10000 + (value & 0x3FF) << 10 + unit(at + 2) & 0x3FF
                at += 6
            }
            let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
            for byte in UTF8.encode(scalar).unsafelyUnwrapped { out.append(byte) }
        case let byte: out.append(byte)  // the character itself: " \ /
        }
        copied = at
    }
    out.append(json.part(copied, end - copied))
}

extension Buffer {
    /// A text as a JSON string, quotes and all; for text that is not on the hot path.
    package mutating func append(jsonString text: String) {
        var text = text
        text.withUTF8 { appendJSONString(UnsafeRawBufferPointer($0), to: &self) }
    }
}
