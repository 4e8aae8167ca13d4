import Base
package import Store
import Wire

// Questions about the manager's state.
extension Switchboard {
    package struct ClientStatus: Equatable {
        /// It holds a poll, or is between two polls.
        package var connected = false
        /// The worker that it was last on.
        package var worker: Int?
        /// Messages that are kept for it. Those that it has not acknowledged count, too.
        package var queued = 0
    }
    package func presence(_ client: UnsafeRawBufferPointer, now: UInt64) -> ClientStatus {
        guard let slot = presence.find(client) else { return ClientStatus() }
        let record = presence[slot]
        return ClientStatus(
            connected: isConnected(slot, now),
            worker: record.worker == .max ? nil : Int(record.worker),
            queued: record.log.known.map { Int(logs[$0].count) } ?? 0)
    }

    /// More about a client than what a list of many has.
    package struct ClientLook: Equatable {
        package var known = false
        /// How its receiver waits. `nil` if none is held.
        package var form: StaticString?
        /// Something waits, in any log that it reads, that its receiver has not been sent.
        package var behind = false
        /// The bytes of the messages in its own log, how long the oldest has waited, and when the first expires.
        package var bytes = 0
        package var oldestSeconds: Int?
        package var expiresSeconds: Int?
        /// Its tokens that were made up to this second since 1970 count no more.
        package var revokedUntil: UInt32?

        package static func == (a: ClientLook, b: ClientLook) -> Bool {
            a.known == b.known && a.form?.description == b.form?.description && a.behind == b.behind
                && a.bytes == b.bytes && a.oldestSeconds == b.oldestSeconds && a.expiresSeconds == b.expiresSeconds
                && a.revokedUntil == b.revokedUntil
        }
    }
    /// This looks at each message of the client's own log once.
    package func look(_ client: UnsafeRawBufferPointer, now: UInt64) -> ClientLook {
        var look = ClientLook()
        look.revokedUntil = revocations.moment(of: client)
        guard let slot = presence.find(client) else { return look }
        let record = presence[slot]
        look.known = true
        if record.isHeld { look.form = record.stays ? "stream" : "poll" }
        look.behind = hasUnsent(slot)
        guard let log = record.log.known, logs[log].count > 0 else { return look }
        let deep = deep(log, now)
        (look.bytes, look.oldestSeconds) = (deep.bytes, deep.oldestSeconds)
        var left = Int32.max
        logs.forEachMessage(log) { message in
            left = min(left, Int32(bitPattern: message.deadline &- UInt32(truncatingIfNeeded: now)))
        }
        look.expiresSeconds = Int(max(0, left)) / 1000
        return look
    }

    /// The whole queue's account.
    package var queue: QueueAccount { logs.books.total }
    /// The account of the clients that were last on this worker. `nil` stands for the clients that were on none. The
    /// account of a worker that never came is empty.
    package func account(worker: Int?) -> QueueAccount {
        number(worker).map { logs.books.accounts[$0] } ?? QueueAccount()
    }
    /// Worker numbers that have an account are below this.
    package var workerNumbers: Int { logs.books.accounts.count - 1 }
    /// The age of the account's oldest message at the last tick, in seconds. 0 if it has none.
    package func oldestSeconds(worker: Int?) -> Int {
        number(worker).map { Int(logs.books.oldestSeconds($0)) } ?? 0
    }
    /// Messages of the account by age: under 10 s, under 20, under 40, and older.
    package func ages(worker: Int?) -> (UInt32, UInt32, UInt32, UInt32) {
        number(worker).map { logs.books.histogram($0) } ?? (0, 0, 0, 0)
    }
    /// The number of the account. `nil` if the worker never came.
    private func number(_ worker: Int?) -> Int? {
        let number = worker.map { $0 + 1 } ?? 0
        return number < logs.books.accounts.count ? number : nil
    }
    /// The account of the channels' messages.
    package var channelBooks: ChannelBooks { logs.channelBooks }
    /// Messages in all logs, and the bytes of their JSON, which the bounds of the queue are for.
    package var kept: (messages: Int, bytes: Int) { (logs.depth, logs.bytes) }
    /// Those beside them that were written to receivers that stay, and were not acknowledged.
    package var written: (messages: Int, bytes: Int) { logs.written }
    /// The figures of the queue's memory.
    package var arenaFigures: Arena.Figures { logs.arena.figures }
    /// Fan-outs under way.
    package var fanOutCount: Int { fanOuts.count }
    /// The number of known clients, and the memory for them. Their messages are counted in `queue`.
    package var clientCount: Int { presence.count }
    package var clientMemoryBytes: Int { presence.memoryBytes + logs.memoryBytes + channels.memoryBytes }
    /// Bytes that wait for the workers' links: the sum, and the most for one link.
    package var outboxBytes: (all: Int, most: Int) { links.outboxBytes }
    /// Links of our own workers.
    package var workerCount: Int { links.workerCount }
    /// Receivers that are held, as far as the manager knows.
    package var waitingCount: Int { presence.heldCount }

    // MARK: who has the most waiting, for an operator who looks at a queue that grows

    package struct DeepMailbox {
        /// The client's id. It is valid until the switchboard is changed.
        package let client: UnsafeRawBufferPointer
        package let connected: Bool
        /// The worker that it was last on.
        package let worker: Int?
        package let queued: Int
        /// The size of its messages' JSON.
        package let bytes: Int
        package let oldestSeconds: Int
    }

    /// The clients with the most messages, the deepest mailbox first. Among equals the order is that of their memory.
    /// This looks at each mailbox once, which takes some milliseconds for a million. So putting a message in costs
    /// nothing extra.
    package func deepest(_ most: Int, now: UInt64) -> [DeepMailbox] {
        var top: [(count: UInt32, log: Slot<Log>)] = []
        logs.forEachLog { slot, log in
            guard log.client != nil, top.count < most || log.count > top[top.count - 1].count else { return }
            if top.count == most { top.removeLast() }
            top.insert((log.count, slot), at: top.firstIndex { $0.count < log.count } ?? top.count)
        }
        return top.map { deep($0.log, now) }
    }

    /// The clients of a user, those with the most messages first, and how many of them there are and are connected.
    /// A client that never came is not among them, since nobody has said yet that it reads what is for the user.
    package func clients(
        ofUser user: UnsafeRawBufferPointer, _ most: Int, now: UInt64
    ) -> (rows: [DeepMailbox], count: Int, connected: Int) {
        let all = clients(of: .user(user))
        var top: [(count: UInt32, client: Slot<ClientRecord>)] = []
        var connected = 0
        for client in all {
            if isConnected(client, now) { connected += 1 }
            let count = presence[client].log.known.map { logs[$0].count } ?? 0
            guard top.count < most || count > top[top.count - 1].count else { continue }
            if top.count == most { top.removeLast() }
            top.insert((count, client), at: top.firstIndex { $0.count < count } ?? top.count)
        }
        let rows = top.map { _, client in
            let record = presence[client]
            if let log = record.log.known, logs[log].count > 0 { return deep(log, now) }
            return DeepMailbox(
                client: presence.id(client), connected: isConnected(client, now),
                worker: record.worker == .max ? nil : Int(record.worker), queued: 0, bytes: 0, oldestSeconds: 0)
        }
        return (rows, all.count, connected)
    }

    private func isConnected(_ client: Slot<ClientRecord>, _ now: UInt64) -> Bool {
        let record = presence[client]
        return record.isHeld || record.place == .elsewhere && record.isPresent
            || record.place == .grace && record.isPresent && !isOver(record.deadline, UInt32(truncatingIfNeeded: now))
    }
    private func deep(_ log: Slot<Log>, _ now: UInt64) -> DeepMailbox {
        let own = logs[log]
        let second = UInt32(now / 1000)
        var (bytes, oldest) = (0, UInt32(0))
        logs.forEachMessage(log) { message in
            bytes += message.bytes
            oldest = max(oldest, second &- min(second, message.second))
        }
        return DeepMailbox(
            client: own.client.map { presence.id($0) } ?? .init(start: nil, count: 0),
            connected: own.client.map { isConnected($0, now) } ?? false,
            worker: own.worker == .max ? nil : Int(own.worker), queued: Int(own.count),
            bytes: bytes, oldestSeconds: Int(oldest))
    }
}
