package import Base

// Validated JSON, written in other ways. Nothing here validates: what comes in has been.

/// Appends JSON for a script. U+2028 and U+2029 end a string literal before ES2019, and `<` could end the script
/// element. In JSON all three occur only inside strings, so each may be written as an escape.
///
/// In a script an object's key `__proto__` is no key: it sets the prototype, and twice it is an error (ECMA-262,
/// B.3.1). So JSON that may have such a key is written as `JSON.parse('...')`, which has the same value as the JSON
/// itself. A byte becomes at most six bytes, and the call adds 14.
package func appendForScript(_ json: UnsafeRawBufferPointer, to out: inout Buffer) {
    let start = out.count
    var copied = 0
    var at = 0
    while true {
        at = endOfScriptText(json, from: at)
        guard at < json.count else { break }
        guard !mayNamePrototype(json, at) else {
            out.truncate(to: start)
            return appendParsed(json, to: &out)
        }
        guard let (escape, length) = scriptEscape(json, at) else {
            at += 1
            continue
        }
        out.append(json.part(copied, at - copied))
        out.append(escape)
        at += length
        copied = at
    }
    out.append(json.part(copied, json.count - copied))
}

/// The text that a script needs for the bytes at this place, and how many bytes these are. `nil` if they stay as they
/// are.
@inline(__always) private func scriptEscape(_ json: UnsafeRawBufferPointer, _ at: Int) -> (StaticString, Int)? {
    if json[at] == UInt8(ascii: "<") { return ("\\u003c", 1) }
    guard json[at] == 0xE2, at + 2 < json.count, json[at + 1] == 0x80, json[at + 2] & 0xFE == 0xA8 else { return nil }
    return (json[at + 2] == 0xA8 ? "\\u2028" : "\\u2029", 3)
}

/// Whether a key `__proto__` may be here: in plain letters, or with an escape that may stand for one of them. JSON
/// without such a key loses nothing if it is taken for one with it.
@inline(__always) private func mayNamePrototype(_ json: UnsafeRawBufferPointer, _ at: Int) -> Bool {
    if json[at] == UInt8(ascii: "_") { return json.count - at >= 9 && matches(json.part(at, 9), "__proto__") }
    guard json[at] == UInt8(ascii: "\\"), json.count - at >= 6 else { return false }
    return matches(json.part(at + 1, 3), "u00") && (UInt8(ascii: "5")...UInt8(ascii: "7")).contains(json[at + 4])
}

private func appendParsed(_ json: UnsafeRawBufferPointer, to out: inout Buffer) {
    out.append("JSON.parse('")
    var copied = 0
    var at = 0
    while at < json.count {
        let (escape, length): (StaticString, Int)
        switch json[at] {
        case UInt8(ascii: "\\"): (escape, length) = ("\\\\", 1)
        case UInt8(ascii: "'"): (escape, length) = ("\\'", 1)
        case 10: (escape, length) = ("\\n", 1)
        case 13: (escape, length) = ("\\r", 1)
        default:
            guard let other = scriptEscape(json, at) else {
                at += 1
                continue
            }
            (escape, length) = other
        }
        out.append(json.part(copied, at - copied))
        out.append(escape)
        at += length
        copied = at
    }
    out.append(json.part(copied, json.count - copied))
    out.append("')")
}

/// Appends the seed's bare form: the characters of a string, or any other value as its JSON text. A surrogate that
/// stands alone becomes U+FFFD.
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
            if value & 0xFC00 == 0xD800, at + 6 <= end, json[at] == UInt8(ascii: "\\"),
                json[at + 1] == UInt8(ascii: "u"), unit(at + 2) & 0xFC00 == 0xDC00
            {
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
