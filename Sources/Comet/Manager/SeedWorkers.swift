import Base
import Store
import Wire

/// The workers of the seed, by number. They announce no clients. The seed's hash names the worker of each client, and
/// that worker gets the client's messages at once.
struct SeedWorkers {
    /// The link of each number. Empty while there is no such worker.
    private var links: ContiguousArray<LinkSlot> = []

    var isEmpty: Bool { links.isEmpty }
    /// The link of the worker with this number.
    subscript(_ number: Int) -> LinkSlot? { number < links.count ? links[number].known : nil }
    /// The number that the hash names for a client. There must be workers.
    func number(of client: UnsafeRawBufferPointer) -> Int {
        Int(SeedProtocol.hash(client) % UInt32(links.count))
    }

    /// `number` is below `workers`, the number of workers over which the hash spreads clients.
    mutating func add(_ number: Int, _ link: LinkSlot, workers: Int) {
        if links.isEmpty { links = ContiguousArray(repeating: .none, count: workers) }
        links[number] = link
    }
    mutating func remove(_ number: Int) {
        links[number] = .none
        if links.allSatisfy({ $0 == .none }) { links = [] }
    }
}
