import Base
import Engine
import Glibc
import Reactor
import Stats
import TestSupport
import Testing

/// One machine: an engine on a loop of its own, and a handler that writes down what it is told. It reads the stream as
/// a manager does, from where it is.
final class Desk: EngineHandler {
    /// An entry whose records are its own.
    struct Entry: Equatable {
        let id: UInt64
        let count: UInt64
        let previous: UInt64
        let sender: String
        let epoch: UInt64
        let sequence: UInt64
        let records: [UInt8]
        var end: UInt64 { id + count - 1 }
    }
    let loop = Loop()
    private(set) var engine: Engine!
    var joins: [Join] = []
    var faults: [EngineFault] = []
    var entries: [Entry] = []
    var appended: [UInt64: UInt64] = [:]
    var appendedOrder: [UInt64] = []
    var refused: [(sequence: UInt64, fault: EngineFault)] = []
    var told: [String] = []
    /// Does it read when the engine is up?
    var reads = true
    var head: UInt64 = 0
    var sequence: UInt64 = 0

    init(_ settings: EngineSettings, epoch: UInt64 = 1) {
        // hiredis writes with write(2).
        signal(SIGPIPE, SIG_IGN)
        engine = Engine(
            loop, settings, epoch: epoch, tell: { [unowned self] in told.append("\($0) \($1.rawValue) \($2)") },
            handler: self)
    }
    convenience init(_ server: RedisServer, name: String = "a", replicas: Int = 0, epoch: UInt64 = 1) throws {
        let password = server.options.password.map { ":\($0)@" } ?? ""
        let address = try RedisAddress.parse("redis://\(password)\(server.address)")
        self.init(EngineSettings(redis: address, name: name, replicas: replicas), epoch: epoch)
    }
    deinit { engine.stop() }

    func engineUp(_ join: Join) {
        joins.append(join)
        if reads { engine.beginReading(after: head) }
    }
    func engineDown(_ fault: EngineFault) { faults.append(fault) }
    func engineRead(_ entries: [EngineEntry]) {
        for entry in entries {
            self.entries.append(
                Entry(
                    id: entry.id, count: entry.count, previous: entry.previous, sender: entry.sender,
                    epoch: entry.epoch, sequence: entry.sequence, records: Array(entry.records)))
            head = entry.end
        }
    }
    func engineAppended(sequence: UInt64, id: UInt64) {
        #expect(appended[sequence] == nil, "a batch is told once")
        appended[sequence] = id
        appendedOrder.append(sequence)
    }
    func engineRefused(sequence: UInt64, _ fault: EngineFault) { refused.append((sequence, fault)) }

    /// Appends a batch. Returns its number. An engine that is away would end the whole run, so that is said instead.
    @discardableResult
    func append(_ text: String, ids: Int = 1) -> UInt64 {
        guard engine.isUp else {
            Issue.record("the engine is away: \(faults)")
            return 0
        }
        sequence += 1
        Array(text.utf8).withUnsafeBytes { engine.append($0, ids: ids, sequence: sequence) }
        return sequence
    }

    /// Runs the loop until this holds. It is asked at the end of each turn.
    func run(until what: String, seconds: Double = 20, _ condition: @escaping () -> Bool) throws {
        if condition() { return }
        var isReached = false
        let end = TurnEnd(loop) { [loop] in
            guard !isReached, condition() else { return }
            isReached = true
            loop.stop()
        }
        // Conditions may be about other things than the engine.
        let turns = Timer(loop) {}
        turns.start(after: 0.02, every: 0.02)
        let deadline = Timer(loop) { [loop] in loop.stop() }
        deadline.start(after: seconds)
        withExtendedLifetime((end, turns, deadline)) { loop.run() }
        // The process may have been kept off the cores until the deadline.
        if !isReached, !condition() {
            throw Failure("not within \(seconds) s: \(what); faults: \(faults); told: \(told)")
        }
    }
    /// Runs the loop for a moment, while another desk's loop waits for something.
    func turn() { try? run(until: "a moment is over", seconds: 0.02) { false } }
    func start(head: UInt64 = 0) throws {
        self.head = head
        engine.start(head: head)
        try run(until: "the engine is up") { [self] in engine.isUp }
    }
    /// Starts, and runs until the engine has failed.
    func fault() throws -> EngineFault {
        engine.start(head: 0)
        try run(until: "a fault", seconds: 60) { [self] in !faults.isEmpty }
        return faults[0]
    }
}

/// What must hold for the entries of one life in the order in which they were read.
func expectChain(_ entries: [Desk.Entry], sourceLocation: SourceLocation = #_sourceLocation) {
    for (one, next) in zip(entries, entries.dropFirst()) where next.previous != one.end || next.id <= one.end {
        Issue.record("\(next.id) follows \(one.end), and says \(next.previous)", sourceLocation: sourceLocation)
        return
    }
}
