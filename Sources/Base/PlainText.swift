// Makes text from outside harmless, in one place.
//
// Strangers choose many texts: a client id, an operator's reason, the name of a terminal, a line that a child wrote, a
// request's path. These texts end on terminals, in logs and in JSON. There a control character moves the cursor or
// begins a forged line, and a bidirectional control turns the line around. All such characters are written as JSON's
// escapes: `\n`, `\u001b`, `\u202e`. So a reader of JSON gets the text as it was, and people see what is there.

extension Unicode.Scalar {
    /// Whether a terminal, or a reader of lines, may obey the character instead of showing it. These are C0, DEL and C1
    /// (among them ESC, CSI and the newline), the separators U+2028 and U+2029, and the invisible format characters,
    /// which include the bidirectional controls.
    package var isObeyed: Bool {
        if value < 0x7F { return value < 0x20 }
        if value < 0xA0 { return true }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }
}

/// Text from outside for people: one line that shows everything and that no terminal obeys. Every text goes through
/// this where it enters.
///
/// A clean text stays as it is, so it may be cleaned twice. Invalid UTF-8 became U+FFFD when the text became a
/// `String`. `most` is a bound in bytes of UTF-8. The rest is left out, in whole characters.
package func plainText(_ text: String, most: Int = .max) -> String {
    if text.utf8.count <= most, !text.unicodeScalars.contains(where: \.isObeyed) { return text }
    var out = String.UnicodeScalarView()
    var room = most
    for scalar in text.unicodeScalars {
        let bytes = scalar.isObeyed ? escapedBytes(scalar) : UTF8.width(scalar)
        guard bytes <= room else { break }
        room -= bytes
        if scalar.isObeyed { appendEscape(scalar) { out.append(Unicode.Scalar($0)) } } else { out.append(scalar) }
    }
    return String(out)
}

private func escapedBytes(_ scalar: Unicode.Scalar) -> Int {
    switch scalar {
    case "\n", "\r", "\t": 2
    default: scalar.value > 0xFFFF ? 12 : 6
    }
}
/// Appends the escape of a character (RFC 8259, section 7). A character outside the Basic Multilingual Plane is a pair
/// of surrogates.
func appendEscape(_ scalar: Unicode.Scalar, to append: (UInt8) -> Void) {
    append(UInt8(ascii: "\\"))
    switch scalar {
    case "\n": append(UInt8(ascii: "n"))
    case "\r": append(UInt8(ascii: "r"))
    case "\t": append(UInt8(ascii: "t"))
    default:
        for (index, unit) in UTF16.encode(scalar).unsafelyUnwrapped.enumerated() {
            if index > 0 { append(UInt8(ascii: "\\")) }
            append(UInt8(ascii: "u"))
            for digit in hex(unit, digits: 4).utf8 { append(digit) }
        }
    }
}
