/// SHA-1 (RFC 3174), for the handshake of WebSockets alone (RFC 6455, 1.3). There it protects nothing, and nothing else
/// may use it: whoever wants can find two inputs with the same digest.
///
/// It is written here because linking libcrypto costs each worker 412 KB of private memory, before it is called once.
package enum SHA1 {
    /// The 20 bytes of the digest.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var padded = Buffer()
        padded.append(bytes)
        padded.append(0x80)
        while padded.count % 64 != 56 { padded.append(0) }
        padded.append(bigEndian: UInt64(bytes.count) * 8)
        var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        for start in stride(from: 0, to: padded.count, by: 64) { add(padded.bytes.part(start, 64), to: &state) }
        return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - $0 * 8)) } }
    }

    private static func add(_ block: UnsafeRawBufferPointer, to state: inout [UInt32]) {
        var words: [UInt32] = (0..<16).map { block.bigEndian(at: $0 * 4) }
        for at in 16..<80 {
            words.append(rotated(words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16], by: 1))
        }
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for at in 0..<80 {
            let (mix, constant): (UInt32, UInt32) =
                switch at {
                case ..<20: (b & c | ~b & d, 0x5A82_7999)
                case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                case ..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
                default: (b ^ c ^ d, 0xCA62_C1D6)
                }
            let next = rotated(a, by: 5) &+ mix &+ e &+ words[at] &+ constant
            (e, d, c, b, a) = (d, c, rotated(b, by: 30), a, next)
        }
        for (at, word) in [a, b, c, d, e].enumerated() { state[at] &+= word }
    }

    private static func rotated(_ word: UInt32, by bits: UInt32) -> UInt32 { word << bits | word >> (32 - bits) }
}
