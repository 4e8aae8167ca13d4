// Text as JSON strings (RFC 8259, section 7).

/// A text as a JSON string, with its quotes. A reader of the JSON gets the text as it was. A terminal that shows the
/// JSON obeys nothing in it.
package func jsonText(_ text: String) -> String {
    var out = Buffer()
    out.append(jsonString: text)
    return String(decoding: out.bytes, as: UTF8.self)
}

extension Buffer {
    /// Appends the text as a JSON string. This one is not for the hot path.
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

/// Appends UTF-8 text (see `isUTF8`) as a JSON string, with its quotes.
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
