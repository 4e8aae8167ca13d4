/// The load of one address on a worker, or on all of them. An operator is told it.
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

    /// As a worker tells it to its supervisor.
    package var line: String { "address \(address) \(connections) \(newPerSecond) \(refused) \(isProxy)" }
    package init?(line: String) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 6, words[0] == "address", let connections = Int(words[2]),
            let newPerSecond = Double(words[3]), let refused = UInt64(words[4]), let isProxy = Bool(words[5])
        else { return nil }
        self.init(
            address: words[1], connections: connections, newPerSecond: newPerSecond, refused: refused,
            isProxy: isProxy)
    }
    /// The sum of its load on this worker and on another one.
    package func joined(_ other: BusyAddress) -> BusyAddress {
        BusyAddress(
            address: address, connections: connections + other.connections,
            newPerSecond: newPerSecond + other.newPerSecond, refused: refused &+ other.refused,
            isProxy: isProxy || other.isProxy)
    }

    private var business: Double { Double(connections) + newPerSecond }
    private func isBusier(than other: BusyAddress) -> Bool {
        (business, refused) > (other.business, other.refused)
    }

    /// It would be one of the `most` busiest. Its address does not matter.
    package func belongs(in list: [BusyAddress], most: Int) -> Bool {
        guard list.count >= most, let last = list.last else { return true }
        return isBusier(than: last)
    }

    /// Keeps the `most` busiest, the busiest first, and of equals the one that refused more.
    package static func insert(_ new: BusyAddress, into list: inout [BusyAddress], most: Int) {
        guard new.belongs(in: list, most: most) else { return }
        let at = list.firstIndex { new.isBusier(than: $0) } ?? list.count
        list.insert(new, at: at)
        if list.count > most { list.removeLast() }
    }
}
