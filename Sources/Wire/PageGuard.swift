import Base

/// Keeps web pages off the ports that are for programs: the app port and the operator's port. A page that somebody
/// opens on this machine can reach them as any program can. It could publish with a form, or read the answers once its
/// own name leads to 127.0.0.1 (DNS rebinding).
///
/// A page can't change what its browser says: the name that it asked for (Host), where the page came from (Origin), and
/// whether that is the same site (Sec-Fetch-Site; W3C, Fetch Metadata Request Headers, 2.3). So a request from another
/// place is refused, and so is one for a name that is not known to be ours. Addresses and `localhost` are ours: no name
/// server can lead them elsewhere.
package struct PageGuard {
    package enum Refusal: Equatable, Sendable {
        /// The request says that a page of some origin sent it.
        case origin
        /// The request says that a page of another site sent it.
        case site
        /// The request asks for a host by a name that is not ours.
        case host
    }
    /// The names in small letters.
    private let names: [[UInt8]]

    /// `names` has the names of this machine in any case: its own, and those that the operator has set.
    package init(names: [String]) { self.names = names.map { Array($0.lowercased().utf8) } }

    /// `nil` if no page has sent the request.
    package func refusal(_ request: HTTPRequest) -> Refusal? {
        if request.origin != nil { return .origin }
        if let site = request.fetchSite, matchesLowercase(site, "cross-site") || matchesLowercase(site, "same-site") {
            return .site
        }
        // A request without a Host (HTTP/1.0), or with an empty one, does not come from a browser.
        guard let host = request.host, host.count > 0 else { return nil }
        return isOurs(host) ? nil : .host
    }

    /// `uri-host [ ":" port ]` (RFC 9110, 7.2).
    private func isOurs(_ host: UnsafeRawBufferPointer) -> Bool {
        // An IPv6 address is in brackets, which no name has.
        if host[0] == UInt8(ascii: "[") { return true }
        var count = position(of: UInt8(ascii: ":"), in: host)
        if count > 1, host[count - 1] == UInt8(ascii: ".") { count -= 1 }
        let name = host.part(0, count)
        // Browsers take a name that ends in a number for an IPv4 address, and write it as four numbers (WHATWG URL,
        // 3.5).
        if name.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ".") }) { return true }
        return matchesLowercase(name, "localhost") || names.contains { isSame(name, $0) }
    }
    private func isSame(_ name: UnsafeRawBufferPointer, _ known: [UInt8]) -> Bool {
        name.count == known.count && zip(name, known).allSatisfy { $0 == $1 || (65...90).contains($0) && $0 | 32 == $1 }
    }
}
