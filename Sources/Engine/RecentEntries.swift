import Store

/// The entries of the stream that this machine has read last, as they stand there. If the server loses its newest
/// entries, the machines give them back (join.lua), and the stream goes on as if nothing had happened. Older entries
/// leave after a time, and when there are too many bytes.
struct RecentEntries {
    struct Kept {
        let id: UInt64
        let count: UInt64
        let previous: UInt64
        let time: UInt64
        let from: String
        let records: [UInt8]
        var end: UInt64 { id + count - 1 }

        init(_ entry: EngineEntry) {
            (id, count, previous, time) = (entry.id, entry.count, entry.previous, entry.time)
            from = EntryParser.senderText(entry.sender, epoch: entry.epoch, sequence: entry.sequence)
            records = Array(entry.records)
        }
    }
    private var entries = Fifo<Kept>()
    private var bytes = 0

    /// Entries come in their order. One that comes again is here already.
    mutating func add(_ entry: EngineEntry) {
        guard entries.isEmpty || entries[entries.count - 1].end < entry.id else { return }
        entries.append(Kept(entry))
        bytes += entry.records.count
        while let first = entries.first, entries.count > 1,
            bytes > EngineBounds.recentBytes || first.time + EngineBounds.recentMilliseconds < entry.time
        {
            _ = entries.take()
            bytes -= first.records.count
        }
    }
    /// The entries behind this end, of about so many bytes. An empty stream takes any, and any other one takes only
    /// what follows it.
    func behind(_ end: UInt64, most: Int = EngineBounds.giveBytes) -> [Kept] {
        var place = end == 0 ? 0 : entries.firstPlace { $0.previous >= end }
        guard place < entries.count, end == 0 || entries[place].previous == end else { return [] }
        var (found, size): ([Kept], Int) = ([], 0)
        while place < entries.count, size < most {
            found.append(entries[place])
            size += entries[place].records.count + Appender.batchBytes
            place += 1
        }
        return found
    }
}
