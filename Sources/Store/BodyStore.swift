/// The bytes of queued messages: copied in once, freed once.
public struct BodyStore {
    @inlinable @inline(__always) public static func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer {
        let body = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        if let source = bytes.baseAddress { body.copyMemory(from: source, byteCount: bytes.count) }
        return UnsafeRawPointer(body)
    }
    @inlinable @inline(__always) public static func free(_ body: UnsafeRawPointer) { body.deallocate() }
}
