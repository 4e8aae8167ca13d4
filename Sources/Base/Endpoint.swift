/// A host and a port. The host is an address or, in an endpoint to connect to, a name.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// An address in the form of `IPAddress.description`, or a name.
    package let host: String
    package let port: UInt16

    /// Every form of an address becomes the one form, so that equal endpoints have equal texts.
    package init(_ host: String, _ port: UInt16) {
        self.host = IPAddress(host)?.description ?? host
        self.port = port
    }
    package init(_ ip: IPAddress, _ port: UInt16) {
        host = ip.description
        self.port = port
    }
    /// Reads `127.0.0.1:9000`, `[::1]:9000` or `manager.internal:9000`. An IPv6 address needs its brackets: without
    /// them its last group could be the port. `nil` for any other text.
    package init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let (host, digits) = (text[..<colon], text[text.index(after: colon)...])
        guard digits.utf8.allSatisfy(isDigit), digits.utf8.count <= 5, let port = UInt16(digits) else { return nil }
        if host.first == "[", host.last == "]" {
            guard let ip = IPAddress(host.dropFirst().dropLast()), host.contains(":") else { return nil }
            self.init(ip, port)
        } else {
            guard !host.contains(":"), IPAddress(host) != nil || HostName.isOne(host) else { return nil }
            self.init(String(host), port)
        }
    }

    /// The address. `nil` if the host is a name.
    package var ip: IPAddress? { IPAddress(host) }
    /// Where a program on this machine reaches a listener at this endpoint. One that listens on every address is
    /// reached over loopback.
    package var onThisMachine: Endpoint {
        guard let ip, ip.isAny else { return self }
        return Endpoint(ip.loopback, port)
    }
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Names of hosts (RFC 1123, 2.1). Underscores are allowed, too.
package enum HostName {
    /// True for a name that can be looked up. Its last label is no number: resolvers and browsers take such a name for
    /// an IPv4 address in an old form (`127.1`; WHATWG URL, 3.5).
    package static func isOne(_ text: some StringProtocol) -> Bool {
        hasForm(text) && !isNumber(Array(text.utf8.reversed().prefix { $0 != UInt8(ascii: ".") }.reversed()))
    }
    /// True for labels of letters, digits, dashes and underscores, with dots between them.
    package static func hasForm(_ text: some StringProtocol) -> Bool {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.utf8.count <= 253 else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.count)
                && label.allSatisfy {
                    (97...122).contains($0 | 32) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }
    private static func isNumber(_ label: [UInt8]) -> Bool {
        let isHex = label.count >= 2 && label[0] == UInt8(ascii: "0") && label[1] | 32 == UInt8(ascii: "x")
        return isHex ? label[2...].allSatisfy { hexDigit($0) != nil } : label.allSatisfy(isDigit)
    }
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
