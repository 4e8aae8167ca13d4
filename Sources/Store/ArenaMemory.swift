/// The place of an arena's bytes: one range of addresses, of which parts can be used.
public protocol ArenaMemory: AnyObject {
    var base: UnsafeMutableRawPointer { get }
    /// Bytes of the range, a multiple of `Arena.pageBytes`.
    var capacity: Int { get }
    /// Makes bytes usable. Both numbers are multiples of `Arena.pageBytes`. Bytes that are new read as zero. False if
    /// there is no room; then nothing has changed.
    func allocate(offset: Int, count: Int) -> Bool
    /// Gives bytes back. They read as zero if they are used again.
    func release(offset: Int, count: Int)
}

/// Memory of the heap. It dies with its owner.
public final class HeapMemory: ArenaMemory {
    public let base: UnsafeMutableRawPointer
    public let capacity: Int
    private var isUsable: ContiguousArray<Bool>

    public init(capacity: Int) {
        self.capacity = capacity
        isUsable = ContiguousArray(repeating: false, count: capacity / Arena.pageBytes)
        base = .allocate(byteCount: capacity, alignment: Arena.pageBytes)
    }
    deinit { base.deallocate() }

    public func allocate(offset: Int, count: Int) -> Bool {
        for page in offset / Arena.pageBytes..<(offset + count) / Arena.pageBytes where !isUsable[page] {
            isUsable[page] = true
            (base + page * Arena.pageBytes).initializeMemory(as: UInt8.self, repeating: 0, count: Arena.pageBytes)
        }
        return true
    }
    public func release(offset: Int, count: Int) {
        for page in offset / Arena.pageBytes..<(offset + count) / Arena.pageBytes { isUsable[page] = false }
    }
}
