package import Base

/// Base64 with the alphabet of addresses and without padding (RFC 4648, 5; RFC 7515, 2).
package enum Base64URL {
    /// The bytes of the text. `nil` for any other character, also for padding, and for a text whose last character has
    /// bits that belong to no byte. So each text has one meaning, and each meaning one text.
    package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var group: UInt32 = 0
        var bits: UInt32 = 0
        for byte in text {
            guard let digit = value(of: byte) else { return nil }
            group = group << 6 | digit
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: group >> bits))
                group &= (1 << bits) - 1
            }
        }
        return group == 0 ? bytes : nil
    }

    package static func append(_ bytes: UnsafeRawBufferPointer, to out: inout Buffer) {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var group: UInt32 = 0
            for at in 0..<3 { group = group << 8 | (at < count ? UInt32(bytes[start + at]) : 0) }
            for at in 0...count { out.append(alphabet.utf8Start[Int(group >> UInt32(18 - 6 * at) & 63)]) }
        }
    }

    @inline(__always) private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) + 4
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
