// Text as JSON strings (RFC 8259, section 7).

/// A text as a JSON string, with its quotes. Whoever reads it gets the text as it was; a terminal that it is shown on
/// obeys nothing in it.
package func jsonText(_ text: String) -> String {
    var out = Buffer()
    out.append(jsonString: text)
    return String(decoding: out.bytes, as: UTF8.self)
}

extension Buffer {
    /// The same, for text that is not on the hot path.
    package mutating func append(jsonString text: String) {
        append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                append(UInt8(ascii: "\\"))
                append(UInt8(scalar.value))
            case _ where scalar.isObeyed: appendEscape(scalar) { append($0) }
            default: for byte in UTF8.encode(scalar).unsafelyUnwrapped { append(byte) }
            }
        }
        append(UInt8(ascii: "\""))
    }
}

/// Text as a JSON string, quotes and all. The text is UTF-8 (see `isUTF8`).
package func appendJSONString(_ text: UnsafeRawBufferPointer, to out: inout Buffer) {
    out.append(UInt8(ascii: "\""))
    var copied = 0
    for at in 0..<text.count {
        let byte = text[at]
        guard byte < 32 || byte == 34 || byte == 92 else { continue }
        out.append(text.part(copied, at - copied))
        copied = at + 1
        if byte < 32 {
            appendEscape(Unicode.Scalar(byte)) { out.append($0) }
        } else {
            out.append(UInt8(ascii: "\\"))
            out.append(byte)
        }
    }
    out.append(text.part(copied, text.count - copied))
    out.append(UInt8(ascii: "\""))
}
