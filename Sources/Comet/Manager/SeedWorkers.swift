import Base
import Store
import Wire

/// The workers of the seed, by number. They announce no clients: each gets at once what the seed's hash names it for.
struct SeedWorkers {
    /// The link of each number; empty while there is no such worker.
    private var links: ContiguousArray<LinkSlot> = []

    var isEmpty: Bool { links.isEmpty }
    /// The link of the worker that holds this number.
    subscript(_ number: Int) -> LinkSlot? { number < links.count ? links[number].known : nil }
    /// The number that the hash names for a client. There are workers.
    func number(of client: UnsafeRawBufferPointer) -> Int {
        Int(SeedProtocol.hash(client) % UInt32(links.count))
    }

    /// `number`: below `workers`, which is how many the hash spreads clients over.
    mutating func add(_ number: Int, _ link: LinkSlot, workers: Int) {
        if links.isEmpty { links = ContiguousArray(repeating: .none, count: workers) }
        links[number] = link
    }
    mutating func remove(_ number: Int) {
        links[number] = .none
        if links.allSatisfy({ $0 == .none }) { links = [] }
    }
}
