import Store

// Losses: what a log remembers of messages that it has no more.
extension Logs {
    /// A message of this id was lost in the log, and its readers are to be told.
    mutating func markLost(_ id: UInt64, in log: Slot<Log>, _ owner: LogName) {
        let own = logs[log]
        guard id > own.lost else { return }
        own.lost = id
        if own.lossRecord == .none {
            own.lossRecord =
                arena.append(.loss, flags: owner.flags, id: id, value: id, owner: log.number, name: owner.name) ?? .none
        } else {
            arena.set(own.lossRecord, value: id)
        }
    }
    /// The client was told of its loss, or nobody is left to tell.
    mutating func forgetLoss(_ log: Slot<Log>) {
        let own = logs[log]
        own.lost = 0
        guard own.lossRecord != .none else { return }
        arena.end(own.lossRecord, .ended)
        own.lossRecord = .none
    }
}
