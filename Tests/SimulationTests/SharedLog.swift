/// The shared log of several machines as the engine keeps it: entries in one order, with ids that only grow. It may be
/// away for a while, and it may lose its newest entries or all of them, as a server does whose replica takes over. Then
/// machines give back what they have read, before anything new is appended (Sources/Engine/Scripts).
struct SharedLog {
    struct Entry {
        /// The ids of the entry, and the last id of the entry before it.
        let first: UInt64
        let end: UInt64
        let previous: UInt64
        let machine: String
        let epoch: UInt64
        let sequence: Int
        /// Milliseconds of the engine's clock.
        let time: UInt64
        let records: [UInt8]
    }
    private(set) var entries: [Entry] = []
    /// The first id of the log's life, and the last one of its newest entry. 0 if it has had none.
    private(set) var firstOfLife: UInt64
    private(set) var end: UInt64 = 0
    /// The highest id that was given out.
    private var last: UInt64 = 0
    var isAway = false
    /// Another life is another log, and another run of the server may have lost its newest entries.
    private(set) var life = 1
    private(set) var run = 1
    /// When a machine that knew nothing began the life.
    private var begun: UInt64?
    /// The state before the first entry was lost, and was not carried forward yet.
    private(set) var lacksBeginning = false
    /// The newest entry of each machine.
    private var newest: [String: (epoch: UInt64, sequence: Int, time: UInt64)] = [:]

    /// The time in which machines give back: its end, and the end of the log behind which each has nothing more.
    private struct Mending {
        let due: UInt64
        let isOfAll: Bool
        var done: [String: UInt64] = [:]
    }
    private var mending: Mending?
    static let mendMilliseconds: UInt64 = 5_000

    init(now: UInt64) { firstOfLife = now * 1000 }

    /// Appends an entry for a machine that has seen all up to an id. `nil`: it came twice.
    mutating func append(
        _ records: [UInt8], ids: Int, from machine: Machine, _ sequence: Int, seen: UInt64, now: UInt64
    ) -> Entry? {
        if let known = newest[machine.name], known.epoch == machine.epoch, known.sequence >= sequence { return nil }
        let first = max(now * 1000, last + 1, seen + 1)
        let entry = Entry(
            first: first, end: first + UInt64(max(1, ids)) - 1, previous: end, machine: machine.name,
            epoch: machine.epoch, sequence: sequence, time: now, records: records)
        add(entry)
        return entry
    }
    private mutating func add(_ entry: Entry) {
        entries.append(entry)
        end = entry.end
        last = max(last, end)
        newest[entry.machine] = (entry.epoch, entry.sequence, entry.time)
    }
    /// The first entry whose ids are over this one.
    func entry(after id: UInt64) -> Entry? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].first > id { high = middle } else { low = middle + 1 }
        }
        return low < entries.count ? entries[low] : nil
    }
    func has(_ entry: Entry) -> Bool { self.entry(after: entry.first - 1)?.end == entry.end }
    /// Removes what is up to this id. It was carried forward.
    mutating func trim(upTo id: UInt64) {
        entries.removeAll { $0.end <= id }
        lacksBeginning = false
    }

    // MARK: losses

    /// The server is another one, or was restarted, and has lost its newest entries. The result are those.
    mutating func restart(losing count: Int) -> [Entry] {
        run += 1
        mending = nil
        guard count > 0, let oldest = entries.suffix(count).first else { return [] }
        let lost = Array(entries.suffix(count))
        entries.removeLast(lost.count)
        end = oldest.previous
        newest = [:]
        for entry in entries { newest[entry.machine] = (entry.epoch, entry.sequence, entry.time) }
        return lost
    }
    /// It has lost all. The next machine that joins begins a new life.
    mutating func loseAll() -> [Entry] {
        let lost = restart(losing: entries.count)
        (life, end, last, newest) = (0, 0, 0, [:])
        return lost
    }

    // MARK: joining

    enum Join {
        case mending
        /// The entries that gave way to what this machine knows.
        case joined(isBehind: Bool, lacksBeginning: Bool)
    }
    /// The end up to which the log has what was read up to an id.
    private func shared(_ head: UInt64) -> UInt64 {
        entries.last { $0.first <= head }?.end ?? entries.first?.previous ?? end
    }
    /// `recent` are the entries that the machine has read lately, up to `head`. `lost` are entries that went.
    mutating func join(
        _ name: String, head: UInt64, first: UInt64, recent: [Entry], now: UInt64, lost: inout [Entry]
    ) -> Join {
        if let begun, head > 0, now - begun < 2 * SharedLog.mendMilliseconds, shared(head) != head {
            lost += loseAll()
        }
        if life == 0 {
            last = max(last, now * 1000, head) + (head > 0 ? 60_000_000 : 0)
            (life, firstOfLife, begun) = (run + 1, head > 0 ? first : last + 1, head > 0 ? nil : now)
            lacksBeginning = false
            mending = head > 0 ? Mending(due: now + SharedLog.mendMilliseconds, isOfAll: true) : nil
            mendedRun = head > 0 ? 0 : run
        }
        guard mendedRun != run else {
            last = max(last, head)
            return .joined(isBehind: shared(head) < head, lacksBeginning: lacksBeginning)
        }
        if mending == nil { mending = Mending(due: now + SharedLog.mendMilliseconds, isOfAll: false) }
        giveBack(head, recent)
        mending?.done[name] = end
        guard let mending, now >= mending.due || isMended(mending) else { return .mending }
        (mendedRun, self.mending) = (run, nil)
        last = max(last + 60_000_000, head)
        return .joined(isBehind: shared(head) < head, lacksBeginning: lacksBeginning)
    }
    /// The run in which all was given back.
    private(set) var mendedRun = 1
    private func isMended(_ mending: Mending) -> Bool {
        let latest = newest.values.map(\.time).max() ?? 0
        return !mending.isOfAll
            && newest.allSatisfy { $0.value.time + 10_000 <= latest || mending.done[$0.key] == end }
    }
    private mutating func giveBack(_ head: UInt64, _ recent: [Entry]) {
        if end == 0, head > 0, recent.first?.previous != 0 {
            lacksBeginning = true
            end = recent.first?.previous ?? head
        }
        for entry in recent where entry.previous == end { add(entry) }
    }
}
