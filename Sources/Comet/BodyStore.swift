/// The bytes of queued messages: copied in once, freed once. (Beside the slab the only raw memory of this module.)
struct BodyStore {
    @inline(__always) static func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer {
        let body = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        if let source = bytes.baseAddress { body.copyMemory(from: source, byteCount: bytes.count) }
        return UnsafeRawPointer(body)
    }
    @inline(__always) static func free(_ body: UnsafeRawPointer) { body.deallocate() }
}
