import Base

/// Keeps web pages off the ports that are for programs: apps' and operator's. A page that somebody opens on this
/// machine reaches them as any program does, and could publish by a form, or read what it is answered once its own name
/// leads to 127.0.0.1 (DNS rebinding).
///
/// What a page can't help is what its browser says of it: the name that it asked for (Host), where it came from
/// (Origin), and whether that is the same site (Sec-Fetch-Site; W3C, Fetch Metadata Request Headers, 2.3). So a request
/// from elsewhere is refused, and one for a name that is not known to be ours. Addresses and `localhost` are ours: no
/// name server can lead them elsewhere.
package struct PageGuard {
    package enum Refusal: Equatable, Sendable {
        /// It says that a page of some origin sent it.
        case origin
        /// It says that a page of another site sent it.
        case site
        /// It asks for a host by a name that is not ours.
        case host
    }
    /// In small letters.
    private let names: [[UInt8]]

    /// `names`: what the machine is called, in any case: its own name, and those that the operator has set.
    package init(names: [String]) { self.names = names.map { Array($0.lowercased().utf8) } }

    /// Nil: no page has sent it.
    package func refusal(_ request: HTTPRequest) -> Refusal? {
        if request.origin != nil { return .origin }
        if let site = request.fetchSite, matchesLowercase(site, "cross-site") || matchesLowercase(site, "same-site") {
            return .site
        }
        // Without a Host (HTTP/1.0), or with an empty one, it is no browser's.
        guard let host = request.host, host.count > 0 else { return nil }
        return isOurs(host) ? nil : .host
    }

    /// `uri-host [ ":" port ]` (RFC 9110, 7.2).
    private func isOurs(_ host: UnsafeRawBufferPointer) -> Bool {
        // An IPv6 address stands in brackets, which no name has.
        if host[0] == UInt8(ascii: "[") { return true }
        var count = position(of: UInt8(ascii: ":"), in: host)
        if count > 1, host[count - 1] == UInt8(ascii: ".") { count -= 1 }
        let name = host.part(0, count)
        // Browsers take what ends in a number for an IPv4 address, and write it as four (WHATWG URL, 3.5).
        if name.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }) { return true }
        return matchesLowercase(name, "localhost") || names.contains { isSame(name, $0) }
    }
    private func isSame(_ name: UnsafeRawBufferPointer, _ known: [UInt8]) -> Bool {
        name.count == known.count && zip(name, known).allSatisfy { $0 == $1 || (65...90).contains($0) && $0 | 32 == $1 }
    }
}
