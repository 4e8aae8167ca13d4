import Store
import Wire

// What was written to a receiver that stays (an event stream, a WebSocket) stays in its client's own log until the
// client has acknowledged it, since it may die on the way. A plain EventSource never acknowledges. So these messages
// have a small bound of their own and do not count in the bounds of the queue: otherwise such streams would fill it
// within seconds. They are the first of their log, so each step below takes constant time for each message.
extension Logs {
    /// All messages of a client's log up to this id were written to its receiver. 0 if its receiver does not stay: then
    /// none counts as written, since all are to be sent again. Over the bound the oldest ones leave. That is no loss
    /// for the receiver, and a gap for one that comes with an older cursor.
    mutating func setWritten(_ log: Slot<Log>, upTo id: UInt64) {
        let own = self[log]
        guard id != own.writtenUpTo else { return }
        while let last = own.lastWritten.known, messages[last].id > id { leaveWritten(last, own) }
        own.writtenUpTo = id
        while let next = firstUnwritten(own), messages[next].id <= id {
            enterWritten(next, own)
            boundWritten(own)
        }
    }
    /// A message has come into a log of which some were written.
    mutating func bound(_ own: Entry<Log>, _ message: Slot<Message>, _ most: Int) {
        if messages[message].id <= own.writtenUpTo { enterWritten(message, own) }
        if Int(own.count) - Int(own.writtenCount) > most, let oldest = firstUnwritten(own) { lose(oldest, .dropped) }
        boundWritten(own)
    }
    @inline(__always) mutating func boundWritten(_ own: Entry<Log>) {
        while own.writtenCount > Limits.writtenMessages || own.writtenBytes > Limits.writtenBytes,
            let oldest = own.messages.first
        {
            if peers.isOn { peers.emitTook(messages[oldest].id, LogName(arena.record(messages[oldest].record)).name) }
            lose(oldest, .handed)
        }
    }
    /// The oldest message that was not written to a stream.
    @inline(__always) func firstUnwritten(_ own: Entry<Log>) -> Slot<Message>? {
        own.lastWritten.known.map { next(after: $0) } ?? own.messages.first
    }

    /// A message counts as written.
    mutating func enterWritten(_ message: Slot<Message>, _ own: Entry<Log>) {
        let entry = messages[message]
        if own.lastWritten.known.map({ messages[$0].id <= entry.id }) ?? true { own.lastWritten = message }
        own.writtenCount += 1
        own.writtenBytes += UInt32(entry.bytes)
        written.messages += 1
        written.bytes += entry.bytes
    }
    /// A message does not count as written any more. It is still in its log.
    mutating func leaveWritten(_ message: Slot<Message>, _ own: Entry<Log>) {
        let bytes = messages[message].bytes
        if own.lastWritten == message { own.lastWritten = previous(before: message) ?? .none }
        own.writtenCount -= 1
        own.writtenBytes -= UInt32(bytes)
        written.messages -= 1
        written.bytes -= bytes
    }
}
