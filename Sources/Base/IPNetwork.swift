/// A network as text has it: `10.0.0.0/8`, `2001:db8::/32`, or one address. A network of IPv6 has no IPv4 addresses in
/// it, so `::/0` is all of IPv6 and nothing else.
package struct IPNetwork: Hashable, Sendable {
    /// The first address.
    package let first: IPAddress
    /// Bits that all addresses share, counted in the network's own kind.
    package let bits: Int

    /// `nil` if the text is no network. Bits behind the network's own may be set, as in `10.1.2.3/8`.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first), parts.count <= 2 else { return nil }
        let most = address.v4 == nil ? 128 : 32
        guard parts.count == 1 || (0...most).contains(where: { "\($0)" == parts[1] }) else { return nil }
        bits = parts.count == 1 ? most : Int(parts[1]) ?? most
        self.first = address.network(bits)
    }

    package func contains(_ address: IPAddress) -> Bool {
        (address.v4 == nil) == (first.v4 == nil) && address.network(bits) == first
    }
}
