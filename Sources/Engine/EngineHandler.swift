/// The store at the moment when this machine joined it.
package struct Join: Equatable, Sendable {
    /// Names the life of the store. A store that was emptied has another life.
    package var life: String
    /// The first id that the life may give.
    package var first: UInt64
    /// The last id of the newest entry in the stream. 0: this life has none.
    package var end: UInt64
    /// The id above which the life gave its next one, before this join moved it. A machine that has seen a higher id
    /// has seen entries which the server has lost.
    package var last: UInt64
    /// The stream lacks what this machine has read last, and nobody has given it back in time.
    package var isBehind: Bool
    /// The state before the stream's first entry was lost, and was not carried forward yet.
    package var lacksBeginning: Bool
    /// Entries that the server had lost and that this machine has given back.
    package var givenBack: Int
    /// This join has made the life.
    package var isNewLife: Bool
    /// The server's clock, in milliseconds since 1970.
    package var time: UInt64
    package var version: ServerVersion
    /// The server, for people.
    package var address: String
}

/// One batch of the stream.
package struct EngineEntry {
    /// Its first id.
    package let id: UInt64
    /// How many ids it has: `id ..< id + count`.
    package let count: UInt64
    /// The last id of the entry before it. 0: the life began with it. If it is not what the reader had last, then
    /// something is missing.
    package let previous: UInt64
    /// When the server took it, in milliseconds since 1970 by the server's clock.
    package let time: UInt64
    /// The machine that has appended it, the life of its manager, and the batch's number by that manager.
    package let sender: String
    package let epoch: UInt64
    package let sequence: UInt64
    /// The bytes as they were appended. They are valid during the call alone.
    package let records: UnsafeRawBufferPointer

    /// Its last id.
    package var end: UInt64 { id + count - 1 }
    /// The same entry with its records elsewhere.
    package func with(records: UnsafeRawBufferPointer) -> EngineEntry {
        EngineEntry(
            id: id, count: count, previous: previous, time: time, sender: sender, epoch: epoch, sequence: sequence,
            records: records)
    }
}

/// The listener of an engine. All calls come from the loop, and none from inside `append`.
package protocol EngineHandler: AnyObject {
    /// Connected to a server that is the one. Now batches may be appended, and reading may begin.
    func engineUp(_ join: Join)
    /// The engine is away. A batch without an answer was appended or not: reading will tell, by its sender and number.
    /// It is told again if the reason changes.
    func engineDown(_ fault: EngineFault)
    /// Entries in the order of their ids, at least one.
    func engineRead(_ entries: [EngineEntry])
    /// The batch is in the stream, with this first id. 0: it came twice, and was there already.
    func engineAppended(sequence: UInt64, id: UInt64)
    /// The batch was not taken. With `tooFewReplicas` it may be in the stream all the same, and a failover may lose it.
    func engineRefused(sequence: UInt64, _ fault: EngineFault)
}
