/// Short byte strings (client ids, and what a worker keeps beside them) without a malloc each.
///
/// Blocks come in steps of 8 bytes, a slab for each size; the first byte of a block is the length. A handle has the
/// size's number in its upper 5 bits and the slot below: ten bytes of id cost 16 bytes here.
public struct ByteStore: ~Copyable {
    /// The longest string: 26 sizes, less the length byte.
    public static let longest = 207
    @usableFromInline static var sizes: Int { (longest + 1) / 8 }
    @usableFromInline static var slotBits: UInt32 { 27 }

    /// A string that is held. It is given back once.
    public struct Handle: BitwiseCopyable, Sendable {
        @usableFromInline let number: UInt32
        @inlinable init(number: UInt32) { self.number = number }
        /// What a record holds in place of a string that there is not.
        @inlinable public static var none: Handle { Handle(number: .max) }
    }

    @usableFromInline let slabs: UnsafeMutablePointer<RawSlab>

    public init() {
        slabs = .allocate(capacity: ByteStore.sizes)
        for size in 0..<ByteStore.sizes { (slabs + size).initialize(to: RawSlab(stride: (size + 1) * 8)) }
    }
    @inlinable deinit {
        slabs.deinitialize(count: ByteStore.sizes)
        slabs.deallocate()
    }

    /// Strings held.
    public var count: Int { (0..<ByteStore.sizes).reduce(0) { $0 + slabs[$1].count } }
    public var memoryBytes: Int { (0..<ByteStore.sizes).reduce(0) { $0 + slabs[$1].memoryBytes } }

    /// Keeps a copy of `first` and, behind it, of `second`, and `third`: 0 to `longest` bytes together.
    @inlinable public mutating func store(
        _ first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        _ third: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> Handle {
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
        return Handle(number: UInt32(truncatingIfNeeded: size) << ByteStore.slotBits | slot)
    }

    /// Valid until the handle is released; growing moves nothing.
    @inlinable public func bytes(_ handle: Handle) -> UnsafeRawBufferPointer {
        let block = slabs[Int(handle.number >> ByteStore.slotBits)].address(
            handle.number & (1 << ByteStore.slotBits - 1))
        return UnsafeRawBufferPointer(start: block + 1, count: Int(block.load(as: UInt8.self)))
    }

    @inlinable public mutating func release(_ handle: Handle) {
        slabs[Int(handle.number >> ByteStore.slotBits)].free(handle.number & (1 << ByteStore.slotBits - 1))
    }
}
