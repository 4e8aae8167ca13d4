/// The account of one worker number's queue, or of the whole queue.
///
/// `enqueued - dequeued - expired - dropped == depth` holds at every moment. A message enters when it is put into a
/// mailbox: for an absent client, for a client that acknowledges (it stays until then), or when a worker gives it back.
/// It leaves when it is handed over or acknowledged, when its time to live ends, or by a bound. Handing it over once
/// more changes nothing. When a client moves to another worker, its messages are dequeued from one account and enqueued
/// in the other.
package struct QueueAccount: Equatable {
    package var enqueued: UInt64 = 0
    package var dequeued: UInt64 = 0
    package var expired: UInt64 = 0
    package var dropped: UInt64 = 0
    package var depth = 0
    package var bytes = 0
    /// The number of clients with messages.
    package var clients = 0
    /// Messages that are too old for the ring of ages, and the second in which the first of them was queued.
    var old: UInt32 = 0
    var oldSince: UInt32 = 0

    package init() {}
}

/// The accounts by worker number, with ages. The ages are a count for each second of the last two minutes. So the
/// oldest age and the histogram are exact to a second, and no message is walked for them.
struct QueueBooks {
    static let ring = 128
    /// Account 0 has the clients that were on no worker. Account 1 + n has those of worker n.
    private(set) var accounts: ContiguousArray<QueueAccount> = [QueueAccount()]
    private var ages = ContiguousArray<UInt32>(repeating: 0, count: QueueBooks.ring)
    /// The account of the whole queue, without moves between workers.
    private(set) var total = QueueAccount()
    private(set) var second: UInt32

    init(second: UInt32) { self.second = second }

    /// The account of the worker that a client was last on.
    static func account(_ worker: UInt16) -> Int { worker == .max ? 0 : Int(worker) + 1 }

    mutating func open(_ worker: UInt16) {
        while accounts.count <= QueueBooks.account(worker) {
            accounts.append(QueueAccount())
            ages.append(contentsOf: repeatElement(0, count: QueueBooks.ring))
        }
    }

    enum Leaving { case dequeued, expired, dropped }

    mutating func enter(_ worker: UInt16, bytes: Int, second: UInt32) {
        total.enqueued += 1
        total.depth += 1
        total.bytes += bytes
        add(QueueBooks.account(worker), bytes, second)
    }
    mutating func leave(_ worker: UInt16, bytes: Int, second: UInt32, _ how: Leaving) {
        let account = QueueBooks.account(worker)
        switch how {
        case .dequeued:
            total.dequeued += 1
            accounts[account].dequeued += 1
        case .expired:
            total.expired += 1
            accounts[account].expired += 1
        case .dropped:
            total.dropped += 1
            accounts[account].dropped += 1
        }
        total.depth -= 1
        total.bytes -= bytes
        take(account, bytes, second)
    }
    mutating func move(_ from: UInt16, _ to: UInt16, bytes: Int, second: UInt32) {
        let account = QueueBooks.account(from)
        accounts[account].dequeued += 1
        take(account, bytes, second)
        add(QueueBooks.account(to), bytes, second)
    }

    /// `clients` more clients have messages: 1 for a first message, -1 when the last one has gone.
    mutating func count(_ worker: UInt16, clients: Int) {
        total.clients += clients
        accounts[QueueBooks.account(worker)].clients += clients
    }
    mutating func moveClient(_ from: UInt16, _ to: UInt16) {
        accounts[QueueBooks.account(from)].clients -= 1
        accounts[QueueBooks.account(to)].clients += 1
    }

    private mutating func add(_ account: Int, _ bytes: Int, _ second: UInt32) {
        accounts[account].enqueued += 1
        accounts[account].depth += 1
        accounts[account].bytes += bytes
        if isRecent(second) {
            ages[account * QueueBooks.ring + Int(second) % QueueBooks.ring] += 1
        } else {
            if accounts[account].old == 0 || second < accounts[account].oldSince { accounts[account].oldSince = second }
            accounts[account].old += 1
        }
    }
    private mutating func take(_ account: Int, _ bytes: Int, _ second: UInt32) {
        accounts[account].depth -= 1
        accounts[account].bytes -= bytes
        if isRecent(second) {
            ages[account * QueueBooks.ring + Int(second) % QueueBooks.ring] -= 1
        } else {
            accounts[account].old -= 1
        }
    }
    private func isRecent(_ age: UInt32) -> Bool { second &- age < UInt32(QueueBooks.ring) }

    /// Moves the ring on. Messages that leave it at its end count as old.
    mutating func advance(to now: UInt32) {
        guard now > second else { return }
        for step in 1...min(now - second, UInt32(QueueBooks.ring)) {
            let place = Int(second &+ step) % QueueBooks.ring
            for account in 0..<accounts.count {
                let count = ages[account * QueueBooks.ring + place]
                guard count > 0 else { continue }
                if accounts[account].old == 0 { accounts[account].oldSince = second &+ step &- UInt32(QueueBooks.ring) }
                accounts[account].old += count
                ages[account * QueueBooks.ring + place] = 0
            }
        }
        second = now
    }

    /// The age of the oldest message of this account, in seconds. 0 if there is none. It is exact to a second up to
    /// 127; above that it is the age of the first message that is old now.
    func oldestSeconds(_ account: Int) -> UInt32 {
        if accounts[account].old > 0 { return second &- accounts[account].oldSince }
        for age in stride(from: QueueBooks.ring - 1, through: 0, by: -1)
        where ages[account * QueueBooks.ring + Int(second &- UInt32(age)) % QueueBooks.ring] > 0 { return UInt32(age) }
        return 0
    }
    /// Messages by age: under 10 s, under 20, under 40, and the rest.
    func histogram(_ account: Int) -> (UInt32, UInt32, UInt32, UInt32) {
        var sums: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, accounts[account].old)
        for age in 0..<min(QueueBooks.ring, Int(second) + 1) {
            let count = ages[account * QueueBooks.ring + Int(second &- UInt32(age)) % QueueBooks.ring]
            if age < 10 {
                sums.0 += count
            } else if age < 20 {
                sums.1 += count
            } else if age < 40 {
                sums.2 += count
            } else {
                sums.3 += count
            }
        }
        return sums
    }
}
