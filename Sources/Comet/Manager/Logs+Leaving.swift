import Base
import Store
import Wire

// How messages leave their logs, beside by their time to live and by bounds.
extension Logs {
    /// The client has all messages up to this id.
    mutating func acknowledge(_ log: Slot<Log>, upTo cursor: UInt64) { end(log, upTo: cursor, .acknowledged) }
    /// All messages up to this id were handed over for good.
    mutating func take(_ log: Slot<Log>, upTo id: UInt64) { end(log, upTo: id, .handed) }
    private mutating func end(_ log: Slot<Log>, upTo id: UInt64, _ how: Arena.State) {
        let own = self[log]
        while let first = own.messages.first, messages[first].id <= id { remove(first, how) }
        if own.lost > 0, own.lost <= id { forgetLoss(log) }
    }
    /// A message was handed over for good.
    mutating func take(_ message: Slot<Message>) { remove(message, .handed) }

    /// The client does not read the channel any more: what entries stand for is not for it.
    mutating func endHistory(of channel: UnsafeRawBufferPointer, in log: Slot<Log>) {
        var next = self[log].messages.first
        while let message = next {
            next = Message.InLog.next(message, in: messages)
            if messages[message].marks.contains(.history), areEqual(History(body(message)).channel, channel) {
                remove(message, .ended)
            }
        }
    }
    /// Nobody is left to be told who is there.
    mutating func endPresence(in log: Slot<Log>) {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        if let news = newest(named: none, in: log), messages[news].marks.contains(.presence) { remove(news, .ended) }
    }
}
