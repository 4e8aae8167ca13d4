import Base
import Store
import Wire

/// The workers' links: the kind of each, the bytes to write to it, and which links have something to write.
struct Links: ~Copyable {
    private let inPlace = InPlace()
    private var slab = Slab<WorkerLink>()
    private var live: ContiguousArray<LinkSlot> = []
    /// Links that have something to be flushed. Each is in the list once.
    private var dirty: ContiguousArray<LinkSlot> = []
    /// The time when this turn of the loop began: nanoseconds of CLOCK_MONOTONIC. The workers measure latencies from
    /// it.
    private var turnStart: UInt64 = 0
    /// Links that have gathered receivers.
    private var gathering: ContiguousArray<LinkSlot> = []
    /// Links of our own workers.
    private(set) var workerCount = 0

    deinit { for link in live { _ = slab.pointer(link).move() } }

    // MARK: coming and going

    mutating func add(mayBeSeed: Bool) -> LinkSlot {
        let link = slab.insert(WorkerLink(mayBeSeed: mayBeSeed))
        precondition(link.number < UInt32(UInt16.max), "links are bounded by the program that accepts them")
        live.append(link)
        return link
    }
    /// The link has said its kind.
    mutating func identify(_ link: LinkSlot, as kind: LinkKind, _ version: LinkVersion = .two) {
        slab.pointer(link).pointee.kind = kind
        slab.pointer(link).pointee.version = version
        if case .worker = kind { workerCount += 1 }
    }
    mutating func remove(_ link: LinkSlot) -> WorkerLink {
        dirty.removeAll { $0 == link }
        if let at = live.firstIndex(of: link) {
            live.swapAt(at, live.count - 1)
            live.removeLast()
        }
        let gone = slab.remove(link)
        if gone.isWorker { workerCount -= 1 }
        return gone
    }

    func kind(_ link: LinkSlot) -> LinkKind { slab.pointer(link).pointee.kind }
    func version(_ link: LinkSlot) -> LinkVersion { slab.pointer(link).pointee.version }
    func mayBeSeed(_ link: LinkSlot) -> Bool { slab.pointer(link).pointee.mayBeSeed }
    /// One of the links has a worker of this number.
    func isHeld(_ number: Int) -> Bool { live.contains { slab.pointer($0).pointee.number == number } }
    /// Bytes that wait for the workers: the sum, and the most for one worker.
    var outboxBytes: (all: Int, most: Int) {
        live.reduce(into: (0, 0)) { sum, link in
            let bytes = slab.pointer(link).pointee.outbox.count
            sum = (sum.0 + bytes, max(sum.1, bytes))
        }
    }

    // MARK: writing

    mutating func beginTurn(nanoseconds: UInt64) { turnStart = nanoseconds }

    @inline(__always) func isFull(_ link: LinkSlot) -> Bool { slab.pointer(link).pointee.isFull }

    @inline(__always)
    mutating func write(_ frame: Frame, to link: LinkSlot) {
        let worker = slab.pointer(link)
        if frame.op == .message { writeTurn(to: worker) }
        worker.pointee.lastFrame = worker.pointee.outbox.count
        frame.write(to: &worker.pointee.outbox, worker.pointee.version)
        markDirty(link)
    }
    /// Writes to all our workers.
    mutating func writeToAll(_ frame: Frame) {
        for link in live where slab.pointer(link).pointee.isWorker && version(link) == .two { write(frame, to: link) }
    }
    /// The frame that was written last to this link is the last one of its answer.
    @inline(__always) mutating func endAnswer(_ link: LinkSlot) { slab.pointer(link).pointee.endAnswer() }

    /// A receiver on the link gets the frame that `writeGathered` writes.
    mutating func gather(_ slot: UInt32, _ tag: UInt16, on link: LinkSlot) {
        let worker = slab.pointer(link)
        if worker.pointee.gathered.isEmpty { gathering.append(link) }
        worker.pointee.gathered.append(bigEndian: slot)
        worker.pointee.gathered.append(bigEndian: tag)
    }
    var hasGathered: Bool { !gathering.isEmpty }
    /// Writes the frame once to each link that has gathered receivers. The result is how many receivers get it.
    mutating func writeGathered(_ frame: Frame) -> Int {
        var count = 0
        for link in gathering {
            let worker = slab.pointer(link)
            writeTurn(to: worker)
            frame.write(to: &worker.pointee.outbox, .two, receivers: worker.pointee.gathered.bytes)
            count += worker.pointee.gathered.count / Frame.receiverBytes
            worker.pointee.gathered.clear()
            markDirty(link)
        }
        gathering.removeAll(keepingCapacity: true)
        return count
    }
    @inline(__always) private func writeTurn(to worker: UnsafeMutablePointer<WorkerLink>) {
        guard worker.pointee.turn != turnStart else { return }
        worker.pointee.turn = turnStart
        Frame(op: .turn, number: turnStart).write(to: &worker.pointee.outbox, worker.pointee.version)
    }
    /// Writes a message for a worker of the seed.
    mutating func write(client: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer, to link: LinkSlot) {
        SeedProtocol.write(client: client, text: text, to: &slab.pointer(link).pointee.outbox)
        markDirty(link)
    }
    @inline(__always)
    mutating func markDirty(_ link: LinkSlot) {
        guard !slab.pointer(link).pointee.isDirty else { return }
        slab.pointer(link).pointee.isDirty = true
        dirty.append(link)
    }

    /// A link to be flushed. It is the same link until `flushed` was called for it.
    var nextDirty: LinkSlot? { dirty.last }
    /// All that waited was put into the outbox of this link. True if there is something to write.
    mutating func flushed() -> Bool {
        guard let link = dirty.popLast() else { return false }
        slab.pointer(link).pointee.isDirty = false
        return !unsent(link).isEmpty
    }
    func unsent(_ link: LinkSlot) -> UnsafeRawBufferPointer { slab.pointer(link).pointee.unsent }
    mutating func written(_ link: LinkSlot, _ count: Int) { slab.pointer(link).pointee.written(count) }
}
