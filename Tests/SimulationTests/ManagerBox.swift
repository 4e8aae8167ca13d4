import Comet
import Store
import TestSupport

/// A manager, and its end of the links.
final class ManagerBox {
    var switchboard: Switchboard
    /// The memory that outlives it.
    let memory: HeapMemory
    /// The worker of each link.
    var ends: [LinkSlot: SimulatedWorker] = [:]
    /// Those who read along, if tokens are revoked.
    private var watches: [LinkSlot: LinkWatch] = [:]
    /// Links whose sockets did not take everything.
    private var blocked: Set<LinkSlot> = []

    init(_ settings: World.Settings, now: UInt64, memory: HeapMemory? = nil) {
        var queue = QueueSettings()
        queue.timeToLive = settings.timeToLive
        queue.maxPerClient = settings.maxPerClient
        queue.linger = settings.linger
        queue.tokenMaxAge = 60_000
        queue.isClustered = settings.isClustered
        queue.presencePrefixes = settings.presencePrefixes
        self.memory = memory ?? HeapMemory(capacity: 16 << 20)
        do {
            let arena = try Arena(self.memory, segmentBytes: 256 << 10, salt: 5)
            switchboard = Switchboard(queue, arena, wallMicroseconds: now * 1000, now: now, seed: 7)
        } catch { preconditionFailure("\(error)") }
        _ = switchboard.recover(now: now)
    }

    func connect(_ worker: SimulatedWorker) -> LinkSlot {
        let link = switchboard.accepted(mayBeSeed: false)
        ends[link] = worker
        if worker.world.settings.tokens { watches[link] = LinkWatch() }
        return link
    }
    func disconnect(_ link: LinkSlot, now: UInt64) {
        ends[link] = nil
        watches[link] = nil
        blocked.remove(link)
        switchboard.closed(link, now: now)
    }
    /// Input of a link comes. Returns how many bytes were taken.
    func received(_ link: LinkSlot, _ input: UnsafeRawBufferPointer, _ world: World) -> (
        consumed: Int, error: LinkError?
    ) {
        if let watch = watches[link] { return watch.give(input, from: link, to: self, world) }
        let taken = switchboard.received(link, input, now: world.now)
        return (taken.consumed, taken.error)
    }
    /// An app was told that tokens are revoked.
    func revoked(_ world: World) {
        for (link, watch) in watches { watch.revoked(link, self, world) }
    }
    /// Writes what the turn gathered into the links. If a socket takes only a part, the rest follows in the next turn.
    /// A fan-out may be left in the middle, as when the turn's time is over.
    func flush(_ world: World, calm: Bool) {
        while switchboard.fanOut(now: world.now), calm || !world.chance(300) {}
        for link in blocked.sorted(by: { $0.number < $1.number }) where ends[link] != nil { write(link, world) }
        while let link = switchboard.nextToWrite(now: world.now) {
            if !blocked.contains(link) { write(link, world) }
        }
    }
    private func write(_ link: LinkSlot, _ world: World) {
        let bytes = switchboard.unsent(link)
        let count = world.chance(100) ? world.random.below(bytes.count) + 1 : bytes.count
        let written = UnsafeRawBufferPointer(rebasing: bytes[..<count])
        ends[link]?.toWorker += Array(written)
        watches[link]?.wrote(written, world)
        if count < bytes.count { blocked.insert(link) } else { blocked.remove(link) }
        switchboard.written(link, count)
    }
    func presence(_ name: String, now: UInt64) -> Switchboard.ClientStatus {
        var name = name
        return name.withUTF8 { switchboard.presence(.init($0), now: now) }
    }
}
