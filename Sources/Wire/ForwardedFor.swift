import Base

/// Finds the address of the client behind proxies. It reads X-Forwarded-For as far as the proxies that wrote it are
/// trusted.
package struct ForwardedFor: Sendable {
    /// The networks of trusted proxies: address and mask.
    private let trusted: [(address: UInt32, mask: UInt32)]

    /// `trusted` has IPv4 addresses and networks, in the form of `workers.trusted_proxies`.
    package init(trusted: [String]) {
        self.trusted = trusted.compactMap { text in
            let parts = text.split(separator: "/")
            let bits = parts.count > 1 ? UInt32(parts[1]) ?? 32 : 32
            let mask: UInt32 = bits == 0 ? 0 : UInt32.max << (32 - bits)
            return ForwardedFor.number(parts[0]).map { ($0 & mask, mask) }
        }
    }

    /// The last address that is not a trusted proxy's. The addresses before it come from someone who is not trusted.
    ///
    /// All header lines are one list (RFC 9110, 5.3). Each proxy adds its peer at the end, to the last line or in a
    /// line of its own.
    package func client(of request: HTTPRequest, from peer: String) -> String {
        var client = peer
        guard isTrusted(client) else { return client }
        let lines = request.values(of: "x-forwarded-for").map { String(decoding: $0, as: UTF8.self) }
        for element in lines.joined(separator: ",").split(separator: ",").reversed() {
            let said = element.trimmingBlanks
            if said.isEmpty { continue }
            guard let address = ForwardedFor.address(said) else { break }
            client = String(address)
            guard isTrusted(client) else { break }
        }
        return client
    }

    private func isTrusted(_ address: String) -> Bool {
        guard let number = ForwardedFor.number(address[...]) else { return false }
        return trusted.contains { number & $0.mask == $0.address }
    }

    /// The address without its port: `203.0.113.7:4711`, `[2001:db8::1]:4711`. `nil` if it is no address.
    private static func address(_ text: Substring) -> Substring? {
        var address = text
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            address = text[..<end].dropFirst()
        } else if let colon = text.firstIndex(of: ":"), colon == text.lastIndex(of: ":") {
            address = text[..<colon]
        }
        guard (2...45).contains(address.utf8.count) else { return nil }
        return address.utf8.allSatisfy { hexDigit($0) != nil || $0 == 46 || $0 == 58 } ? address : nil
    }

    /// The number of an IPv4 address. It may stand inside an IPv6 address: `::ffff:203.0.113.7` (RFC 4291, 2.5.5.2).
    private static func number(_ address: Substring) -> UInt32? {
        let address = address.lowercased().hasPrefix("::ffff:") ? address.dropFirst(7) : address
        let parts = address.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        let bytes = parts.compactMap { $0 }
        return bytes.count == 4 ? bytes.reduce(0) { $0 << 8 | UInt32($1) } : nil
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
