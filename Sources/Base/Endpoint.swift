/// An IPv4 address and port. The address of a socket that was inherited may be an IPv6 address.
package struct Endpoint: Equatable, Sendable, CustomStringConvertible {
    package var address: String
    package var port: UInt16
    package init(_ address: String, _ port: UInt16) {
        self.address = address
        self.port = port
    }
    package var description: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }
}

/// IPv4 addresses as text and as numbers: `127.0.0.1` is 0x7F00_0001.
package enum IPv4 {
    /// The number of an address of four decimal numbers without leading zeros, as inet_pton(3) takes them. `nil` for
    /// any other text: names are not looked up.
    package static func number(_ text: String) -> UInt32? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard part.allSatisfy(isDigit), part.count == 1 || part.first != UInt8(ascii: "0"),
                let byte = UInt8(String(decoding: part, as: UTF8.self))
            else { return nil }
            number = number << 8 | UInt32(byte)
        }
        return number
    }
    package static func text(_ number: UInt32) -> String {
        "\(number >> 24).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
    }
}
