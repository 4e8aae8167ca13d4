import Base
import Store
import Wire

/// All logs, and the messages that wait in them: those of clients, and those of channels. Only this type touches
/// messages, their bodies and the books. Each of its functions leaves all three right, and the arena with them.
///
///     append, put back --> in its log --acknowledged, handed over for good--> gone
///                                     --a newer one has its `latest`--------> gone
///                                     --time to live over: expired-----------> gone, and the log is marked: lost
///                                     --over the bound of its log: dropped---> gone, and the log is marked: lost
struct Logs: ~Copyable {
    private let bounds: QueueSettings
    private let inPlace = InPlace()
    /// The memory of all that must outlive the manager.
    var arena: Arena
    private(set) var logs = Slab<Log>()
    var messages = Slab<Message>()
    private(set) var shared = Slab<SharedBody>()
    private var wheel: TimingWheel
    /// The messages of clients' own logs, by worker, and those of channels.
    private(set) var books: QueueBooks
    private(set) var channelBooks = ChannelBooks()
    /// How those of clients' own logs ended that were not expired or dropped.
    var outcomes = Outcomes()
    /// Those of clients' own logs that were written to receivers that stay, and the bytes of their JSON.
    var written = (messages: 0, bytes: 0)
    /// The events that apps are told, and the receipts that stand beside the logs.
    var events: Events
    var receipts: Receipts
    var followers = Followers()
    /// The other machines, and what they are to be told.
    var peers = Peers()
    /// While the records of an earlier manager are taken up: the bodies that messages share, by id.
    var recovering: [UInt64: Slot<SharedBody>] = [:]

    /// `now` is in milliseconds.
    init(_ bounds: QueueSettings, _ arena: consuming Arena, wallMicroseconds: UInt64, now: UInt64, seed: UInt64) {
        self.bounds = bounds
        events = Events(
            bounds.events, most: bounds.maxEvents, wallMicroseconds: wallMicroseconds, isFresh: arena.attachment.isFresh
        )
        receipts = Receipts(seed: seed, now: now)
        self.arena = arena
        wheel = TimingWheel(now: UInt32(truncatingIfNeeded: now))
        books = QueueBooks(second: UInt32(now / 1000))
    }

    /// Bytes of memory for the logs, without the arena.
    var memoryBytes: Int { logs.memoryBytes + messages.memoryBytes + shared.memoryBytes }

    // MARK: logs

    /// Opens a log without messages. It is about to get one, or the mark of a loss.
    mutating func open(_ owner: Log.Owner, worker: UInt16 = .max) -> Slot<Log> {
        logs.insert(Log(owner: owner, worker: worker))
    }
    /// Closes the log if it has no messages and no mark. True if it was closed.
    mutating func closeIfEmpty(_ log: Slot<Log>) -> Bool {
        let own = logs[log]
        guard own.count == 0, own.lost == 0 else { return false }
        logs.remove(log)
        return true
    }
    @inline(__always) subscript(_ log: Slot<Log>) -> Entry<Log> { logs[log] }

    /// A worker came. It has an account from now on.
    mutating func openAccount(_ worker: UInt16) { books.open(worker) }

    /// The client is on another worker now. Its messages go to that worker's account.
    mutating func move(_ log: Slot<Log>, to worker: UInt16) {
        let own = logs[log]
        let from = own.worker
        own.worker = worker
        if own.count > 0 { books.moveClient(from, worker) }
        var next = own.messages.first
        while let message = next {
            let current = messages[message]
            books.move(from, worker, bytes: current.bytes, second: current.second)
            next = Message.InLog.next(message, in: messages)
        }
    }

    // MARK: coming in

    /// The queue has room for so many messages, with so many bytes in all. In a cluster that was asked before the
    /// message was given to all machines (`Switchboard.isFull`), and now none of them may refuse it.
    @inline(__always) func hasRoom(_ bytes: Int, messages: Int = 1) -> Bool {
        bounds.isClustered || depth + messages <= bounds.maxMessages && self.bytes + bytes <= bounds.maxBytes
    }
    /// The same for a message that comes back. It may go a little over the bounds.
    func hasRoomToPutBack(_ bytes: Int) -> Bool {
        depth <= bounds.maxMessages + bounds.maxMessages / Limits.putBackPart
            && self.bytes + bytes <= bounds.maxBytes + bounds.maxBytes / Limits.putBackPart
    }
    /// Messages in all logs, and the bytes of their JSON, without those that were written to streams.
    var depth: Int { books.total.depth + channelBooks.depth - written.messages }
    var bytes: Int { books.total.bytes + channelBooks.bytes - written.bytes }

    /// Puts a message into its place in the log, by id. `name` is the owner's name. If the log has this id already,
    /// nothing changes, except that the messages of one entry of history, which have its id, come back one by one.
    /// False if the arena has no room.
    mutating func put(
        _ id: UInt64, _ json: UnsafeRawBufferPointer, _ facts: MessageFacts, in log: Slot<Log>,
        _ owner: LogName, now: UInt64
    ) -> Bool {
        let kind: Arena.Kind = facts.marks.contains(.history) ? .history : .message
        let isAnother = facts.marks.contains(.members) && !has(id, json, in: log)
        return put(id, json.count, facts, in: log, now: now, isAnother: isAnother) { arena, message, extra in
            arena.append(
                kind, flags: owner.flags(facts.marks), id: id, value: now + UInt64(facts.timeToLive),
                timeToLive: facts.timeToLive, owner: message.number, name: owner.name, extra: extra, body: json)
        }
    }
    /// Puts one message, with one id and one body, into each of several logs, or into none. False if the arena has no
    /// room.
    mutating func put(
        _ id: UInt64, _ json: UnsafeRawBufferPointer, _ facts: MessageFacts, in all: [(log: Slot<Log>, owner: LogName)],
        now: UInt64
    ) -> Bool {
        if all.count == 1 { return put(id, json, facts, in: all[0].log, all[0].owner, now: now) }
        guard let body = share(id, json, timeToLive: facts.timeToLive, now: now) else { return false }
        defer { release(body) }
        for (count, each) in all.enumerated()
        where !put(id, body, bytes: json.count, facts, in: each.log, each.owner, now: now) {
            for done in all[..<count] { withdraw(id, in: done.log) }
            return false
        }
        return true
    }
    /// Puts a message into the log that shares its body with others.
    private mutating func put(
        _ id: UInt64, _ body: Slot<SharedBody>, bytes: Int, _ facts: MessageFacts, in log: Slot<Log>,
        _ owner: LogName, now: UInt64
    ) -> Bool {
        put(id, bytes, facts, in: log, now: now, body) { arena, message, extra in
            arena.append(
                .reference, flags: owner.flags(facts.marks), id: id, value: now + UInt64(facts.timeToLive),
                timeToLive: facts.timeToLive, owner: message.number, name: owner.name, extra: extra)
        }
    }
    private mutating func put(
        _ id: UInt64, _ bytes: Int, _ facts: MessageFacts, in log: Slot<Log>, now: UInt64,
        _ body: Slot<SharedBody> = .none, isAnother: Bool = false,
        _ record: (inout Arena, Slot<Message>, UnsafeRawBufferPointer) -> Arena.Ref?
    ) -> Bool {
        if !isAnother, keeps(id, in: log) { return true }
        let message = messages.insert(
            Message(
                id: id, log: log, deadline: UInt32(truncatingIfNeeded: now) &+ facts.timeToLive,
                second: UInt32(now / 1000), bytes: bytes, marks: facts.marks))
        guard let ref = facts.withExtra({ record(&arena, message, $0) }) else {
            messages.remove(message)
            return false
        }
        if facts.marks.contains(.latest) { replace(facts.latest, in: log) }
        enter(message, ref, body, now: now)
        return true
    }
    /// Enters a message with its record, and the body that it shares, into its log, the wheel and the books.
    private mutating func enter(
        _ message: Slot<Message>, _ record: Arena.Ref, _ body: Slot<SharedBody>, now: UInt64
    ) {
        messages[message].record = record
        if let body = body.known {
            messages[message].shared = body
            shared[body].owners += 1
        }
        let (entry, own) = (messages[message], logs[messages[message].log])
        var after = own.messages.last
        while let other = after, messages[other].id > entry.id {
            after = Message.InLog.previous(other, in: messages)
        }
        wheel.add(message, entry.deadline, in: messages)
        own.messages.insert(message, after: after, in: messages)
        own.count += 1
        if entry.marks.contains(.latest) {
            own.latestCount += 1
            own.latestBytes += UInt32(entry.bytes)
        }
        let most: Int
        if own.channel == nil {
            books.advance(to: UInt32(now / 1000))
            if own.count == 1 { books.count(own.worker, clients: 1) }
            books.enter(own.worker, bytes: entry.bytes, second: entry.second)
            most = bounds.maxPerClient
        } else {
            channelBooks.enter(bytes: entry.bytes)
            most = bounds.channelMessages
        }
        guard own.writtenUpTo == 0 else { return bound(own, message, most) }
        if Int(own.count) > most, let oldest = own.messages.first { lose(oldest, .dropped) }
    }
    /// Keeps a body for messages that will share it, until `release`. `nil` if the arena has no room.
    private mutating func share(_ id: UInt64, _ json: UnsafeRawBufferPointer, timeToLive: UInt32, now: UInt64)
        -> Slot<SharedBody>?
    {
        arena.append(
            .body, id: id, value: now + UInt64(timeToLive), timeToLive: timeToLive, body: json
        ).map { addShared($0) }
    }
    /// Takes a message back that was put into the log in the same breath.
    private mutating func withdraw(_ id: UInt64, in log: Slot<Log>) {
        if let message = first(log, after: id - 1), messages[message].id == id { remove(message, .ended, tells: false) }
    }
    /// One owner less. True if it was the last one: then the body is gone.
    @discardableResult mutating func release(_ body: Slot<SharedBody>) -> Bool {
        shared[body].owners -= 1
        guard shared[body].owners == 0 else { return false }
        arena.end(shared[body].record, .ended)
        shared.remove(body)
        return true
    }

    /// Its caller is its first owner, so that it stays while messages take it and leave it.
    mutating func addShared(_ record: Arena.Ref) -> Slot<SharedBody> {
        let body = shared.insert(SharedBody(record: record, owners: 1))
        arena.setOwner(record, body.number)
        return body
    }
    /// Enters a message of an earlier manager, which has `left` milliseconds to live.
    mutating func enter(
        _ ref: Arena.Ref, _ record: Arena.Record, _ body: Slot<SharedBody>, left: UInt32, in log: Slot<Log>,
        now: UInt64
    ) {
        let bytes = body.known.map { arena.body(shared[$0].record).count } ?? record.body.count
        let message = messages.insert(
            Message(
                id: record.id, log: log, deadline: UInt32(truncatingIfNeeded: now) &+ left,
                second: UInt32(now / 1000), bytes: bytes, marks: LogName.marks(record)))
        arena.setOwner(ref, message.number)
        enter(message, ref, body, now: now)
    }

    /// A message came back and can't be kept. The books count that it came, and how it left.
    mutating func passThrough(bytes: Int, worker: UInt16, _ how: QueueBooks.Leaving, now: UInt64) {
        let second = UInt32(now / 1000)
        books.advance(to: second)
        books.enter(worker, bytes: bytes, second: second)
        books.leave(worker, bytes: bytes, second: second, how)
    }

    // MARK: going out

    /// Moves the ages of messages on.
    mutating func advance(to now: UInt64) { books.advance(to: UInt32(now / 1000)) }
    /// Removes the next message whose time is over and marks it as lost in its log. `nil` if there is none.
    mutating func expireNext(now: UInt32) -> Slot<Log>? {
        guard let message = wheel.nextExpired(now: now, in: messages) else { return nil }
        let log = messages[message].log
        lose(message, .expired)
        return log
    }
    /// More may be over: `expireNext` is to be asked again soon.
    var isExpiring: Bool { wheel.isUnfinished }
    /// The message leaves its log, which is marked. What was written to a stream counts as handed: the mark is only for
    /// a receiver that comes with an older cursor.
    mutating func lose(_ message: Slot<Message>, _ how: Arena.State) {
        let entry = messages[message]
        if entry.marks.isDisjoint(with: [.transient, .presence]) {
            let record = arena.record(entry.record)
            markLost(entry.id, in: entry.log, LogName(record))
        }
        remove(message, entry.id <= logs[entry.log].writtenUpTo ? .handed : how)
    }
    /// `tells` is false if the end is told elsewhere.
    mutating func remove(_ slot: Slot<Message>, _ how: Arena.State, tells: Bool = true) {
        let message = messages[slot]
        let own = logs[message.log]
        if message.marks.contains(.receipt), tells { tellEnd(slot, how) }
        if !followers.isEmpty, own.client != nil {
            followLoss(message.id, LogName(arena.record(message.record)).name, how)
        }
        if message.id <= own.writtenUpTo { leaveWritten(slot, own) }
        own.messages.remove(slot, in: messages)
        own.count -= 1
        if message.marks.contains(.latest) {
            own.latestCount -= 1
            own.latestBytes -= UInt32(message.bytes)
        }
        if own.channel == nil {
            if own.count == 0 { books.count(own.worker, clients: -1) }
            books.leave(own.worker, bytes: message.bytes, second: message.second, QueueBooks.Leaving(how))
            outcomes.count(how)
        } else {
            channelBooks.leave(bytes: message.bytes, how)
        }
        wheel.remove(slot, message.deadline, in: messages)
        arena.end(message.record, how)
        if let body = message.shared.known { release(body) }
        messages.remove(slot)
    }
    /// A newer message of this name of `latest` comes into the log. The older one goes, which is no loss.
    private mutating func replace(_ name: UnsafeRawBufferPointer, in log: Slot<Log>) {
        if let older = newest(named: name, in: log) { remove(older, .replaced) }
    }
}
