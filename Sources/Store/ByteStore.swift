/// Short byte strings, without a malloc for each: client ids, and the strings that a worker keeps beside them.
///
/// Blocks come in steps of 8 bytes, and each size has a slab. The first byte of a block is the length. The upper 5 bits
/// of a handle are the number of the size, the lower bits are the slot. An id of ten bytes costs 16 bytes here.
public struct ByteStore: ~Copyable {
    /// The longest string: there are 26 sizes, and one byte is the length.
    public static let longest = 207
    @usableFromInline static var sizes: Int { (longest + 1) / 8 }
    @usableFromInline static var slotBits: UInt32 { 27 }

    /// A string in the store. Its owner releases it once.
    public struct Handle: BitwiseCopyable, Sendable {
        @usableFromInline let number: UInt32
        @inlinable init(number: UInt32) { self.number = number }
        /// The handle of a record that has no string.
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

    /// Keeps a copy of `first`, `second` and `third`, one behind the other. Together they have 0 to `longest` bytes.
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

    /// The bytes of a string. They are valid until the handle is released: growing moves nothing.
    @inlinable public func bytes(_ handle: Handle) -> UnsafeRawBufferPointer {
        let block = slabs[Int(handle.number >> ByteStore.slotBits)].address(
            handle.number & (1 << ByteStore.slotBits - 1))
        return UnsafeRawBufferPointer(start: block + 1, count: Int(block.load(as: UInt8.self)))
    }

    @inlinable public mutating func release(_ handle: Handle) {
        slabs[Int(handle.number >> ByteStore.slotBits)].free(handle.number & (1 << ByteStore.slotBits - 1))
    }
}
