import Base
import Store
import Wire

/// How far the readers of events have come that want the manager to remember it, by their names. There are few.
struct EventReaders {
    private struct Reader {
        let name: [UInt8]
        var cursor: UInt64
        var record: Arena.Ref
    }
    private var readers: [Reader] = []

    private func place(_ name: UnsafeRawBufferPointer) -> Int? {
        readers.firstIndex { reader in reader.name.withUnsafeBytes { areEqual($0, name) } }
    }
    func cursor(_ name: UnsafeRawBufferPointer) -> UInt64? { place(name).map { readers[$0].cursor } }

    /// False if there are `Limits.eventReaders` others, or no memory for the record.
    mutating func set(_ name: UnsafeRawBufferPointer, _ cursor: UInt64, _ arena: inout Arena) -> Bool {
        if let place = place(name) {
            readers[place].cursor = cursor
            arena.set(readers[place].record, value: cursor)
            return true
        }
        guard readers.count < Limits.eventReaders,
            let record = arena.append(.reader, value: cursor, owner: UInt32(readers.count), name: name)
        else { return false }
        readers.append(Reader(name: Array(name), cursor: cursor, record: record))
        return true
    }
    /// Takes up a reader of an earlier manager.
    mutating func recover(_ ref: Arena.Ref, _ arena: inout Arena) {
        let record = arena.record(ref)
        guard cursor(record.name) == nil, readers.count < Limits.eventReaders else { return arena.end(ref, .ended) }
        arena.setOwner(ref, UInt32(readers.count))
        readers.append(Reader(name: Array(record.name), cursor: record.value, record: ref))
    }
    mutating func moved(_ owner: UInt32, to record: Arena.Ref) { readers[Int(owner)].record = record }
}
