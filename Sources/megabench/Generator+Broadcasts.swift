import Glibc

/// One message to all clients of a process, published by the coordinator. `ClientSlab` has no room for it, so that
/// runs without broadcasts pay nothing.
struct BroadcastTally {
    /// The number of the last broadcast that each client has. They are counted from 1.
    private var last: [UInt32]
    private(set) var round: UInt32 = 0
    /// Clients that have the broadcast `round`.
    private(set) var count = 0
    /// From its publish until the last of them had it.
    private(set) var nanoseconds: UInt64 = 0

    init(clients: Int) { last = Array(repeating: 0, count: clients) }

    /// A client has a broadcast. False if it had it before, or had a later one.
    mutating func received(_ mark: Mark, _ client: Int, now: UInt64) -> Bool {
        guard mark.sequence > last[client] else { return false }
        last[client] = mark.sequence
        if mark.sequence > round { (round, count) = (mark.sequence, 0) }
        if mark.sequence == round {
            count += 1
            nanoseconds = now > mark.nanoseconds ? now - mark.nanoseconds : 1
        }
        return true
    }
}

struct GatherRun {
    var round: UInt32
    var deadline: UInt64
}

extension Generator {
    func received(broadcast mark: Mark, _ index: Int, now: UInt64) {
        if broadcasts == nil { broadcasts = BroadcastTally(clients: clients.count) }
        if broadcasts?.received(mark, index, now: now) == true {
            counts.delivered += 1
        } else {
            counts.doubles += 1
        }
    }

    /// It is over when all clients have the broadcast and poll again. What is missing at the deadline counts as lost.
    func advance(_ run: GatherRun, now: UInt64) {
        let isComplete = broadcasts.map { $0.round == run.round && $0.count == clients.count } ?? false
        if isComplete, counts.polling == clients.count {
            done(nanoseconds: broadcasts?.nanoseconds ?? 0)
        } else if now >= run.deadline {
            done(nanoseconds: 0)
        }
    }
}
