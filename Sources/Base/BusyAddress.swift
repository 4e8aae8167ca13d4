/// What clients of one address do on a worker, or on all of them. An operator is told it.
package struct BusyAddress: Equatable, Sendable {
    /// An IPv4 address, or the /64 of an IPv6 address: `203.0.113.7`, `2001:db8::/64`.
    package var address: String
    /// Connections that it holds. Those of clients behind trusted proxies are held polls and streams.
    package var connections: Int
    /// New connections a second, those over a bound among them.
    package var newPerSecond: Double
    /// New ones over a bound, since the address was heard of first.
    package var refused: UInt64
    /// It is a proxy that `workers.trusted_proxies` does not name. It is not bounded.
    package var isProxy: Bool

    package init(address: String, connections: Int, newPerSecond: Double, refused: UInt64, isProxy: Bool) {
        self.address = address
        self.connections = connections
        self.newPerSecond = newPerSecond
        self.refused = refused
        self.isProxy = isProxy
    }

    private var business: Double { Double(connections) + newPerSecond }

    /// Keeps the `most` busiest, the busiest first, and of equals the one that refused more.
    package static func insert(_ new: BusyAddress, into list: inout [BusyAddress], most: Int) {
        func isBusier(_ one: BusyAddress, _ other: BusyAddress) -> Bool {
            (one.business, one.refused) > (other.business, other.refused)
        }
        if list.count >= most, let last = list.last, !isBusier(new, last) { return }
        let at = list.firstIndex { isBusier(new, $0) } ?? list.count
        list.insert(new, at: at)
        if list.count > most { list.removeLast() }
    }
}
