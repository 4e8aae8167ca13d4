package import Base

/// Finds the address of the client behind proxies. It reads X-Forwarded-For as far as the proxies that wrote it are
/// trusted.
package struct ForwardedFor: Sendable {
    private let trusted: [IPNetwork]

    /// `trusted` has addresses and networks, in the form of `workers.trusted_proxies`.
    package init(trusted: [String]) { self.trusted = trusted.compactMap { IPNetwork($0) } }

    /// The last address that is not a trusted proxy's. The addresses before it come from someone who is not trusted.
    /// `isForwarded` says that a trusted proxy named it. Otherwise it is the peer's own.
    ///
    /// All header lines are one list (RFC 9110, 5.3). Each proxy adds its peer at the end, to the last line or in a
    /// line of its own. Only a trusted peer's request is searched for them.
    package func address(of request: HTTPRequest, from peer: IPAddress) -> (client: IPAddress, isForwarded: Bool) {
        guard trusts(peer) else { return (peer, false) }
        let lines = request.values(of: "x-forwarded-for")
        guard !lines.isEmpty else { return (peer, false) }
        var (client, isForwarded) = (peer, false)
        let list = lines.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
        for element in list.split(separator: ",").reversed() {
            let said = element.trimmingBlanks
            if said.isEmpty { continue }
            guard let address = ForwardedFor.address(said) else { break }
            (client, isForwarded) = (address, true)
            guard trusts(client) else { break }
        }
        return (client, isForwarded)
    }

    /// Whether this address is a trusted proxy.
    package func trusts(_ address: IPAddress) -> Bool { trusted.contains { $0.contains(address) } }

    /// The address without its port: `203.0.113.7:4711`, `[2001:db8::1]:4711`. `nil` if it is no address.
    private static func address(_ text: Substring) -> IPAddress? {
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            return IPAddress(text[..<end].dropFirst())
        }
        if let colon = text.firstIndex(of: ":"), colon == text.lastIndex(of: ":") { return IPAddress(text[..<colon]) }
        return IPAddress(text)
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
