import Base
import Store
import Wire

// Looks at logs and their messages.
extension Logs {
    @inline(__always) subscript(_ message: Slot<Message>) -> Message { messages.pointer(message).pointee }
    @inline(__always) func body(_ message: Slot<Message>) -> UnsafeRawBufferPointer {
        let entry = messages[message]
        guard let body = entry.shared.known else { return arena.body(entry.record) }
        return arena.body(shared[body].record)
    }

    func first(_ log: Slot<Log>) -> Slot<Message>? { logs[log].messages.first }
    func last(_ log: Slot<Log>) -> Slot<Message>? { logs[log].messages.last }
    func next(after message: Slot<Message>) -> Slot<Message>? { Message.InLog.next(message, in: messages) }
    func previous(before message: Slot<Message>) -> Slot<Message>? { Message.InLog.previous(message, in: messages) }

    /// The first message of a log whose id is over this one.
    func first(_ log: Slot<Log>, after id: UInt64) -> Slot<Message>? {
        let own = logs[log]
        guard let head = own.messages.first else { return nil }
        if messages[head].id > id { return head }
        var (next, first) = (own.messages.last, Slot<Message>?.none)
        while let message = next, messages[message].id > id {
            first = message
            next = Message.InLog.previous(message, in: messages)
        }
        return first
    }
    /// The oldest message for which an entry may stand. The messages before it are not looked at.
    func firstOf(_ history: History, in log: Slot<Log>) -> Slot<Message>? {
        var (next, first) = (logs[log].messages.last, Slot<Message>?.none)
        var left = logs[log].latestCount
        while let message = next, left > 0 || messages[message].id >= history.first {
            if messages[message].marks.contains(.latest) { left -= 1 }
            first = message
            next = Message.InLog.previous(message, in: messages)
        }
        return first
    }
    /// The message of this name of `latest` in a log.
    func newest(named name: UnsafeRawBufferPointer, in log: Slot<Log>) -> Slot<Message>? {
        var (next, left) = (logs[log].messages.last, logs[log].latestCount)
        while let message = next, left > 0 {
            if messages[message].marks.contains(.latest) {
                if areEqual(MessageFacts.latest(in: arena.record(messages[message].record).extra), name) {
                    return message
                }
                left -= 1
            }
            next = Message.InLog.previous(message, in: messages)
        }
        return nil
    }
    /// The log may have one more message of this name of `latest`, with so many bytes. One alone may be of any size.
    func hasRoom(for name: UnsafeRawBufferPointer, _ bytes: Int, in log: Slot<Log>) -> Bool {
        var (count, all) = (Int(logs[log].latestCount), Int(logs[log].latestBytes))
        if count < Limits.latestNames, all + bytes <= Limits.latestNamesBytes { return true }
        if let older = newest(named: name, in: log) { (count, all) = (count - 1, all - messages[older].bytes) }
        return count == 0 || count < Limits.latestNames && all + bytes <= Limits.latestNamesBytes
    }
    /// The client of this id is the one that does not get the message.
    func isExcepted(_ message: Slot<Message>, _ client: UnsafeRawBufferPointer) -> Bool {
        messages[message].marks.contains(.except)
            && areEqual(MessageFacts.except(in: arena.record(messages[message].record).extra), client)
    }

    /// A message of this id with this body is in the log.
    func has(_ id: UInt64, _ json: UnsafeRawBufferPointer, in log: Slot<Log>) -> Bool {
        var next = id > 0 ? first(log, after: id - 1) : nil
        while let message = next, messages[message].id == id {
            if areEqual(body(message), json) { return true }
            next = self.next(after: message)
        }
        return false
    }
    /// A message of this id is in the log.
    func keeps(_ id: UInt64, in log: Slot<Log>) -> Bool {
        guard id > 0, let message = first(log, after: id - 1) else { return false }
        return messages[message].id == id
    }

    /// Every message of a log, in the order of ids.
    func forEachMessage(_ log: Slot<Log>, _ body: (Message) -> Void) {
        var next = logs[log].messages.first
        while let message = next {
            body(messages.pointer(message).pointee)
            next = Message.InLog.next(message, in: messages)
        }
    }
    /// Every log that has messages, in the order in which they lie in memory.
    func forEachLog(_ body: (Slot<Log>, Log) -> Void) {
        logs.forEach { slot, log in if log.pointee.count > 0 { body(slot, log.pointee) } }
    }
}
