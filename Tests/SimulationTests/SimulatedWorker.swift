import Base
import Comet
import Store
import TestSupport

/// A worker with made-up sockets. Its output arrives at the client that holds the other end, unless that client is
/// gone.
final class SimulatedWorker {
    let number: UInt8
    private let seed: UInt64
    private let settings: World.Settings
    private(set) var worker: Worker
    unowned var world: World!
    /// The connection of each slot.
    private(set) var ends: [ConnectionSlot: Connection] = [:]
    private var link: LinkSlot?
    /// Bytes on their way in either direction.
    var toWorker: [UInt8] = []
    private var toManager: [UInt8] = []

    /// One TCP connection, seen from both ends.
    final class Connection {
        let worker: SimulatedWorker
        var slot: ConnectionSlot
        /// Bytes from worker to client that are not read yet.
        var inbound: [UInt8] = []
        var isClosedByWorker = false
        /// The client is gone, and the worker does not know it yet.
        var isDead = false
        init(_ worker: SimulatedWorker, _ slot: ConnectionSlot) {
            self.worker = worker
            self.slot = slot
        }
    }

    init(number: UInt8, seed: UInt64, _ settings: World.Settings) {
        self.number = number
        self.seed = seed
        self.settings = settings
        worker = SimulatedWorker.start(number, seed, settings)
    }
    private static func start(_ number: UInt8, _ seed: UInt64, _ world: World.Settings) -> Worker {
        var settings = WorkerSettings()
        settings.number = number
        settings.pollTimeout = 5000
        settings.heartbeat = world.heartbeat
        var worker = Worker(settings, extraBytes: 0, seed: seed)
        if world.tokens { worker.changeTokens(SimulatedToken.verifier) }
        return worker
    }

    // MARK: its sockets

    private func carryOut() {
        while let order = worker.next() {
            switch order {
            case .send(let slot, let bytes):
                if let count = send(slot, bytes) {
                    worker.wrote(slot, count, nanoseconds: world.now * 1_000_000)
                } else {
                    worker.failed(slot)
                }
            case .watch, .endOutput, .prepareStream: break
            case .close(let slot), .askAndClose(let slot):
                ends.removeValue(forKey: slot)?.isClosedByWorker = true
                worker.closed(slot, isTaken: true)
            }
        }
    }
    private func send(_ slot: ConnectionSlot, _ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let end = ends[slot] else { return nil }
        if end.isDead {
            // The kernel may not know it yet, either. Then it takes the bytes, and they are lost.
            return world.chance(500) ? nil : bytes.count
        }
        let count = world.chance(settings.slow) ? world.random.below(bytes.count + 1) : bytes.count
        end.inbound += Array(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        return count
    }

    // MARK: what happens to it

    func accept() -> Connection {
        let slot = worker.opened(now: world.now)
        let end = Connection(self, slot)
        ends[slot] = end
        return end
    }
    func receive(_ end: Connection, _ text: String) { receive(end, bytes: Array(text.utf8)) }
    func receive(_ end: Connection, bytes: [UInt8]) {
        guard !end.isClosedByWorker else { return }
        worker.wallSeconds = world.wallSeconds
        bytes.withUnsafeBytes { worker.received(end.slot, $0, now: world.now) }
        carryOut()
    }

    func breakLink() {
        guard let link else { return }
        self.link = nil
        (toWorker, toManager) = ([], [])
        world.manager(of: self)?.disconnect(link, now: world.now)
        worker.linkClosed()
    }
    /// The worker is killed. Its clients' connections break with it, and another takes its place.
    func die() {
        breakLink()
        for end in ends.values { end.isClosedByWorker = true }
        ends = [:]
        worker = SimulatedWorker.start(number, seed, settings)
    }

    /// One turn of its loop, and of the connections on both sides.
    func turn(pieces: Bool) {
        worker.wallSeconds = world.wallSeconds
        if link == nil, let manager = world.manager(of: self) {
            link = manager.connect(self)
            worker.linkOpened(pid: 1, token: Array(repeating: 0, count: 16))
        }
        for (slot, end) in ends.sorted(by: { $0.key.number < $1.key.number }) {
            if end.isDead, world.chance(500) {
                worker.broke(slot)
            } else if !pieces || settings.stuck == 0 || !world.chance(settings.stuck) {
                worker.writable(slot)
            }
            carryOut()
        }
        let count = pieces ? world.random.below(toWorker.count + 1) : toWorker.count
        if count > 0 { receiveFromManager(count) }
        while worker.expireNext(now: world.now) { carryOut() }
        worker.askSettled(now: world.now)
        while worker.resumeNext(now: world.now) { carryOut() }
        for _ in 0..<(pieces ? world.random.below(settings.stuck > 0 ? 2 : 20) : .max) {
            guard worker.fanOutNext() else { break }
            carryOut()
        }
        let linked = worker.toManager.bytes
        toManager += Array(linked)
        worker.toManager.consume(linked.count)
        sendToManager(pieces ? world.random.below(toManager.count + 1) : toManager.count)
    }

    private func receiveFromManager(_ count: Int) {
        toWorker[..<count].withUnsafeBytes { worker.fromManager.append($0) }
        toWorker.removeFirst(count)
        while true {
            switch worker.takeUpFrame() {
            case .taken: carryOut()
            case .incomplete: return
            case .broken(let why): return world.problem("worker \(number): \(why)")
            }
        }
    }
    private func sendToManager(_ count: Int) {
        guard let link, count > 0, let manager = world.manager(of: self) else { return }
        let taken = toManager[..<count].withUnsafeBytes { manager.received(link, $0, world) }
        toManager.removeFirst(taken.consumed)
        if let error = taken.error { world.problem("manager closes the link of worker \(number): \(error)") }
    }
}
