/// True for well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing past U+10FFFF.
package func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var check = UTF8Check()
    return check.take(bytes) && check.isWhole
}

/// Checks UTF-8 that comes in pieces. A mistake is found at the first byte that can't be UTF-8 any more.
package struct UTF8Check {
    /// Bytes that the current character still needs, and the bounds of the next one. The second byte of some characters
    /// has narrower bounds, since they would have a shorter form, or be surrogates, or be past U+10FFFF.
    private var missing = 0
    private var least: UInt8 = 0x80
    private var most: UInt8 = 0xBF

    package init() {}

    /// No character is half there.
    package var isWhole: Bool { missing == 0 }

    /// False if these bytes can't follow. Then the check is over.
    package mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while true {
            if missing == 0 { at = first(in: bytes, from: at, marks: { $0 & highs }, matches: { $0 >= 0x80 }) }
            guard at < bytes.count else { return true }
            let byte = bytes[at]
            at += 1
            if missing > 0 {
                guard byte >= least, byte <= most else { return false }
                (missing, least, most) = (missing - 1, 0x80, 0xBF)
                continue
            }
            switch byte {
            case 0xC2...0xDF: missing = 1
            case 0xE0: (missing, least) = (2, 0xA0)
            case 0xED: (missing, most) = (2, 0x9F)
            case 0xE1...0xEF: missing = 2
            case 0xF0: (missing, least) = (3, 0x90)
            case 0xF1...0xF3: missing = 3
            case 0xF4: (missing, most) = (3, 0x8F)
            default: return false
            }
        }
    }
}
