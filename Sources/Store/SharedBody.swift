/// The bytes of a message. They are copied in once and may have many owners. The last owner's release frees them.
public struct SharedBody: BitwiseCopyable {
    /// The number of owners, and the bytes behind it.
    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let length: UInt32
    @usableFromInline static var headerBytes: Int { 4 }

    /// A copy, with one owner.
    @inlinable @inline(__always) public init(copying bytes: UnsafeRawBufferPointer) {
        base = .allocate(byteCount: SharedBody.headerBytes + bytes.count, alignment: 4)
        length = UInt32(bytes.count)
        base.storeBytes(of: 1, as: UInt32.self)
        if let source = bytes.baseAddress {
            (base + SharedBody.headerBytes).copyMemory(from: source, byteCount: bytes.count)
        }
    }

    @inlinable @inline(__always) public var count: Int { Int(length) }
    /// The bytes. They are valid until the last owner releases them.
    @inlinable @inline(__always) public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + SharedBody.headerBytes, count: count)
    }
    @inlinable public var owners: UInt32 { base.load(as: UInt32.self) }

    /// The same bytes for one more owner.
    @inlinable public func share() -> SharedBody {
        base.storeBytes(of: owners + 1, as: UInt32.self)
        return self
    }
    /// Takes one owner away. The last one frees the bytes.
    @inlinable @inline(__always) public func release() {
        if owners == 1 { base.deallocate() } else { base.storeBytes(of: owners - 1, as: UInt32.self) }
    }
}
