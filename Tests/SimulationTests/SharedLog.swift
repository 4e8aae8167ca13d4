/// The shared log of several machines as the engine keeps it: entries in one order, with ids that only grow. It may be
/// away for a while, and it may lose its newest entries or all of them, as a server does whose replica takes over.
struct SharedLog {
    struct Entry {
        /// The ids of the entry, and the last id of the entry before it.
        let first: UInt64
        let end: UInt64
        let previous: UInt64
        let machine: String
        let epoch: UInt64
        /// Milliseconds of the engine's clock.
        let time: UInt64
        let records: [UInt8]
    }
    private(set) var entries: [Entry] = []
    /// The first id of the log's life, and the last one of its newest entry. 0 if it has had none.
    private(set) var firstOfLife: UInt64
    private(set) var end: UInt64 = 0
    var isAway = false

    init(now: UInt64) { firstOfLife = now * 1000 }

    /// Appends an entry for a machine that has seen all up to an id.
    mutating func append(_ records: [UInt8], ids: Int, from machine: Machine, seen: UInt64, now: UInt64) -> Entry {
        let first = max(now * 1000, end + 1, seen + 1)
        let entry = Entry(
            first: first, end: first + UInt64(max(1, ids)) - 1, previous: end, machine: machine.name,
            epoch: machine.epoch, time: now, records: records)
        entries.append(entry)
        end = entry.end
        return entry
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
    /// Removes what is up to this id. It was carried forward.
    mutating func trim(upTo id: UInt64) { entries.removeAll { $0.end <= id } }
    /// Loses the newest entries. The result are those.
    mutating func lose(_ count: Int) -> [Entry] {
        guard count > 0, let last = entries.suffix(count).first else { return [] }
        defer {
            entries.removeLast(min(count, entries.count))
            end = last.previous
        }
        return Array(entries.suffix(count))
    }
    /// Loses all, and begins a new life.
    mutating func loseAll(now: UInt64) -> [Entry] {
        defer {
            entries = []
            end = 0
            firstOfLife = now * 1000
        }
        return entries
    }
}
