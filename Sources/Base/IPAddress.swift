/// An IPv6 address, or an IPv4 address in one (`::ffff:192.0.2.1`; RFC 4291, 2.5.5.2), as a number of 128 bits. It asks
/// no resolver.
package struct IPAddress: Hashable, Sendable {
    /// The upper and lower half, as values: `::1` is (0, 1).
    package var high: UInt64
    package var low: UInt64
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
    /// An IPv4 address: `127.0.0.1` is 0x7F00_0001.
    package init(v4 number: UInt32) { self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(number)) }

    /// The number of the IPv4 address. `nil` for any other.
    package var v4: UInt32? { high == 0 && low >> 32 == 0xFFFF ? UInt32(truncatingIfNeeded: low) : nil }

    /// The address of a text: four decimal numbers as inet_pton(3) takes them, or an IPv6 address without brackets,
    /// port and zone (RFC 4291, 2.2). `nil` for any other text.
    package init?(_ text: some StringProtocol) {
        if let number = IPv4.number(String(text)) {
            self.init(v4: number)
            return
        }
        guard let groups = IPAddress.groups(Substring(text)) else { return nil }
        func half(_ from: Int) -> UInt64 { groups[from..<from + 4].reduce(0) { $0 << 16 | UInt64($1) } }
        self.init(high: half(0), low: half(4))
    }
    private static func groups(_ text: Substring) -> [UInt16]? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 2, bytes.count <= 45 else { return nil }
        var before: [UInt16] = []
        var after: [UInt16]?
        var at = 0
        func isColon(_ place: Int) -> Bool { place < bytes.count && bytes[place] == UInt8(ascii: ":") }
        if isColon(0) {
            guard isColon(1) else { return nil }
            (after, at) = ([], 2)
        }
        while at < bytes.count {
            let end = bytes[at...].firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
            let part = String(decoding: bytes[at..<end], as: UTF8.self)
            var found: [UInt16] = []
            if end == bytes.count, let number = IPv4.number(part) {
                found = [UInt16(number >> 16), UInt16(truncatingIfNeeded: number)]
            } else {
                guard (1...4).contains(end - at), bytes[at..<end].allSatisfy({ hexDigit($0) != nil }),
                    let value = UInt16(part, radix: 16)
                else { return nil }
                found = [value]
            }
            if after == nil { before += found } else { after? += found }
            guard end < bytes.count else { break }
            at = end + 1
            if isColon(at) {
                guard after == nil else { return nil }
                after = []
                at += 1
            } else if at == bytes.count {
                return nil
            }
        }
        let count = before.count + (after?.count ?? 0)
        guard let after else { return count == 8 ? before : nil }
        // `::` stands for at least one group of zeros.
        return count < 8 ? before + [UInt16](repeating: 0, count: 8 - count) + after : nil
    }

    /// 127.0.0.0/8 and ::1.
    package var isLoopback: Bool { v4.map { $0 >> 24 == 127 } ?? (high == 0 && low == 1) }
    /// 0.0.0.0 and ::, which are every address of the machine.
    package var isAny: Bool { v4 == 0 || high == 0 && low == 0 }

    /// 127.0.0.1 or ::1, of the address's own kind.
    package var loopback: IPAddress { v4 == nil ? IPAddress(high: 0, low: 1) : IPAddress(v4: 0x7F00_0001) }

    /// True if two listeners at these addresses can't have the same port. `::` listens on both kinds, 0.0.0.0 only on
    /// IPv4.
    package func meets(_ other: IPAddress) -> Bool {
        func takes(_ any: IPAddress, _ one: IPAddress) -> Bool { any.isAny && (any.v4 == nil || one.v4 != nil) }
        return self == other || takes(self, other) || takes(other, self)
    }

    /// The network of the first `bits` bits, counted as in the address's own kind: up to 32 for an IPv4 address, 128
    /// for the others.
    package func network(_ bits: Int) -> IPAddress {
        let kept = min(128, max(0, v4 == nil ? bits : 96 + bits))
        let (first, second) = (min(64, kept), max(0, kept - 64))
        return IPAddress(
            high: first == 0 ? 0 : high & (.max << UInt64(64 - first)),
            low: second == 0 ? 0 : low & (.max << UInt64(64 - second)))
    }
    /// The place that counts as one in bounds by address: the IPv4 address itself, or the /64 of an IPv6 address.
    /// Whoever has one address of a /64 has all of them.
    package var place: IPAddress { v4 == nil ? network(64) : self }
}

extension IPAddress: CustomStringConvertible {
    /// As RFC 5952 writes it: `192.0.2.1`, `2001:db8::1`.
    package var description: String {
        if let v4 { return IPv4.text(v4) }
        let groups = [high, low].flatMap { half in [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> $0) } }
        // The longest run of zeros, at least two, and of equals the first.
        var longest = 0..<0
        var at = 0
        while at < 8 {
            let end = groups[at...].firstIndex { $0 != 0 } ?? 8
            if end - at > max(1, longest.count) { longest = at..<end }
            at = max(end, at + 1)
        }
        func text(_ part: ArraySlice<UInt16>) -> String { part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard !longest.isEmpty else { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }
}
