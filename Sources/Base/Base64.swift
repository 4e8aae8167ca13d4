/// True for a character of base64 (RFC 4648, 4) without the padding.
package func isBase64(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
        true
    default: false
    }
}

/// Appends bytes as base64, with padding.
package func appendBase64(_ bytes: UnsafeRawBufferPointer, to out: inout Buffer) {
    let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let count = min(3, bytes.count - start)
        var group: UInt32 = 0
        for at in 0..<3 { group = group << 8 | (at < count ? UInt32(bytes[start + at]) : 0) }
        for at in 0..<4 {
            let digit = Int(group >> UInt32(18 - 6 * at) & 63)
            out.append(at <= count ? alphabet.utf8Start[digit] : UInt8(ascii: "="))
        }
    }
}
