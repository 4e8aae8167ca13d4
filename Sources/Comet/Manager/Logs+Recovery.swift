import Store
import Wire

// The messages of an earlier manager, from their records.
extension Logs {
    /// Takes up the bodies that several messages share, before the messages.
    mutating func recoverBodies(_ bodies: ContiguousArray<(id: UInt64, ref: Arena.Ref)>) {
        for body in bodies {
            guard recovering[body.id] == nil else {
                // It was being moved when the manager died, and is there twice.
                arena.end(body.ref, .ended)
                continue
            }
            recovering[body.id] = addShared(body.ref)
        }
    }
    /// A record has moved in the arena.
    mutating func moved(_ message: Slot<Message>, to record: Arena.Ref) { messages[message].record = record }
    mutating func moved(_ body: Slot<SharedBody>, to record: Arena.Ref) { shared[body].record = record }
    /// Ends the bodies that no message has taken. The result is their number.
    mutating func endUnusedBodies() -> Int {
        defer { recovering = [:] }
        return recovering.values.reduce(0) { $0 + (release($1) ? 1 : 0) }
    }
    mutating func recoverLoss(_ ref: Arena.Ref, _ id: UInt64, in log: Slot<Log>) {
        let own = self[log]
        if own.lossRecord != .none { arena.end(own.lossRecord, .ended) }
        own.lost = max(own.lost, id)
        own.lossRecord = ref
        arena.set(ref, value: own.lost)
        arena.setOwner(ref, log.number)
    }
    /// Puts a message that has its record into its log. Messages come in the order of ids. A message lives as long as
    /// it had left, and never longer than its whole time to live. False if it was ended, since its body is not there or
    /// the log has its id already.
    mutating func recover(_ ref: Arena.Ref, in log: Slot<Log>, now: UInt64) -> Bool {
        let record = arena.record(ref)
        let body = record.kind == .reference ? recovering[record.id] : Slot<SharedBody>.none
        guard let body, !keeps(record.id, in: log) else {
            arena.end(ref, .ended)
            return false
        }
        let left = min(record.value > now ? record.value - now : 0, UInt64(record.timeToLive))
        enter(ref, record, body, left: UInt32(left), in: log, now: now)
        return true
    }
}
