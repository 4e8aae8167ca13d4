import Store
import Wire

// The arena's old parts hold few records that still count: these move forward, so that the rest can be given back.
extension Switchboard {
    /// Moves a few records forward, if a part of the arena is nearly over. True if more is to be moved soon.
    mutating func compact() -> Bool {
        var moves: ContiguousArray<(owner: UInt32, kind: Arena.Kind, to: Arena.Ref)> = []
        let isMore = logs.arena.compact(most: Limits.compactedInTick) { owner, kind, _, to in
            moves.append((owner, kind, to))
        }
        for move in moves {
            switch move.kind {
            case .message, .reference, .history: logs.moved(Slot<Message>(move.owner), to: move.to)
            case .body: logs.moved(Slot<SharedBody>(move.owner), to: move.to)
            case .loss: logs[Slot<Log>(move.owner)].lossRecord = move.to
            case .subscription: channels.entry(Slot<Subscription>(move.owner)).record = move.to
            case .user: channels[Slot<Channel>(move.owner)].record = move.to
            case .once: once.moved(move.owner, to: move.to)
            case .revocation: revocations.moved(move.owner, to: move.to)
            case .event: logs.events.moved(move.owner, to: move.to)
            case .receipt: logs.receipts.moved(move.owner, to: move.to)
            case .reader: readers.moved(move.owner, to: move.to)
            }
        }
        return isMore
    }
}
