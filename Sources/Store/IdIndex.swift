/// Finds the slot of a client id. It uses open addressing over 32-bit slots and needs about 5.5 bytes for each client.
///
/// The index holds no ids. It asks its owner to compare, and only if 6 bits of the hash, kept beside the slot, agree.
/// It is cut into 256 tables by the top byte of the hash. Each table grows by itself and by half, so a million ids
/// never wait for one big rehash, and memory never doubles. Each process has its own seed, so that nobody can choose
/// ids that collide.
public struct IdIndex: ~Copyable {
    @usableFromInline struct Table {
        @usableFromInline var entries: UnsafeMutablePointer<UInt32>?
        @usableFromInline var capacity: UInt32 = 0
        @usableFromInline var live: UInt32 = 0
        /// Live entries and tombstones.
        @usableFromInline var used: UInt32 = 0

        @usableFromInline init() {}
    }
    /// The most slots: 26 bits of an entry, less the two values that mean empty and tombstone.
    public static var slots: UInt32 { 1 << 26 - 2 }
    @usableFromInline static var empty: UInt32 { 0 }
    @usableFromInline static var tombstone: UInt32 { 1 }
    @usableFromInline static var leastCapacity: UInt32 { 16 }

    @usableFromInline let tables: UnsafeMutablePointer<Table>
    public let seed: UInt64

    /// `seed` is random, and each process has its own.
    public init(seed: UInt64) {
        self.seed = seed
        tables = .allocate(capacity: 256)
        tables.initialize(repeating: Table(), count: 256)
    }
    @inlinable deinit {
        for table in 0..<256 { tables[table].entries?.deallocate() }
        tables.deallocate()
    }

    public var count: Int { (0..<256).reduce(0) { $0 + Int(tables[$1].live) } }
    public var memoryBytes: Int {
        (0..<256).reduce(256 * MemoryLayout<Table>.stride) { $0 + Int(tables[$1].capacity) * 4 }
    }

    /// The slot with this hash for which `matches` is true.
    @inlinable public func find(_ hash: UInt64, where matches: (UInt32) -> Bool) -> UInt32? {
        let table = tables[Int(hash >> 56)]
        guard let entries = table.entries else { return nil }
        let tag = IdIndex.tag(hash)
        var at = IdIndex.home(hash, table.capacity)
        while true {
            let entry = entries[at]
            if entry == IdIndex.empty { return nil }
            if entry & 0xFC00_0000 == tag, entry & 0x03FF_FFFF > IdIndex.tombstone {
                let slot = entry & 0x03FF_FFFF - 2
                if matches(slot) { return slot }
            }
            at += 1
            if at == Int(table.capacity) { at = 0 }
        }
    }

    /// Adds a slot that is not in the index yet. `hashOf` gives the hash of any slot in the index; a table that grows
    /// asks for them. The index changes only behind its pointer, so `hashOf` may look at the owner of the index.
    @inlinable public func insert(_ slot: UInt32, _ hash: UInt64, hashOf: (UInt32) -> UInt64) {
        precondition(slot < IdIndex.slots, "67 million clients")
        let table = tables + Int(hash >> 56)
        if (table.pointee.used + 1) * 5 > table.pointee.capacity * 4 { rebuild(table, hashOf) }
        let entries = table.pointee.entries.unsafelyUnwrapped
        var at = IdIndex.home(hash, table.pointee.capacity)
        while entries[at] > IdIndex.tombstone {
            at += 1
            if at == Int(table.pointee.capacity) { at = 0 }
        }
        if entries[at] == IdIndex.empty { table.pointee.used += 1 }
        entries[at] = IdIndex.tag(hash) | (slot + 2)
        table.pointee.live += 1
    }

    /// Takes out a slot that is in the index under this hash.
    @inlinable public mutating func remove(_ slot: UInt32, _ hash: UInt64) {
        let table = tables + Int(hash >> 56)
        let capacity = Int(table.pointee.capacity)
        guard let entries = table.pointee.entries else {
            preconditionFailure("removed an id that the index does not hold")
        }
        let entry = IdIndex.tag(hash) | (slot + 2)
        var at = IdIndex.home(hash, table.pointee.capacity)
        while entries[at] != entry {
            precondition(entries[at] != IdIndex.empty, "removed an id that the index does not hold")
            at += 1
            if at == capacity { at = 0 }
        }
        table.pointee.live -= 1
        // An entry needs a tombstone only if others were pushed past it. Tombstones in front of an empty place can go.
        entries[at] = IdIndex.tombstone
        guard entries[at + 1 == capacity ? 0 : at + 1] == IdIndex.empty else { return }
        while entries[at] == IdIndex.tombstone {
            entries[at] = IdIndex.empty
            table.pointee.used -= 1
            at = at == 0 ? capacity - 1 : at - 1
        }
        // A table of the least size is kept. With few clients it would come and go with each poll.
        if table.pointee.live == 0, table.pointee.capacity > IdIndex.leastCapacity {
            entries.deallocate()
            table.pointee = Table()
        }
    }

    @inlinable func rebuild(_ table: UnsafeMutablePointer<Table>, _ hashOf: (UInt32) -> UInt64) {
        let old = table.pointee
        // A table full of live ids grows by half. One that is full of tombstones keeps its size, or shrinks if few ids
        // are left.
        let capacity = max(IdIndex.leastCapacity, (old.live + 1) * 15 / 8)
        let entries = UnsafeMutablePointer<UInt32>.allocate(capacity: Int(capacity))
        entries.initialize(repeating: IdIndex.empty, count: Int(capacity))
        if let from = old.entries {
            for index in 0..<Int(old.capacity) where from[index] > IdIndex.tombstone {
                let hash = hashOf(from[index] & 0x03FF_FFFF - 2)
                var at = IdIndex.home(hash, capacity)
                while entries[at] != IdIndex.empty {
                    at += 1
                    if at == Int(capacity) { at = 0 }
                }
                entries[at] = from[index]
            }
            from.deallocate()
        }
        table.pointee.entries = entries
        table.pointee.capacity = capacity
        table.pointee.used = old.live
    }

    @inlinable static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash) << 26 }
    @inlinable static func home(_ hash: UInt64, _ capacity: UInt32) -> Int {
        Int(((hash >> 24 & 0xFFFF_FFFF) &* UInt64(capacity)) >> 32)
    }

    /// The hash of some bytes, made like wyhash: 16 bytes in one step, by a multiplication of 64 by 64 bits.
    @inlinable public func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 { IdIndex.hash(bytes, seed: seed) }

    /// The same without the index, for `hashOf`: it is called while the index is being changed.
    @inlinable public static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var state = seed ^ 0xA076_1D64_78BD_642F
        var left = bytes.count
        var at = 0
        while left > 16 {
            state = IdIndex.mix(
                bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) ^ 0xE703_7ED1_A0B4_28DB,
                bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self) ^ state)
            at += 16
            left -= 16
        }
        var first: UInt64 = 0
        var last: UInt64 = 0
        if left >= 8 {
            first = bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            last = bytes.loadUnaligned(fromByteOffset: at + left - 8, as: UInt64.self)
        } else if left >= 4 {
            first = UInt64(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            last = UInt64(bytes.loadUnaligned(fromByteOffset: at + left - 4, as: UInt32.self))
        } else if left > 0 {
            first = UInt64(bytes[at]) << 16 | UInt64(bytes[at + left / 2]) << 8 | UInt64(bytes[at + left - 1])
        }
        state = IdIndex.mix(first ^ 0x8EBC_6AF0_9C88_C6E3, last ^ state)
        return IdIndex.mix(state ^ 0x5899_65CC_7537_4CC3, UInt64(bytes.count) ^ 0x1D8E_4E27_C47D_124F)
    }

    @inlinable static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}
