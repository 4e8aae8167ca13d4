/// Short byte strings (client ids, and what a worker keeps beside them) without a malloc each.
///
/// Blocks come in steps of 8 bytes, a slab for each size; the first byte of a block is the length. A handle is the
/// size's number in its upper 5 bits and the slot below: ten bytes of id cost 16 bytes here.
package struct ByteStore: ~Copyable {
    /// The longest string: 26 sizes, less the length byte.
    package static let longest = 207
    @usableFromInline static var sizes: Int { (longest + 1) / 8 }
    @usableFromInline static var slotBits: UInt32 { 27 }

    @usableFromInline let slabs: UnsafeMutablePointer<RawSlab>

    package init() {
        slabs = .allocate(capacity: ByteStore.sizes)
        for size in 0..<ByteStore.sizes { (slabs + size).initialize(to: RawSlab(stride: (size + 1) * 8)) }
    }
    deinit {
        slabs.deinitialize(count: ByteStore.sizes)
        slabs.deallocate()
    }

    /// Strings held.
    package var count: Int { (0..<ByteStore.sizes).reduce(0) { $0 + slabs[$1].count } }
    package var memoryBytes: Int { (0..<ByteStore.sizes).reduce(0) { $0 + slabs[$1].memoryBytes } }

    /// Keeps a copy of `first` and, behind it, of `second`, and `third`: 0 to `longest` bytes together.
    @inlinable package mutating func store(
        _ first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        _ third: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> UInt32 {
        let length = first.count + second.count + third.count
        precondition(length <= ByteStore.longest, "the byte store holds short strings only")
        let size = length >> 3
        let slot = slabs[size].allocate()
        precondition(slot < 1 << ByteStore.slotBits, "134 million strings of one size")
        let block = slabs[size].address(slot)
        block.storeBytes(of: UInt8(truncatingIfNeeded: length), as: UInt8.self)
        if let source = first.baseAddress { (block + 1).copyMemory(from: source, byteCount: first.count) }
        if let source = second.baseAddress {
            (block + 1 + first.count).copyMemory(from: source, byteCount: second.count)
        }
        if let source = third.baseAddress {
            (block + 1 + first.count + second.count).copyMemory(from: source, byteCount: third.count)
        }
        return UInt32(truncatingIfNeeded: size) << ByteStore.slotBits | slot
    }

    /// Valid until the handle is released; growing moves nothing.
    @inlinable package func bytes(_ handle: UInt32) -> UnsafeRawBufferPointer {
        let block = slabs[Int(handle >> ByteStore.slotBits)].address(handle & (1 << ByteStore.slotBits - 1))
        return UnsafeRawBufferPointer(start: block + 1, count: Int(block.load(as: UInt8.self)))
    }

    @inlinable package mutating func release(_ handle: UInt32) {
        slabs[Int(handle >> ByteStore.slotBits)].free(handle & (1 << ByteStore.slotBits - 1))
    }
}
