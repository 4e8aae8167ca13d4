package import Base

/// The answer to `addresses`: the busiest addresses of all workers, the busiest first.
package struct AddressesAnswer: Codable, Equatable, Sendable {
    package var addresses: [Row] = []
    /// Workers that did not answer in time. What they hold is not in it.
    package var silent: [String] = []
    /// Addresses are counted: there is a bound.
    package var counted: Bool

    package struct Row: Codable, Equatable, Sendable {
        package var address: String
        package var connections: Int
        package var newPerSecond: Double
        package var refused: UInt64
        package var proxy: Bool

        enum CodingKeys: String, CodingKey {
            case address, connections, newPerSecond = "new_per_second", refused, proxy
        }
        init(_ busy: BusyAddress) {
            address = busy.address
            connections = busy.connections
            newPerSecond = busy.newPerSecond
            refused = busy.refused
            proxy = busy.isProxy
        }
    }
    /// `told` has what each worker has told.
    package init(told: [BusyAddress], silent: [String], counted: Bool, most: Int) {
        self.silent = silent
        self.counted = counted
        var sums: [String: BusyAddress] = [:]
        for one in told { sums[one.address] = sums[one.address]?.joined(one) ?? one }
        var busiest: [BusyAddress] = []
        for one in sums.values { BusyAddress.insert(one, into: &busiest, most: most) }
        addresses = busiest.map(Row.init)
    }
}
