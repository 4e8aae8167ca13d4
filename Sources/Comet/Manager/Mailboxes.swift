import Store
import Wire

/// The logs of all clients: the messages that wait for each client, ordered by id. Only this type touches messages,
/// their bodies and the books of the queue. Each of its functions leaves all three right.
///
///     append, put back --> in its log --acknowledged, handed over for good--> gone
///                                     --time to live over: expired-----------> gone, and the log is marked: lost
///                                     --over the bound of its log: dropped---> gone, and the log is marked: lost
struct Mailboxes: ~Copyable {
    private let bounds: QueueSettings
    private var logs = Slab<Log>()
    private var messages = Slab<Message>()
    private var wheel: TimingWheel
    private(set) var books: QueueBooks

    /// `now` is in milliseconds.
    init(_ bounds: QueueSettings, now: UInt64) {
        self.bounds = bounds
        wheel = TimingWheel(now: UInt32(truncatingIfNeeded: now))
        books = QueueBooks(second: UInt32(now / 1000))
    }
    deinit { messages.forEach { _, message in message.pointee.body.release() } }

    /// Messages held.
    var count: Int { messages.count }
    /// Bytes of memory for the logs, without their messages.
    var memoryBytes: Int { logs.memoryBytes }

    // MARK: logs

    /// Opens a log without messages. It is about to get one, or the mark of a loss.
    mutating func open(_ owner: Slot<ClientRecord>, worker: UInt16) -> Slot<Log> {
        logs.insert(Log(owner: owner, worker: worker))
    }
    /// Closes the log if it has no messages and no mark. True if it was closed.
    mutating func closeIfEmpty(_ log: Slot<Log>) -> Bool {
        let own = logs[log]
        guard own.count == 0, own.lost == 0 else { return false }
        logs.remove(log)
        return true
    }
    @inline(__always) subscript(_ log: Slot<Log>) -> Log { logs.pointer(log).pointee }

    /// A worker came. It has an account from now on.
    mutating func openAccount(_ worker: UInt16) { books.open(worker) }

    /// The client is on another worker now. Its messages go to that worker's account.
    mutating func move(_ log: Slot<Log>, to worker: UInt16) {
        let own = logs[log]
        let from = own.worker
        own.worker = worker
        guard own.count > 0 else { return }
        books.moveClient(from, worker)
        var next = own.messages.first
        while let message = next {
            let current = messages[message]
            books.move(from, worker, bytes: current.body.count, second: current.second)
            next = Message.InLog.next(message, in: messages)
        }
    }

    // MARK: coming in

    /// The queue has room for a message of so many bytes.
    @inline(__always) func hasRoom(_ bytes: Int) -> Bool {
        books.total.depth < bounds.maxMessages && books.total.bytes + bytes <= bounds.maxBytes
    }
    /// The same for a message that comes back. It may go a little over the bounds.
    func hasRoomToPutBack(_ bytes: Int) -> Bool {
        books.total.depth <= bounds.maxMessages + bounds.maxMessages / Limits.putBackPart
            && books.total.bytes + bytes <= bounds.maxBytes + bounds.maxBytes / Limits.putBackPart
    }

    /// Puts a message into its place in the log, by id. It does nothing if the log has this id already. The queue has
    /// room.
    mutating func put(
        _ id: UInt64, _ json: UnsafeRawBufferPointer, in log: Slot<Log>, deadline: UInt32, now: UInt64
    ) {
        let own = logs[log]
        var after = own.messages.last
        while let other = after, messages[other].id > id {
            after = Message.InLog.previous(other, in: messages)
        }
        if let after, messages[after].id == id { return }
        let second = UInt32(now / 1000)
        books.advance(to: second)
        let message = messages.insert(
            Message(id: id, body: SharedBody(copying: json), log: log, deadline: deadline, second: second))
        wheel.add(message, deadline, in: messages)
        own.messages.insert(message, after: after, in: messages)
        own.count += 1
        if own.count == 1 { books.count(own.worker, clients: 1) }
        books.enter(own.worker, bytes: json.count, second: second)
        if Int(own.count) > bounds.maxPerClient, let oldest = own.messages.first {
            lose(oldest, .dropped)
        }
    }

    /// A message came back and can't be kept. The books count that it came, and how it left.
    mutating func passThrough(bytes: Int, worker: UInt16, _ how: QueueBooks.Leaving, now: UInt64) {
        let second = UInt32(now / 1000)
        books.advance(to: second)
        books.enter(worker, bytes: bytes, second: second)
        books.leave(worker, bytes: bytes, second: second, how)
    }

    // MARK: going out

    /// The client has all messages up to this id.
    mutating func acknowledge(_ log: Slot<Log>, upTo cursor: UInt64) {
        let own = logs[log]
        while let first = own.messages.first, messages[first].id <= cursor {
            remove(first, .dequeued)
        }
        if own.lost <= cursor { own.lost = 0 }
    }
    /// A message was handed over for good.
    mutating func take(_ message: Slot<Message>) { remove(message, .dequeued) }

    /// Moves the ages of messages on.
    mutating func advance(to now: UInt64) { books.advance(to: UInt32(now / 1000)) }
    /// Removes the next message whose time is over and marks it as lost in its log. `nil` if there is none.
    mutating func expireNext(now: UInt32) -> Slot<Log>? {
        guard let message = wheel.nextExpired(now: now, in: messages) else { return nil }
        let log = messages[message].log
        lose(message, .expired)
        return log
    }
    private mutating func lose(_ message: Slot<Message>, _ how: QueueBooks.Leaving) {
        markLost(messages[message].id, in: messages[message].log)
        remove(message, how)
    }
    private mutating func remove(_ slot: Slot<Message>, _ how: QueueBooks.Leaving) {
        let message = messages[slot]
        let own = logs[message.log]
        own.messages.remove(slot, in: messages)
        own.count -= 1
        if own.count == 0 { books.count(own.worker, clients: -1) }
        books.leave(own.worker, bytes: message.body.count, second: message.second, how)
        wheel.remove(slot, message.deadline, in: messages)
        message.body.release()
        messages.remove(slot)
    }

    /// The log's client lost a message of this id and is to be told.
    mutating func markLost(_ id: UInt64, in log: Slot<Log>) {
        logs[log].lost = max(logs[log].lost, id)
    }
    /// The client was told of its loss, or nobody is left to tell.
    mutating func forgetLoss(_ log: Slot<Log>) { logs[log].lost = 0 }

    /// Another receiver reads the log. It has been sent nothing yet.
    mutating func receiverCame(_ log: Slot<Log>) { logs[log].handed = 0 }
    /// The log's receiver was sent all up to this id, or was told that it is lost.
    mutating func receiverHas(_ id: UInt64, in log: Slot<Log>) { logs[log].handed = id }

    // MARK: reading

    @inline(__always) subscript(_ message: Slot<Message>) -> Message { messages.pointer(message).pointee }

    func first(_ log: Slot<Log>) -> Slot<Message>? { logs[log].messages.first }
    func next(after message: Slot<Message>) -> Slot<Message>? { Message.InLog.next(message, in: messages) }

    /// The first message that the log's receiver has not been sent.
    func firstUnsent(_ log: Slot<Log>) -> Slot<Message>? {
        let own = logs[log]
        guard own.handed > 0 else { return own.messages.first }
        var (next, first) = (own.messages.last, Slot<Message>?.none)
        while let message = next, messages[message].id > own.handed {
            first = message
            next = Message.InLog.previous(message, in: messages)
        }
        return first
    }

    /// A message of this id is in the log.
    func keeps(_ id: UInt64, in log: Slot<Log>) -> Bool {
        var next = logs[log].messages.last
        while let message = next, messages[message].id > id {
            next = Message.InLog.previous(message, in: messages)
        }
        return next.map { messages[$0].id == id } ?? false
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
