import Base
import Store
import Wire

/// The manager's decisions: which client waits on which worker, what is kept for those who don't, and what goes out on
/// each worker's link.
///
/// A pure value: bytes and the time go in by its methods, and what is to be written stands in the links' outboxes.
/// `now` is in milliseconds of any clock that only goes forward.
///
///     publish --> client waits?  yes: frame into its worker's outbox, poll over          -> sent
///                                no:  seed worker for its hash?  text into its outbox    -> sent
///                                no:  room in the queue?  into the mailbox               -> queued, else full
///     connected --> acknowledge up to the cursor --> anything waiting (or lost)?  answer at once, else wait
///     undelivered --> back into the mailbox by id (unless it still stands there)
///     link closed --> its clients are gone; what its outbox still held goes back into the mailboxes
package struct Switchboard: ~Copyable {
    package let settings: QueueSettings
    var clients: Clients
    var messages: Messages
    var books: QueueBooks
    var links = Slab<WorkerLink>()
    /// Records in grace and records that only a lost mark keeps, each in order of deadline.
    var graceList = ClientList()
    var lostList = ClientList()
    var lostCount = 0
    /// The seed worker of each number, by link; empty while there is none.
    var seedWorkers: ContiguousArray<UInt32> = []
    /// Links that have something to be flushed, each once.
    var dirty: ContiguousArray<UInt32> = []
    /// The next message's id, and the first of this manager's life.
    var nextId: UInt64
    let firstId: UInt64
    /// When this turn of the loop began, for the workers' latencies: nanoseconds of CLOCK_MONOTONIC.
    var turnStart: UInt64 = 0
    /// Slots of all links, and how many of them are our own workers'.
    var liveLinks: ContiguousArray<UInt32> = []
    package internal(set) var workerCount = 0
    /// Polls that are held, as far as the manager knows.
    package internal(set) var waitingCount = 0
    /// Why the last link was refused.
    var refusal = ""
    /// The seed worker whose number a worker of ours has just taken.
    var displaced: UInt32?
    package internal(set) var counters = ManagerCounters()

    /// `wallMicroseconds`: where ids start, so that they grow over a restart. `seed`: random, for the index of ids.
    package init(_ settings: QueueSettings, wallMicroseconds: UInt64, now: UInt64, seed: UInt64) {
        precondition(wallMicroseconds < Limits.idEnd, "the wall clock is past the year 2255")
        self.settings = settings
        clients = Clients(seed: seed)
        messages = Messages(now: UInt32(truncatingIfNeeded: now))
        books = QueueBooks(second: UInt32(now / 1000))
        nextId = max(1, wallMicroseconds)
        firstId = nextId
    }

    deinit {
        for slot in liveLinks { _ = links.pointer(slot).move() }
    }

    // MARK: publishing

    package enum Publication: Equatable {
        /// Handed to a worker that holds the client's poll.
        case sent(UInt64)
        case queued(UInt64)
        /// The queue's bounds are reached.
        case full
    }

    /// `client`: a valid id; `json`: validated, at most `settings.maxMessage` bytes. `timeToLive` in milliseconds.
    package mutating func publish(
        client: UnsafeRawBufferPointer, json: UnsafeRawBufferPointer, timeToLive: UInt32? = nil, now: UInt64
    ) -> Publication {
        counters.publishes += 1
        counters.publishBytes += UInt64(json.count)
        let deadline = UInt32(truncatingIfNeeded: now) &+ (timeToLive ?? settings.timeToLive)
        let known = clients.find(client)
        if let slot = known, clients[slot].pointee.place == .waiting {
            let isFull = isFull(links.pointer(UInt32(clients[slot].pointee.link)))
            if !isFull, clients[slot].pointee.credit > 0 { return hand(slot, json, deadline, now) }
            guard hasRoom(json.count) else { return full() }
            let id = enqueue(slot, json, deadline, now)
            if isFull { block(slot) }
            return queued(id)
        }
        if !seedWorkers.isEmpty, known.map({ clients[$0].pointee.place != .blocked }) ?? true,
            sendToSeedWorker(client, json)
        {
            counters.forwarded += 1
            return .sent(takeId())
        }
        guard hasRoom(json.count) else { return full() }
        let slot = known ?? clients.findOrMake(client)
        leaveLostList(slot)
        return queued(enqueue(slot, json, deadline, now))
    }

    /// To a client whose receiver is held and has credit, and whose link has room.
    private mutating func hand(_ slot: UInt32, _ json: UnsafeRawBufferPointer, _ deadline: UInt32, _ now: UInt64)
        -> Publication
    {
        let record = clients[slot]
        if record.pointee.acknowledges || record.pointee.mailbox != none {
            guard hasRoom(json.count) else { return full() }
            let id = enqueue(slot, json, deadline, now)
            answer(slot, now)
            counters.forwarded += 1
            return .sent(id)
        }
        // The whole life of most messages: from the app's bytes into the worker's outbox.
        let id = takeId()
        var flags: Frame.Flags = []
        if record.pointee.owesGap { flags.insert(.gap) }
        write(
            Frame(
                op: .message, flags: flags, tag: record.pointee.tag, slot: record.pointee.slot, number: id,
                client: clients.id(slot), body: json), to: UInt32(record.pointee.link))
        record.pointee.handedDeadline = deadline
        record.pointee.handedForGood = true
        record.pointee.owesGap = false
        answered(slot, now, bytes: json.count + Limits.envelopeBytes)
        counters.handed += 1
        counters.forwarded += 1
        return .sent(id)
    }

    private mutating func full() -> Publication {
        counters.refusedFull += 1
        return .full
    }
    private mutating func queued(_ id: UInt64) -> Publication {
        counters.queued += 1
        return .queued(id)
    }
    mutating func takeId() -> UInt64 {
        precondition(nextId < Limits.idEnd, "message ids stay under 2^53")
        defer { nextId += 1 }
        return nextId
    }

    // MARK: asking

    package struct Presence: Equatable {
        /// It holds a poll, or is between two.
        package var connected = false
        /// The worker that it was last on.
        package var worker: Int?
        /// Messages kept for it, those that it has not acknowledged among them.
        package var queued = 0
    }
    package func presence(_ client: UnsafeRawBufferPointer, now: UInt64) -> Presence {
        guard let slot = clients.find(client) else { return Presence() }
        let record = clients[slot].pointee
        return Presence(
            connected: record.place == .waiting || record.place == .blocked
                || record.place == .grace && record.isPresent
                    && !isOver(record.deadline, UInt32(truncatingIfNeeded: now)),
            worker: record.worker == .max ? nil : Int(record.worker),
            queued: record.mailbox == none ? 0 : Int(clients.mailbox(record.mailbox).pointee.count))
    }

    /// The whole queue's account.
    package var queue: QueueAccount { books.total }
    /// The account of the clients that were last on this worker; nil: that were on none. Of a worker that never came it
    /// is empty.
    package func account(worker: Int?) -> QueueAccount {
        let number = worker.map { $0 + 1 } ?? 0
        return number < books.accounts.count ? books.accounts[number] : QueueAccount()
    }
    /// Worker numbers that have an account are below this.
    package var workerNumbers: Int { books.accounts.count - 1 }
    /// Age of the oldest message of that account, as of the last tick, in seconds; 0 where it has none.
    package func oldestSeconds(worker: Int?) -> Int {
        let number = worker.map { $0 + 1 } ?? 0
        return number < books.accounts.count ? Int(books.oldestSeconds(number)) : 0
    }
    /// Messages of that account that are under 10 s old, under 20, under 40, and older.
    package func ages(worker: Int?) -> (UInt32, UInt32, UInt32, UInt32) {
        let number = worker.map { $0 + 1 } ?? 0
        return number < books.accounts.count ? books.histogram(number) : (0, 0, 0, 0)
    }
    /// Clients known, and the memory for them; messages are counted in `queue`.
    package var clientCount: Int { clients.count }
    package var clientMemoryBytes: Int { clients.memoryBytes }
    /// Bytes that wait for the workers' links, all and the most for one.
    package var outboxBytes: (all: Int, most: Int) {
        liveLinks.reduce(into: (0, 0)) { sum, link in
            let bytes = links.pointer(link).pointee.outbox.count
            sum = (sum.0 + bytes, max(sum.1, bytes))
        }
    }

    // MARK: time

    /// To be called every 100 ms or so: what is over, goes, a bounded number at a time (`Limits.expiredInTick`). True:
    /// more is left, for soon.
    @discardableResult
    package mutating func tick(now: UInt64) -> Bool {
        let time = UInt32(truncatingIfNeeded: now)
        books.advance(to: UInt32(now / 1000))
        var room = Limits.expiredInTick
        while room > 0, let slot = messages.nextExpired(now: time) {
            lose(slot, .expired, now)
            room -= 1
        }
        while room > 0, graceList.first != none, isOver(clients[graceList.first].pointee.deadline, time) {
            let slot = graceList.first
            clients.remove(slot, from: &graceList)
            clients[slot].pointee.place = .loose
            clients[slot].pointee.isPresent = false
            settle(slot, now)
            room -= 1
        }
        while room > 0, lostList.first != none, isOver(clients[lostList.first].pointee.deadline, time) {
            forgetFirstLost()
            room -= 1
        }
        return room == 0
    }
}
